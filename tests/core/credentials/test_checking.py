"""A proof against what was published, without storage: what a cheat may try, and what a broken file does."""

from __future__ import annotations

import base64
import json
import os
import random
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import anoncreds
import pytest
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS
from sd_jwt.common import SDJWTCommon

from core.credentials import predicates, selective
from core.credentials.attributes import Attribute, as_number, youngest_adult
from core.credentials.checking import Checked, check, envelope
from core.credentials.documents import ISSUER_TYPE, REGISTRY_TYPE, issuer_id, signed_document
from core.credentials.errors import ProofRefused
from core.credentials.predicates import Definition, Registry
from core.credentials.status_lists import SIZE, is_revoked, list_uri, status_token
from core.people.rules import age_years, local_date
from tests.core.credentials.people import COUNTY, county_keys

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
TODAY = local_date(NOW)
NONCE, AUDIENCE = "12345678901234567890", "pharmacy"
FULL = os.environ.get("HUIZHEN_TEST_SCALE") == "full"
BIRTH, UNTIL = date(1975, 7, 1), date(2027, 5, 1)


@dataclass
class Issuer:
    key: dict[str, str]
    definition: Definition
    registry: Registry

    def published(self, revoked: tuple[int, ...] = (), registry: Registry | None = None, **other: object) -> dict[str, object]:
        used = registry or self.registry
        common = {"iss": issuer_id(COUNTY), "iat": AT, "exp": AT + 600}
        about = {**common, "schema": json.loads(self.definition.schema), "definition": json.loads(self.definition.public)}
        told = {
            **common, "id": predicates.registry_id(COUNTY, 1), "definition": json.loads(used.public), "list": json.loads(used.status_list),
        }
        return {
            "county": COUNTY, "name": "平塘县人民医院", "key": selective.public_half(self.key),
            "issuer": signed_document(self.key, ISSUER_TYPE, about),
            "status_lists": [status_token(self.key, COUNTY, 0, revoked, issued=AT, lasts_s=600)],
            "registries": [signed_document(self.key, REGISTRY_TYPE, told)], **other,
        }

    def aged(self, secret: str, *, place: int = 2, birth: date = BIRTH, until: date = UNTIL) -> str:
        return predicates.issue(COUNTY, self.definition, self.registry, place, secret, birth, until)

    def insured(self, holder: dict[str, str], *, expires: int = AT + 3600, **claims: object) -> str:
        said = claims or {"insured": True, "scheme": "residents", "age_over_18": True}
        return selective.issue(
            self.key, holder, COUNTY, said, status_uri=list_uri(COUNTY, 0), status_index=77, issued=AT, expires=expires
        )


@pytest.fixture(autouse=True)
def _wallet_clock(monkeypatch):
    monkeypatch.setattr("sd_jwt.holder.time", lambda: AT)


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    definition = county_keys()
    return Issuer(selective.new_key(), definition, predicates.new_registry(COUNTY, definition, 1, at=AT, capacity=4))


def reason(proof: str, published: dict[str, object], *, nonce: str = NONCE, audience: str = AUDIENCE, now: datetime = NOW) -> str:
    """``right``, or why not."""
    try:
        assert isinstance(check(proof, published, nonce=nonce, audience=audience, now=now), Checked)
    except ProofRefused as refused:
        return refused.reason
    return "right"


def proved(issuer: Issuer, credential: str, secret: str, registry: Registry | None = None, today: date = TODAY) -> str:
    nonce = predicates.bound_nonce(NONCE, AUDIENCE)
    shown = predicates.prove(COUNTY, issuer.definition, registry or issuer.registry, credential, secret, nonce=nonce, today=today)
    return envelope(COUNTY, Attribute.OF_AGE, shown)


def disclosed(credential: str, holder: dict[str, str], *names: str) -> str:
    return envelope(
        COUNTY, Attribute.INSURED, selective.present(credential, holder, names or ("insured",), nonce=NONCE, audience=AUDIENCE)
    )


