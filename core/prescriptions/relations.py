"""What the relations of this room mean: who proposed it, whose consultation it is for, who stands above the clinic, whose patient it is for."""

from __future__ import annotations

from core.consultations.models import Consultation
from core.foundation.actor import Role
from core.foundation.orders import Order, relation
from core.foundation.work import Work
from core.people.access import acts_in_county
from core.people.models import CareRelation, Organisation
from core.people.rules import county_of
from core.prescriptions.models import EmergencyDose, Prescription
from core.prescriptions.people_told import houses_above
from core.prescriptions.workflow import State

_PHARMACISTS = (State.SIGNED.value, State.RETURNED.value, State.RELEASED.value, State.DISPENSED.value)
"""States in which it is a pharmacist's concern; what was withdrawn or expired opens nothing any more."""


async def _prescription(order: Order) -> Prescription | None:
    prescription_id = getattr(order, "prescription_id", None)
    return None if prescription_id is None else await Prescription.get_or_none(id=prescription_id)


async def _dose(order: Order) -> EmergencyDose | None:
    dose_id = getattr(order, "dose_id", None)
    return None if dose_id is None else await EmergencyDose.get_or_none(id=dose_id)


@relation("proposed_prescription")
async def proposed_prescription(work: Work, order: Order) -> bool:
    """The actor is the expert who proposed it."""
    row = await _prescription(order)
    return row is not None and row.expert_id == work.actor.practitioner_id


@relation("inviting_prescription")
async def inviting_prescription(work: Work, order: Order) -> bool:
    """The actor is the village doctor whose consultation it came from."""
    row = await _prescription(order)
    return row is not None and row.village_doctor_id == work.actor.practitioner_id


@relation("inviting_side")
async def inviting_side(work: Work, order: Order) -> bool:
    """The actor is a duty doctor at a house above the inviting clinic."""
    row = await _prescription(order)
    held = work.actor.organisations(Role.DUTY_DOCTOR)
    return row is not None and bool(held) and not held.isdisjoint(await houses_above(row.organisation_id))


@relation("own_patient_prescription")
async def own_patient_prescription(work: Work, order: Order) -> bool:
    """It is for the actor himself or somebody for whom he speaks."""
    row = await _prescription(order)
    return row is not None and await CareRelation.filter(account_id=work.actor.account_id, patient_id=row.patient_id).exists()


@relation("signed_prescription")
async def signed_prescription(work: Work, order: Order) -> bool:
    """It is signed, in a county where the actor is a pharmacist: what is only proposed is not yet his concern."""
    row = await _prescription(order)
    return row is not None and row.signed_at is not None and row.region_code in await _counties_of_pharmacist(work)


@relation("referred_consultation")
async def referred_consultation(work: Work, order: Order) -> bool:
    """A prescription of it waits for a duty doctor at the actor's house, or the actor signed one."""
    consultation_id = getattr(order, "consultation_id", None)
    held = work.actor.organisations(Role.DUTY_DOCTOR)
    if consultation_id is None or not held:
        return False
    rows = Prescription.filter(consultation_id=consultation_id)
    if await rows.filter(signer_id=work.actor.practitioner_id).exists():
        return True
    waiting = await rows.filter(state=State.REFERRED.value).first()
    return waiting is not None and not held.isdisjoint(await houses_above(waiting.organisation_id))


@relation("prescribed_consultation")
async def prescribed_consultation(work: Work, order: Order) -> bool:
    """A prescription that is signed, and may be given or was, or an emergency dose came from it, in a county where the actor holds the role."""
    consultation_id = getattr(order, "consultation_id", None)
    if consultation_id is None:
        return False
    signed = Prescription.filter(consultation_id=consultation_id, signed_at__isnull=False, state__in=_PHARMACISTS)
    row = await signed.first() or await EmergencyDose.filter(consultation_id=consultation_id).first()
    return row is not None and row.region_code in await _counties_of_pharmacist(work)


async def _counties_of_pharmacist(work: Work) -> set[str]:
    return {county_of(house.region_code) for house in await Organisation.filter(id__in=work.actor.organisations(Role.PHARMACIST))}


@relation("own_dose")
async def own_dose(work: Work, order: Order) -> bool:
    """The actor ordered it, or is the expert of its consultation."""
    row = await _dose(order)
    if row is None or work.actor.practitioner_id is None:
        return False
    if row.practitioner_id == work.actor.practitioner_id:
        return True
    return await Consultation.filter(id=row.consultation_id, expert_id=work.actor.practitioner_id).exists()


@relation("same_county")
async def prescription_of_county(work: Work, order: Order) -> bool:
    """Prescription or dose belongs to a county where the actor holds a granted role."""
    row = await _prescription(order) or await _dose(order)
    return row is not None and await acts_in_county(work, order, row.region_code)
