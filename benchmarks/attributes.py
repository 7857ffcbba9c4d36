"""What proving one attribute costs: SD-JWT (selective disclosure) beside AnonCreds (predicate proof with revocation), in CPU time and in bytes."""

from __future__ import annotations

import json
import platform
import time
from datetime import UTC, date, datetime
from importlib.metadata import version
from statistics import median

from benchmarks.support.figure import Figure, number, show
from benchmarks.support.timing import by_turns_plain
from core.credentials import predicates, selective
from core.credentials.attributes import Attribute
from core.credentials.checking import check, envelope
from core.credentials.documents import ISSUER_TYPE, REGISTRY_TYPE, issuer_id, signed_document
from core.credentials.status_lists import list_uri, status_token
from core.people.rules import local_date

COUNTY, NONCE, AUDIENCE = "522727", "12345678901234567890", "pharmacy"
ROUNDS, CALLS, SET_UPS = 5, 4, 3


def measure() -> Figure:
    now = datetime.now(UTC)
    at, today, born = int(now.timestamp()), local_date(now), date(1975, 7, 1)
    key, holder = selective.new_key(), selective.new_key()
    set_ups, definition = [], None
    for _ in range(SET_UPS):
        begun = time.process_time()
        definition = predicates.set_up(COUNTY)
        set_ups.append(time.process_time() - begun)
    assert definition is not None
    begun = time.process_time()
    registry = predicates.new_registry(COUNTY, definition, 1, at=at)
    registry_s = time.process_time() - begun
    secret, bound = predicates.new_link_secret(), predicates.bound_nonce(NONCE, AUDIENCE)
    until = today.replace(year=today.year + 1, day=1)

    def issue_sd() -> str:
        return selective.issue(
            key, holder, COUNTY, {"insured": True, "scheme": "residents", "age_over_18": True}, status_uri=list_uri(COUNTY, 0), status_index=7,
            issued=at, expires=at + 86_400,
        )

    def issue_age() -> str:
        return predicates.issue(COUNTY, definition, registry, 7, secret, born, until)

    insured, aged = issue_sd(), issue_age()

    def prove_sd() -> str:
        return envelope(COUNTY, Attribute.INSURED, selective.present(insured, holder, ("insured",), nonce=NONCE, audience=AUDIENCE))

    def prove_age() -> str:
        return envelope(COUNTY, Attribute.OF_AGE, predicates.prove(COUNTY, definition, registry, aged, secret, nonce=bound, today=today))

    common = {"iss": issuer_id(COUNTY), "iat": at, "exp": at + 3600}
    about = {**common, "schema": json.loads(definition.schema), "definition": json.loads(definition.public)}
    listed = {
        **common, "id": predicates.registry_id(COUNTY, 1), "definition": json.loads(registry.public), "list": json.loads(registry.status_list),
    }
    published = {
        "county": COUNTY, "name": "county", "key": selective.public_half(key), "issuer": signed_document(key, ISSUER_TYPE, about),
        "status_lists": [status_token(key, COUNTY, 0, (1, 2, 3), issued=at, lasts_s=3600)],
        "registries": [signed_document(key, REGISTRY_TYPE, listed)],
    }
    shown_sd, shown_age = prove_sd(), prove_age()

    def checked(proof: str) -> object:
        # The holder's library dates a showing by the machine's clock.
        return check(proof, published, nonce=NONCE, audience=AUDIENCE, now=datetime.now(UTC))

    rows = [
        ["set up a county's keys, s", "–", number(median(set_ups))],
        [f"make a registry for {predicates.CAPACITY - 1} credentials, s", "–", number(registry_s)],
    ]
    steps = {"issue, ms": (issue_sd, issue_age), "prove, ms": (prove_sd, prove_age)}
    for title, pair in steps.items():
        rows.append([title, *(number(one / 1000) for one in by_turns_plain(pair, rounds=ROUNDS, calls=CALLS))])
    verified = [by_turns_plain([lambda: checked(prove_sd())], rounds=ROUNDS, calls=CALLS)[0], 0.0]
    verified[0] -= by_turns_plain([prove_sd], rounds=ROUNDS, calls=CALLS)[0]
    verified[1] = by_turns_plain([lambda: checked(shown_age)], rounds=ROUNDS, calls=CALLS)[0]
    rows.append(["verify with everything published, ms", *(number(one / 1000) for one in verified)])
    rows += [
        ["credential, bytes", f"{len(insured):,}", f"{len(aged):,}"],
        ["proof as it travels, bytes", f"{len(shown_sd):,}", f"{len(shown_age):,}"],
        ["published, bytes", f"{len(published['status_lists'][0]):,}", f"{len(str(published['issuer'])) + len(published['registries'][0]):,}"],
    ]
    notes = [
        f"CPU time; median of {ROUNDS} rounds of {CALLS} calls. Setting up looks for two safe primes of 1024 bits: its time is chance "
        f"(here {', '.join(number(one) for one in sorted(set_ups))} s).",
        "SD-JWT: ES256, three claims of which one is shown, key binding, status list. AnonCreds: two predicates (birth date, last day) and the "
        "proof of not being in the revocation list. A showing of SD-JWT is made anew for each check, because it grows old; its making is taken off.",
    ]
    versions = {"Python": platform.python_version(), **{name: version(name) for name in ("sd-jwt", "anoncreds", "jwcrypto", "PyJWT")}}
    return Figure("attributes", "Proving one attribute", ["what", "SD-JWT", "AnonCreds"], rows, notes, versions)


if __name__ == "__main__":
    show(measure)
