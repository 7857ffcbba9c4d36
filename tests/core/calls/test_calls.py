"""Seats, tickets, who attended, and what stands on the timeline about it."""

from __future__ import annotations

import asyncio

import pytest

from bot.channels.outgoing import Link
from bot.sending.notice import Notice
from bot.sending.notices import render
from core.calls.commands import CheckCall, EnterCall, InviteToCall, LeaveCall, ReportTrouble, RequestSeat, SeatStillMine, ViewCall
from core.calls.errors import NoCallAnyMore, NoCallYet, SeatTaken, TicketExpired, TicketUsed
from core.calls.models import Call, CallAttendance, CallTicket
from core.calls.service import seen
from core.consultations.commands import CancelConsultation
from core.consultations.commands_case import Timeline
from core.consultations.models import Consultation
from core.foundation.errors import DomainError, NotAllowed
from core.foundation.practice import Practice
from core.notifications.models import Notification
from core.people.commands import EnsureAccount
from core.people.commands_consents import GiveConsent, WithdrawConsent
from core.people.commands_families import EndSpeaker
from core.people.commands_staff import DeactivatePractitioner
from core.people.consent_texts import current_text
from core.people.models import CareRelation
from core.people.service import actor_for
from tests.core.calls.conftest import Room
from tests.core.dispatch.ward import CRITICAL, open_ward
from tests.support.county import SYSTEM

pytestmark = pytest.mark.storage


async def test_three_people_meet_in_one_call_and_the_consultation_begins(room: Room):
    entered = [await room.enter(seat) for seat in ("village_doctor", "patient", "expert")]
    assert len({one.call_id for one in entered}) == 1
    assert [one.seat for one in entered] == ["village_doctor", "patient", "expert"]
    assert await room.timeline() == ["call.joined.village_doctor", "call.joined.patient", "call.joined.expert", "begin"]
    assert (await room.ward.row(room.consultation_id)).state == "IN_PROGRESS"
    view = await room.practice.ask(room.people["patient"], ViewCall(consultation_id=room.consultation_id))
    assert [(one.seat, one.present) for one in view.seats] == [("patient", True), ("village_doctor", True), ("expert", True)]
    assert view.seat == "patient"
    assert view.closed is None
    assert not (await Call.get(id=entered[0].call_id)).recorded


async def test_nobody_but_those_concerned_gets_a_seat(room: Room):
    county = room.ward.county
    for stranger in (county.stranger, county.pharmacist, county.scheduler, county.auditor, county.experts[3]):
        with pytest.raises(NotAllowed):
            await room.practice.execute(stranger, RequestSeat(consultation_id=room.consultation_id))
        with pytest.raises(NotAllowed):
            await room.practice.ask(stranger, ViewCall(consultation_id=room.consultation_id))


async def test_there_is_no_call_before_an_expert_is_there(practice: Practice):
    ward = await open_ward(practice)
    consultation_id = (await ward.request(CRITICAL)).consultation_id
    with pytest.raises(NoCallYet):
        await practice.execute(ward.county.village_doctor, RequestSeat(consultation_id=consultation_id))
    view = await practice.ask(ward.county.village_doctor, ViewCall(consultation_id=consultation_id))
    assert view.closed == NoCallYet.sentence


async def test_a_ticket_opens_one_seat_once_for_one_person(room: Room):
    ticket = await room.ticket("expert")
    for other in ("patient", "village_doctor"):
        with pytest.raises(NotAllowed) as refused:
            await room.practice.execute(room.people[other], EnterCall(ticket=ticket.ticket))
        assert refused.value.code == "access.denied"
    await room.practice.execute(room.people["expert"], EnterCall(ticket=ticket.ticket))
    with pytest.raises(TicketUsed):
        await room.practice.execute(room.people["expert"], EnterCall(ticket=ticket.ticket))
    kept = await CallTicket.get(account_id=room.people["expert"].account_id)
    assert ticket.ticket not in str(kept.__dict__)


async def test_of_many_at_once_with_one_ticket_one_enters(room: Room):
    ticket = await room.ticket("expert")

    async def enter() -> str:
        try:
            await room.practice.execute(room.people["expert"], EnterCall(ticket=ticket.ticket))
        except DomainError as refused:
            return refused.code
        return "entered"

    outcomes = await asyncio.gather(*(enter() for _ in range(5)))
    assert sorted(outcomes) == ["call.ticket_used"] * 4 + ["entered"]


async def test_a_ticket_lasts_two_minutes_of_real_time(room: Room):
    ticket = await room.ticket("expert")
    room.ward.clock.advance(seconds=121)
    with pytest.raises(TicketExpired):
        await room.practice.execute(room.people["expert"], EnterCall(ticket=ticket.ticket))


