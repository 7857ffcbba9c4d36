"""What should hold for a member is made so at his Janus: whom his slots are fed with, what he may send, and what a recorder gets of him."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from media.calls.engine import CallError
from media.calls.janus import requests
from media.calls.janus.line import JanusAway, JanusRefused, listed, number
from media.calls.janus.members import Member
from media.calls.janus.taps import Tap

logger = logging.getLogger("huizhen.calls")

TRIES = 5
AGAIN_S = 0.3


async def arrange(one: Member) -> None:
    """Have each of his slots fed with whoever sits on its seat; repeated while people come and go meanwhile."""
    async with one.changing:
        for attempt in range(TRIES):
            if one.gone or not await _arrange_once(one):
                return
            if attempt:
                await asyncio.sleep(AGAIN_S)


async def _arrange_once(one: Member) -> bool:
    """Whether something had to be changed."""
    wrong = [(mid, feed) for mid, feed in one.wanted().items() if one.fed.get(mid) != feed]
    if not wrong and not _unlike(one):
        return False
    try:
        if wrong:
            await one.node.message(one.subscribe_handle, requests.switch(wrong))
            for mid, feed in wrong:
                one.fed[mid], one.sent[mid] = feed, True  # Janus sends again what it switches
        unlike = _unlike(one)
        if unlike:
            await one.node.message(one.subscribe_handle, requests.send(unlike.items()))
            one.sent.update(unlike)
    except JanusRefused as error:
        if error.code != requests.NO_SUCH_FEED:  # who went away meanwhile
            logger.warning("slots not changed: %s", error)
    except JanusAway:
        return False
    return True


def _unlike(one: Member) -> dict[str, bool]:
    """Slots that are sent and should not be, or the other way round."""
    return {mid: sent for mid, sent in one.sending().items() if one.sent.get(mid) != sent}


class LimitsRefused(CallError):
    """Janus does not hold somebody to what must hold for him."""

    code = "limits.refused"


async def hold_limits(one: Member) -> None:
    """What he may send and who gets it; a kind that he does not send cannot be muted. Raises JanusAway, and LimitsRefused where it is not certain
    that nobody gets what nobody may."""
    place = one.room
    for kind, mid in one.sends.items():
        feed = requests.Feed(one.publisher, mid)
        try:
            await one.node.message(place.control, requests.moderate(place.number, place.secret, feed, mute=kind in one.limits.muted))
        except JanusRefused as error:
            logger.warning("limits not held: %s", error)
            raise LimitsRefused from error
    try:
        await one.node.message(one.publish_handle, requests.most_bits(min(one.limits.send_bits or requests.CEILING, requests.CEILING)))
        await one.node.message(one.publish_handle, requests.whole_picture())
    except JanusRefused as error:  # he sends more than he should; nobody gets what he should not
        logger.warning("bits not limited: %s", error)


async def tap(one: Member, clock: Callable[[], float]) -> None:
    """Begin or end what a recorder gets of him."""
    place = one.room
    with contextlib.suppress(JanusAway, JanusRefused):
        if place.recorder is None or one.gone:
            taps, one.taps = one.taps, []
            for ended in taps:
                ended.close()
                await one.node.message(place.control, ended.stopping(place.number, place.secret))
        elif one.held and not one.taps:
            for kind in one.sends:
                await _tap_kind(one, kind, clock)


async def _tap_kind(one: Member, kind: str, clock: Callable[[], float]) -> None:
    feed, place = one.feed(kind), one.room
    if feed is None:
        return

    def take(data: bytes) -> None:
        if place.recorder is not None and not one.gone:
            place.recorder.packet(one.seat, one.id, kind, "opus" if kind == "audio" else one.picture or "", clock(), data)

    begun = Tap(feed, take)
    one.taps.append(begun)
    await begun.open(one.node.own_address)
    forwarded = await one.node.message(place.control, begun.request(place.number, place.secret, one.node.own_address))
    begun.stream = next((number(stream.get("stream_id")) for stream in listed(forwarded, "forwarders")), 0)
    with contextlib.suppress(JanusRefused):
        await one.node.message(one.publish_handle, requests.whole_picture())
