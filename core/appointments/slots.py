"""Slots: opening them and seeing which are free."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from tortoise.functions import Count

from core.appointments.commands import (
    DepartmentsView,
    DepartmentsWithSlots,
    FreeSlots,
    OpenSlots,
    SlotsView,
    SlotView,
)
from core.appointments.errors import NoDepartment, PractitionerUnknown, SlotsOverlap
from core.appointments.models import Slot
from core.appointments.rules import any_overlap, slot_times
from core.foundation.orders import Done, answers, handles
from core.foundation.work import Work
from core.people.models import Practitioner
from core.people.rules import local_date
from core.people.service import practitioner_cards
from nlp.interface.departments import department

OVERVIEW = timedelta(days=7)


@handles(OpenSlots)
async def open_slots(work: Work, order: OpenSlots) -> Done:
    practitioner = await Practitioner.get_or_none(id=order.practitioner_id)
    if practitioner is None:
        raise PractitionerUnknown
    if practitioner.department_code is None:
        raise NoDepartment
    times = slot_times(order.starts_at, order.minutes, order.count, order.days)
    standing = Slot.filter(practitioner_id=practitioner.id, starts_at__lt=times[-1][1], ends_at__gt=times[0][0])
    if any_overlap([*times, *((slot.starts_at, slot.ends_at) for slot in await standing)]):
        raise SlotsOverlap
    await Slot.bulk_create(
        Slot(
            id=work.new_id(),
            organisation_id=practitioner.organisation_id,
            practitioner_id=practitioner.id,
            department_code=practitioner.department_code,
            starts_at=starts_at,
            ends_at=ends_at,
        )
        for starts_at, ends_at in times
    )
    work.concerns("practitioner", practitioner.id)
    return Done()


async def free_slots(department_code: str, after: datetime, now: datetime, limit: int) -> list[Slot]:
    """Free slots of the department that begin after ``after`` and after ``now``, of practitioners who may practise, soonest first."""
    return await Slot.filter(
        department_code=department_code,
        state="free",
        starts_at__gt=max(after, now),
        practitioner__active=True,
        practitioner__licence_valid_until__gte=local_date(now),
    ).order_by("starts_at", "id").limit(limit)


async def slot_views(work: Work, slots: Iterable[Slot]) -> tuple[SlotView, ...]:
    """``slots`` as people see them, in the same order."""
    rows = list(slots)
    cards = await practitioner_cards(work, {row.practitioner_id for row in rows})
    return tuple(
        SlotView(
            slot_id=row.id,
            department_code=row.department_code,
            department=department(row.department_code).name,
            practitioner=cards[row.practitioner_id].full_name,
            title_name=cards[row.practitioner_id].title_name,
            organisation=cards[row.practitioner_id].organisation,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
        )
        for row in rows
    )


@answers(FreeSlots)
async def see_free_slots(work: Work, order: FreeSlots) -> SlotsView:
    slots = await free_slots(order.department_code, order.after or work.now, work.now, order.limit)
    return SlotsView(slots=await slot_views(work, slots), now=work.now)


@answers(DepartmentsWithSlots)
async def departments(work: Work, order: DepartmentsWithSlots) -> DepartmentsView:
    counted = await (
        Slot.filter(
            state="free",
            starts_at__gt=work.now,
            starts_at__lt=work.now + OVERVIEW,
            practitioner__active=True,
            practitioner__licence_valid_until__gte=local_date(work.now),
        )
        .annotate(free=Count("id"))
        .group_by("department_code")
        .order_by("department_code")
        .values_list("department_code", "free")
    )
    return DepartmentsView(departments=tuple((code, department(code).name, free) for code, free in counted if department(code).bookable))