def test_selective_disclosure_hides_what_is_not_chosen(issuer):
    holder = selective.new_key()
    credential = issuer.insured(holder)
    proof = disclosed(credential, holder)
    assert reason(proof, issuer.published()) == "right"
    presentation = json.loads(proof)["presentation"]
    opened = [SDJWTCommon._base64url_decode(piece) for part in presentation.split("~") for piece in part.split(".")[:2]]
    assert any(b'"insured"' in piece for piece in opened)
    assert not any(b"scheme" in piece or b"residents" in piece or b"age_over_18" in piece for piece in opened)
    assert b"residents" in b"".join(SDJWTCommon._base64url_decode(part) for part in credential.split("~")[1:-1])
    assert reason(disclosed(credential, holder, "scheme"), issuer.published()) == "predicate", "the question was another one"


def test_what_a_cheat_does_with_an_sd_jwt_is_told_apart(issuer):
    holder, other = selective.new_key(), selective.new_key()
    credential = issuer.insured(holder)
    proof, good = disclosed(credential, holder), issuer.published()
    presentation = json.loads(proof)["presentation"]
    first, insured, binding = presentation.split("~")

    def sent(text: str) -> str:
        return reason(envelope(COUNTY, Attribute.INSURED, text), good)

    assert reason(disclosed(credential, other), good) == "holder"
    assert sent(f"{first}~{insured}~") == "holder", "no key binding at all"
    assert sent(f"{first}~{binding}") == "holder", "the disclosure was taken out"
    lie = base64.urlsafe_b64encode(json.dumps(["c2FsdHNhbHRzYWx0", "insured", True]).encode()).decode().rstrip("=")
    assert sent(f"{first}~{lie}~{binding}") == "holder"
    head, body, signature = first.split(".")
    claims = json.loads(SDJWTCommon._base64url_decode(body))
    forged = base64.urlsafe_b64encode(json.dumps({**claims, "exp": AT + 10**6}).encode()).decode().rstrip("=")
    assert sent(f"{head}.{forged}.{signature}~{insured}~{binding}") == "signature"
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": selective.TYPE}).encode()).decode().rstrip("=")
    assert sent(f"{none}.{body}.~{insured}~{binding}") == "form"
    assert reason(disclosed(issuer.insured(holder, insured=False), holder), good) == "predicate"
    assert reason(disclosed(issuer.insured(holder, expires=AT - 1), holder), good) == "expired"
    assert reason(proof, issuer.published(), now=NOW + timedelta(seconds=300)) == "expired", "an old showing"
    assert reason(proof, issuer.published(revoked=(77,))) == "revoked"
    assert reason(proof, issuer.published(revoked=(76, 78))) == "right"
    assert reason(proof, good, nonce="1" * 20) == "nonce"
    assert reason(proof, good, audience="another") == "audience"
    assert reason(proof, issuer.published(status_lists=[])) == "stale"
    strange = replace(issuer, key=selective.new_key())
    assert reason(proof, strange.published()) == "issuer"
    assert reason(proof, {**good, "key": selective.public_half(strange.key)}) == "issuer"
    assert reason(proof, {**good, "county": "520402"}) == "issuer"


def _binding(key: dict[str, str], nonce: str, audience: str) -> str:
    """A key binding of somebody who has the credential and not its key."""
    made = JWS(json.dumps({"nonce": nonce, "aud": audience, "iat": AT, "sd_hash": "x"}))
    made.add_signature(JWK(**key), protected=json.dumps({"alg": "ES256", "typ": "kb+jwt"}))
    return str(made.serialize(compact=True))


