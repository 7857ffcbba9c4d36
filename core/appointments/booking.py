"""Bookings: a slot is taken by compare-and-set, so of two at once one wins and the other is told what else is free."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tortoise.expressions import Q

from core.appointments.commands import (
    AppointmentsView,
    AppointmentView,
    BookSlot,
    CancelAppointment,
    MyAppointments,
    ViewAppointment,
)
from core.appointments.errors import AlreadyBooked, AppointmentOver, DoctorAway, IntakeNotTheirs, SlotPast, SlotTaken, SlotUnknown
from core.appointments.models import Absence, Appointment, Slot
from core.appointments.rules import instead_sentence
from core.appointments.slots import free_slots, slot_views
from core.foundation.database.statements import find_all
from core.foundation.errors import NotFound
from core.foundation.orders import Order, answers, handles, relation
from core.foundation.rows import row_named
from core.foundation.work import Work
from core.intake.models import Intake
from core.notifications.service import tell
from core.people.models import Patient, Practitioner
from core.people.relations import speaks_for, spoken_for
from core.people.rules import local_date
from core.people.scopes import Scope, scope_of
from core.people.service import joins_accounts, require_care

ALTERNATIVES = 5
READABLE_FOR = timedelta(days=30)
"""How long after the visit its doctor still reads what came with the booking."""


@relation("own_appointment")
async def own_appointment(work: Work, order: Order) -> bool:
    """``order.appointment_id`` is of the actor himself, or of somebody for whom he speaks."""
    row = await row_named(Appointment, order, "appointment_id")
    if row is None:
        return False
    # What he booked himself he may see and cancel, whatever else he may not: while he speaks for the patient at all.
    return await speaks_for(work, row.patient_id, None if row.account_id == work.actor.account_id else scope_of(order))


@relation("booked_intake")
async def booked_intake(work: Work, order: Order) -> bool:
    """``order.intake_id`` came with a booking at the actor's that stands, or was kept within thirty days."""
    intake_id, practitioner_id = getattr(order, "intake_id", None), work.actor.practitioner_id
    if intake_id is None or practitioner_id is None:
        return False
    return await Appointment.filter(
        intake_id=intake_id, state__in=("booked", "fulfilled"), slot__practitioner_id=practitioner_id, slot__ends_at__gt=work.now - READABLE_FOR
    ).exists()


@joins_accounts
async def hand_over(work: Work, left: str, kept: str) -> None:
    """Two accounts are one person's: the bookings follow."""
    await Appointment.filter(account_id=left).update(account_id=kept)


@handles(BookSlot)
async def book(work: Work, order: BookSlot) -> AppointmentView:
    slot = await Slot.get_or_none(id=order.slot_id)
    # The patient's row is held: two bookings for him at once come one after the other, so that none overlaps.
    patient = await Patient.filter(id=order.patient_id).select_for_update().get_or_none()
    if slot is None or patient is None:
        raise SlotUnknown
    work.concerns("patient", patient.id, slot=slot.id)
    standing = await Appointment.get_or_none(live_slot_id=slot.id, patient_id=patient.id)
    if standing is not None:
        return await _view(work, standing)
    await _check(work, order, slot)
    taken = await Slot.filter(id=slot.id, version=slot.version, state="free").update(version=slot.version + 1, state="booked")
    if taken == 0:
        raise await _taken(work, slot)
    appointment = await Appointment.create(
        id=work.new_id(),
        organisation_id=slot.organisation_id,
        code=work.new_code("A", 6),
        slot_id=slot.id,
        live_slot_id=slot.id,
        patient_id=patient.id,
        account_id=work.actor.account_id,
        intake_id=order.intake_id,
        booked_at=work.now,
    )
    await tell(work, appointment.account_id, "appointment.booked", appointment_id=appointment.id)
    await work.emit("appointment.booked", key=appointment.id, appointment_id=appointment.id)
    return await _view(work, appointment)


async def _check(work: Work, order: BookSlot, slot: Slot) -> None:
    """What must hold before the slot is fought for."""
    if slot.state != "free":
        raise await _taken(work, slot)
    if slot.starts_at <= work.now:
        raise SlotPast
    if not await _practises(slot):
        raise DoctorAway(**await _instead(work, slot))
    await require_care(work, order.patient_id)
    if order.intake_id is not None:
        await _carry_intake(work, order.intake_id, order.patient_id)
    overlapping = await Appointment.filter(
        patient_id=order.patient_id, state="booked", slot__starts_at__lt=slot.ends_at, slot__ends_at__gt=slot.starts_at
    ).first()
    if overlapping is not None:
        raise AlreadyBooked(code=overlapping.code)


