"""The telephone as the last resort: a port through which somebody is called whose video does not work, and what stands in where none is connected.

The local one dials nothing: it has the people of the case told that he waits for a call, and notes it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from core.calls.commands_talk import AskForPhone, DialPhone, PhoneAsked, PhoneDone
from core.calls.models import Call, PhoneRequest
from core.calls.room import seat_of
from core.consultations.models import Consultation
from core.consultations.service import consultation_of, hold, note
from core.foundation.actor import Actor
from core.foundation.events import Event, listens
from core.foundation.orders import Done, handles
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.notifications.service import tell
from core.people.service import practitioner_card

ASKED_ONCE_IN = timedelta(minutes=5)
_SYSTEM = Actor.system("worker")


class PhoneLine(Protocol):
    """Raises what it likes when it cannot be reached: it is asked again."""

    async def call_back(self, consultation_id: str, account_id: str, request_id: str) -> bool:
        """See to it that the person of ``account_id`` is telephoned. ``request_id`` is the key: asked again it is the same call. False when no
        machine does it and people have to."""
        ...


class PeopleCall:
    """Nothing dials: those who treat the patient are told, and call themselves."""

    async def call_back(self, consultation_id: str, account_id: str, request_id: str) -> bool:
        return False


_CONNECTED: list[Callable[[Practice], PhoneLine]] = [lambda practice: PeopleCall()]


def connect_phone(make: Callable[[Practice], PhoneLine]) -> None:
    """The composition names another line: all later requests go to it."""
    _CONNECTED[0] = make


@handles(AskForPhone)
async def ask_for_phone(work: Work, order: AskForPhone) -> PhoneAsked:
    row = await hold(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    seat = await seat_of(work, row.id, work.grant)
    now = work.practice.clock.real_now()
    lately = PhoneRequest.filter(consultation_id=row.id, account_id=work.actor.account_id, asked_at__gt=now - ASKED_ONCE_IN)
    if not await lately.exclude(state="done").exists():
        made = await PhoneRequest.create(
            id=work.new_id(), consultation_id=row.id, account_id=work.actor.account_id, seat=seat, state="open", asked_at=now
        )
        await note(work, row.id, f"call.phone.{seat}")
        await work.emit("call.phone_asked", key=row.id, consultation_id=row.id, request_id=made.id, account_id=made.account_id)
        await _tell_the_room(work, row)
    return PhoneAsked(told="专家" if seat == "village_doctor" else "村医")


@listens("call.phone_asked")
async def dial(practice: Practice, event: Event) -> None:
    asked = event.body
    dialled = await _CONNECTED[0](practice).call_back(asked["consultation_id"], asked["account_id"], asked["request_id"])
    order = DialPhone(phone_request_id=asked["request_id"], outcome="dialled" if dialled else "by_people")
    await practice.execute(_SYSTEM, order, idempotency_key=f"phone:{event.id}")


@handles(DialPhone)
async def dial_phone(work: Work, order: DialPhone) -> Done:
    request = await PhoneRequest.get(id=order.phone_request_id)
    row = await consultation_of(request.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    if request.state != "open":
        return Done(done=False)
    if order.outcome == "dialled":
        await request.change(state="dialled")
        return Done()
    # Whoever asked does not tell himself; the other side calls.
    accounts = [row.requester_account_id]
    if row.expert_id is not None and request.seat != "patient":
        accounts.append((await practitioner_card(work, row.expert_id)).account_id)
    for account_id in accounts:
        if account_id != request.account_id:
            await tell(work, account_id, "call.phone", urgent=True, consultation_id=row.id, seat=request.seat)
    return Done()


@handles(PhoneDone)
async def phone_done(work: Work, order: PhoneDone) -> Done:
    row = await hold(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    open_ones = PhoneRequest.filter(consultation_id=row.id, state__in=("open", "dialled"))
    if await open_ones.update(state="done", closed_at=work.practice.clock.real_now()):
        await note(work, row.id, "call.phone_done")
        await _tell_the_room(work, row)
    return Done()


async def _tell_the_room(work: Work, row: Consultation) -> None:
    call = await Call.get_or_none(open_consultation_id=row.id)
    if call is not None:
        work.lanes.add(f"call:{call.id}")
