"""Token status lists (draft-ietf-oauth-status-list): one bit a credential, compressed, in a signed JWT.

Bits lie least significant first; 1 is INVALID. The list says nothing of whose credential a bit is.
"""

from __future__ import annotations

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from core.credentials.documents import DocumentBroken, issuer_id, read_document, signed_document

TYPE = "statuslist+jwt"
SIZE = 65_536
"""Credentials of one list; the next ones go into the next list."""


def list_uri(county: str, number: int) -> str:
    """The list's name: ``sub`` of its token and ``uri`` in the credentials that it is about."""
    return f"{issuer_id(county)}/status/{number}"


def status_token(key: Mapping[str, Any], county: str, number: int, revoked: Iterable[int], *, issued: int, lasts_s: int) -> str:
    """The list ``number`` as a token. ``revoked``: indexes within the list."""
    bits = bytearray(SIZE // 8)
    for index in revoked:
        bits[index >> 3] |= 1 << (index & 7)
    packed = urlsafe_b64encode(zlib.compress(bytes(bits), 9)).decode().rstrip("=")
    return signed_document(key, TYPE, {
        "iss": issuer_id(county), "sub": list_uri(county, number), "iat": issued, "exp": issued + lasts_s, "ttl": lasts_s,
        "status_list": {"bits": 1, "lst": packed},
    })


def is_revoked(token: str, key: Mapping[str, Any], county: str, uri: str, index: int, now: datetime) -> bool:
    """What ``token`` says of ``index``; :class:`DocumentBroken` when it is not the list that ``uri`` names, or says nothing of it."""
    claims = read_document(token, key, TYPE, issuer_id(county), now)
    told = claims.get("status_list")
    if claims.get("sub") != uri or not isinstance(told, dict) or told.get("bits") != 1 or not isinstance(told.get("lst"), str):
        raise DocumentBroken
    bits = _unpacked(told["lst"])
    if not 0 <= index < len(bits) * 8:
        raise DocumentBroken
    return bool(bits[index >> 3] >> (index & 7) & 1)


def _unpacked(packed: str) -> bytes:
    try:
        unpacking = zlib.decompressobj()
        bits = unpacking.decompress(urlsafe_b64decode(packed + "=" * (-len(packed) % 4)), SIZE // 8)
    except (zlib.error, ValueError):
        raise DocumentBroken from None
    return bits
