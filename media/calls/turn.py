"""Relays (TURN) for networks that let nothing else through, and the passes that they are used with. Pure.

A pass is made without asking the relay: coturn with `use-auth-secret` knows the same secret (draft-uberti-behave-turn-rest-00).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field

PASS_S = 12 * 3600
"""How long a pass is good for: longer than any consultation; coturn asks for it again at every renewal."""
_URI = re.compile(
    r"(?:stun|stuns):(?:[A-Za-z0-9.\-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?"
    r"|(?:turn|turns):(?:[A-Za-z0-9.\-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:\?transport=(?:udp|tcp))?"
)


@dataclass(frozen=True, slots=True)
class Relays:
    """`uris` as RFC 7064 and 7065 write them; `secret` is shared with the relays."""

    uris: tuple[str, ...] = ()
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class IceServer:
    """As a browser's `RTCConfiguration.iceServers` takes it; no user name and no credential for what needs none."""

    urls: tuple[str, ...]
    username: str = ""
    credential: str = field(default="", repr=False)


def is_uri(text: str) -> bool:
    """Whether `text` is a stun:, stuns:, turn: or turns: address."""
    found = _URI.fullmatch(text)
    port = re.search(r":(\d+)(?:\?|$)", text)
    return found is not None and (port is None or 1 <= int(port[1]) <= 65535)


def new_pass(secret: str, name: str, expires_at: int) -> tuple[str, str]:
    """User name and credential, good until `expires_at` (seconds since 1970). `name` stands in the relay's log: nothing of a person."""
    user = f"{expires_at}:{name}"
    return user, base64.b64encode(hmac.new(secret.encode(), user.encode(), hashlib.sha1).digest()).decode()


def ice_servers(relays: Relays, name: str, now: float) -> tuple[IceServer, ...]:
    """What a client may use from now (seconds since 1970) on; empty where no relay is set up."""
    plain = tuple(one for one in relays.uris if one.startswith("stun"))
    relaying = tuple(one for one in relays.uris if one.startswith("turn"))
    found = (IceServer(plain),) if plain else ()
    if relaying:
        user, credential = new_pass(relays.secret, name, int(now) + PASS_S)
        found = (*found, IceServer(relaying, user, credential))
    return found