async def test_who_drops_comes_back_to_the_same_call(room: Room):
    first = await room.enter("expert")
    doctor = await room.enter("village_doctor")
    await room.practice.execute(room.people["expert"], LeaveCall(attendance_id=first.attendance_id, ending="dropped"))
    await seen(room.practice, doctor.attendance_id)
    again = await room.enter("expert")
    assert again.call_id == first.call_id
    kinds = await room.timeline()
    assert kinds[-2:] == ["call.dropped.expert", "call.returned.expert"]
    assert kinds.count("begin") == 1


async def test_who_opens_the_room_twice_sits_where_he_opened_it_last(room: Room):
    first = await room.enter("patient")
    second = await room.enter("patient")
    assert not await seen(room.practice, first.attendance_id)
    assert await seen(room.practice, second.attendance_id)
    await room.practice.execute(room.people["patient"], LeaveCall(attendance_id=first.attendance_id))
    assert (await CallAttendance.get(id=first.attendance_id)).ending == "replaced"
    assert await room.timeline() == ["call.joined.patient", "call.reopened.patient"]


async def test_a_relative_waits_until_the_patient_has_left_his_seat(room: Room):
    patient_id = (await room.ward.row(room.consultation_id)).patient_id
    account = await room.practice.execute(SYSTEM, EnsureAccount(app="wxofficial", subject="o-son", unionid="u-son"))
    known = await CareRelation.filter(patient_id=patient_id).first()
    assert known is not None
    values = {name: getattr(known, name) for name in known._meta.db_fields}
    await CareRelation.create(**{**values, "id": room.practice.ids.new(), "account_id": account.account_id, "relation": "child", "self_of_id": None})
    room.people["son"] = await actor_for(account.account_id, "h5", room.practice.clock.now())
    sitting = await room.enter("patient")
    with pytest.raises(SeatTaken):
        await room.enter("son")
    await room.practice.execute(room.people["patient"], LeaveCall(attendance_id=sitting.attendance_id))
    assert (await room.enter("son")).seat == "patient"


async def test_a_call_that_everyone_left_ends_by_itself_and_says_how_long_it_was(room: Room):
    expert, doctor = await room.enter("expert"), await room.enter("village_doctor")
    for _ in range(12):
        await room.ward.pass_time(seconds=20)
        for one in (expert, doctor):
            await seen(room.practice, one.attendance_id)
    for seat, one in (("expert", expert), ("village_doctor", doctor)):
        await room.practice.execute(room.people[seat], LeaveCall(attendance_id=one.attendance_id))
    assert (await Call.get(id=expert.call_id)).ended_at is None
    for _ in range(4):
        await room.ward.pass_time(seconds=31)
    assert (await Call.get(id=expert.call_id)).ended_at is not None
    assert (await room.timeline())[-1] == "call.ended"
    view = await room.practice.ask(room.people["village_doctor"], Timeline(consultation_id=room.consultation_id))
    assert view.entries[-1].label == "视频结束,共 4 分 0 秒"
    # And the next one is a new call.
    assert (await room.enter("expert")).call_id != expert.call_id


async def test_who_is_not_heard_of_has_dropped_even_if_nobody_said_so(room: Room):
    entered = await room.enter("expert")
    for _ in range(6):
        await room.ward.pass_time(seconds=31)
    assert await room.timeline() == ["call.joined.expert", "call.dropped.expert", "call.not_held.inviting"]
    assert (await CallAttendance.get(id=entered.attendance_id)).ending == "dropped"


async def test_a_call_that_nobody_came_to_says_so(room: Room):
    await room.ticket("village_doctor")
    for _ in range(8):
        await room.ward.pass_time(seconds=31)
    assert await room.timeline() == ["call.not_held.nobody"]


async def test_why_it_did_not_work_stands_on_the_timeline(room: Room):
    await room.practice.execute(room.people["patient"], ReportTrouble(consultation_id=room.consultation_id, trouble="refused_camera"))
    view = await room.practice.ask(room.people["village_doctor"], Timeline(consultation_id=room.consultation_id))
    assert view.entries[-1].label == "患者没能视频:没有允许使用摄像头和麦克风"


async def test_a_cancelled_consultation_takes_its_call_along(practice: Practice, room: Room):
    entered = await room.enter("village_doctor")
    await practice.execute(room.people["village_doctor"], CancelConsultation(consultation_id=room.consultation_id, reason="不用了"))
    assert (await Call.get(id=entered.call_id)).ended_at is not None
    assert not await seen(practice, entered.attendance_id)
    with pytest.raises(NoCallAnyMore):
        await room.ticket("village_doctor")
    await practice.execute(SYSTEM, CheckCall(call_id=entered.call_id))
    assert (await room.timeline()).count("call.not_held.expert") == 1


