"""What an issuer publishes, each part a JWT (RFC 7519) signed with ES256 by the county's key, so that it can be checked without the house.

AnonCreds leaves open how definitions and revocation lists travel and signs neither; here they travel inside such a JWT.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import jwt

ALGORITHM = "ES256"
ISSUER_TYPE = "credential-issuer+jwt"
REGISTRY_TYPE = "revocation-registry+jwt"
LONGEST = 400_000
"""Characters of one document; a full registry has about ten thousand."""


class DocumentBroken(Exception):
    """Not a document of this key and kind, or one whose time has passed (``stale``). Holds no data."""

    def __init__(self, *, stale: bool = False) -> None:
        super().__init__()
        self.stale = stale


def issuer_id(county: str) -> str:
    """How a county's issuer is named in everything that it signs."""
    return f"urn:huizhen:county:{county}"


def signed_document(key: Mapping[str, Any], typ: str, claims: Mapping[str, Any]) -> str:
    """``claims`` (with iss, iat and exp) under the private JWK ``key``."""
    return jwt.encode(dict(claims), jwt.PyJWK(dict(key), ALGORITHM).key, algorithm=ALGORITHM, headers={"typ": typ, "kid": thumbprint(key)})


def read_document(text: str, key: Mapping[str, Any], typ: str, issuer: str, now: datetime) -> dict[str, Any]:
    """The claims of a document that the public JWK ``key`` verifies; :class:`DocumentBroken` otherwise. Times are compared with ``now``."""
    if not isinstance(text, str) or len(text) > LONGEST:
        raise DocumentBroken
    try:
        if jwt.get_unverified_header(text).get("typ") != typ:
            raise DocumentBroken
        claims: dict[str, Any] = jwt.decode(
            text, jwt.PyJWK(dict(key), ALGORITHM).key, algorithms=[ALGORITHM], issuer=issuer,
            options={"require": ["iss", "iat", "exp"], "verify_exp": False, "verify_iat": False, "verify_aud": False},
        )
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise DocumentBroken from None
    if not isinstance(claims["exp"], int):
        raise DocumentBroken
    if claims["exp"] <= now.timestamp():
        raise DocumentBroken(stale=True)
    return claims


def thumbprint(key: Mapping[str, Any]) -> str:
    """Of a P-256 JWK (RFC 7638): what a verifier compares once, by telephone or on paper."""
    needed = {name: key[name] for name in ("crv", "kty", "x", "y")}
    digest = hashlib.sha256(json.dumps(needed, sort_keys=True, separators=(",", ":")).encode()).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")
