"""SD-JWT with key binding (RFC 9901), by the reference implementation (package sd-jwt), in the shape of SD-JWT VC (draft-ietf-oauth-sd-jwt-vc).

Selective disclosure, not zero-knowledge: what is not chosen stays away as a salted digest, but the issuer's signature is the same in every
showing, so that two who compare see that it was one holder.

The library checks signatures, digests, audience, nonce and the type of the key binding. What it leaves to its caller is checked here: the type
and algorithm of the credential, its times, that the key binding is there and fresh, that nonce and audience are expected at all (without them it
does not look at the key binding), and that every disclosure belongs to a digest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.credentials.documents import ALGORITHM, issuer_id, thumbprint
from core.credentials.errors import ProofRefused

TYPE = "dc+sd-jwt"
VCT = "urn:huizhen:vct:county-insurance:1"
SLIP_S = 120
"""How far the clocks of holder and verifier may lie apart, with the two minutes that a showing lasts."""
LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class Disclosed:
    """What a presentation shows, verified. ``status_uri`` and ``status_index``: where it stands in the issuer's status list."""

    claims: Mapping[str, Any]
    status_uri: str
    status_index: int


def new_key() -> dict[str, Any]:
    """A private P-256 JWK (RFC 7517)."""
    from jwcrypto.jwk import JWK

    made: dict[str, Any] = JWK.generate(kty="EC", crv="P-256").export(as_dict=True)
    return made


def public_half(key: Mapping[str, Any]) -> dict[str, Any]:
    return {name: key[name] for name in ("kty", "crv", "x", "y")}


def issue(
    key: Mapping[str, Any], holder: Mapping[str, Any], county: str, claims: Mapping[str, Any], *, status_uri: str, status_index: int,
    issued: int, expires: int,
) -> str:  # fmt: skip
    """A credential in compact form, bound to ``holder`` (its public half goes in). Every entry of ``claims`` can be shown by itself."""
    from jwcrypto.jwk import JWK
    from sd_jwt.common import SDObj
    from sd_jwt.issuer import SDJWTIssuer

    body = {
        "iss": issuer_id(county), "vct": VCT, "county": county, "iat": issued, "exp": expires,
        "status": {"status_list": {"uri": status_uri, "idx": status_index}},
        **{SDObj(name): value for name, value in claims.items()},
    }
    headers = {"typ": TYPE, "kid": thumbprint(key)}
    made = SDJWTIssuer(body, JWK(**key), JWK(**public_half(holder)), ALGORITHM, extra_header_parameters=headers)
    return str(made.sd_jwt_issuance)


def present(credential: str, holder: Mapping[str, Any], shown: tuple[str, ...], *, nonce: str, audience: str) -> str:
    """The credential with the disclosures ``shown`` alone, and the holder's signature over it, ``nonce`` and ``audience``."""
    from jwcrypto.jwk import JWK
    from sd_jwt.holder import SDJWTHolder

    wallet = SDJWTHolder(credential)
    wallet.create_presentation(dict.fromkeys(shown, True), nonce, audience, JWK(**holder), ALGORITHM)
    return str(wallet.sd_jwt_presentation)


def verify(presentation: str, key: Mapping[str, Any], county: str, *, nonce: str, audience: str, now: datetime) -> Disclosed:
    """What ``presentation`` shows; :class:`core.credentials.errors.ProofRefused` says what is wrong with it.

    Whether it was revoked is told by the status list (:mod:`core.credentials.status_lists`), not here.
    """
    from jwcrypto.common import JWException
    from jwcrypto.jwk import JWK
    from sd_jwt.verifier import SDJWTVerifier

    if not nonce or not audience:
        raise ProofRefused("nonce")
    credential, disclosures, binding = _parts(presentation)
    if credential["head"].get("typ") != TYPE or credential["head"].get("alg") != ALGORITHM or binding["head"].get("alg") != ALGORITHM:
        raise ProofRefused("form")
    if credential["body"].get("iss") != issuer_id(county) or credential["head"].get("kid") != thumbprint(key):
        raise ProofRefused("issuer")
    try:
        seen = SDJWTVerifier(presentation, lambda issuer, header: JWK(**public_half(key))).get_verified_payload()
    except (JWException, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        raise ProofRefused("signature") from None
    _told_apart(binding["body"], nonce, audience)
    try:
        SDJWTVerifier(presentation, lambda issuer, header: JWK(**public_half(key)), audience, nonce)
    except (JWException, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        raise ProofRefused("holder") from None
    if not isinstance(seen, dict) or seen.get("vct") != VCT or seen.get("county") != county:
        raise ProofRefused("predicate")
    # The library passes over a disclosure that no digest stands for (RFC 9901, 7.1, wants it refused).
    if len(set(seen) - set(credential["body"])) != disclosures:
        raise ProofRefused("form")
    _check_times(seen, binding["body"], now)
    return Disclosed(seen, *_status_of(seen))


def _parts(presentation: str) -> tuple[dict[str, Any], int, dict[str, Any]]:
    """Head and body of the credential, the number of disclosures, head and body of the key binding; nothing of it verified yet."""
    if len(presentation) > LONGEST or not presentation.isascii():
        raise ProofRefused("form")
    first, *disclosures, last = presentation.split("~")
    if not first or not last:
        # Without a key binding whoever found the credential could show it.
        raise ProofRefused("holder" if first else "form")
    return _unverified(first), len(disclosures), _unverified(last)


def _unverified(token: str) -> dict[str, Any]:
    import jwt

    try:
        whole = jwt.decode_complete(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise ProofRefused("form") from None
    return {"head": whole["header"], "body": whole["payload"]}


def _told_apart(binding: Mapping[str, Any], nonce: str, audience: str) -> None:
    """The library refuses both by itself; here it is only said which."""
    if binding.get("nonce") != nonce:
        raise ProofRefused("nonce")
    if binding.get("aud") != audience:
        raise ProofRefused("audience")


def _check_times(claims: Mapping[str, Any], binding: Mapping[str, Any], now: datetime) -> None:
    issued, expires, shown = claims.get("iat"), claims.get("exp"), binding.get("iat")
    if not all(isinstance(one, int) and not isinstance(one, bool) for one in (issued, expires, shown)):
        raise ProofRefused("form")
    moment = now.timestamp()
    assert isinstance(issued, int) and isinstance(expires, int) and isinstance(shown, int)  # noqa: S101, PT018 - looked at above
    if expires <= moment or issued > moment + SLIP_S or abs(shown - moment) > SLIP_S:
        raise ProofRefused("expired")


def _status_of(claims: Mapping[str, Any]) -> tuple[str, int]:
    status = claims.get("status")
    told = status.get("status_list") if isinstance(status, dict) else None
    if not isinstance(told, dict) or not isinstance(told.get("uri"), str) or not isinstance(told.get("idx"), int):
        raise ProofRefused("form")
    return told["uri"], told["idx"]