@pytest.mark.parametrize(("nonce", "audience"), [("", ""), ("", AUDIENCE), (NONCE, "")])
def test_a_verifier_who_asks_nothing_takes_no_proof(issuer, nonce, audience):
    """The library looks at the key binding only where a nonce or an audience is expected: without both, another's signature would do."""
    found = json.loads(disclosed(issuer.insured(selective.new_key()), selective.new_key()))["presentation"].rpartition("~")[0]
    stolen = f"{found}~{_binding(selective.new_key(), nonce, audience)}"
    assert reason(envelope(COUNTY, Attribute.INSURED, stolen), issuer.published(), nonce=nonce, audience=audience) == "nonce"
    with pytest.raises(ProofRefused):
        selective.verify(stolen, selective.public_half(issuer.key), COUNTY, nonce=nonce, audience=audience, now=NOW)
    secret = predicates.new_link_secret()
    bound = predicates.bound_nonce(nonce, audience)
    shown = predicates.prove(COUNTY, issuer.definition, issuer.registry, issuer.aged(secret), secret, nonce=bound, today=TODAY)
    assert reason(envelope(COUNTY, Attribute.OF_AGE, shown), issuer.published(), nonce=nonce, audience=audience) == "nonce"


def test_a_disclosure_that_no_digest_stands_for_is_refused(issuer, monkeypatch):
    """The holder signs it together with the rest, so that nothing but the missing digest speaks against it."""
    holder = selective.new_key()
    lie = base64.urlsafe_b64encode(json.dumps(["c2FsdHNhbHRzYWx0", "doctor", True]).encode()).decode().rstrip("=")
    credential = issuer.insured(holder).removesuffix("~") + f"~{lie}~"
    from sd_jwt.holder import SDJWTHolder

    def all_of_them(self: SDJWTHolder, claims: object, chosen: object) -> None:
        self.hs_disclosures = list(self._input_disclosures)

    monkeypatch.setattr(SDJWTHolder, "_select_disclosures", all_of_them)
    assert reason(disclosed(credential, holder), issuer.published()) == "form"


def test_a_predicate_proof_shows_no_birth_date_and_cannot_be_false(issuer):
    secret = predicates.new_link_secret()
    credential = issuer.aged(secret)
    proof = proved(issuer, credential, secret)
    assert str(as_number(BIRTH)) in credential
    assert str(as_number(BIRTH)) not in proof
    assert str(as_number(UNTIL)) not in proof
    assert secret not in proof
    assert reason(proof, issuer.published()) == "right"
    assert proved(issuer, credential, secret) != proof, "two showings have nothing in common but issuer, list and bounds"
    young = issuer.aged(secret, birth=youngest_adult(TODAY) + timedelta(days=1))
    with pytest.raises(ProofRefused) as refused:
        proved(issuer, young, secret)
    assert refused.value.reason == "predicate"
    assert reason(proved(issuer, issuer.aged(secret, birth=youngest_adult(TODAY)), secret), issuer.published()) == "right"
    with pytest.raises(ProofRefused):
        proved(issuer, issuer.aged(secret, until=TODAY - timedelta(days=1)), secret)


def test_what_a_cheat_does_with_a_predicate_proof_is_refused(issuer):
    secret = predicates.new_link_secret()
    credential = issuer.aged(secret)
    proof, good = proved(issuer, credential, secret), issuer.published()
    assert reason(proved(issuer, credential, predicates.new_link_secret()), good) == "signature", "another's link secret"
    assert reason(proof, good, nonce="1" * 20) == "signature"
    assert reason(proof, good, audience="another") == "signature"
    # The library takes a proof of any other bound for the one that was asked for (so 0.2.3); the child proves that he was born by 2022.
    child = issuer.aged(secret, birth=date(2015, 1, 1), until=date(2041, 1, 1))
    weaker = proved(issuer, child, secret, today=TODAY.replace(year=2040))
    assert reason(weaker, good) == "predicate"
    told = json.loads(json.loads(weaker)["presentation"])
    told["proof"]["proofs"][0]["primary_proof"]["ge_proofs"][0]["predicate"]["value"] = as_number(youngest_adult(TODAY))
    assert reason(envelope(COUNTY, Attribute.OF_AGE, json.dumps(told)), good) in ("signature", "predicate")
    told = json.loads(json.loads(proof)["presentation"])
    told["identifiers"][0]["timestamp"] = None
    told["identifiers"][0]["rev_reg_id"] = None
    assert reason(envelope(COUNTY, Attribute.OF_AGE, json.dumps(told)), good) == "revoked"
    yesterday = proved(issuer, issuer.aged(secret, until=TODAY), secret)
    assert reason(yesterday, good, now=NOW + timedelta(seconds=500)) == "right"
    strange = Issuer(issuer.key, issuer.definition, predicates.new_registry(COUNTY, issuer.definition, 1, at=AT, capacity=4))
    assert reason(proof, strange.published()) == "signature", "a registry of the same name that is another"
    assert reason(proof, issuer.published(registries=[])) == "issuer"
    assert reason(proof, good, now=NOW + timedelta(seconds=601)) == "stale"


