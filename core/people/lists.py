"""A village doctor's list of patients counts as long as she works at the clinic to which it belongs. Every room asks here."""

from __future__ import annotations

from tortoise.queryset import QuerySet

from core.foundation.actor import Role
from core.foundation.work import Work
from core.people.models import ListedPatient, Practitioner, RoleHeld
from core.people.roles import running


def own_list(work: Work) -> QuerySet[ListedPatient]:
    """The patients on the actor's list, of clinics where the actor works now as village doctor."""
    clinics = work.actor.organisations(Role.VILLAGE_DOCTOR)
    return ListedPatient.filter(
        practitioner_id=work.actor.practitioner_id, practitioner_id__isnull=False, organisation_id__in=list(clinics)
    )


async def is_on_own_list(work: Work, patient_id: str) -> bool:
    return await own_list(work).filter(patient_id=patient_id).exists()


async def village_doctors_of(work: Work, patient_id: str) -> list[str]:
    """The practitioners on whose lists the patient stands and who still work at that clinic, longest first: who may be told of him."""
    rows = await ListedPatient.filter(patient_id=patient_id).order_by("created_at", "id")
    if not rows:
        return []
    accounts = {one.id: one.account_id for one in await Practitioner.filter(id__in=[row.practitioner_id for row in rows])}
    held = await RoleHeld.filter(
        running(work.now), role=Role.VILLAGE_DOCTOR.value, organisation_id__in=[row.organisation_id for row in rows],
        account_id__in=list(accounts.values()),
    )
    working = {(one.account_id, one.organisation_id) for one in held}
    return [row.practitioner_id for row in rows if (accounts[row.practitioner_id], row.organisation_id) in working]
