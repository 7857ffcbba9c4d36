"""The engine in Python: aiortc for ICE, DTLS and session descriptions; packets are passed on as they are, never decoded or encoded.

Lost packets are asked for again on the way in and repeated from a cache on the way out; a request for a whole picture reaches the publisher at
most twice a second; reports go both ways. What a publisher may send at most is a fixed ceiling (REMB).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence

from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCRtpReceiver, RTCRtpTransceiver, RTCSessionDescription

from media.calls import hooks
from media.calls.engine import (
    LONGEST_DESCRIPTION,
    MOST_SEATS,
    DescriptionRefused,
    EngineStats,
    EventKind,
    Joined,
    Limits,
    MediaEvent,
    MemberStats,
    MemberUnknown,
    Recorder,
    RoomsFull,
    RoomStats,
    RoomUnknown,
    SeatUnknown,
    Slot,
    Tell,
)
from media.calls.legs import PublishLeg, SubscribeLeg

logger = logging.getLogger("huizhen.calls")

BEAT_S = 0.05
CONNECT_S = 20.0
"""A connection that is not up by then counts as failed."""
CODECS = {"audio": "opus", "video": "VP8"}
MOST_SECTIONS = 4
"""Media sections of an offer: sound, picture, and room for a data channel."""

_counted = hooks.CodecCount()
_counting = threading.Event()


class Member:
    """Who sits on a seat: his two connections."""

    def __init__(self, room: Room, seat: str, member: str) -> None:
        self.room, self.seat, self.id = room, seat, member
        self.publish: PublishLeg | None = None
        self.subscribe: SubscribeLeg | None = None
        self.connected = False
        self.told_gone = False

    async def close(self) -> None:
        for leg in (self.publish, self.subscribe):
            if leg is not None:
                await leg.close()


class Room:
    """The seats of one call and who sits on them, by seat."""

    def __init__(self, name: str, seats: tuple[str, ...]) -> None:
        self.name, self.seats = name, seats
        self.members: dict[str, Member] = {}
        self.recorder: Recorder | None = None

    def by_id(self, member: str) -> Member:
        for one in self.members.values():
            if one.id == member:
                return one
        raise MemberUnknown

    def others(self, seat: str) -> tuple[str, ...]:
        return tuple(one for one in self.seats if one != seat)

    def receivers_of(self, seat: str) -> list[SubscribeLeg]:
        return [one.subscribe for one in self.members.values() if one.seat != seat and one.subscribe is not None]


class PythonEngine:
    """`clock` gives monotonic seconds. Raises HooksBroken when the libraries are not those it was written for."""

    def __init__(self, tell: Tell = lambda event: None, clock: Callable[[], float] = time.monotonic) -> None:
        hooks.self_check()
        if not _counting.is_set():
            _counting.set()
            _counted.watch()
        self._tell, self._clock = tell, clock
        self._rooms: dict[str, Room] = {}
        self._beating: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def create_room(self, room: str, seats: Sequence[str]) -> None:
        there = self._rooms[room].seats if room in self._rooms else ()
        wanted = (*there, *(one for one in seats if one not in there))
        if len(wanted) > MOST_SEATS or len(set(seats)) != len(seats):
            raise RoomsFull
        self._rooms.setdefault(room, Room(room, wanted)).seats = wanted
        if self._beating is None:
            self._beating = asyncio.create_task(self._beat(), name="calls beat")

    async def join(self, room: str, seat: str, member: str, offer: str) -> Joined:
        place = self._room(room)
        if seat not in place.seats:
            raise SeatUnknown
        newcomer = Member(place, seat, member)
        try:
            answer = await self._publish(newcomer, offer)
            await self._subscribe(newcomer)
        except BaseException:
            await newcomer.close()
            raise
        before = place.members.get(seat)
        if self._rooms.get(room) is not place:
            await newcomer.close()
            raise RoomUnknown
        place.members[seat] = newcomer
        if before is not None:
            # The same member with new connections has not gone anywhere.
            self._gone(before, quiet=before.id == member)
        asyncio.get_running_loop().call_later(CONNECT_S, self._give_up, newcomer)
        leg = newcomer.subscribe
        assert leg is not None  # noqa: S101 - made a few lines above
        slots = tuple(Slot(other, leg.stream_of(other)) for other in place.others(seat))
        return Joined(answer, leg.connection.localDescription.sdp, slots)

    async def accept(self, room: str, member: str, answer: str) -> None:
        leg = self._room(room).by_id(member).subscribe
        if leg is None or leg.connection.signalingState != "have-local-offer":
            raise DescriptionRefused
        await _apply(leg.connection, answer, "answer")
        leg.settle()

    async def leave(self, room: str, member: str) -> None:
        with contextlib.suppress(RoomUnknown, MemberUnknown):
            one = self._room(room).by_id(member)
            del one.room.members[one.seat]
            self._gone(one)

    async def limit(self, room: str, member: str, limits: Limits) -> None:
        one = self._room(room).by_id(member)
        for leg in (one.publish, one.subscribe):
            if leg is not None:
                leg.limits = limits
        for seat in one.room.others(one.seat):
            self._picture_wanted(one.room, seat)
        self._picture_wanted(one.room, one.seat)

    async def record(self, room: str, recorder: Recorder | None) -> None:
        place = self._room(room)
        place.recorder = recorder
        for seat in place.seats:
            self._picture_wanted(place, seat)

    async def close_room(self, room: str) -> None:
        place = self._rooms.pop(room, None)
        if place is not None:
            for one in list(place.members.values()):
                self._gone(one)
            place.members.clear()

    async def close(self) -> None:
        for room in list(self._rooms):
            await self.close_room(room)
        if self._beating is not None:
            self._beating.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._beating
            self._beating = None
        if self._closing:
            await asyncio.gather(*self._closing, return_exceptions=True)

    async def stats(self) -> EngineStats:
        rooms = tuple(RoomStats(name, tuple(_stats_of(one) for one in room.members.values())) for name, room in self._rooms.items())
        return EngineStats(rooms, _counted.decoders, _counted.encoders, threading.active_count())

    def _room(self, room: str) -> Room:
        try:
            return self._rooms[room]
        except KeyError:
            raise RoomUnknown from None

    async def _publish(self, member: Member, offer: str) -> str:
        connection = _connection()
        leg = member.publish = PublishLeg(
            member.seat, member.id, connection, lambda: member.room.receivers_of(member.seat), lambda: member.room.recorder, self._clock
        )
        for kind in [one for one in CODECS if f"\nm={one} " in offer] or ["audio"]:
            transceiver = connection.addTransceiver(kind, direction="recvonly")
            _prefer(transceiver, kind)
            hooks.make_inert(transceiver)
        connection.on("connectionstatechange", lambda: self._changed(member, connection))
        await _apply(connection, offer, "offer")
        if any(one.receiver.__class__ is not hooks.InertReceiver for one in connection.getTransceivers()):
            raise DescriptionRefused  # a second camera, a shared screen: one of each kind a seat
        try:
            await connection.setLocalDescription(await connection.createAnswer())
        except (ValueError, AttributeError, KeyError, IndexError) as error:  # what a description of nonsense leads to only now
            raise DescriptionRefused from error
        for transceiver in connection.getTransceivers():
            codec = hooks.codec_of(transceiver, CODECS[transceiver.kind]) if transceiver.mid is not None else None
            if codec is not None:
                leg.agree(transceiver.kind, codec)
        leg.take()
        return connection.localDescription.sdp

    async def _subscribe(self, member: Member) -> None:
        connection = _connection()
        leg = member.subscribe = SubscribeLeg(connection, self._clock, lambda seat: self._picture_wanted(member.room, seat))
        for seat in member.room.others(member.seat):
            for kind in ("audio", "video"):
                transceiver = connection.addTransceiver(kind, direction="sendonly")
                _prefer(transceiver, kind)
                hooks.make_inert(transceiver)
                leg.add(seat, kind, transceiver)
        connection.on("connectionstatechange", lambda: self._changed(member, connection))
        if leg.slots:
            await connection.setLocalDescription(await connection.createOffer())
            leg.take()

    def _picture_wanted(self, room: Room, seat: str) -> None:
        member = room.members.get(seat)
        if member is not None and member.publish is not None:
            member.publish.picture_wanted()

    def _changed(self, member: Member, connection: RTCPeerConnection) -> None:
        state = connection.connectionState
        if state == "connected":
            if member.publish is not None and connection is member.publish.connection and not member.connected:
                member.connected = True
                self._say(member, "connected")
            if member.subscribe is not None and connection is member.subscribe.connection:
                for seat in member.room.others(member.seat):
                    self._picture_wanted(member.room, seat)
        elif state in ("failed", "closed") and member.room.members.get(member.seat) is member:
            del member.room.members[member.seat]
            self._gone(member, "gone" if member.connected else "failed")

    def _give_up(self, member: Member) -> None:
        if not member.connected and member.room.members.get(member.seat) is member:
            del member.room.members[member.seat]
            self._gone(member, "failed")

    def _gone(self, member: Member, kind: EventKind = "gone", *, quiet: bool = False) -> None:
        """Say so at once; the connections close by themselves."""
        if not member.told_gone:
            member.told_gone = True
            if not quiet:
                self._say(member, kind)
            task = asyncio.get_running_loop().create_task(member.close(), name="close member")
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    def _say(self, member: Member, kind: EventKind) -> None:
        self._tell(MediaEvent(member.room.name, member.seat, member.id, kind))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            for room in list(self._rooms.values()):
                for member in list(room.members.values()):
                    try:
                        if member.publish is not None:
                            await member.publish.beat()
                    except Exception as error:  # One member's trouble is not the others'.
                        logger.warning("beat failed: %s", type(error).__name__, exc_info=True)


def _connection() -> RTCPeerConnection:
    # Without a server named, aiortc would ask a public one on the internet. Unbundled, the second kind of media never connects.
    return RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))


def _prefer(transceiver: RTCRtpTransceiver, kind: str) -> None:
    wanted = ("audio/opus",) if kind == "audio" else ("video/VP8", "video/rtx")
    codecs = RTCRtpReceiver.getCapabilities(kind).codecs  # type: ignore[union-attr]
    transceiver.setCodecPreferences([one for one in codecs if one.mimeType in wanted])


async def _apply(connection: RTCPeerConnection, sdp: str, kind: str) -> None:
    """Set the remote description, whatever it is; DescriptionRefused for what cannot be one."""
    sections = sdp.count("\nm=")
    if len(sdp) > LONGEST_DESCRIPTION or not 1 <= sections <= (MOST_SECTIONS if kind == "offer" else 2 * MOST_SEATS):
        raise DescriptionRefused
    try:
        await connection.setRemoteDescription(RTCSessionDescription(sdp=sdp, type=kind))
    except asyncio.CancelledError:
        raise
    except Exception as error:  # aiortc's parser and negotiation raise whatever the text makes them stumble over.
        raise DescriptionRefused from error


def _stats_of(member: Member) -> MemberStats:
    publish, subscribe = member.publish, member.subscribe
    return MemberStats(
        member.seat, member.id, member.connected,
        subscribe is not None and subscribe.connection.connectionState == "connected",
        () if publish is None else publish.stats(),
    )
