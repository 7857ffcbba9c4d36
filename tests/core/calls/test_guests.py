"""A third person in a call: one takes an invitation, the moderator lets him in, and he sees the call and nothing else of the case."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import ValidationError

from core.calls.commands import CallView, LeaveCall, RequestSeat, ViewCall
from core.calls.commands_guests import InviteGuest, WithdrawInvitation
from core.calls.commands_rooms import AdmitToCall, Knock, RefuseAtTheDoor, RemoveFromCall
from core.calls.commands_talk import AskForPhone, PhoneDone, ReadLines, SayInCall, ShowInCall
from core.calls.errors import (
    InvitationOver,
    ListensOnly,
    MustWait,
    NotModerator,
    NotOfTheCase,
    NotThatSeat,
    OwnSeat,
    SeatInvited,
)
from core.calls.models import CallInvitation, PhoneRequest
from core.calls.phoning import PeopleCall, connect_phone
from core.calls.service import seen
from core.consultations.commands_case import Case, Timeline
from core.consultations.commands_opinions import ReadOpinion
from core.consultations.models import TimelineEntry
from core.fhir.commands import Everything
from core.foundation.errors import DomainError, NotAllowed
from core.foundation.outbox import OutboxWorker
from core.imaging.commands import Images, ShowFrame
from core.notifications.models import Notification
from tests.core.calls.conftest import Room
from tests.core.imaging.test_uploads import send
from tests.media.test_check import small_ct

pytestmark = pytest.mark.storage


async def opened(room: Room) -> str:
    """The village doctor is in the call and moderates it; its id."""
    return (await room.enter("village_doctor")).call_id


async def let_in(room: Room, call_id: str, name: str, seat: str) -> str:
    """``name`` is invited, takes it, waits, is let in and sits there; his attendance."""
    await room.somebody(name)
    await room.take(name, await room.invite("village_doctor", call_id, seat))
    await room.knock(name)
    [waiting] = (await room.view("village_doctor", call_id)).waiting
    assert (waiting.seat, waiting.called) == (seat, "杨翻译")
    await room.practice.execute(room.people["village_doctor"], AdmitToCall(call_id=call_id, place_id=waiting.place_id))
    return (await room.enter(name)).attendance_id


async def test_an_invitation_is_made_by_the_moderator_and_leads_to_the_door(room: Room) -> None:
    call_id = await opened(room)
    await room.enter("patient")
    with pytest.raises(NotModerator):
        await room.invite("patient", call_id, "interpreter")
    invitation = await room.invite("village_doctor", call_id, "interpreter")
    assert invitation.link == f"/h5/guest/{invitation.invitation_id}/"
    with pytest.raises(SeatInvited):
        await room.invite("village_doctor", call_id, "interpreter")
    await room.somebody("guest")
    with pytest.raises(NotAllowed):
        await room.ticket("guest")
    await room.take("guest", invitation)
    with pytest.raises(MustWait):
        await room.ticket("guest")
    assert (await room.knock("guest")).seat == "interpreter"
    assert (await room.view("patient", call_id)).waiting == ()
    [waiting] = (await room.view("village_doctor", call_id)).waiting
    assert (await room.view("village_doctor", call_id)).seats == ("patient", "village_doctor", "expert")
    await room.practice.execute(room.people["village_doctor"], AdmitToCall(call_id=call_id, place_id=waiting.place_id))
    view = await room.view("patient", call_id)
    assert view.seats == ("patient", "village_doctor", "expert", "interpreter")
    assert [(one.seat, one.called) for one in view.guests] == [("interpreter", "杨翻译")]
    entered = await room.enter("guest")
    assert (entered.call_id, entered.seat, entered.seats) == (call_id, "interpreter", view.seats)
    assert not entered.listens_only
    kept = await CallInvitation.get(id=invitation.invitation_id)
    assert "杨翻译".encode() not in bytes(kept.called)
    # The guest who is dropped comes back by himself.
    await room.practice.execute(room.people["guest"], LeaveCall(attendance_id=entered.attendance_id, ending="dropped"))
    await room.enter("guest")


async def test_of_many_who_open_the_link_one_has_the_invitation(room: Room) -> None:
    invitation = await room.invite("village_doctor", await opened(room), "student")
    names = [f"guest{number}" for number in range(5)]
    for name in names:
        await room.somebody(name)

    async def take(name: str) -> str:
        try:
            await room.take(name, invitation)
        except DomainError as refused:
            return refused.code
        return "taken"

    outcomes = await asyncio.gather(*(take(name) for name in names))
    assert sorted(outcomes) == ["call.invitation_taken"] * 4 + ["taken"]
    holder = names[outcomes.index("taken")]
    assert (await CallInvitation.get(id=invitation.invitation_id)).account_id == room.people[holder].account_id
    assert await take(holder) == "taken", "he opens his own link again"
    for name in names:
        if name != holder:
            with pytest.raises(NotAllowed):
                await room.knock(name)


async def test_an_invitation_ends_in_time_or_when_it_is_withdrawn(room: Room) -> None:
    call_id = await opened(room)
    await room.somebody("guest")
    late = await room.invite("village_doctor", call_id, "student", minutes=1)
    room.ward.clock.advance(seconds=61)
    with pytest.raises(InvitationOver):
        await room.take("guest", late)
    again = await room.invite("village_doctor", call_id, "student")
    await room.practice.execute(room.people["village_doctor"], WithdrawInvitation(call_id=call_id, invitation_id=again.invitation_id))
    with pytest.raises(InvitationOver):
        await room.take("guest", again)
    for minutes in (0, 31):
        with pytest.raises(ValidationError):
            InviteGuest(call_id=call_id, seat="student", called="某", minutes=minutes)
    with pytest.raises(OwnSeat):
        await room.take("expert", await room.invite("village_doctor", call_id, "second_expert"))


async def test_a_withdrawn_invitation_puts_its_guest_out_and_another_may_be_invited(room: Room) -> None:
    call_id = await opened(room)
    attendance = await let_in(room, call_id, "guest", "interpreter")
    [invitation] = (await room.view("village_doctor", call_id)).invitations
    assert invitation.state == "taken"
    await room.practice.execute(room.people["village_doctor"], WithdrawInvitation(call_id=call_id, invitation_id=invitation.invitation_id))
    assert not await seen(room.practice, attendance)
    with pytest.raises(NotAllowed):
        await room.knock("guest")
    await let_in(room, call_id, "other", "interpreter")


async def test_a_removed_guest_waits_and_a_refused_one_is_out_for_good(room: Room) -> None:
    call_id = await opened(room)
    attendance = await let_in(room, call_id, "guest", "student")
    await room.practice.execute(room.people["village_doctor"], RemoveFromCall(call_id=call_id, seat="student"))
    assert not await seen(room.practice, attendance)
    with pytest.raises(MustWait):
        await room.ticket("guest")
    await room.knock("guest")
    [waiting] = (await room.view("village_doctor", call_id)).waiting
    await room.practice.execute(room.people["village_doctor"], RefuseAtTheDoor(call_id=call_id, place_id=waiting.place_id))
    with pytest.raises(NotAllowed):
        await room.practice.execute(room.people["guest"], Knock(consultation_id=room.consultation_id))


async def test_an_invitation_ends_with_the_call(room: Room) -> None:
    doctor = await room.enter("village_doctor")
    invitation = await room.invite("village_doctor", doctor.call_id, "student", minutes=30)
    await room.somebody("guest")
    await room.take("guest", invitation)
    await room.practice.execute(room.people["village_doctor"], LeaveCall(attendance_id=doctor.attendance_id))
    for _ in range(4):
        await room.ward.pass_time(seconds=31)
    await room.enter("village_doctor")
    with pytest.raises(NotAllowed):
        await room.knock("guest")
    with pytest.raises(InvitationOver):
        await room.take("guest", invitation)


async def test_a_guest_sees_the_call_and_nothing_else_of_the_case(room: Room) -> None:
    call_id = await opened(room)
    await room.enter("patient")
    await let_in(room, call_id, "guest", "interpreter")
    view: CallView = await room.practice.ask(room.people["guest"], ViewCall(consultation_id=room.consultation_id))
    name = (await room.practice.ask(room.people["patient"], ViewCall(consultation_id=room.consultation_id))).seats[0].person
    assert name
    assert name not in view.model_dump_json()
    assert view.seat == "interpreter"
    one = room.consultation_id
    for order in (
        Timeline(consultation_id=one), Case(consultation_id=one), Images(consultation_id=one), Everything(consultation_id=one),
        ReadOpinion(consultation_id=one),
    ):  # fmt: skip
        with pytest.raises(NotAllowed):
            await room.practice.ask(room.people["guest"], order)
    for command in (AskForPhone(consultation_id=one), PhoneDone(consultation_id=one)):
        with pytest.raises(NotAllowed):
            await room.practice.execute(room.people["guest"], command)


async def test_what_is_written_stays_in_the_record_sealed_and_a_guest_reads_what_was_said_to_him(room: Room) -> None:
    call_id = await opened(room)
    say = SayInCall(call_id=call_id, text="  请把血压再量一次 ")
    line = await room.practice.execute(room.people["village_doctor"], say)
    assert (line.seat, line.text) == ("village_doctor", "请把血压再量一次")
    await let_in(room, call_id, "guest", "student")
    with pytest.raises(ListensOnly):
        await room.practice.execute(room.people["guest"], say)
    await room.enter("expert")
    await room.practice.execute(room.people["expert"], SayInCall(call_id=call_id, text="好"))
    texts = {
        name: [one.text for one in (await room.practice.ask(room.people[name], ReadLines(call_id=call_id))).lines] for name in ("expert", "guest")
    }
    assert texts == {"expert": ["请把血压再量一次", "好"], "guest": ["好"]}
    kept = await TimelineEntry.get(consultation_id=room.consultation_id, kind="call.said.village_doctor")
    assert "血压".encode() not in bytes(kept.words)
    timeline = await room.practice.ask(room.people["patient"], Timeline(consultation_id=room.consultation_id))
    assert "村医在视频里写:请把血压再量一次" in [one.label for one in timeline.entries]
    desk = await room.practice.ask(room.ward.county.auditor, Timeline(consultation_id=room.consultation_id))
    assert "血压再量" not in desk.model_dump_json()
    for text in ("", "  ", "长" * 301):
        with pytest.raises(ValidationError):
            SayInCall(call_id=call_id, text=text)


async def test_an_image_of_the_case_is_shown_to_who_sits_in_the_call_and_to_nobody_longer(room: Room) -> None:
    from media.imaging import build

    room.practice.engines.imaging = build()
    image = (await send(room.ward, room.consultation_id, small_ct())).instance_id
    other = (await room.ward.request("头晕 紧急")).consultation_id
    foreign = (await send(room.ward, other, small_ct(PixelData=b"\x01" * 128, SOPInstanceUID="1.2.3.4.5.6.7"))).instance_id
    assert image
    call_id = await opened(room)
    attendance = await let_in(room, call_id, "guest", "second_expert")
    look = ShowFrame(image_id=image, frame=1)
    with pytest.raises(NotAllowed):
        await room.practice.execute(room.people["guest"], look)
    with pytest.raises(NotThatSeat):
        await room.practice.execute(room.people["guest"], ShowInCall(call_id=call_id, image_id=image))
    with pytest.raises(NotOfTheCase):
        await room.practice.execute(room.people["village_doctor"], ShowInCall(call_id=call_id, image_id=foreign or ""))
    await room.practice.execute(room.people["village_doctor"], ShowInCall(call_id=call_id, image_id=image))
    assert (await room.practice.execute(room.people["guest"], look)).state == "asked"
    await room.practice.execute(room.people["guest"], LeaveCall(attendance_id=attendance))
    with pytest.raises(NotAllowed):
        await room.practice.execute(room.people["guest"], look)
    with pytest.raises(NotAllowed):
        await room.practice.execute(room.people["guest"], RequestSeat(consultation_id=other))


async def test_who_wants_to_be_telephoned_is_told_of_once_until_somebody_has_called(room: Room) -> None:
    async def work_off() -> None:
        room.ward.clock.advance(seconds=1)
        while await OutboxWorker(room.practice, "send", "test").work_once():
            pass

    ask, doctor = AskForPhone(consultation_id=room.consultation_id), room.people["village_doctor"]
    call_id = await opened(room)
    for _ in range(3):
        assert (await room.practice.execute(room.people["patient"], ask)).told == "村医"
        await work_off()
    assert (await room.ward.told(doctor)).count("call.phone") == 1
    assert (await room.view("village_doctor", call_id)).phone_asked == ("patient",)
    await room.practice.execute(doctor, PhoneDone(consultation_id=room.consultation_id))
    assert (await room.view("village_doctor", call_id)).phone_asked == ()
    assert (await room.timeline())[-2:] == ["call.phone.patient", "call.phone_done"]
    assert (await room.practice.execute(doctor, ask)).told == "专家"
    await work_off()
    told = await Notification.filter(kind="call.phone").values_list("account_id", flat=True)
    assert sorted(told) == sorted([doctor.account_id, room.people["expert"].account_id])


async def test_a_connected_line_dials_and_nobody_else_has_to(room: Room) -> None:
    asked: list[tuple[str, str]] = []

    class Bridge:
        async def call_back(self, consultation_id: str, account_id: str, request_id: str) -> bool:
            asked.append((consultation_id, account_id))
            return True

    connect_phone(lambda practice: Bridge())
    try:
        await room.practice.execute(room.people["patient"], AskForPhone(consultation_id=room.consultation_id))
        room.ward.clock.advance(seconds=1)
        while await OutboxWorker(room.practice, "send", "test").work_once():
            pass
    finally:
        connect_phone(lambda practice: PeopleCall())
    assert asked == [(room.consultation_id, room.people["patient"].account_id)]
    assert (await PhoneRequest.get()).state == "dialled"
    assert "call.phone" not in await room.ward.told(room.people["village_doctor"])