async def _practises(slot: Slot) -> bool:
    """That the doctor is here, licensed and not absent when the slot is: an absence closes free slots, but a slot may come free again, and a
    licence may end between today and then."""
    doctor = await Practitioner.get_or_none(id=slot.practitioner_id, active=True, licence_valid_until__gte=local_date(slot.starts_at))
    away = Absence.filter(practitioner_id=slot.practitioner_id, starts_at__lt=slot.ends_at, ends_at__gt=slot.starts_at)
    return doctor is not None and not await away.exists()


async def _carry_intake(work: Work, intake_id: str, patient_id: str) -> None:
    """The intake goes with the booking: it must be the actor's, and about this patient (which it learns here if it did not know)."""
    intake = await Intake.get_or_none(id=intake_id, account_id=work.actor.account_id)
    if intake is None or intake.patient_id not in (None, patient_id):
        raise IntakeNotTheirs
    if intake.patient_id is None:
        await intake.change(patient_id=patient_id)


async def _taken(work: Work, slot: Slot) -> SlotTaken:
    return SlotTaken(**await _instead(work, slot))


async def _instead(work: Work, slot: Slot) -> dict[str, Any]:
    """Other free slots of the department, as data (``free``) and in words (``instead``)."""
    others = await free_slots(slot.department_code, work.now, work.now, ALTERNATIVES)
    views = await slot_views(work, [other for other in others if await _practises(other)])
    return {"free": [view.model_dump(mode="json") for view in views], "instead": instead_sentence([view.starts_at for view in views])}


@handles(CancelAppointment)
async def cancel(work: Work, order: CancelAppointment) -> AppointmentView:
    appointment = await _get(order.appointment_id)
    slot = await Slot.get(id=appointment.slot_id)
    work.concerns("patient", appointment.patient_id, appointment=appointment.id)
    if appointment.state != "booked" or slot.starts_at <= work.now:
        raise AppointmentOver
    sealer = await work.sealer("patient", appointment.patient_id)
    await appointment.change(
        conflict=AppointmentOver(),
        state="cancelled",
        live_slot_id=None,
        cancelled_at=work.now,
        cancel_reason=sealer.seal("appointment", "cancel_reason", appointment.id, order.reason),
    )
    await slot.change(state="free")
    await tell(work, appointment.account_id, "appointment.cancelled", appointment_id=appointment.id)
    await work.emit("appointment.cancelled", key=appointment.id, appointment_id=appointment.id)
    return await _view(work, appointment)


@answers(ViewAppointment)
async def view_appointment(work: Work, order: ViewAppointment) -> AppointmentView:
    appointment = await _get(order.appointment_id)
    work.concerns("patient", appointment.patient_id, appointment=appointment.id)
    return await _view(work, appointment)


@answers(MyAppointments)
async def my_appointments(work: Work, order: MyAppointments) -> AppointmentsView:
    account_id = work.actor.account_id
    booked = Q(account_id=account_id, patient_id__in=await spoken_for(work))
    rows = await Appointment.filter(booked | Q(patient_id__in=await spoken_for(work, Scope.RECORD))).order_by("-id").limit(100)
    work.concerns("account", account_id)
    return AppointmentsView(appointments=await _views(work, rows))


async def _get(appointment_id: str) -> Appointment:
    appointment = await Appointment.get_or_none(id=appointment_id)
    if appointment is None:
        raise NotFound
    return appointment


async def _view(work: Work, row: Appointment) -> AppointmentView:
    (view,) = await _views(work, [row])
    return view


async def _views(work: Work, rows: list[Appointment]) -> tuple[AppointmentView, ...]:
    """``rows`` as people see them, in the same order."""
    slots = {view.slot_id: view for view in await slot_views(work, await find_all(Slot, id__in=[row.slot_id for row in rows]))}
    return tuple(
        AppointmentView.model_validate(
            {
                "appointment_id": row.id,
                "code": row.code,
                "state": row.state,
                "slot": slots[row.slot_id],
                "patient_id": row.patient_id,
                "intake_id": row.intake_id,
                "booked_at": row.booked_at,
            }
        )
        for row in rows
    )
