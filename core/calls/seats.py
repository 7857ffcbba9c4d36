"""A seat in the consultation's call: promised by a ticket."""

from __future__ import annotations

from datetime import timedelta

from core.calls.commands import InviteToCall, ReportTrouble, RequestSeat, SeatTicket
from core.calls.models import Call, CallTicket
from core.calls.room import seat_of, why_closed
from core.calls.rules import ATTEMPT_OVER, LOOK_AGAIN, SEAT_LABELS, TICKET_LIFE, TRIED_BEFORE
from core.calls.waiting import require_open
from core.consultations.models import Consultation, TimelineEntry
from core.consultations.service import consultation_of, hold, note
from core.consultations.withdrawn import require_not_withdrawn
from core.foundation.actor import Actor
from core.foundation.events import Event, listens
from core.foundation.orders import Done, handles
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.notifications.service import tell
from core.people.service import patient_accounts, practitioner_card
from core.people.sessions import token_hash


@handles(RequestSeat)
async def request_seat(work: Work, order: RequestSeat) -> SeatTicket:
    row = await hold(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    closed = why_closed(row)
    if closed is not None:
        raise closed
    await require_not_withdrawn(work, row)
    call = await Call.get_or_none(open_consultation_id=row.id) or await _open(work, row)
    seat = await seat_of(work, row.id, work.grant)
    await require_open(call, work.actor.account_id, seat)
    secret = work.practice.ids.token()
    expires_at = work.practice.clock.real_now() + TICKET_LIFE
    await CallTicket.create(
        id=work.new_id(), call_id=call.id, consultation_id=row.id, account_id=work.actor.account_id, seat=seat, role=work.role.value,
        secret_hash=token_hash(secret), expires_at=expires_at,
    )
    return SeatTicket(ticket=secret, expires_at=expires_at, call_id=call.id, seat=seat, seat_label=SEAT_LABELS[seat])


async def _open(work: Work, row: Consultation) -> Call:
    call = await Call.create(
        id=work.new_id(), organisation_id=row.organisation_id, consultation_id=row.id, open_consultation_id=row.id, opened_at=work.now,
        opened_really_at=work.practice.clock.real_now(),
    )
    await work.schedule("calls.check", call.id, work.now + LOOK_AGAIN)
    return call


@handles(ReportTrouble)
async def report_trouble(work: Work, order: ReportTrouble) -> Done:
    row = await hold(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    seat = await seat_of(work, row.id, work.grant)
    if await _told_already(work, row, seat, order):
        return Done(done=False)
    if order.minutes_before:
        await note(work, row.id, f"call.trouble_before.{seat}.{order.trouble}", ids={"minutes": str(order.minutes_before)})
    else:
        await note(work, row.id, f"call.trouble.{seat}.{order.trouble}")
    return Done()


async def _told_already(work: Work, row: Consultation, seat: str, order: ReportTrouble) -> bool:
    """The same person told the same of this attempt: nothing has become of him since. The row is held by the caller: of two at once the second sees
    what the first noted."""
    call = await Call.get_or_none(open_consultation_id=row.id)
    since = (work.now if call is None else call.opened_at) - TRIED_BEFORE - timedelta(minutes=order.minutes_before)
    same = [f"call.{what}.{seat}.{order.trouble}" for what in ("trouble", "trouble_before")]
    told = TimelineEntry.filter(consultation_id=row.id, kind__in=same, account_id=work.actor.account_id, at__gte=since)
    last = await told.order_by("-sequence").first()
    if last is None:
        return False
    after = TimelineEntry.filter(consultation_id=row.id, sequence__gt=last.sequence, kind__startswith="call.")
    over = {f"call.{what}.{seat}" for what in ATTEMPT_OVER}
    return not any(entry.kind in over or entry.kind.startswith(("call.ended", "call.not_held")) for entry in await after)


@listens("consultation.assigned")
async def show_the_way(practice: Practice, event: Event) -> None:
    await practice.execute(Actor.system("worker"), InviteToCall(consultation_id=event.body["consultation_id"]), idempotency_key=f"call:{event.id}")


@handles(InviteToCall)
async def invite_to_call(work: Work, order: InviteToCall) -> Done:
    row = await consultation_of(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    if row.expert_id is None or why_closed(row) is not None:
        return Done()
    accounts = {
        "expert": [(await practitioner_card(work, row.expert_id)).account_id],
        "village_doctor": [row.requester_account_id],
        "patient": (await patient_accounts(work, row.patient_id))[:1],
    }
    for seat, found in accounts.items():
        for account_id in found:
            await tell(work, account_id, "call.invite", urgent=True, consultation_id=row.id, seat=seat)
    return Done()
