"""The moderated room: who leads, who waits at the door, who is muted, removed, heard of; and of several at once, one."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from core.calls.commands import EnterCall, LeaveCall, ReportTrouble, RequestSeat, SeatStillMine, ViewCall
from core.calls.commands_rooms import (
    AdmitToCall,
    AtTheDoor,
    DeclineCall,
    HandOverCall,
    LockCall,
    MuteSeat,
    RaiseHand,
    RefuseAtTheDoor,
    RemoveFromCall,
    SayWhoIsBeside,
)
from core.calls.errors import MustWait, NobodyWaits, NotModerator, NotThatSeat
from core.calls.models import CallAttendance, CallPlace
from core.calls.service import seen, waits
from core.consultations.commands_case import Timeline
from core.foundation.errors import DomainError, NotAllowed
from core.foundation.orders import Command
from core.foundation.practice import Practice
from core.people.commands_reading import ChooseReading
from tests.core.calls.conftest import Room

pytestmark = pytest.mark.storage


async def give(room: Room, seat: str, order: Command) -> str:
    """The code of the refusal, or done."""
    try:
        await room.practice.execute(room.people[seat], order)
    except DomainError as refused:
        return refused.code
    return "done"


async def test_the_village_doctor_moderates_until_the_expert_is_there_and_he_hands_over(room: Room) -> None:
    call_id = (await room.enter("village_doctor")).call_id
    await room.enter("patient")
    assert (await room.view("patient", call_id)).moderator == "village_doctor"
    expert = await room.enter("expert")
    view = await room.view("expert", call_id)
    assert view.moderator == "expert"
    assert "lock" in view.can
    assert "lock" not in (await room.view("village_doctor", call_id)).can
    await room.practice.execute(room.people["expert"], HandOverCall(call_id=call_id, seat="village_doctor"))
    assert (await room.view("patient", call_id)).moderator == "village_doctor"
    with pytest.raises(NotModerator):
        await room.practice.execute(room.people["expert"], LockCall(call_id=call_id))
    with pytest.raises(NotThatSeat):
        await room.practice.execute(room.people["village_doctor"], RemoveFromCall(call_id=call_id, seat="expert"))
    await room.practice.execute(room.people["expert"], LeaveCall(attendance_id=expert.attendance_id))
    with pytest.raises(NotAllowed):
        await room.view("expert", call_id)
    assert "call.moderator.village_doctor" in await room.timeline()


async def test_of_two_who_hand_over_at_once_one_moderates(room: Room) -> None:
    """Each moderator hands over to the other, again and again: whoever is none any more is refused, and there is always one."""
    call_id = (await room.enter("village_doctor")).call_id
    await room.enter("expert")
    orders = [("expert", "village_doctor"), ("village_doctor", "expert")] * 3
    outcomes = await asyncio.gather(*(give(room, who, HandOverCall.model_validate({"call_id": call_id, "seat": to})) for who, to in orders))
    assert set(outcomes) <= {"done", "call.not_moderator"}
    handed = [kind for kind in await room.timeline() if kind.startswith("call.moderator.")]
    assert len(handed) == outcomes.count("done")
    # Never twice to the same one in a row: nobody who had it no longer gave it away.
    assert all(one != other for one, other in itertools.pairwise(handed))
    views = [await room.view(seat, call_id) for seat in ("expert", "village_doctor")]
    assert len({view.moderator for view in views}) == 1
    assert sum("lock" in view.can for view in views) == 1


async def test_who_comes_late_to_a_locked_call_waits_until_he_is_let_in(room: Room) -> None:
    call_id = (await room.enter("village_doctor")).call_id
    await room.practice.execute(room.people["village_doctor"], LockCall(call_id=call_id))
    with pytest.raises(MustWait):
        await room.ticket("patient")
    door = await room.knock("patient")
    assert (door.state, door.open, door.moderated) == ("waiting", False, True)
    [waiting] = (await room.view("village_doctor", call_id)).waiting
    assert (waiting.seat, waiting.called) == ("patient", None)
    await room.practice.execute(room.people["village_doctor"], AdmitToCall(call_id=call_id, place_id=waiting.place_id))
    with pytest.raises(NobodyWaits):
        await room.practice.execute(room.people["village_doctor"], AdmitToCall(call_id=call_id, place_id=waiting.place_id))
    assert (await room.practice.ask(room.people["patient"], AtTheDoor(consultation_id=room.consultation_id))).open
    patient = await room.enter("patient")
    # Who has been in comes back, whatever is locked.
    await room.practice.execute(room.people["patient"], LeaveCall(attendance_id=patient.attendance_id, ending="dropped"))
    await room.enter("patient")
    kinds = await room.timeline()
    assert kinds.count("call.waiting.patient") == 1
    assert "call.admitted.patient" in kinds


async def test_who_waits_is_shown_while_he_is_there_and_may_ask_again_when_refused(room: Room) -> None:
    doctor = await room.enter("village_doctor")
    call_id = doctor.call_id
    await room.practice.execute(room.people["village_doctor"], LockCall(call_id=call_id))
    await room.knock("patient")
    room.ward.clock.advance(seconds=21)
    await seen(room.practice, doctor.attendance_id)
    assert (await room.view("village_doctor", call_id)).waiting == ()
    await waits(room.practice, room.people["patient"].account_id, room.consultation_id)
    [waiting] = (await room.view("village_doctor", call_id)).waiting
    await room.practice.execute(room.people["village_doctor"], RefuseAtTheDoor(call_id=call_id, place_id=waiting.place_id))
    door = await room.practice.ask(room.people["patient"], AtTheDoor(consultation_id=room.consultation_id))
    assert (door.state, door.open) == ("refused", False)
    assert (await room.knock("patient")).state == "waiting"
    # Nobody is there any more who could let him in: he finds the door open, and no case is shut off from its own people.
    await room.practice.execute(room.people["village_doctor"], LeaveCall(attendance_id=doctor.attendance_id))
    assert (await room.knock("patient")).open
    assert (await room.enter("patient")).call_id == call_id


async def test_a_ticket_given_before_the_lock_opens_no_locked_door(room: Room) -> None:
    call_id = (await room.enter("village_doctor")).call_id
    ticket = await room.ticket("patient")
    await room.practice.execute(room.people["village_doctor"], LockCall(call_id=call_id))
    with pytest.raises(MustWait):
        await room.practice.execute(room.people["patient"], EnterCall(ticket=ticket.ticket))
    await room.practice.execute(room.people["village_doctor"], LockCall(call_id=call_id, locked=False))
    await room.practice.execute(room.people["patient"], EnterCall(ticket=ticket.ticket))


async def test_of_two_who_answer_the_door_at_once_one_does(room: Room) -> None:
    call_id = (await room.enter("village_doctor")).call_id
    await room.practice.execute(room.people["village_doctor"], LockCall(call_id=call_id))
    await room.knock("patient")
    [waiting] = (await room.view("village_doctor", call_id)).waiting
    orders: list[Command] = [kind(call_id=call_id, place_id=waiting.place_id) for kind in (AdmitToCall, RefuseAtTheDoor) * 3]
    outcomes = await asyncio.gather(*(give(room, "village_doctor", order) for order in orders))
    assert sorted(outcomes) == ["call.nobody_waits"] * 5 + ["done"]
    kinds = await room.timeline()
    assert kinds.count("call.admitted.patient") + kinds.count("call.refused.patient") == 1


async def test_of_many_who_come_at_once_one_sits_on_a_seat(room: Room) -> None:
    async def enter() -> str:
        try:
            await room.enter("patient")
        except DomainError as refused:
            return refused.code
        return "entered"

    outcomes = await asyncio.gather(*(enter() for _ in range(5)))
    assert outcomes.count("entered") >= 1
    assert await CallAttendance.filter(seat="patient", left_at__isnull=True).count() == 1
    assert await CallPlace.filter(seat="patient").count() == 1


async def test_who_is_removed_is_out_and_waits_to_be_let_in_again(room: Room) -> None:
    call_id = (await room.enter("village_doctor")).call_id
    patient, promised = await room.enter("patient"), await room.ticket("patient")
    await room.practice.execute(room.people["village_doctor"], RemoveFromCall(call_id=call_id, seat="patient"))
    assert not await seen(room.practice, patient.attendance_id)
    assert not (await room.practice.ask(room.people["patient"], SeatStillMine(attendance_id=patient.attendance_id))).held
    with pytest.raises(NotAllowed):
        await room.practice.execute(room.people["patient"], RaiseHand(call_id=call_id))
    for order in (RequestSeat(consultation_id=room.consultation_id), EnterCall(ticket=promised.ticket)):
        with pytest.raises(MustWait):
            await room.practice.execute(room.people["patient"], order)
    await room.practice.execute(room.people["patient"], LeaveCall(attendance_id=patient.attendance_id, ending="dropped"))
    kinds = await room.timeline()
    assert (kinds.count("call.removed.patient"), kinds.count("call.dropped.patient")) == (1, 0)
    await room.knock("patient")
    [waiting] = (await room.view("village_doctor", call_id)).waiting
    await room.practice.execute(room.people["village_doctor"], AdmitToCall(call_id=call_id, place_id=waiting.place_id))
    await room.enter("patient")


async def test_muted_by_the_moderator_stays_muted_when_he_comes_back(room: Room) -> None:
    call_id = (await room.enter("village_doctor")).call_id
    patient = await room.enter("patient")
    with pytest.raises(NotModerator):
        await room.practice.execute(room.people["patient"], MuteSeat(call_id=call_id, seat="village_doctor"))
    await room.practice.execute(room.people["village_doctor"], MuteSeat(call_id=call_id, seat="patient"))
    assert (await room.view("patient", call_id)).muted == ("patient",)
    with pytest.raises(NotModerator):
        await room.practice.execute(room.people["patient"], MuteSeat(call_id=call_id, seat="patient", muted=False))
    await room.practice.execute(room.people["patient"], LeaveCall(attendance_id=patient.attendance_id))
    assert (await room.enter("patient")).muted
    await room.practice.execute(room.people["village_doctor"], MuteSeat(call_id=call_id, seat="patient", muted=False))
    assert (await room.view("patient", call_id)).muted == ()


async def test_hands_stand_in_their_order_and_relatives_are_counted(room: Room) -> None:
    call_id = (await room.enter("village_doctor")).call_id
    for seat in ("patient", "expert"):
        await room.enter(seat)
    for seat in ("expert", "patient", "expert"):
        await room.practice.execute(room.people[seat], RaiseHand(call_id=call_id))
        room.ward.clock.advance(seconds=1)
    assert (await room.view("village_doctor", call_id)).hands == ("expert", "patient")
    await room.practice.execute(room.people["expert"], RaiseHand(call_id=call_id, raised=False))
    assert (await room.view("village_doctor", call_id)).hands == ("patient",)
    await room.practice.execute(room.people["patient"], SayWhoIsBeside(call_id=call_id, count=2))
    assert (await room.view("expert", call_id)).beside == 2
    with pytest.raises(NotThatSeat):
        await room.practice.execute(room.people["expert"], SayWhoIsBeside(call_id=call_id, count=1))
    view = await room.practice.ask(room.people["village_doctor"], Timeline(consultation_id=room.consultation_id))
    assert view.entries[-1].label == "患者身边有 2 位家属"


async def test_what_concerns_the_room_is_asked_by_who_sits_in_it(room: Room) -> None:
    call_id = (await room.enter("village_doctor")).call_id
    for order in (RaiseHand(call_id=call_id), LockCall(call_id=call_id), SayWhoIsBeside(call_id=call_id, count=1)):
        for name in ("patient", "expert"):
            with pytest.raises(NotAllowed) as refused:
                await room.practice.execute(room.people[name], order)
            assert refused.value.code == "access.denied"


async def test_who_cannot_come_now_says_so_and_that_is_why_there_was_no_call(room: Room) -> None:
    doctor = await room.enter("village_doctor")
    await room.practice.execute(room.people["expert"], DeclineCall(consultation_id=room.consultation_id))
    assert (await room.view("village_doctor", doctor.call_id)).declined == ("expert",)
    await room.practice.execute(room.people["village_doctor"], LeaveCall(attendance_id=doctor.attendance_id))
    for _ in range(4):
        await room.ward.pass_time(seconds=31)
    assert (await room.timeline())[-1] == "call.not_held.expert.declined"
    view = await room.practice.ask(room.people["village_doctor"], Timeline(consultation_id=room.consultation_id))
    assert view.entries[-1].label == "视频没有开成:专家没有进来(说现在不能视频)"


async def test_the_last_thing_that_went_wrong_is_why_there_was_no_call(room: Room) -> None:
    await room.ticket("expert")
    for trouble in ("no_device", "refused_camera"):
        order = ReportTrouble.model_validate({"consultation_id": room.consultation_id, "trouble": trouble})
        await room.practice.execute(room.people["patient"], order)
    expert = await room.enter("expert")
    await room.practice.execute(room.people["expert"], LeaveCall(attendance_id=expert.attendance_id))
    for _ in range(4):
        await room.ward.pass_time(seconds=31)
    assert (await room.timeline())[-1] == "call.not_held.inviting.refused_camera"


async def test_how_the_link_was_stands_on_the_timeline_once(room: Room) -> None:
    doctor = await room.enter("village_doctor")
    order = LeaveCall(attendance_id=doctor.attendance_id, worst_link="red", loss_permille=31, rtt_ms=420, rung="audio")
    for _ in range(2):
        await room.practice.execute(room.people["village_doctor"], order)
    kept = await CallAttendance.get(id=doctor.attendance_id)
    assert (kept.worst_link, kept.loss_permille, kept.rtt_ms, kept.rung) == ("red", 31, 420, "audio")
    assert (await room.timeline()).count("call.quality.village_doctor") == 1
    view = await room.practice.ask(room.people["village_doctor"], Timeline(consultation_id=room.consultation_id))
    assert view.entries[-1].label == "村医的线路:最差时差,丢包 3.1%,往返 420 毫秒,画面最低 只有声音"


async def _back(room: Room, seat: str) -> str:
    """The same person over a new connection, before anybody noticed that the old one was gone; where he sits now."""
    ticket = await room.ticket(seat)
    entered = await room.practice.execute(room.people[seat], EnterCall(ticket=ticket.ticket, again=True))
    return str(entered.attendance_id)


async def test_who_comes_back_loses_nothing_of_what_was_measured_and_the_worst_of_both_is_told(room: Room) -> None:
    first = (await room.enter("patient")).attendance_id
    second = await _back(room, "patient")
    third = await _back(room, "patient")
    measured: list[tuple[str, dict[str, object]]] = [
        (first, {"worst_link": "red", "loss_permille": 12, "rtt_ms": 300, "rung": "360p"}), (second, {}),
        (third, {"worst_link": "green", "loss_permille": 40, "rtt_ms": 80, "rung": "stills"}),
    ]  # fmt: skip
    for attendance_id, figures in measured:
        order = LeaveCall.model_validate({"attendance_id": attendance_id, "ending": "dropped", **figures})
        for _ in range(2):
            await room.practice.execute(room.people["patient"], order)
    kinds = await room.timeline()
    returned = ["call.returned.patient"] * 2
    assert kinds == ["call.joined.patient", *returned, "call.dropped.patient", "call.quality.patient"]
    view = await room.practice.ask(room.people["village_doctor"], Timeline(consultation_id=room.consultation_id))
    assert view.entries[-1].label == "患者的线路:最差时差,丢包 4%,往返 300 毫秒,画面最低 一张张的图片"
    assert view.entries[-3].label == "患者断线后回到视频"


async def test_what_was_measured_before_is_told_although_the_last_connection_dies_without_a_word(room: Room) -> None:
    first = (await room.enter("patient")).attendance_id
    await _back(room, "patient")
    await room.practice.execute(room.people["patient"], LeaveCall(attendance_id=first, worst_link="yellow", loss_permille=5, rtt_ms=90))
    assert "call.quality.patient" not in await room.timeline()
    for _ in range(6):
        await room.ward.pass_time(seconds=31)
    assert (await room.timeline()).count("call.quality.patient") == 1


async def test_each_presence_is_told_of_by_itself(room: Room) -> None:
    for rung in ("480p", "180p"):
        attendance = (await room.enter("patient")).attendance_id
        order = LeaveCall.model_validate({"attendance_id": attendance, "worst_link": "green", "loss_permille": 0, "rtt_ms": 20, "rung": rung})
        await room.practice.execute(room.people["patient"], order)
    view = await room.practice.ask(room.people["village_doctor"], Timeline(consultation_id=room.consultation_id))
    told = [one.label for one in view.entries if one.kind == "call.quality.patient"]
    assert [one[-4:].strip() for one in told] == ["480p", "180p"]
    assert (await room.timeline()).count("call.joined.patient") == 2


def _trouble(room: Room, trouble: str, minutes_before: int = 0) -> ReportTrouble:
    return ReportTrouble.model_validate({"consultation_id": room.consultation_id, "trouble": trouble, "minutes_before": minutes_before})


async def _troubles(room: Room) -> list[str]:
    return [kind for kind in await room.timeline() if kind.startswith("call.trouble")]


async def test_the_same_trouble_is_noted_once_until_something_else_became_of_the_person(room: Room) -> None:
    patient, doctor = room.people["patient"], room.people["village_doctor"]

    async def tell(*troubles: str) -> None:
        for trouble in troubles:
            await room.practice.execute(patient, _trouble(room, trouble))

    await tell("no_media_path", "weak_network", "no_media_path", "weak_network", "no_media_path")
    assert await _troubles(room) == ["call.trouble.patient.no_media_path", "call.trouble.patient.weak_network"]
    await room.practice.execute(doctor, _trouble(room, "weak_network"))
    assert (await _troubles(room))[2:] == ["call.trouble.village_doctor.weak_network"]
    await room.enter("village_doctor")
    await tell("weak_network")
    assert len(await _troubles(room)) == 3
    entered = await room.enter("patient")
    await tell("weak_network", "weak_network")
    await room.practice.execute(patient, LeaveCall(attendance_id=entered.attendance_id))
    await tell("weak_network", "weak_network")
    assert (await _troubles(room))[3:] == ["call.trouble.patient.weak_network"] * 2


async def test_of_many_reports_at_once_one_is_noted(room: Room) -> None:
    await asyncio.gather(*(room.practice.execute(room.people["patient"], _trouble(room, "no_media_path")) for _ in range(6)))
    assert await _troubles(room) == ["call.trouble.patient.no_media_path"]


async def test_a_trouble_of_another_day_is_another_one(room: Room) -> None:
    for _ in range(2):
        await room.practice.execute(room.people["patient"], _trouble(room, "refused_camera"))
        room.ward.clock.advance(minutes=11)
    assert await _troubles(room) == ["call.trouble.patient.refused_camera"] * 2


async def test_what_could_not_be_said_for_want_of_a_network_is_told_with_its_time_and_explains_no_later_call(room: Room) -> None:
    for _ in range(2):
        await room.practice.execute(room.people["patient"], _trouble(room, "no_network", 40))
    view = await room.practice.ask(room.people["village_doctor"], Timeline(consultation_id=room.consultation_id))
    assert [one.label for one in view.entries if "trouble" in one.kind] == ["患者没能视频:没有网络(约 40 分钟前的事,当时没有网络,现在才报上来)"]
    expert = await room.enter("expert")
    await room.practice.execute(room.people["patient"], _trouble(room, "refused_camera", 2))
    await room.practice.execute(room.people["expert"], LeaveCall(attendance_id=expert.attendance_id))
    for _ in range(4):
        await room.ward.pass_time(seconds=31)
    assert (await room.timeline())[-1] == "call.not_held.inviting.refused_camera"


async def test_who_chose_large_letters_is_shown_the_room_in_them(room: Room) -> None:
    patient, asked = room.people["patient"], ViewCall(consultation_id=room.consultation_id)
    assert (await room.practice.ask(patient, asked)).elder is None
    await room.practice.execute(patient, ChooseReading(elder=True))
    assert (await room.practice.ask(patient, asked)).elder is True
    assert (await room.practice.ask(room.people["expert"], asked)).elder is None


async def test_the_view_of_the_lobby_names_everybody_who_belongs_there(practice: Practice, room: Room) -> None:
    await room.enter("village_doctor")
    view = await practice.ask(room.people["patient"], ViewCall(consultation_id=room.consultation_id))
    assert [one.seat for one in view.seats] == ["patient", "village_doctor", "expert"]