def test_a_revoked_credential_proves_nothing_more(issuer):
    secret = predicates.new_link_secret()
    credential, neighbour = issuer.aged(secret, place=3), issuer.aged(secret, place=1)
    old = proved(issuer, credential, secret)
    after = replace(issuer.registry, status_list=predicates.revoke(issuer.definition, issuer.registry, [3], at=AT + 1))
    assert reason(old, issuer.published(registry=after)) == "moved"
    # An honest one that was made before somebody else's was revoked is no revoked one: it must be shown anew, and is right then.
    assert reason(proved(issuer, neighbour, secret), issuer.published(registry=after)) == "moved"
    assert reason(proved(issuer, neighbour, secret, after), issuer.published()) == "moved", "what was published is older than the proof"
    assert reason(proved(issuer, neighbour, secret, after), issuer.published(registry=after)) == "right"
    try:
        forced = proved(issuer, credential, secret, after)
    except ProofRefused:
        return
    assert reason(forced, issuer.published(registry=after)) == "signature"


def test_a_proof_without_the_registry_is_refused(issuer):
    """A holder who leaves the proof of not being revoked out, which AnonCreds allows where nobody asks for it."""
    secret = predicates.new_link_secret()
    opened = anoncreds.Credential.load(issuer.aged(secret))
    nonce = predicates.bound_nonce(NONCE, AUDIENCE)
    asked = predicates._request(nonce, COUNTY, as_number(youngest_adult(TODAY)), as_number(TODAY), AT)
    del asked["non_revoked"]
    chosen = anoncreds.PresentCredentials()
    chosen.add_predicates(opened, "of_age", "in_force")
    shown = anoncreds.Presentation.create(
        anoncreds.PresentationRequest.load(asked), chosen, {}, secret, {predicates.schema_id(COUNTY): issuer.definition.schema},
        {predicates.definition_id(COUNTY): issuer.definition.public},
    )
    assert reason(envelope(COUNTY, Attribute.OF_AGE, shown.to_json()), issuer.published()) == "revoked"


def test_who_is_eighteen_is_so_by_the_same_rule_everywhere():
    for today in (date(2026, 11, 20), date(2028, 2, 29), date(2026, 2, 28), date(2026, 3, 1)):
        last = youngest_adult(today)
        assert age_years(last, today) == 18
        assert age_years(last + timedelta(days=1), today) == 17


def test_the_status_list_tells_of_every_place():
    key = selective.new_key()
    token = status_token(key, COUNTY, 3, (0, 7, 8, SIZE - 1), issued=AT, lasts_s=600)
    public, uri = selective.public_half(key), list_uri(COUNTY, 3)
    found = [index for index in (0, 1, 6, 7, 8, 9, SIZE - 2, SIZE - 1) if is_revoked(token, public, COUNTY, uri, index, NOW)]
    assert found == [0, 7, 8, SIZE - 1]
    assert len(token) < 1_000


