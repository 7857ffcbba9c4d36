"""The engine in Python: aiortc for ICE, DTLS and session descriptions; packets are passed on as they are, never decoded or encoded.

Lost packets are asked for again on the way in and repeated from a cache on the way out; a request for a whole picture reaches the publisher at
most twice a second; reports go both ways, and so does transport-wide feedback. Who sends how much and who sees what is `steering`'s to decide;
without any, a publisher has a fixed ceiling (REMB) and everybody sees everything.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence

from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCRtpReceiver, RTCRtpTransceiver, RTCSessionDescription

from media.calls import descriptions, hooks, wire
from media.calls.announcing import Announcements
from media.calls.engine import (
    LONGEST_DESCRIPTION,
    MOST_SEATS,
    DescriptionRefused,
    EngineStats,
    EventKind,
    Joined,
    Limits,
    LinkNews,
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
from media.calls.legs import PublishLeg
from media.calls.measured import Decisions, Steering
from media.calls.receiving import CODECS, SubscribeLeg
from media.calls.stream import Stream

logger = logging.getLogger("huizhen.calls")

BEAT_S = 0.05
SHARES = 5
"""A beat is gone through in so many steps, a share of the rooms at a time: no packet waits for all of them."""
STEER_S = 0.1
"""A room's links are looked at no more often than this."""
CONNECT_S = 20.0
"""A connection that is not up by then counts as failed."""
H264_PROFILE = "42e01f"
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
        self.patience: asyncio.TimerHandle | None = None
        """Runs out when he is not connected in time."""
        self.codecs: frozenset[str] | None = None
        """What his picture can be, as he offered; None when he offered none."""

    async def close(self) -> None:
        for leg in (self.publish, self.subscribe):
            if leg is not None:
                await leg.close()


class Room:
    """The seats of one call and who sits on them, by seat. `share`: when in a beat it is its turn."""

    def __init__(self, name: str, seats: tuple[str, ...], share: int) -> None:
        self.name, self.seats, self.share = name, seats, share
        self.codec: str | None = None
        self.steered_at = self.steer_at = float("-inf")
        """When its links were looked at last; and when they will be next, unless one of them is uneasy before."""
        self.announcements = Announcements()
        self.decided: Decisions | None = None
        """What was carried out last, for the connections of now."""
        self.members: dict[str, Member] = {}
        self.recorder: Recorder | None = None

    def by_id(self, member: str) -> Member:
        for one in self.members.values():
            if one.id == member:
                return one
        raise MemberUnknown

    def others(self, seat: str) -> tuple[str, ...]:
        return tuple(one for one in self.seats if one != seat)

    def is_due(self, now: float) -> bool:
        """Its links should be looked at: it is time, or one of a calm room's is uneasy."""
        if now >= self.steer_at - BEAT_S / 2:
            return now >= self.steered_at + STEER_S - BEAT_S / 2
        return self.steer_at > self.steered_at + STEER_S and any(
            (one.publish is not None and one.publish.uneasy) or (one.subscribe is not None and one.subscribe.uneasy)
            for one in self.members.values()
        )

    def rewire(self) -> None:
        """Somebody came, went, or was limited."""
        self.steer_at = float("-inf")
        for one in self.members.values():
            if one.publish is not None:
                one.publish.rewire()

    def receivers_of(self, seat: str) -> list[SubscribeLeg]:
        return [one.subscribe for one in self.members.values() if one.seat != seat and one.subscribe is not None]


