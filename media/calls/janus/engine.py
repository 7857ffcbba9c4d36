"""The engine that Janus carries: rooms are VideoRooms on one of several nodes; this process only governs them, no packet comes through it
(except for a recorder).

A member publishes on one Janus handle and subscribes on another, as `media.calls.engine` wants it: a slot for every other seat, filled with
`switch`. Where a slot's publisher went away Janus stops the slot and wants a new offer answered when it is filled again: the sections are the
same, so the member's first answer is given once more, and he hears nothing of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from media.calls.descriptions import PREFERRED, agree, codecs_of, hide_picture, refuse_picture
from media.calls.engine import (
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
    Tell,
)
from media.calls.janus import counts, descriptions, holding, requests, rooms
from media.calls.janus.line import Body, JanusAway, JanusRefused, number, said, text
from media.calls.janus.members import Member, Room, slot_lines, stream_of
from media.calls.janus.nodes import Fleet, JanusAddress, JanusNode, NodeState

logger = logging.getLogger("huizhen.calls")

CONNECT_S = 20.0
"""A connection that is not up by then counts as failed."""
COUNTED_S = 10.0
"""What Janus counts is asked for this seldom at most: telling it costs Janus more than forwarding a picture."""


class JanusEngine:
    """`addresses`: the nodes. `clock` gives monotonic seconds, `real` seconds since 1970, `number` 52 random bits."""

    def __init__(
        self,
        tell: Tell,
        addresses: Iterable[JanusAddress],
        clock: Callable[[], float] = time.monotonic,
        real: Callable[[], float] = time.time,
        number: Callable[[], int] = lambda: secrets.randbits(52) + 1,
    ) -> None:
        self._tell, self._clock, self._number = tell, clock, number
        self._fleet = Fleet(addresses, self._node_gone, self._node_back)
        self._rooms: dict[str, Room] = {}
        self._host = rooms.RoomHost(self._fleet, f"{number():x}", number, real)
        self._tasks: set[asyncio.Task[None]] = set()
        self._counted = counts.Counted(COUNTED_S)

    # --- what an engine does

    async def create_room(self, room: str, seats: Sequence[str]) -> None:
        """Besides RoomsFull: JanusAway when no node may take it."""
        there = self._rooms[room].seats if room in self._rooms else ()
        wanted = (*there, *(one for one in seats if one not in there))
        if len(wanted) > MOST_SEATS or len(set(seats)) != len(seats):
            raise RoomsFull
        place = self._rooms.setdefault(room, Room(room, wanted))
        try:
            async with place.placing:
                if place.node is None:
                    await self._host.put_up(place)
        except BaseException:
            if not there and self._rooms.get(room) is place and not place.members:
                del self._rooms[room]
            raise
        if self._rooms.setdefault(room, place) is not place:
            await self._host.take_down(place)  # made anew meanwhile, by somebody else
        else:
            place.seats = wanted

    async def join(self, room: str, seat: str, member: str, offer: str) -> Joined:
        place = self._room(room)
        if seat not in place.seats:
            raise SeatUnknown
        kinds = descriptions.checked_offer(offer)
        if place.node is None:
            await self.create_room(room, place.seats)
        node = place.node
        if node is None:
            raise JanusAway
        newcomer = Member(place, seat, member, self._number(), secrets.token_urlsafe(18), node)
        newcomer.codecs = codecs_of(offer) if "video" in kinds else None
        present = [one for one in place.members.values() if one.seat != seat]
        codec = agree(place.codec, [one.codecs for one in present], newcomer.codecs)
        try:
            answer = await self._publish(newcomer, offer, kinds, codec)
            await self._subscribe(newcomer, codec or place.codec or PREFERRED[0])
            if self._rooms.get(room) is not place:
                raise RoomUnknown
            if place.node is not node:
                raise JanusAway
        except BaseException as error:
            newcomer.gone = True
            self._start(self._host.put_out(newcomer))
            if isinstance(error, JanusRefused):
                self._refused(place, node, error)
            raise
        self._settle_codec(place, codec if newcomer.picture else None, present)
        before = place.members.get(seat)
        place.members[seat] = newcomer
        if before is not None:
            self._gone(before, quiet=before.id == member)  # the same member with new connections has not gone anywhere
        asyncio.get_running_loop().call_later(CONNECT_S, self._give_up, newcomer)
        if newcomer.connected:
            self._up(newcomer)
        return Joined(answer, newcomer.offer, place.slots(seat))

    async def accept(self, room: str, member: str, answer: str) -> None:
        one = self._room(room).by_id(member)
        if one.answer or not one.offer:
            raise DescriptionRefused
        descriptions.checked_answer(answer, one.offer)
        answer = descriptions.without_hidden_addresses(answer)
        try:
            await one.node.message(one.subscribe_handle, {"request": "start"}, ("answer", answer))
        except JanusRefused as error:
            self._refused(one.room, one.node, error)
        one.answer = answer
        self._start(holding.arrange(one))

    async def leave(self, room: str, member: str) -> None:
        with contextlib.suppress(RoomUnknown, MemberUnknown):
            one = self._room(room).by_id(member)
            del one.room.members[one.seat]
            self._gone(one)

    async def limit(self, room: str, member: str, limits: Limits) -> None:
        one = self._room(room).by_id(member)
        one.limits = limits
        if one.connected:
            await self._hold(one)
        if one.answer:
            await holding.arrange(one)

    async def record(self, room: str, recorder: Recorder | None) -> None:
        place = self._room(room)
        place.recorder = recorder
        for one in list(place.members.values()):
            await holding.tap(one, self._clock)

    async def stats(self) -> EngineStats:
        """Counters are Janus's own, at most ten seconds old; zeros where a node has no admin address."""
        self._fleet.start()
        here = [one for room in self._rooms.values() for one in room.members.values()]
        streams = await self._counted.of(here, self._clock())

        def of_member(one: Member) -> MemberStats:
            return MemberStats(one.seat, one.id, one.connected, one.receiving, streams.get(one.publisher, ()))

        found = tuple(RoomStats(name, tuple(of_member(one) for one in room.members.values())) for name, room in self._rooms.items())
        return EngineStats(found, 0, 0, threading.active_count())

    async def close_room(self, room: str) -> None:
        place = self._rooms.pop(room, None)
        if place is not None:
            for one in list(place.members.values()):
                self._gone(one)
            place.members.clear()
            await self._host.take_down(place)

    async def close(self) -> None:
        for room in list(self._rooms):
            await self.close_room(room)
        if self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._fleet.close()

    # --- nodes

    def drain(self, names: Iterable[str]) -> None:
        """These nodes take no new room from now on, all others do; running rooms go on until they are empty."""
        self._fleet.drain(names)

    def nodes(self) -> tuple[NodeState, ...]:
        return self._fleet.states()

    def _node_gone(self, node: JanusNode) -> None:
        """Everybody it carried is told; the room comes up on another node with whoever joins first, and its recorder goes on."""
        for place in self._rooms.values():
            if place.node is node:
                place.node = None
                for one in list(place.members.values()):
                    self._gone(one)
                place.members.clear()
        node.rooms.clear()

    def _node_back(self, node: JanusNode) -> None:
        """The connection broke and is there again: what Janus told meanwhile is asked for."""
        for place in self._rooms.values():
            if place.node is node:
                self._start(self._compare(place))

    async def _compare(self, place: Room) -> None:
        publishing = await self._host.publishing(place)
        for one in list(place.members.values()):
            if one.connected and one.publisher not in publishing:
                self._ended(one)
            elif not one.held and one.publisher in publishing:
                self._up(one)

    # --- one member

    def _settle_codec(self, place: Room, codec: str | None, present: list[Member]) -> None:
        """The room's pictures are of this codec from now on: whoever sends or is shown another one must publish again."""
        if codec is not None and codec != place.codec:
            place.codec = codec
            for one in present:
                if one.picture not in (None, codec) or one.shown != codec:
                    self._say(one, "renew")

    async def _publish(self, one: Member, offer: str, kinds: dict[str, str], codec: str | None) -> str:
        """Answer what he offers to send; his picture as `codec`, or refused when that is None."""
        refused = "video" in kinds and codec is None
        place, node = one.room, one.node
        await node.message(place.control, requests.allow(place.number, place.secret, one.token, add=True))
        one.publish_handle = await node.attach(lambda message: self._heard(one, message, publishing=True))
        joining = requests.publish(place.number, one.publisher, one.token, codec if "video" in kinds else None)
        shown = descriptions.without_hidden_addresses(hide_picture(offer) if refused else offer)
        joined = await node.message(one.publish_handle, joining, ("offer", shown))
        answer = text(joined.get("jsep"), "sdp")
        if refused:
            answer = refuse_picture(answer, offer)
        taken = descriptions.accepted(answer)
        one.sends = {kind: mid for kind, mid in kinds.items() if mid in taken}
        if not one.sends:
            raise DescriptionRefused
        one.picture = codec if "video" in one.sends else None
        one.private_id = number(said(joined).get("private_id"))
        return answer

    async def _subscribe(self, one: Member, codec: str) -> None:
        one.shown = codec
        lines = slot_lines(one.room.others(one.seat), one.room.dummy, codec)
        if not lines:
            return
        one.subscribe_handle = await one.node.attach(lambda message: self._heard(one, message, publishing=False))
        asking = requests.subscribe(one.room.number, one.private_id, [feed for _, feed in lines])
        attached = await one.node.message(one.subscribe_handle, asking)
        one.lines = tuple(line for line, _ in lines)
        one.fed = {line.mid: feed for line, feed in lines}
        one.sent = {line.mid: True for line, _ in lines}
        one.offer = descriptions.with_streams(text(attached.get("jsep"), "sdp"), {line.mid: stream_of(line.seat) for line in one.lines})

    def _heard(self, one: Member, message: Body, *, publishing: bool) -> None:
        """What Janus tells of one of his handles."""
        kind = message.get("janus")
        if one.gone:
            return
        if kind == "webrtcup":
            if publishing:
                one.connected = True
                if one.room.members.get(one.seat) is one:
                    self._up(one)
            else:
                one.receiving = True
        elif kind in ("hangup", "detached"):
            self._ended(one)
        elif kind == "event" and "jsep" in message and one.answer:
            self._start(self._answer_again(one))

    async def _answer_again(self, one: Member) -> None:
        with contextlib.suppress(JanusAway, JanusRefused):
            await one.node.message(one.subscribe_handle, {"request": "start"}, ("answer", one.answer))

    def _up(self, one: Member) -> None:
        """His media arrives at Janus."""
        one.connected = True
        self._start(self._begin(one))

    async def _begin(self, one: Member) -> None:
        """Everybody gets it, and a recorder, once Janus holds him to his limits."""
        if one.limits != Limits():
            with contextlib.suppress(holding.LimitsRefused):  # he is out, and has been told
                await self._hold(one)
        if one.gone or one.held:
            return
        one.held = True
        self._say(one, "connected")
        for other in one.room.members.values():
            if other is not one and other.answer:
                self._start(holding.arrange(other))
        await holding.tap(one, self._clock)

    async def _hold(self, one: Member) -> None:
        """Who cannot be held to his limits is out: his page publishes again, with them. Raises JanusAway and LimitsRefused."""
        try:
            await holding.hold_limits(one)
        except holding.LimitsRefused:
            self._ended(one)
            raise

    def _ended(self, one: Member) -> None:
        """One of his connections ended by itself."""
        if one.room.members.get(one.seat) is one:
            del one.room.members[one.seat]
            self._gone(one, "gone" if one.held else "failed")

    def _give_up(self, one: Member) -> None:
        if not one.held:
            self._ended(one)

    def _gone(self, one: Member, kind: EventKind = "gone", *, quiet: bool = False) -> None:
        """Say so at once; Janus is told afterwards."""
        if one.gone:
            return
        one.gone = True
        if not quiet:
            self._say(one, kind)
        for other in one.room.members.values():
            other.lost(one.publisher)
        self._start(self._host.put_out(one))

    def _say(self, one: Member, kind: EventKind) -> None:
        self._tell(MediaEvent(one.room.name, one.seat, one.id, kind))

    # --- the rest

    def _room(self, room: str) -> Room:
        try:
            return self._rooms[room]
        except KeyError:
            raise RoomUnknown from None

    def _refused(self, place: Room, node: JanusNode, error: JanusRefused) -> None:
        """Raise what a refusal means to whoever asked."""
        if error.code in requests.DESCRIPTION_ERRORS:
            raise DescriptionRefused from error
        logger.warning("janus %s refused: %s", node.address.name, error)
        if error.code == requests.NO_SUCH_ROOM and place.node is node:
            place.node = None  # somebody took it down over there; it comes up anew
            node.rooms.discard(place.name)
            for one in list(place.members.values()):
                self._ended(one)
        raise JanusAway from error

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(_quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _quietly(work: Any) -> None:
    """A node that is away has been noticed elsewhere."""
    try:
        await work
    except JanusAway:
        pass
    except Exception as error:
        logger.warning("janus: %s", type(error).__name__, exc_info=True)
