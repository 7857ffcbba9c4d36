"""Predicate proofs by AnonCreds (package anoncreds: CL signatures and the CKS revocation registry "CL_ACCUM").

What is signed: the birth date and the last day of the credential, as numbers (20081120), under the holder's link secret. What is shown: that the
birth date is at most one number and the last day at least another, that it was this issuer's signature, that the link secret was there, and that
the registry's list of a given second does not have it. The numbers, the link secret and the place in the registry are not shown.

**What the library leaves to its caller.** ``Presentation.verify`` of 0.2.3 answers True for a proof of another bound, even of another kind, than
the request names: it verifies the proof against the predicate written in the proof. So the predicates are read out of the proof here and
compared, and the proof is verified against a request made of exactly those.

Everything here is CPU (tens of milliseconds; setting up a county some seconds) and knows no database: call it in a thread.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from core.credentials.attributes import as_number, youngest_adult
from core.credentials.documents import issuer_id
from core.credentials.errors import ProofRefused

BIRTH, UNTIL = "birth_date", "valid_until"
CAPACITY = 1024
"""One more than the credentials of one revocation registry (index 0 is not given away). Its tails file has 264 KB then, and making it takes
about a second."""
LONGEST = 60_000
_LONGEST_NUMBER = 1500
"""Digits. The longest number of a genuine proof has about 920; an exponent of a hundred thousand would keep the machine busy."""
_DEEPEST = 12
_LINK = "link"


_LOADING = threading.Lock()
_loaded = False


def _load() -> None:
    """Has the native library at hand. Two threads that load it at the same time make it panic, so the first one does it alone."""
    global _loaded
    if _loaded:
        return
    with _LOADING:
        import anoncreds

        anoncreds.library_version()
        _loaded = True


def schema_id(county: str) -> str:
    return f"{issuer_id(county)}/schema/age/1"


def definition_id(county: str) -> str:
    return f"{issuer_id(county)}/definition/age/1"


def registry_id(county: str, number: int) -> str:
    return f"{issuer_id(county)}/registry/{number}"


def bound_nonce(nonce: str, audience: str) -> str:
    """The nonce that a proof is made for, as AnonCreds wants it (a decimal number of 80 bits): AnonCreds has no audience, so both sides take the
    first 80 bits of SHA-256 over nonce and audience, and a proof shown to one verifier is worth nothing to another."""
    digest = hashlib.sha256(f"{audience}\x00{nonce}".encode()).digest()
    return str(int.from_bytes(digest[:10], "big"))


@dataclass(frozen=True, slots=True)
class Definition:
    """What a county signs ages with, as JSON texts. ``private`` stays sealed."""

    schema: str
    public: str
    private: str
    proof_of_key: str


@dataclass(frozen=True, slots=True)
class Registry:
    """A revocation registry, as JSON texts, with its tails. ``status_list`` changes with each revocation; ``private`` stays sealed."""

    public: str
    private: str
    tails: bytes
    status_list: str
    capacity: int


def set_up(county: str) -> Definition:
    """New keys for a county: two safe primes of 1024 bits are looked for, which takes from two to some twenty seconds."""
    from anoncreds import CredentialDefinition, Schema

    _load()
    schema = Schema.create("age", "1", issuer_id(county), [BIRTH, UNTIL])
    public, private, proof = CredentialDefinition.create(schema_id(county), schema, issuer_id(county), "1", "CL", support_revocation=True)
    return Definition(schema.to_json(), public.to_json(), private.to_json(), proof.to_json())


def new_registry(county: str, definition: Definition, number: int, *, at: int, capacity: int = CAPACITY) -> Registry:
    """An empty registry. ``at``: seconds since 1970, the time of its first list."""
    from anoncreds import CredentialDefinition, RevocationRegistryDefinition, RevocationStatusList

    _load()
    owner, of = issuer_id(county), CredentialDefinition.load(definition.public)
    with tempfile.TemporaryDirectory() as folder:
        public, private = RevocationRegistryDefinition.create(
            definition_id(county), of, owner, str(number), "CL_ACCUM", capacity, tails_dir_path=folder
        )
        tails = Path(public.tails_location).read_bytes()
    told = json.loads(public.to_json())
    # Where the file lay on this machine is nobody's business; whoever needs it gets it by its digest.
    told["value"]["tailsLocation"] = f"urn:tails:{told['value']['tailsHash']}"
    status = RevocationStatusList.create(of, registry_id(county, number), public, private, owner, timestamp=at)
    return Registry(json.dumps(told), private.to_json(), tails, status.to_json(), capacity)


def new_link_secret() -> str:
    from anoncreds import create_link_secret

    _load()
    return str(create_link_secret())


def issue(
    county: str, definition: Definition, registry: Registry, index: int, secret: str, birth: date, until: date
) -> str:
    """A credential at ``index`` (from 1 to below the capacity) of the registry, blindly bound to ``secret``."""
    from anoncreds import (
        Credential,
        CredentialDefinition,
        CredentialDefinitionPrivate,
        CredentialOffer,
        CredentialRequest,
        CredentialRevocationConfig,
        KeyCorrectnessProof,
        RevocationRegistryDefinition,
        RevocationRegistryDefinitionPrivate,
        RevocationStatusList,
    )

    _load()
    public = CredentialDefinition.load(definition.public)
    revocation = RevocationRegistryDefinition.load(registry.public)
    offer = CredentialOffer.create(schema_id(county), definition_id(county), KeyCorrectnessProof.load(definition.proof_of_key))
    request, kept = CredentialRequest.create(_LINK, None, public, secret, _LINK, offer)
    config = CredentialRevocationConfig(
        revocation, RevocationRegistryDefinitionPrivate.load(registry.private), RevocationStatusList.load(registry.status_list), index
    )
    values = {BIRTH: str(as_number(birth)), UNTIL: str(as_number(until))}
    made = Credential.create(public, CredentialDefinitionPrivate.load(definition.private), offer, request, values, None, config)
    return str(made.process(kept, secret, public, revocation).to_json())


def revoke(definition: Definition, registry: Registry, indexes: list[int], *, at: int) -> str:
    """The registry's list without ``indexes``, from second ``at`` on."""
    from anoncreds import (
        CredentialDefinition,
        RevocationRegistryDefinition,
        RevocationRegistryDefinitionPrivate,
        RevocationStatusList,
    )

    _load()
    changed = RevocationStatusList.load(registry.status_list).update(
        CredentialDefinition.load(definition.public), RevocationRegistryDefinition.load(registry.public),
        RevocationRegistryDefinitionPrivate.load(registry.private), None, indexes, at,
    )
    return str(changed.to_json())


