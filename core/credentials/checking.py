"""Whether a proof is right, from what the issuer published and nothing else: the same for the house's own check and for one made elsewhere.

A proof travels as JSON ``{"county", "attribute", "way", "presentation"}``; what the issuer published as ``{"county", "name", "key", "issuer",
"status_lists", "registries"}``, where ``key`` is a public JWK and the rest are documents that it verifies (:mod:`core.credentials.documents`).
Whether the key is the county's own is for the verifier to know: he compares its thumbprint once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.credentials import predicates, selective
from core.credentials.attributes import LABELS, WAYS, Attribute, Way
from core.credentials.documents import ISSUER_TYPE, REGISTRY_TYPE, DocumentBroken, issuer_id, read_document, thumbprint
from core.credentials.errors import ProofRefused
from core.credentials.status_lists import is_revoked
from core.people.rules import local_date

LONGEST = 80_000
"""Characters of a proof as it travels."""
CHECKED = ("签名", "持有人绑定", "一次性随机数", "没有过期", "没有作废")


@dataclass(frozen=True, slots=True)
class Checked:
    """A proof that is right: of what, by whom, and until when the issuer's word about it (its lists) was taken."""

    attribute: Attribute
    way: Way
    county: str
    issuer_name: str
    key_thumbprint: str
    checked: tuple[str, ...]

    @property
    def label(self) -> str:
        return f"{LABELS[self.attribute]}:是"


def envelope(county: str, attribute: Attribute, presentation: str) -> str:
    """A proof as it travels."""
    told = {"county": county, "attribute": attribute.value, "way": WAYS[attribute].value, "presentation": presentation}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def opened(proof: str) -> tuple[str, Attribute, str]:
    """County, attribute and presentation; ProofRefused ``form`` for what is no proof."""
    if len(proof) > LONGEST:
        raise ProofRefused("form")
    try:
        told = json.loads(proof)
        county, attribute, presentation = told["county"], Attribute(told["attribute"]), told["presentation"]
        if told.keys() != {"county", "attribute", "way", "presentation"} or told["way"] != WAYS[attribute].value:
            raise ProofRefused("form")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ProofRefused("form") from None
    if not (isinstance(county, str) and len(county) == 6 and county.isascii() and county.isdigit() and isinstance(presentation, str)):
        raise ProofRefused("form")
    return county, attribute, presentation


def check(proof: str, published: Mapping[str, Any], *, nonce: str, audience: str, now: datetime) -> Checked:
    """Everything about ``proof`` at real time ``now``; :class:`core.credentials.errors.ProofRefused` says what is wrong.

    CPU: a millisecond for SD-JWT, about a tenth of a second for AnonCreds.
    """
    if not nonce or not audience:
        # A proof that was asked for by nobody is anybody's, and can be shown again.
        raise ProofRefused("nonce")
    county, attribute, presentation = opened(proof)
    if not isinstance(published, Mapping) or published.get("county") != county:
        raise ProofRefused("issuer")
    try:
        key, name = published["key"], str(published["name"])
        print_of_key = thumbprint(key)
        if WAYS[attribute] is Way.SD_JWT:
            _check_selective(presentation, published, key, county, nonce, audience, now)
        else:
            _check_predicate(presentation, published, key, county, nonce, audience, now)
    except DocumentBroken as broken:
        raise ProofRefused("stale" if broken.stale else "issuer") from None
    except (KeyError, TypeError, AttributeError):
        # What was published is not of the form that it should be.
        raise ProofRefused("issuer") from None
    return Checked(attribute, WAYS[attribute], county, name, print_of_key, CHECKED)


def _check_selective(
    presentation: str, published: Mapping[str, Any], key: Mapping[str, Any], county: str, nonce: str, audience: str, now: datetime
) -> None:
    seen = selective.verify(presentation, key, county, nonce=nonce, audience=audience, now=now)
    if seen.claims.get(Attribute.INSURED.value) is not True:
        raise ProofRefused("predicate")
    for token in published["status_lists"]:
        try:
            revoked = is_revoked(token, key, county, seen.status_uri, seen.status_index, now)
        except DocumentBroken as broken:
            if broken.stale:
                raise
            continue
        if revoked:
            raise ProofRefused("revoked")
        return
    # No list of the issuer tells of it.
    raise ProofRefused("stale")


def _check_predicate(
    presentation: str, published: Mapping[str, Any], key: Mapping[str, Any], county: str, nonce: str, audience: str, now: datetime
) -> None:
    issuer = read_document(published["issuer"], key, ISSUER_TYPE, issuer_id(county), now)
    registries = {}
    for text in published["registries"]:
        told = read_document(text, key, REGISTRY_TYPE, issuer_id(county), now)
        registries[told["id"]] = (json.dumps(told["definition"]), json.dumps(told["list"]))
    predicates.verify(
        presentation, county, json.dumps(issuer["schema"]), json.dumps(issuer["definition"]), registries,
        nonce=predicates.bound_nonce(nonce, audience), today=local_date(now),
    )
