"""What the relations of this room mean: who proposed it, whose consultation it is for, who stands above the clinic, whose patient it is for."""

from __future__ import annotations

from datetime import timedelta

from tortoise.expressions import Q

from core.consultations.relations import is_inviting, treated_by
from core.foundation.actor import Role
from core.foundation.orders import Order, relation
from core.foundation.rows import row_named
from core.foundation.work import Work
from core.people.access import of_own_patient
from core.people.counties import counties_where
from core.people.houses import houses_above
from core.prescriptions.models import EmergencyDose, Prescription
from core.prescriptions.workflow import OPEN_STATES, State

_PHARMACISTS = (State.SIGNED.value, State.RETURNED.value, State.RELEASED.value, State.DISPENSED.value)
"""States in which the case behind it is a pharmacist's concern; what was withdrawn or expired opens nothing any more."""
_ASKED_AFTER = timedelta(days=30)
"""How long after the signature any pharmacist of the county answers for one that is closed; afterwards only who reviewed it."""


@relation("proposed_prescription")
async def proposed_prescription(work: Work, order: Order) -> bool:
    """The actor is the expert who proposed it."""
    row = await row_named(Prescription, order, "prescription_id")
    return row is not None and row.expert_id == work.actor.practitioner_id


@relation("inviting_prescription")
async def inviting_prescription(work: Work, order: Order) -> bool:
    """The actor is the village doctor whose consultation it came from, and still works at the clinic that asked."""
    row = await row_named(Prescription, order, "prescription_id")
    return row is not None and is_inviting(work, row.village_doctor_id, row.organisation_id)


@relation("referred_prescription")
async def referred_prescription(work: Work, order: Order) -> bool:
    """It was referred to a duty doctor of the actor's house and is under way, or the actor signed it."""
    row = await row_named(Prescription, order, "prescription_id")
    held = work.actor.organisations(Role.DUTY_DOCTOR)
    if row is None or not held:
        return False
    if row.signer_id is not None and row.signer_id == work.actor.practitioner_id:
        return True
    signed_above = row.signer_id is not None and row.signer_id != row.village_doctor_id and State(row.state) in OPEN_STATES
    referred = row.state == State.REFERRED.value or signed_above
    return referred and not held.isdisjoint(await houses_above(row.organisation_id))


@relation("own_patient_prescription")
async def own_patient_prescription(work: Work, order: Order) -> bool:
    """It is for the actor himself or somebody for whom he speaks."""
    return await of_own_patient(work, order, Prescription, "prescription_id")


@relation("signed_prescription")
async def signed_prescription(work: Work, order: Order) -> bool:
    """It is signed, in a county where the actor is a pharmacist, and under way or of the last thirty days; or he reviewed it himself."""
    row = await row_named(Prescription, order, "prescription_id")
    if row is None or row.signed_at is None or row.region_code not in await counties_where(work.actor, Role.PHARMACIST):
        return False
    if State(row.state) in OPEN_STATES or row.signed_at > work.now - _ASKED_AFTER:
        return True
    return row.pharmacist_id is not None and row.pharmacist_id == work.actor.practitioner_id


@relation("referred_consultation")
async def referred_consultation(work: Work, order: Order) -> bool:
    """A prescription of it waits for a duty doctor at the actor's house, or the actor signed one that is under way or of the last thirty days."""
    consultation_id = getattr(order, "consultation_id", None)
    held = work.actor.organisations(Role.DUTY_DOCTOR)
    if consultation_id is None or not held:
        return False
    rows = Prescription.filter(consultation_id=consultation_id)
    if await rows.filter(_under_way_or_late(work), signer_id=work.actor.practitioner_id, signer_id__isnull=False).exists():
        return True
    waiting = await rows.filter(state=State.REFERRED.value).first()
    return waiting is not None and not held.isdisjoint(await houses_above(waiting.organisation_id))


@relation("prescribed_consultation")
async def prescribed_consultation(work: Work, order: Order) -> bool:
    """A prescription that is signed, and may be given or was within thirty days, or an emergency dose of that time came from it, in a county
    where the actor is a pharmacist."""
    consultation_id = getattr(order, "consultation_id", None)
    if consultation_id is None:
        return False
    signed = Prescription.filter(_under_way_or_late(work), consultation_id=consultation_id, signed_at__isnull=False, state__in=_PHARMACISTS)
    given = EmergencyDose.filter(consultation_id=consultation_id, ordered_at__gt=work.now - _ASKED_AFTER)
    row = await signed.first() or await given.first()
    return row is not None and row.region_code in await counties_where(work.actor, Role.PHARMACIST)


def _under_way_or_late(work: Work) -> Q:
    return Q(state__in=[state.value for state in OPEN_STATES]) | Q(signed_at__gt=work.now - _ASKED_AFTER)


@relation("own_dose")
async def own_dose(work: Work, order: Order) -> bool:
    """The actor ordered it, or treats in its consultation as expert, or did within thirty days."""
    row = await row_named(EmergencyDose, order, "dose_id")
    if row is None or work.actor.practitioner_id is None:
        return False
    if row.practitioner_id == work.actor.practitioner_id:
        return True
    return await treated_by(work.actor.practitioner_id, work.now).filter(id=row.consultation_id).exists()


@relation("dose_to_see")
async def dose_to_see(work: Work, order: Order) -> bool:
    """It was given in a county where the actor is a pharmacist and no pharmacist has seen it, or he saw it himself, or a colleague did today."""
    row = await row_named(EmergencyDose, order, "dose_id")
    if row is None or row.region_code not in await counties_where(work.actor, Role.PHARMACIST):
        return False
    return row.seen_at is None or row.seen_by_id == work.actor.practitioner_id or row.seen_at > work.now - timedelta(days=1)
