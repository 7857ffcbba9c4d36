"""What the relations of this room mean: whose patient, whose list, which county, which practitioner."""

from __future__ import annotations

from typing import Any

from core.foundation.orders import Order, relation
from core.foundation.rows import Row, row_named
from core.foundation.work import Work
from core.people.counties import county_of_organisation
from core.people.lists import is_on_own_list
from core.people.models import Organisation, Patient, Practitioner
from core.people.relations import speaks_for
from core.people.rules import county_of
from core.people.scopes import scope_of


@relation("own_patient")
async def own_patient(work: Work, order: Order) -> bool:
    """``order.patient_id`` is the actor himself or somebody for whom he speaks, in what the order needs."""
    patient_id = getattr(order, "patient_id", None)
    return patient_id is not None and await speaks_for(work, patient_id, scope_of(order))


@relation("listed_patient")
async def listed_patient(work: Work, order: Order) -> bool:
    """``order.patient_id`` stands on the actor's list of a clinic where the actor works now."""
    patient_id = getattr(order, "patient_id", None)
    return patient_id is not None and await is_on_own_list(work, patient_id)


async def of_own_patient(work: Work, order: Order, model: type[Row], field: str) -> bool:
    """The row that ``order`` names in ``field`` is of the actor, or of somebody for whom he speaks in what the order needs. For rooms above."""
    row: Any = await row_named(model, order, field)
    return row is not None and await speaks_for(work, row.patient_id, scope_of(order))


async def of_listed_patient(work: Work, order: Order, model: type[Row], field: str) -> bool:
    """The same of a patient on the actor's list of a clinic where the actor works now. For rooms above."""
    row: Any = await row_named(model, order, field)
    return row is not None and await is_on_own_list(work, row.patient_id)


@relation("own_practitioner")
async def own_practitioner(work: Work, order: Order) -> bool:
    """``order.practitioner_id`` is the actor."""
    practitioner_id = getattr(order, "practitioner_id", None)
    return practitioner_id is not None and practitioner_id == work.actor.practitioner_id


@relation("same_county")
async def same_county(work: Work, order: Order) -> bool:
    """What the order names (practitioner, organisation, patient, parent or region) lies in a county where the actor holds a granted role."""
    county = await _county_of_order(order)
    return county is not None and await acts_in_county(work, order, county)


async def acts_in_county(work: Work, order: Order, county: str) -> bool:
    """The actor holds, at an organisation of ``county``, a role to which ``order`` is granted by ``same_county``. For rooms above."""
    held = {
        organisation
        for grant in order.access
        if grant.relation == "same_county"
        for organisation in work.actor.organisations(grant.role)
    }
    return bool(held) and await Organisation.filter(id__in=held, region_code__startswith=county).exists()


async def acts_in_county_of(work: Work, order: Order, organisation_id: str) -> bool:
    """The same of the county where this house stands; False where there is no such house. For rooms above."""
    county = await county_of_organisation(organisation_id)
    return county is not None and await acts_in_county(work, order, county)


async def _county_of_order(order: Order) -> str | None:
    if getattr(order, "consultation_id", None) is not None:
        # The county that asked for it decides (its room says which), not that of a practitioner whom the order also names.
        return None
    region_code = getattr(order, "region_code", None)
    if region_code is not None:
        return county_of(region_code)
    organisation_id = getattr(order, "organisation_id", None)
    practitioner_id = getattr(order, "practitioner_id", None)
    patient_id = getattr(order, "patient_id", None)
    if organisation_id is None and practitioner_id is not None:
        practitioner = await Practitioner.get_or_none(id=practitioner_id)
        organisation_id = None if practitioner is None else practitioner.organisation_id
    if organisation_id is None and patient_id is not None:
        patient = await Patient.get_or_none(id=patient_id)
        organisation_id = None if patient is None else patient.organisation_id
    return None if organisation_id is None else await county_of_organisation(organisation_id)