class PythonEngine:
    """`clock` gives monotonic seconds. Raises HooksBroken when the libraries are not those it was written for."""

    def __init__(
        self, tell: Tell = lambda event: None, clock: Callable[[], float] = time.monotonic, steering: Steering | None = None
    ) -> None:
        hooks.self_check()
        if not _counting.is_set():
            _counting.set()
            _counted.watch()
            hooks.extend_negotiation()
        self._tell, self._clock, self._steering = tell, clock, steering
        self._rooms: dict[str, Room] = {}
        self._turn = 0
        self._share = 0
        self._beating: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def create_room(self, room: str, seats: Sequence[str]) -> None:
        there = self._rooms[room].seats if room in self._rooms else ()
        wanted = (*there, *(one for one in seats if one not in there))
        if len(wanted) > MOST_SEATS or len(set(seats)) != len(seats):
            raise RoomsFull
        if room not in self._rooms:
            self._turn = (self._turn + 1) % SHARES
            self._rooms[room] = Room(room, wanted, self._turn)
        self._rooms[room].seats = wanted
        if self._beating is None:
            self._beating = asyncio.get_running_loop().call_later(BEAT_S / SHARES, self._beat)

    async def join(self, room: str, seat: str, member: str, offer: str) -> Joined:
        place = self._room(room)
        if seat not in place.seats:
            raise SeatUnknown
        newcomer = Member(place, seat, member)
        newcomer.codecs = descriptions.codecs_of(offer)
        present = [one for one in place.members.values() if one.seat != seat]
        codec = descriptions.agree(place.codec, [one.codecs for one in present], newcomer.codecs)
        try:
            answer = await self._publish(newcomer, offer, codec)
            await self._subscribe(newcomer)
        except BaseException:
            await newcomer.close()
            raise
        before = place.members.get(seat)
        if self._rooms.get(room) is not place:
            await newcomer.close()
            raise RoomUnknown
        place.members[seat], place.decided = newcomer, None
        if newcomer.publish is not None:
            newcomer.publish.recorder = place.recorder
        place.rewire()
        self._settle_codec(place, codec, present)
        if before is not None:
            # The same member with new connections has not gone anywhere.
            self._gone(before, quiet=before.id == member)
        newcomer.patience = asyncio.get_running_loop().call_later(CONNECT_S, self._give_up, newcomer)
        leg = newcomer.subscribe
        assert leg is not None  # noqa: S101 - made a few lines above
        slots = tuple(Slot(other, leg.stream_of(other)) for other in place.others(seat))
        return Joined(answer, leg.connection.localDescription.sdp, slots)

    def _settle_codec(self, place: Room, codec: str | None, present: list[Member]) -> None:
        """The room's pictures are of this codec from now on: whoever sends another one must publish again."""
        if codec is not None and codec != place.codec:
            place.codec = codec
            for one in present:
                if one.publish is not None and one.publish.picture_codec not in (None, codec):
                    self._say(one, "renew")

    async def accept(self, room: str, member: str, answer: str) -> None:
        leg = self._room(room).by_id(member).subscribe
        if leg is None or leg.connection.signalingState != "have-local-offer":
            raise DescriptionRefused
        await _apply(leg.connection, descriptions.hide_refused_pictures(answer), "answer")
        leg.settle()
        self._room(room).rewire()

    async def leave(self, room: str, member: str) -> None:
        with contextlib.suppress(RoomUnknown, MemberUnknown):
            one = self._room(room).by_id(member)
            del one.room.members[one.seat]
            self._gone(one)
            one.room.rewire()

    async def limit(self, room: str, member: str, limits: Limits) -> None:
        one = self._room(room).by_id(member)
        for leg in (one.publish, one.subscribe):
            if leg is not None:
                leg.limits = limits
        one.room.rewire()

    async def record(self, room: str, recorder: Recorder | None) -> None:
        place = self._room(room)
        place.recorder = recorder
        for one in place.members.values():
            if one.publish is not None:
                one.publish.recorder = recorder
                one.publish.picture_wanted()

    async def close_room(self, room: str) -> None:
        place = self._rooms.pop(room, None)
        if place is not None:
            for one in list(place.members.values()):
                self._gone(one)
            place.members.clear()
            if self._steering is not None:
                self._steering.forget(room)

    async def close(self) -> None:
        for room in list(self._rooms):
            await self.close_room(room)
        if self._beating is not None:
            self._beating.cancel()
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

    def _publish_leg(self, member: Member, connection: RTCPeerConnection) -> PublishLeg:
        return PublishLeg(member.seat, member.id, connection, lambda: member.room.receivers_of(member.seat), self._clock)

    def _subscribe_leg(self, member: Member, connection: RTCPeerConnection) -> SubscribeLeg:
        return SubscribeLeg(
            connection, self._clock, lambda seat, stream: self._picture_wanted(member.room, seat, stream), steered=self._steering is not None
        )

    async def _publish(self, member: Member, offer: str, codec: str | None) -> str:
        """Answer what he offers to send; his picture as `codec`, or refused when that is None."""
        connection = _connection()
        leg = member.publish = self._publish_leg(member, connection)
        shows = member.codecs is not None
        for kind in [one for one in ("audio", "video") if f"\nm={one} " in offer] or ["audio"]:
            transceiver = connection.addTransceiver(kind, direction="recvonly")
            _prefer(transceiver, ("opus",) if kind == "audio" else (codec or "VP8",))
            hooks.make_inert(transceiver)
        connection.on("connectionstatechange", lambda: self._changed(member, connection))
        await _apply(connection, descriptions.hide_picture(offer) if shows and codec is None else offer, "offer")
        if any(one.receiver.__class__ is not hooks.InertReceiver for one in connection.getTransceivers()):
            raise DescriptionRefused  # a second camera, a shared screen: one of each kind a seat
        extensions = [hooks.keep_extensions(one) for one in connection.getTransceivers()]
        try:
            await connection.setLocalDescription(await connection.createAnswer())
        except (ValueError, AttributeError, KeyError, IndexError) as error:  # what a description of nonsense leads to only now
            raise DescriptionRefused from error
        layers = descriptions.layers_of(offer) if codec == "VP8" else ()
        for transceiver, numbers in zip(connection.getTransceivers(), extensions, strict=True):
            wanted = "opus" if transceiver.kind == "audio" else codec
            agreed = hooks.codec_of(transceiver, wanted) if transceiver.mid is not None and wanted is not None else None
            if agreed is not None:
                leg.agree(transceiver.kind, agreed, numbers, layers if hooks.STREAM_NAME in numbers else ())
        leg.take()
        answer = connection.localDescription.sdp
        if shows and codec is None:
            return descriptions.refuse_picture(answer, offer)
        return descriptions.accept_layers(answer, leg.layers) if leg.layers else answer

    async def _subscribe(self, member: Member) -> None:
        connection = _connection()
        leg = member.subscribe = self._subscribe_leg(member, connection)
        for seat in member.room.others(member.seat):
            for kind, codecs in CODECS.items():
                transceiver = connection.addTransceiver(kind, direction="sendonly")
                _prefer(transceiver, codecs)
                hooks.make_inert(transceiver)
                leg.add(seat, kind, transceiver)
        connection.on("connectionstatechange", lambda: self._changed(member, connection))
        if leg.slots:
            await connection.setLocalDescription(await connection.createOffer())
            leg.take()

    def _picture_wanted(self, room: Room, seat: str, stream: Stream | None) -> None:
        member = room.members.get(seat)
        if member is not None and member.publish is not None:
            member.publish.picture_wanted(stream)

    def _changed(self, member: Member, connection: RTCPeerConnection) -> None:
        state = connection.connectionState
        if state == "connected":
            if member.publish is not None and connection is member.publish.connection and not member.connected:
                member.connected = True
                self._say(member, "connected")
            for leg in (member.publish, member.subscribe):
                if leg is not None and connection is leg.connection:
                    leg.wire.follow()
            member.room.rewire()
            self._beat_room(member.room)  # the pictures that he waits for are asked for at once
        elif state in ("failed", "closed") and member.room.members.get(member.seat) is member:
            del member.room.members[member.seat]
            self._gone(member, "gone" if member.connected else "failed")
            member.room.rewire()

    def _give_up(self, member: Member) -> None:
        if not member.connected and member.room.members.get(member.seat) is member:
            del member.room.members[member.seat]
            self._gone(member, "failed")

    def _gone(self, member: Member, kind: EventKind = "gone", *, quiet: bool = False) -> None:
        """Say so at once; the connections close by themselves."""
        if not member.told_gone:
            member.told_gone = True
            if member.patience is not None:
                member.patience.cancel()
            if not quiet:
                self._say(member, kind)
            task = asyncio.get_running_loop().create_task(member.close(), name="close member")
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    def _say(self, member: Member, kind: EventKind) -> None:
        self._tell(MediaEvent(member.room.name, member.seat, member.id, kind))

    def _beat(self) -> None:
        self._share = (self._share + 1) % SHARES
        try:
            for room in list(self._rooms.values()):
                if room.share == self._share:
                    self._beat_room(room)
            wire.flush()
        finally:
            self._beating = asyncio.get_running_loop().call_later(BEAT_S / SHARES, self._beat)

    def _beat_room(self, room: Room) -> None:
        now = self._clock()
        for member in list(room.members.values()):
            try:
                if member.publish is not None:
                    member.publish.beat(now)
                if member.subscribe is not None:
                    member.subscribe.beat(now)
            except Exception as error:  # One member's trouble is not the others'.
                logger.warning("beat failed: %s", type(error).__name__, exc_info=True)
        if self._steering is not None and room.is_due(now):
            room.steered_at = now
            try:
                self._steer(self._steering, room, now)
                room.steer_at = now + self._steering.pause_s(room.name)
            except Exception as error:
                logger.warning("steering failed: %s", type(error).__name__, exc_info=True)

    def _steer(self, steering: Steering, room: Room, now: float) -> None:
        members = list(room.members.values())
        uplinks = [one.publish.measured(now) for one in members if one.publish is not None]
        downlinks = [one.subscribe.measured(one.seat, one.id, now) for one in members if one.subscribe is not None]
        decided = steering.beat(room.name, uplinks, downlinks, now)
        for one in members:
            if one.publish is not None and one.seat in decided.send_bits:
                one.publish.tell_bits(decided.send_bits[one.seat])
        if decided is not room.decided:
            room.decided = decided
            _carry_out(decided, room)
        states = {(one.seat, one.id): decided.links[one.seat] for one in members if one.seat in decided.links}
        for (seat, name), state in room.announcements.due(states, now).items():
            self._tell(LinkNews(room.name, seat, name, state))


def _carry_out(decided: Decisions, room: Room) -> None:
    changed = False
    for one in room.members.values():
        if one.publish is not None and one.seat in decided.send_bits:
            one.publish.hold_requests(one.seat in decided.flooded)
        if one.subscribe is None:
            continue
        for (seat, seen), shown in decided.shown.items():
            if seat == one.seat:
                changed |= one.subscribe.show(seen, shown)
        one.subscribe.fill(decided.fill_bits.get(one.seat, 0))
        if one.seat in decided.repeat_bits:
            one.subscribe.repeat_at_most(decided.repeat_bits[one.seat])
    if changed:
        room.rewire()


def _connection() -> RTCPeerConnection:
    # Without a server named, aiortc would ask a public one on the internet. Unbundled, the second kind of media never connects.
    return RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))


def _prefer(transceiver: RTCRtpTransceiver, names: Sequence[str]) -> None:
    codecs = RTCRtpReceiver.getCapabilities(transceiver.kind).codecs  # type: ignore[union-attr]
    ours = [one for name in names for one in codecs if one.name == name and one.parameters.get("profile-level-id") in (None, H264_PROFILE)]
    transceiver.setCodecPreferences([*ours, *(one for one in codecs if one.name == "rtx")])


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
