"""Booking a slot: one wins, the other is told what else is free; the booking carries the intake."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from core.appointments.commands import (
    BookSlot,
    CancelAppointment,
    DepartmentsWithSlots,
    FreeSlots,
    MyAppointments,
    OpenSlots,
    SetAbsence,
    ViewAppointment,
)
from core.appointments.errors import (
    AlreadyBooked,
    AppointmentOver,
    DoctorAway,
    IntakeNotTheirs,
    NoDepartment,
    SlotPast,
    SlotsOverlap,
    SlotTaken,
    SlotUnknown,
)
from core.appointments.models import Appointment, Slot
from core.foundation.actor import Actor
from core.foundation.clock import ManualClock
from core.foundation.errors import NotAllowed
from core.foundation.models import OutboxEvent
from core.foundation.practice import Practice
from core.intake.commands import Say
from core.intake.models import Intake
from core.notifications.models import Notification
from core.people.accounts import actor_for
from core.people.commands import EnsureAccount, RegisterPatient
from core.people.commands_consents import GiveConsent, WithdrawConsent
from core.people.consent_texts import CURRENT
from core.people.errors import ConsentMissing
from core.people.models import Practitioner
from tests.conftest import DatabaseUrls
from tests.core.intake.small_engine import SmallEngine
from tests.support.county import SmallCounty, consent_to_care, id_number, seed_small
from tests.support.forked import Forked

pytestmark = pytest.mark.storage


@pytest.fixture
async def county(practice: Practice) -> SmallCounty:
    return await seed_small(practice)


async def another_patient(practice: Practice, number: int) -> tuple[Actor, str]:
    """A further person with an account, registered and consenting."""
    ref = await practice.execute(Actor.system("test"), EnsureAccount(app="wxmini", subject=f"m{number}"))
    actor = await actor_for(ref.account_id, "mini_program", practice.clock.now())
    birth = date(1980, 1, 1) + timedelta(days=number)
    patient = await practice.execute(actor, RegisterPatient(full_name="钱多多", id_number=id_number(birth, 100 + number)))
    await consent_to_care(practice, actor, patient.patient_id)
    return actor, patient.patient_id


async def test_a_booking_carries_the_intake_and_is_told(practice: Practice, county: SmallCounty):
    practice.engines.clinical = SmallEngine()
    intake = await practice.execute(county.woman_account, Say(text="发烧 51岁"))
    assert intake.patient_id is None
    booked = await practice.execute(
        county.woman_account, BookSlot(slot_id=county.slots[1], patient_id=county.woman, intake_id=intake.intake_id)
    )
    assert (booked.state, booked.intake_id, booked.patient_id) == ("booked", intake.intake_id, county.woman)
    assert booked.slot.department == "呼吸内科"
    assert booked.slot.practitioner == "赵晓岚(演示)"
    assert (await Intake.get()).patient_id == county.woman
    told = await Notification.get()
    assert (told.account_id, told.kind, told.ids) == (
        county.woman_account.account_id, "appointment.booked", {"appointment_id": booked.appointment_id}
    )
    assert await OutboxEvent.filter(topic="appointment.booked").count() == 1
    system = Actor.system("sender")
    assert await practice.ask(system, ViewAppointment(appointment_id=booked.appointment_id)) == booked
    assert (await practice.ask(county.woman_account, MyAppointments())).appointments == (booked,)


async def test_the_same_again_is_the_same_booking(practice: Practice, county: SmallCounty):
    order = BookSlot(slot_id=county.slots[0], patient_id=county.woman)
    first = await practice.execute(county.woman_account, order)
    assert await practice.execute(county.woman_account, order) == first
    assert await Appointment.all().count() == 1


async def test_who_comes_late_is_told_what_is_free(practice: Practice, county: SmallCounty):
    await practice.execute(county.woman_account, BookSlot(slot_id=county.slots[0], patient_id=county.woman))
    actor, patient = await another_patient(practice, 1)
    with pytest.raises(SlotTaken) as taken:
        await practice.execute(actor, BookSlot(slot_id=county.slots[0], patient_id=patient))
    assert [slot["slot_id"] for slot in taken.value.fields["free"]] == list(county.slots[1:])
    assert "还空着:11月21日 周六 上午9:30" in taken.value.message
    json.dumps(taken.value.fields)


async def test_what_cannot_be_booked(practice: Practice, county: SmallCounty, clock: ManualClock):
    practice.engines.clinical = SmallEngine()
    book = BookSlot(slot_id=county.slots[0], patient_id=county.woman)
    with pytest.raises(SlotUnknown):
        await practice.execute(county.woman_account, book.model_copy(update={"slot_id": county.clinic}))
    theirs = await practice.execute(county.stranger, Say(text="发烧 30岁"))
    with pytest.raises(IntakeNotTheirs):
        await practice.execute(county.woman_account, book.model_copy(update={"intake_id": theirs.intake_id}))
    await practice.execute(county.woman_account, WithdrawConsent(patient_id=county.woman, purpose="care"))
    with pytest.raises(ConsentMissing):
        await practice.execute(county.woman_account, book)
    await practice.execute(county.woman_account, GiveConsent(patient_id=county.woman, purpose="care", text_version=CURRENT["care"]))
    clock.advance(days=2)
    with pytest.raises(SlotPast):
        await practice.execute(county.woman_account, book)
    assert await Appointment.all().count() == 0
    assert await Slot.filter(state="booked").count() == 0


async def test_nobody_is_in_two_places(practice: Practice, county: SmallCounty, system: Actor):
    other = county.experts[0].practitioner_id
    first = await Slot.get(id=county.slots[0])
    await practice.execute(system, OpenSlots(practitioner_id=other, starts_at=first.starts_at + timedelta(minutes=15), minutes=30, count=1))
    clashing = await Slot.get(practitioner_id=other)
    booked = await practice.execute(county.woman_account, BookSlot(slot_id=first.id, patient_id=county.woman))
    with pytest.raises(AlreadyBooked) as clash:
        await practice.execute(county.woman_account, BookSlot(slot_id=clashing.id, patient_id=county.woman))
    assert booked.code in clash.value.message


@pytest.mark.parametrize("why", ["left", "licence", "absent"])
async def test_a_doctor_who_will_not_be_there_is_not_booked(practice: Practice, county: SmallCounty, system: Actor, why: str):
    slot = await Slot.get(id=county.slots[0])
    doctor = Practitioner.filter(id=slot.practitioner_id)
    if why == "left":
        await doctor.update(active=False)
    elif why == "licence":
        await doctor.update(licence_valid_until=date(2026, 11, 20))  # good today, not tomorrow
    else:
        # Booked when the absence was entered, cancelled afterwards: free again, and nobody there.
        await Slot.filter(id=slot.id).update(state="booked")
        order = SetAbsence(practitioner_id=slot.practitioner_id, starts_at=slot.starts_at, ends_at=slot.ends_at)
        await practice.execute(system, order)
        await Slot.filter(id=slot.id).update(state="free")
    with pytest.raises(DoctorAway) as away:
        await practice.execute(county.woman_account, BookSlot(slot_id=slot.id, patient_id=county.woman))
    assert len(away.value.fields["free"]) == (3 if why == "absent" else 0)
    assert "不出诊" in away.value.message
    assert await Appointment.all().count() == 0


async def test_a_slot_is_good_on_the_last_day_of_the_licence(practice: Practice, county: SmallCounty):
    await Practitioner.filter(id=county.experts[2].practitioner_id).update(licence_valid_until=date(2026, 11, 21))
    assert (await practice.execute(county.woman_account, BookSlot(slot_id=county.slots[0], patient_id=county.woman))).state == "booked"


async def test_two_bookings_of_one_patient_at_once_do_not_overlap(practice: Practice, county: SmallCounty, system: Actor):
    first = await Slot.get(id=county.slots[0])
    for expert in (county.experts[0], county.experts[1], county.experts[3]):
        order = OpenSlots(practitioner_id=expert.practitioner_id, starts_at=first.starts_at + timedelta(minutes=15), minutes=30, count=1)
        await practice.execute(system, order)
    slots = await Slot.filter(starts_at__gte=first.starts_at, starts_at__lt=first.ends_at)
    assert len(slots) == 4
    results = await asyncio.gather(
        *(practice.execute(county.woman_account, BookSlot(slot_id=slot.id, patient_id=county.woman)) for slot in slots), return_exceptions=True
    )
    assert Counter(type(result).__name__ for result in results) == {"AppointmentView": 1, "AlreadyBooked": 3}
    assert await Appointment.filter(state="booked").count() == 1
    assert await Slot.filter(state="booked").count() == 1


async def test_a_cancelled_slot_is_free_again(practice: Practice, county: SmallCounty, clock: ManualClock):
    booked = await practice.execute(county.woman_account, BookSlot(slot_id=county.slots[0], patient_id=county.woman))
    cancel = CancelAppointment(appointment_id=booked.appointment_id, reason="好多了")
    assert (await practice.execute(county.woman_account, cancel)).state == "cancelled"
    row = await Appointment.get()
    assert row.cancel_reason is not None
    assert "好多了".encode() not in bytes(row.cancel_reason)
    assert {told.kind for told in await Notification.all()} == {"appointment.booked", "appointment.cancelled"}
    with pytest.raises(AppointmentOver):
        await practice.execute(county.woman_account, cancel)
    again = await practice.execute(county.woman_account, BookSlot(slot_id=county.slots[0], patient_id=county.woman))
    clock.advance(days=2)
    with pytest.raises(AppointmentOver):
        await practice.execute(county.woman_account, CancelAppointment(appointment_id=again.appointment_id))


async def test_one_books_and_cancels_for_one_s_own(practice: Practice, county: SmallCounty):
    booked = await practice.execute(county.woman_account, BookSlot(slot_id=county.slots[0], patient_id=county.woman))
    for actor in (county.stranger, county.village_doctor, county.experts[2], county.administrator, county.scheduler):
        for order in (
            BookSlot(slot_id=county.slots[1], patient_id=county.woman),
            CancelAppointment(appointment_id=booked.appointment_id),
        ):
            with pytest.raises(NotAllowed):
                await practice.execute(actor, order)
        with pytest.raises(NotAllowed):
            await practice.ask(actor, ViewAppointment(appointment_id=booked.appointment_id))
        assert (await practice.ask(actor, MyAppointments())).appointments == ()


async def test_slots_of_who_may_not_practise_are_not_offered(practice: Practice, county: SmallCounty):
    assert (await practice.ask(county.stranger, DepartmentsWithSlots())).departments == (("03.01", "呼吸内科", 4),)
    await Practitioner.filter(id=county.experts[2].practitioner_id).update(licence_valid_until=date(2026, 11, 19))
    assert (await practice.ask(county.stranger, FreeSlots(department_code="03.01"))).slots == ()
    assert (await practice.ask(county.stranger, DepartmentsWithSlots())).departments == ()


async def test_slots_do_not_overlap_and_need_a_department(practice: Practice, county: SmallCounty, system: Actor):
    first = await Slot.get(id=county.slots[0])
    order = OpenSlots(
        practitioner_id=county.experts[2].practitioner_id, starts_at=first.starts_at + timedelta(minutes=10), minutes=10, count=1
    )
    with pytest.raises(SlotsOverlap):
        await practice.execute(system, order)
    with pytest.raises(NoDepartment):
        await practice.execute(system, order.model_copy(update={"practitioner_id": county.village_doctor.practitioner_id}))
    with pytest.raises(NotAllowed):
        await practice.execute(county.scheduler, order.model_copy(update={"practitioner_id": county.experts[0].practitioner_id}))


async def test_of_ten_at_once_one_wins(practice: Practice, county: SmallCounty):
    people = [await another_patient(practice, number) for number in range(10)]
    results = await asyncio.gather(
        *(practice.execute(actor, BookSlot(slot_id=county.slots[0], patient_id=patient)) for actor, patient in people),
        return_exceptions=True,
    )
    outcomes = Counter(type(result).__name__ for result in results)
    assert outcomes == {"AppointmentView": 1, "SlotTaken": 9}


async def test_of_four_processes_one_wins_each_slot(
    practice: Practice, county: SmallCounty, system: Actor, database_urls: DatabaseUrls, tmp_path: Path
):
    starts_at = practice.clock.now() + timedelta(days=3)
    await practice.execute(system, OpenSlots(practitioner_id=county.experts[0].practitioner_id, starts_at=starts_at, minutes=5, count=25))
    slots = [slot.id for slot in await Slot.filter(practitioner_id=county.experts[0].practitioner_id).order_by("starts_at")]
    processes = []
    for number in range(4):
        actor, patient = await another_patient(practice, number)
        task = {
            "practice": database_urls.practice, "keyring": database_urls.keyring, "keys": str(tmp_path), "seed": number,
            "account": actor.account_id, "patient": patient,
        }
        process = await Forked.begin("tests.core.appointments.booking_process")
        process.tell(json.dumps(task))
        processes.append(process)
    assert [await process.hear() for process in processes] == ["ready"] * 4
    for slot in slots:
        for process in processes:
            process.tell(slot)
        outcomes = [await process.hear() for process in processes]
        assert Counter(outcomes) == {"booked": 1, "appointments.slot_taken": 3}
    assert [await process.end() for process in processes] == [0] * 4
    assert await Appointment.filter(live_slot_id__in=slots).count() == 25
    assert await Slot.filter(id__in=slots, state="booked", version=2).count() == 25