def test_whatever_is_broken_is_refused_with_a_reason(issuer):
    """Seeded: every refusal is typed, nothing broken is right, whatever is cut, swapped, blown up or replaced."""
    chance = random.Random(20261120)
    holder, secret = selective.new_key(), predicates.new_link_secret()
    published = issuer.published()
    proofs = (disclosed(issuer.insured(holder), holder), proved(issuer, issuer.aged(secret), secret))
    for _ in range(3_000 if FULL else 200):
        assert reason(_broken(chance, proofs[0]), published) != "right"
    for _ in range(1_000 if FULL else 12):
        broken = json.loads(proofs[1])
        told = json.loads(broken["presentation"])
        _break_inside(chance, told)
        broken["presentation"] = json.dumps(told)
        assert reason(json.dumps(broken), published) != "right"
    for text in ("", "null", "[]", "{}", "[" * 50_000, '{"county":1}', "1" * 90_000, "\x00", "证明"):
        assert reason(text, published) == "form"
        assert reason(envelope(COUNTY, Attribute.OF_AGE, text), published) == "form"
    for name in published:
        for value in (None, [], {}, 7, "x", ["x"], [7], {"kty": "EC"}):
            # The second kind takes a tenth of a second each time: one value is enough where not all is asked for.
            for proof in proofs if FULL or value == ["x"] else proofs[:1]:
                answer = reason(proof, {**published, name: value})
                unread = answer == "right" and name in ("name", "status_lists", "registries", "issuer")
                assert answer in ("issuer", "stale") or unread, (name, value)


def _broken(chance: random.Random, text: str) -> str:
    while True:
        place, kind = chance.randrange(len(text)), chance.randrange(4)
        other = (
            text[:place] if kind == 0
            else text[:place] + chance.choice("~.=Az9_\"{}") + text[place + 1 :] if kind == 1
            else text[:place] + text[place + chance.randrange(1, 40) :] if kind == 2
            else text[:place] + text[place : place + 30] + text[place:]
        )
        # Base64 of a signature's last character has bits that say nothing; a changed way of writing the same is no breach.
        if other != text and not _same(text, other):
            return other


def _same(one: str, other: str) -> bool:
    try:
        said = json.loads(other)
    except ValueError:
        return False
    if not isinstance(said, dict) or not isinstance(said.get("presentation"), str):
        return False
    before = json.loads(one)
    if {**before, "presentation": ""} != {**said, "presentation": ""}:
        return False

    def pieces(text: str) -> list[bytes]:
        return [SDJWTCommon._base64url_decode(piece) for part in text.split("~") for piece in part.split(".")]

    try:
        return pieces(before["presentation"]) == pieces(said["presentation"])
    except ValueError:
        return False


def _break_inside(chance: random.Random, told: object) -> None:
    """One leaf somewhere is another one."""
    places: list[tuple[object, object]] = []

    def walk(value: object) -> None:
        pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for name, inner in pairs:
            if isinstance(inner, dict | list):
                walk(inner)
            elif inner is not None:
                places.append((value, name))

    walk(told)
    holder, name = chance.choice(places)
    old = holder[name]  # type: ignore[index]
    choices = ["0", "", "-1", None, {}, [], 10**30, "9" * 1400, "x", "1 0", old[:-1] + ("1" if old[-1:] != "1" else "2")] if isinstance(
        old, str
    ) else [None, -1, 10**12, "0", []]
    holder[name] = chance.choice([one for one in choices if one != old])  # type: ignore[index]


@pytest.mark.skipif(not FULL, reason="two safe primes of 1024 bits take from two to some twenty seconds; HUIZHEN_TEST_SCALE=full")
def test_keys_that_are_really_made_sign_and_verify():
    definition = predicates.set_up(COUNTY)
    fresh = Issuer(selective.new_key(), definition, predicates.new_registry(COUNTY, definition, 1, at=AT))
    secret = predicates.new_link_secret()
    assert reason(proved(fresh, fresh.aged(secret, place=predicates.CAPACITY - 1), secret), fresh.published()) == "right"