def listed_at(status_list: str) -> int:
    """The second from which a list holds."""
    return int(json.loads(status_list)["timestamp"])


def _request(nonce: str, county: str, born_by: int, until: int, at: int) -> dict[str, Any]:
    issued = [{"cred_def_id": definition_id(county)}]
    return {
        "nonce": nonce, "name": "of_age", "version": "1.0", "requested_attributes": {},
        "requested_predicates": {
            "of_age": {"name": BIRTH, "p_type": "<=", "p_value": born_by, "restrictions": issued},
            "in_force": {"name": UNTIL, "p_type": ">=", "p_value": until, "restrictions": issued},
        },
        "non_revoked": {"from": at, "to": at},
    }


def prove(county: str, definition: Definition, registry: Registry, credential: str, secret: str, *, nonce: str, today: date) -> str:
    """A presentation for ``nonce`` (a decimal number) that the holder is of age on ``today``; ProofRefused ``predicate`` when he is not, when
    the credential has run out, or when it is in the registry's list."""
    from anoncreds import (
        AnoncredsError,
        Credential,
        CredentialRevocationState,
        Presentation,
        PresentationRequest,
        PresentCredentials,
        RevocationRegistryDefinition,
        RevocationStatusList,
        Schema,
    )
    from anoncreds import CredentialDefinition as PublicDefinition

    _load()
    status = RevocationStatusList.load(registry.status_list)
    at = listed_at(registry.status_list)
    opened = Credential.load(credential)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tails"
        file.write_bytes(registry.tails)
        try:
            state = CredentialRevocationState.create(
                RevocationRegistryDefinition.load(registry.public), status, opened.rev_reg_index, str(file)
            )
            chosen = PresentCredentials()
            chosen.add_predicates(opened, "of_age", "in_force", timestamp=at, rev_state=state)
            request = PresentationRequest.load(_request(nonce, county, as_number(youngest_adult(today)), as_number(today), at))
            shown = Presentation.create(
                request, chosen, {}, secret, {schema_id(county): Schema.load(definition.schema)},
                {definition_id(county): PublicDefinition.load(definition.public)},
            )
        except AnoncredsError:
            raise ProofRefused("predicate") from None
    return str(shown.to_json())


