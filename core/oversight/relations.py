"""What the relations of this room mean: who may open a record in an emergency, what an opening opens, who reviews it."""

from __future__ import annotations

from core.consultations.models import Consultation
from core.foundation.actor import Role
from core.foundation.orders import BREAK_GLASS, Order, relation
from core.foundation.rows import row_named
from core.foundation.work import Work
from core.imaging.models import Instance
from core.oversight.models import BreakGlass
from core.oversight.named import patient_named, regions_of
from core.people.access import acts_in_county
from core.people.counties import counties_where
from core.people.models import Organisation
from core.people.rules import county_of

_TOWNSHIP = 9
"""Digits of a region code that name a township."""
_REVIEWING = (Role.AUDITOR, Role.ADMINISTRATOR)


@relation("at_the_place")
async def at_the_place(work: Work, order: Order) -> bool:
    """The patient is at home in the township where the actor is village doctor (in the county, where no more of him is known)."""
    patient = await patient_named(work, order)
    if patient is None:
        return False
    houses = await Organisation.filter(id__in=work.actor.organisations(Role.VILLAGE_DOCTOR))
    homes = tuple(home[:_TOWNSHIP] for home in await regions_of(patient))
    return bool(homes) and any(house.region_code.startswith(homes) for house in houses)


@relation("same_county")
async def patient_of_county(work: Work, order: Order) -> bool:
    """The patient whom it names is at home in a county where the actor holds a granted role."""
    patient = await patient_named(work, order)
    if patient is None:
        return False
    for home in await regions_of(patient):
        if await acts_in_county(work, order, county_of(home)):
            return True
    return False


@relation(BREAK_GLASS)
async def opened_in_emergency(work: Work, order: Order) -> bool:
    """The actor opened this patient's record in an emergency, and the time has not run out."""
    patient_id = await _patient_of(order)
    if patient_id is None:
        return False
    return await BreakGlass.filter(
        account_id=work.actor.account_id, patient_id=patient_id, opened_at__lte=work.now, until__gt=work.now
    ).exists()


async def _patient_of(order: Order) -> str | None:
    """Whose record a reading order is about."""
    patient_id: str | None = getattr(order, "patient_id", None)
    if patient_id is None and (consultation_id := getattr(order, "consultation_id", None)) is not None:
        row = await Consultation.get_or_none(id=consultation_id)
        patient_id = None if row is None else row.patient_id
    if patient_id is None and (image_id := getattr(order, "image_id", None)) is not None:
        image = await Instance.get_or_none(id=image_id)
        patient_id = None if image is None else image.patient_id
    return patient_id


async def counties_reviewed(work: Work) -> set[str]:
    """The counties where the actor reviews."""
    return await counties_where(work.actor, *_REVIEWING)


@relation("reviewer")
async def reviewer(work: Work, order: Order) -> bool:
    """It happened to a patient of the actor's county, and somebody else did it: nobody reviews himself."""
    row = await row_named(BreakGlass, order, "break_glass_id")
    return row is not None and row.account_id != work.actor.account_id and row.region_code in await counties_reviewed(work)
