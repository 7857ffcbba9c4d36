"""Access tokens: JWTs (RFC 7519, RFC 9068) signed with Ed25519, good for a quarter of an hour, for the session that they name.

A token alone opens nothing: whoever takes one looks its session up as well (:mod:`core.people.sessions`), so that a session ends at once.
The private key is sealed under the key ring. It signs for a month and verifies until its last token has run out; the next is made by whoever
signs first after that.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from core.foundation.orders import handles
from core.foundation.work import Work
from core.people.commands_sessions import KeysReplaced, ReplaceTokenKeys
from core.people.models import TokenKey

LIFE = timedelta(minutes=15)
"""Real time, as all times here."""
SIGNS_FOR = timedelta(days=30)
REREAD = timedelta(seconds=30)
"""How long a process goes by what it has read of a key: so long a void key may still verify."""
LONGEST = 1000
"""Characters; ours have about 400."""

_ISSUER = "huizhen"
_ALGORITHMS = ["EdDSA"]
_TYPE = "at+jwt"
_SEALED = ("house", "access_tokens")
_IN_FORCE = "signs"
_NEEDED = ["iss", "aud", "sub", "sid", "turn", "iat", "exp"]
_MOST_KEYS = 64


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a genuine token says. It may have run out."""

    account_id: str
    session_id: str
    turn: int
    kind: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Known:
    key: Ed25519PublicKey
    retired_at: datetime | None
    void: bool
    read_at: datetime


_KNOWN: OrderedDict[str, _Known] = OrderedDict()
"""Keys by their id, which is a thumbprint of the key: what is kept here can only be the right one."""


async def make_token(work: Work, *, account_id: str, session_id: str, kind: str, turn: int) -> tuple[str, datetime]:
    """A token for ``turn`` of the session, and when it runs out."""
    real_now = work.practice.clock.real_now()
    row = await _signing_key(work, real_now)
    sealer = await work.sealer(*_SEALED)
    key = Ed25519PrivateKey.from_private_bytes(sealer.open_bytes("token_key", "private_key", row.id, bytes(row.private_key)))
    issued = int(real_now.timestamp())
    runs_out = issued + int(LIFE.total_seconds())
    claims = {
        "iss": _ISSUER, "aud": _audience(kind), "sub": account_id, "sid": session_id, "turn": turn, "iat": issued, "exp": runs_out,
    }
    token = jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": row.id, "typ": _TYPE})
    return token, datetime.fromtimestamp(runs_out, UTC)


async def read_token(token: str, kinds: tuple[str, ...], real_now: datetime) -> AccessToken | None:
    """What ``token`` says when one of our keys signed it for a session of one of ``kinds``; None otherwise. Whether it has run out is not asked."""
    if len(token) > LONGEST:
        return None
    try:
        header = jwt.get_unverified_header(token)
        known = await _known(header.get("kid"), real_now) if header.get("typ") == _TYPE else None
        if known is None:
            return None
        # The times are compared by the practice's clock, not by the library's.
        claims = jwt.decode(
            token, known.key, algorithms=_ALGORITHMS, issuer=_ISSUER, audience=[_audience(kind) for kind in kinds],
            options={"require": _NEEDED, "verify_exp": False, "verify_iat": False},
        )
    except jwt.InvalidTokenError:
        return None
    expires_at = datetime.fromtimestamp(claims["exp"], UTC)
    return AccessToken(claims["sub"], claims["sid"], claims["turn"], claims["aud"].partition(":")[2], expires_at)


@handles(ReplaceTokenKeys)
async def replace_token_keys(work: Work, order: ReplaceTokenKeys) -> KeysReplaced:
    real_now = work.practice.clock.real_now()
    void = 0
    for row in await TokenKey.filter(void_at__isnull=True).order_by("id"):
        await row.change(in_force=None, retired_at=row.retired_at or real_now, void_at=real_now)
        void += 1
    await _make_key(work, real_now)
    return KeysReplaced(void=void)


def _audience(kind: str) -> str:
    return f"{_ISSUER}:{kind}"


async def _signing_key(work: Work, real_now: datetime) -> TokenKey:
    row = await TokenKey.get_or_none(in_force=_IN_FORCE)
    if row is not None and real_now - row.created_at < SIGNS_FOR:
        return row
    if row is not None:
        await row.change(in_force=None, retired_at=real_now)
    return await _make_key(work, real_now)


async def _make_key(work: Work, real_now: datetime) -> TokenKey:
    """Two processes may do this at once: the unique column lets one through, the other's order is carried out again and finds the key."""
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    key_id = hashlib.sha256(public).hexdigest()[:26]
    sealer = await work.sealer(*_SEALED)
    sealed = sealer.seal_bytes("token_key", "private_key", key_id, key.private_bytes_raw())
    return await TokenKey.create(id=key_id, in_force=_IN_FORCE, public_key=public, private_key=sealed, created_at=real_now)


async def _known(key_id: object, real_now: datetime) -> _Known | None:
    """The key that may verify now."""
    if not isinstance(key_id, str):
        return None
    known = _KNOWN.get(key_id)
    if known is None or not timedelta() <= real_now - known.read_at < REREAD:
        row = await TokenKey.get_or_none(id=key_id)
        if row is None:
            return None
        known = _Known(Ed25519PublicKey.from_public_bytes(bytes(row.public_key)), row.retired_at, row.void_at is not None, real_now)
        _KNOWN[key_id] = known
        if len(_KNOWN) > _MOST_KEYS:
            _KNOWN.popitem(last=False)
    if known.void or (known.retired_at is not None and real_now >= known.retired_at + LIFE):
        return None
    return known
