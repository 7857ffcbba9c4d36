"""What is asked of Janus's VideoRoom, as JSON bodies (Janus VideoRoom API, version 1.1). Pure.

A slot that nobody fills is subscribed to the room's dummy publisher, whose two streams never send anything; `switch` puts a real publisher in
its place and nothing is negotiated anew.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from media.calls.janus.line import Body

CEILING = 1_200_000
"""Bits a second that a publisher may send at most: 640x480 at 25 pictures with some to spare."""
DUMMY = {"opus": "0", "VP8": "1", "H264": "2"}
"""The dummy publisher's streams: it has one for each codec of the room, sound first, in the order of `create`."""
H264_PROFILE = "42e01f"
NO_SUCH_ROOM, NO_SUCH_FEED = 426, 428
DESCRIPTION_ERRORS = frozenset({431, 437, 464, 465, 467, 469, 471})
"""VideoRoom: invalid SDP or its type; Janus: unknown or invalid JSEP, unexpected answer, wrong WebRTC state."""


@dataclass(frozen=True, slots=True)
class Feed:
    """One stream of one publisher."""

    publisher: int
    mid: str


def room_number(room: str, run: str) -> int:
    """Janus's number of a room: 53 bits, so that no JSON reader rounds it. `run` keeps two runs of the house apart."""
    return int.from_bytes(hashlib.sha256(f"{run}\0{room}".encode()).digest()[:7], "big") >> 3 or 1


def room_secret(number: int, key: str) -> str:
    """What whoever changes the room must know; every process of the house that has the node's key knows it."""
    return hmac.new(key.encode(), f"huizhen room {number}".encode(), hashlib.sha256).hexdigest()


DESCRIPTION = "huizhen"


def create(room: int, secret: str, gate: str, made_at: int) -> Body:
    """`gate` is a token that nobody has: from the first moment the room takes only tokens on its list. `made_at`: seconds since 1970."""
    placeholders = [
        {"codec": "opus", "fmtp": "useinbandfec=1"},
        {"codec": "vp8"},
        {"codec": "h264", "fmtp": f"profile-level-id={H264_PROFILE};packetization-mode=1"},
    ]
    return {
        "request": "create", "room": room, "secret": secret, "permanent": False, "description": f"{DESCRIPTION} {made_at}", "allowed": [gate],
        "publishers": 32, "bitrate": CEILING, "bitrate_cap": True, "audiocodec": "opus", "videocodec": "vp8,h264", "opus_fec": True,
        "h264_profile": H264_PROFILE,
        "transport_wide_cc_ext": True, "require_pvtid": True, "notify_joining": False, "record": False, "lock_record": True,
        "dummy_publisher": True, "dummy_streams": placeholders,
    }


def destroy(room: int, secret: str) -> Body:
    return {"request": "destroy", "room": room, "secret": secret, "permanent": False}


def participants(room: int) -> Body:
    return {"request": "listparticipants", "room": room}


def allow(room: int, secret: str, token: str, *, add: bool) -> Body:
    return {"request": "allowed", "room": room, "secret": secret, "action": "add" if add else "remove", "allowed": [token]}


def publish(room: int, publisher: int, token: str, codec: str | None) -> Body:
    """`codec`: of his picture; None when he shows none."""
    body: Body = {"request": "joinandconfigure", "ptype": "publisher", "room": room, "id": publisher, "token": token, "bitrate": CEILING}
    return body if codec is None else {**body, "videocodec": codec.lower()}


def subscribe(room: int, private_id: int, feeds: Iterable[Feed]) -> Body:
    streams = [{"feed": feed.publisher, "mid": feed.mid} for feed in feeds]
    return {"request": "join", "ptype": "subscriber", "room": room, "private_id": private_id, "autoupdate": False, "streams": streams}


def switch(feeds: Iterable[tuple[str, Feed]]) -> Body:
    """Each slot's mid with the feed that it gets from now on."""
    return {"request": "switch", "streams": [{"feed": feed.publisher, "mid": feed.mid, "sub_mid": mid} for mid, feed in feeds]}


def send(wanted: Iterable[tuple[str, bool]]) -> Body:
    """Whether each slot is sent at all."""
    return {"request": "configure", "streams": [{"mid": mid, "send": sent} for mid, sent in wanted]}


def most_bits(bits: int) -> Body:
    return {"request": "configure", "bitrate": bits}


def whole_picture() -> Body:
    return {"request": "configure", "keyframe": True}


def moderate(room: int, secret: str, feed: Feed, *, mute: bool) -> Body:
    return {"request": "moderate", "room": room, "secret": secret, "id": feed.publisher, "mid": feed.mid, "mute": mute}


def kick(room: int, secret: str, publisher: int) -> Body:
    return {"request": "kick", "room": room, "secret": secret, "id": publisher}