def verify(
    presentation: str, county: str, schema: str, definition: str, registries: Mapping[str, tuple[str, str]], *, nonce: str, today: date
) -> None:
    """Returns when ``presentation`` proves that its holder is of age on ``today``; :class:`core.credentials.errors.ProofRefused` otherwise.

    ``registries``: definition and current list by registry id, as the issuer published them. A proof against another list than this one is
    refused (``moved``: it must be shown anew), and so is one of a credential that the list has.
    """
    from anoncreds import (
        AnoncredsError,
        CredentialDefinition,
        Presentation,
        PresentationRequest,
        RevocationRegistryDefinition,
        RevocationStatusList,
        Schema,
    )

    _load()
    told = _parsed(presentation)
    registry, at = _identified(told, county)
    if registry not in registries:
        raise ProofRefused("issuer")
    public, listed = registries[registry]
    if json.loads(listed)["timestamp"] != at:
        # Somebody's credential was revoked between the proof and this list; whether it was this one, the proof cannot say.
        raise ProofRefused("moved")
    born_by, until = _bounds(told)
    if born_by > as_number(youngest_adult(today)):
        raise ProofRefused("predicate")
    if until < as_number(today):
        raise ProofRefused("expired")
    try:
        right = Presentation.load(presentation).verify(
            PresentationRequest.load(_request(nonce, county, born_by, until, at)), {schema_id(county): Schema.load(schema)},
            {definition_id(county): CredentialDefinition.load(definition)}, {registry: RevocationRegistryDefinition.load(public)},
            [RevocationStatusList.load(listed)],
        )
    except (AnoncredsError, ValueError):
        raise ProofRefused("form") from None
    if not right:
        # One challenge binds nonce, link secret, signature and list together: which of them is wrong cannot be told apart.
        raise ProofRefused("signature")


def _parsed(presentation: str) -> dict[str, Any]:
    if len(presentation) > LONGEST or not presentation.isascii():
        raise ProofRefused("form")
    try:
        told = json.loads(presentation)
    except (ValueError, RecursionError):
        raise ProofRefused("form") from None
    _check_sizes(told, 0)
    if not isinstance(told, dict):
        raise ProofRefused("form")
    return told


def _check_sizes(value: Any, depth: int) -> None:
    if depth > _DEEPEST or (isinstance(value, str) and len(value) > _LONGEST_NUMBER) or isinstance(value, float):
        raise ProofRefused("form")
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_sizes(one, depth + 1)


def _identified(told: Mapping[str, Any], county: str) -> tuple[str, int]:
    """Registry id and second of the list that the one credential shown names; it must be of this county's definition."""
    try:
        (one,) = told["identifiers"]
        named = (one["schema_id"], one["cred_def_id"])
        registry, at = one["rev_reg_id"], one["timestamp"]
    except (KeyError, TypeError, ValueError):
        raise ProofRefused("form") from None
    if named != (schema_id(county), definition_id(county)):
        raise ProofRefused("issuer")
    if not isinstance(registry, str) or not isinstance(at, int):
        # Proved without the registry: whether it was revoked is not said.
        raise ProofRefused("revoked")
    return registry, at


def _bounds(told: Mapping[str, Any]) -> tuple[int, int]:
    """The two bounds that the proof itself proves, which must be the only things in it."""
    try:
        (proof,) = told["proof"]["proofs"]
        primary, asked = proof["primary_proof"], told["requested_proof"]
        proved = {(one["predicate"]["attr_name"], one["predicate"]["p_type"]): one["predicate"]["value"] for one in primary["ge_proofs"]}
        places = {name: place["sub_proof_index"] for name, place in asked["predicates"].items()}
        bounds = proved[BIRTH, "LE"], proved[UNTIL, "GE"]
        bare = not primary["eq_proof"]["revealed_attrs"] and not any(told for name, told in asked.items() if name != "predicates")
        revocable = proof["non_revoc_proof"] is not None
        count = len(primary["ge_proofs"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ProofRefused("predicate") from None
    if not revocable:
        raise ProofRefused("revoked")
    if count != 2 or not bare or places != {"of_age": 0, "in_force": 0} or not all(type(one) is int for one in bounds):
        raise ProofRefused("predicate")
    return bounds