async def test_everybody_with_a_seat_is_shown_the_way_once(room: Room):
    order = InviteToCall(consultation_id=room.consultation_id)
    for _ in range(2):
        await room.practice.execute(SYSTEM, order, idempotency_key="call:the-event")
    for actor in room.people.values():
        assert (await room.ward.told(actor)).count("call.invite") == 1
    for seat, actor in room.people.items():
        row = await Notification.get(account_id=actor.account_id, kind="call.invite")
        notice = await render(room.practice, row)
        assert isinstance(notice, Notice)
        [link] = notice.shapes
        assert isinstance(link, Link)
        assert link.url == f"/h5/{'room' if seat == 'patient' else 'doctor/room'}/{room.consultation_id}/"
    await room.practice.execute(room.people["village_doctor"], CancelConsultation(consultation_id=room.consultation_id, reason="不用了"))
    assert await render(room.practice, row) == Notice()


async def _not_urgent(room: Room) -> str:
    """The case can wait, and the patient's consent is on record; his id."""
    await Consultation.filter(id=room.consultation_id).update(urgency="routine")
    patient_id = (await room.ward.row(room.consultation_id)).patient_id
    version = current_text("consultation").version
    await room.practice.execute(room.people["patient"], GiveConsent(patient_id=patient_id, purpose="consultation", text_version=version))
    return patient_id


async def test_a_withdrawn_consent_ends_the_call_and_opens_no_seat_any_more(room: Room):
    patient_id = await _not_urgent(room)
    doctor = await room.enter("village_doctor")
    promised = await room.ticket("expert")
    await room.practice.execute(room.people["patient"], WithdrawConsent(patient_id=patient_id, purpose="consultation"))
    assert not await seen(room.practice, doctor.attendance_id)
    assert (await Call.get(id=doctor.call_id)).ended_at is not None
    with pytest.raises(DomainError):
        await room.practice.execute(room.people["expert"], EnterCall(ticket=promised.ticket))
    assert await CallAttendance.filter(left_at__isnull=True).count() == 0


async def test_a_call_that_saves_a_life_runs_on_without_the_consent(room: Room):
    patient_id = await _not_urgent(room)
    await Consultation.filter(id=room.consultation_id).update(urgency="critical")
    doctor = await room.enter("village_doctor")
    await room.practice.execute(room.people["patient"], WithdrawConsent(patient_id=patient_id, purpose="consultation"))
    assert await seen(room.practice, doctor.attendance_id)
    await room.enter("expert")


async def test_a_relation_that_ended_opens_no_seat_and_keeps_none(room: Room):
    patient_id = (await room.ward.row(room.consultation_id)).patient_id
    account_id = (await room.practice.execute(SYSTEM, EnsureAccount(app="wxofficial", subject="o-brother"))).account_id
    relation = await CareRelation.create(
        id=room.practice.ids.new(), account_id=account_id, patient_id=patient_id, relation="sibling", scope="book,record,consent,notices",
        created_at=room.ward.clock.now(),
    )
    brother = await actor_for(account_id, "h5", room.ward.clock.now())
    first, second = [await room.practice.execute(brother, RequestSeat(consultation_id=room.consultation_id)) for _ in range(2)]
    entered = await room.practice.execute(brother, EnterCall(ticket=first.ticket))
    still = SeatStillMine(attendance_id=entered.attendance_id)
    assert (await room.practice.ask(brother, still)).held
    await room.practice.execute(room.people["patient"], EndSpeaker(patient_id=patient_id, relation_id=relation.id, reason="dispute"))
    assert not (await room.practice.ask(brother, still)).held
    with pytest.raises(NotAllowed):
        await room.practice.execute(brother, EnterCall(ticket=second.ticket))


async def test_a_role_that_ended_opens_no_seat_and_keeps_none(room: Room):
    expert = room.people["expert"]
    entered, promised = await room.enter("expert"), await room.ticket("expert")
    await room.practice.execute(SYSTEM, DeactivatePractitioner(practitioner_id=expert.practitioner_id))
    now = await actor_for(expert.account_id, "h5", room.ward.clock.now())
    assert not (await room.practice.ask(now, SeatStillMine(attendance_id=entered.attendance_id))).held
    with pytest.raises(NotAllowed):
        await room.practice.execute(now, EnterCall(ticket=promised.ticket))
