"""Lines written in a call and pictures shown in it. Both are entries of the case's timeline: the words sealed as everything of the case is."""

from __future__ import annotations

from tortoise.queryset import QuerySet

from core.calls.commands_talk import LinesView, LineView, ReadLines, SayInCall, ShowInCall
from core.calls.errors import NotOfTheCase, TooMuchSaid
from core.calls.models import Call, CallAttendance
from core.calls.room import Sitting, sitting
from core.calls.rules import GUEST_SEATS
from core.consultations.models import TimelineEntry
from core.consultations.service import has_image, note
from core.foundation.keys import Sealer
from core.foundation.orders import Order, answers, handles, relation
from core.foundation.work import Work

MOST_LINES = 300
"""Lines and pictures of one call."""


async def _check_room_left(here: Sitting) -> None:
    if await _entries(here.call).count() >= MOST_LINES:
        raise TooMuchSaid


def _entries(call: Call) -> QuerySet[TimelineEntry]:
    kinds = [f"call.{what}.{seat}" for what in ("said", "shown") for seat in (*GUEST_SEATS, "patient", "village_doctor", "expert")]
    return TimelineEntry.filter(consultation_id=call.consultation_id, kind__in=kinds, at__gte=call.opened_at)


async def _entered(work: Work, here: Sitting, kind: str, *, words: str | None = None, ids: dict[str, str] | None = None) -> LineView:
    after = await note(work, here.row.id, kind, words=words, ids=ids)
    made = await TimelineEntry.get(consultation_id=here.row.id, sequence=after.timeline_length)
    return _line(await work.sealer("patient", here.row.patient_id), made)


def _line(sealer: Sealer, entry: TimelineEntry) -> LineView:
    text = None if entry.words is None else sealer.open("timeline_entry", "words", entry.id, bytes(entry.words))
    return LineView.model_validate({
        "number": entry.sequence, "at": entry.at, "seat": entry.kind.rsplit(".", 1)[-1], "text": text, "image_id": entry.ids.get("image_id"),
    })  # fmt: skip


@handles(SayInCall)
async def say(work: Work, order: SayInCall) -> LineView:
    here = await sitting(work, order.call_id, held=True)
    here.check("say")
    await _check_room_left(here)
    return await _entered(work, here, f"call.said.{here.seat}", words=order.text)


@handles(ShowInCall)
async def show(work: Work, order: ShowInCall) -> LineView:
    here = await sitting(work, order.call_id, held=True)
    here.check("show")
    if not await has_image(here.row.id, order.image_id):
        raise NotOfTheCase
    await _check_room_left(here)
    return await _entered(work, here, f"call.shown.{here.seat}", ids={"image_id": order.image_id})


@answers(ReadLines)
async def read_lines(work: Work, order: ReadLines) -> LinesView:
    here = await sitting(work, order.call_id)
    entries = await _entries(here.call).order_by("sequence").limit(MOST_LINES)
    if here.seat in GUEST_SEATS:
        # What was said before he came was not said to him.
        first = await CallAttendance.filter(call_id=here.call.id, account_id=work.actor.account_id).order_by("joined_at").first()
        entries = [] if first is None else [one for one in entries if one.id >= first.id]
    sealer = await work.sealer("patient", here.row.patient_id)
    return LinesView(lines=tuple(_line(sealer, one) for one in entries))


@relation("shown_in_call")
async def shown_in_call(work: Work, order: Order) -> bool:
    """The image was shown in a running call, to which the actor was let in and in which he sits."""
    image_id = getattr(order, "image_id", None)
    if image_id is None:
        return False
    sits = await CallAttendance.filter(account_id=work.actor.account_id, left_at__isnull=True).values_list("call_id", flat=True)
    for call in await Call.filter(id__in=list(sits), ended_at__isnull=True) if sits else ():
        if image_id in [one.ids.get("image_id") for one in await _entries(call)]:
            return True
    return False
