"""Rooms as Janus has them: put up on a node, governed over one handle, taken down; and what earlier runs left behind."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from media.calls.janus import requests
from media.calls.janus.line import JanusAway, JanusRefused, listed, number, text
from media.calls.janus.members import Member, Room
from media.calls.janus.nodes import Fleet, JanusNode

STALE_S = 6 * 3600
"""A room without anybody that was made so long ago belongs to a run that did not end in order."""


class RoomHost:
    """`run` is this run's alone; `number` gives random numbers, `real` seconds since 1970."""

    def __init__(self, fleet: Fleet, run: str, number: Callable[[], int], real: Callable[[], float]) -> None:
        self._fleet, self._run, self._number, self._real = fleet, run, number, real

    async def put_up(self, place: Room) -> None:
        """Raises JanusAway when no node may take it."""
        node = await self._fleet.place(place.name)
        key = node.address.api_secret
        place.number = requests.room_number(place.name, f"{self._run}{self._number():x}")
        place.secret = requests.room_secret(place.number, key)
        place.control = await node.attach(lambda message: None)
        made_at = int(self._real())
        try:
            if not node.swept:
                node.swept = True
                await sweep(node, place.control, made_at)
            await node.message(place.control, requests.create(place.number, place.secret, f"{self._number():x}", made_at))
            inside = listed(await node.message(place.control, requests.participants(place.number)), "participants")
            place.dummy = next(number(one.get("id")) for one in inside if one.get("dummy") is True)
        except (JanusRefused, StopIteration) as error:
            await node.detach(place.control)
            raise JanusAway from error
        place.node = node
        node.rooms.add(place.name)

    async def take_down(self, place: Room) -> None:
        node, place.node = place.node, None
        if node is not None:
            node.rooms.discard(place.name)
            with contextlib.suppress(JanusAway, JanusRefused):
                await node.message(place.control, requests.destroy(place.number, place.secret))
            await node.detach(place.control)

    async def put_out(self, one: Member) -> None:
        """Janus drops him and both his connections; nothing happens where that is done already."""
        place, node = one.room, one.node
        for tap in one.taps:
            tap.close()
        for handle in (one.publish_handle, one.subscribe_handle):
            node.forget(handle)
        if place.node is node:
            for body in (requests.kick(place.number, place.secret, one.publisher), requests.allow(place.number, place.secret, one.token, add=False)):
                with contextlib.suppress(JanusAway, JanusRefused):
                    await node.message(place.control, body)
        await asyncio.gather(*(node.detach(handle) for handle in (one.publish_handle, one.subscribe_handle) if handle))

    async def publishing(self, place: Room) -> set[int]:
        """Numbers of those whose media Janus gets."""
        if place.node is None:
            return set()
        inside = listed(await place.node.message(place.control, requests.participants(place.number)), "participants")
        return {number(one.get("id")) for one in inside if one.get("publisher") is True}


async def sweep(node: JanusNode, control: int, now: float) -> None:
    """Take down what earlier runs of the house left on the node."""
    for one in listed(await node.message(control, {"request": "list"}), "list"):
        name, _, made_at = text(one, "description").partition(" ")
        room, inside = number(one.get("room")), one.get("num_participants")
        if name == requests.DESCRIPTION and made_at.isdecimal() and now - int(made_at) > STALE_S and inside in (0, 1):
            with contextlib.suppress(JanusRefused):
                await node.message(control, requests.destroy(room, requests.room_secret(room, node.address.api_secret)))
