"""A prescription as each reader may see it."""

from __future__ import annotations

from core.consultations.service import consultation_of
from core.foundation.actor import Role
from core.foundation.signing_keys import is_signed
from core.foundation.work import Work
from core.people.cards import patient_card, practitioner_cards
from core.prescriptions.commands import ItemView, PrescriptionView
from core.prescriptions.doses import spoken_amount
from core.prescriptions.drugs import drug
from core.prescriptions.facts import facts_of, person_of
from core.prescriptions.items import Finding, Item
from core.prescriptions.licence import beyond_licence
from core.prescriptions.models import Prescription
from core.prescriptions.rules import check
from core.prescriptions.signatures import rules_signed
from core.prescriptions.steps import body_of, document_of, overrides_of
from core.prescriptions.workflow import STATE_LABELS, State

NAMELESS = frozenset({Role.SYSTEM, Role.AUDITOR})


def item_view(item: Item) -> ItemView:
    """Name, amount, packs and price of one item."""
    one = drug(item.drug)
    packs = one.packs_for(item.dose, item.times_per_day, item.days)
    return ItemView(
        drug=one.code, name=one.name, form=one.form, dose=f"{item.dose.normalize():f}", amount=spoken_amount(item.dose, one),
        times_per_day=item.times_per_day, days=item.days, route=one.route, directions=item.directions, packs=packs, pack=one.pack,
        price_fen=one.price_fen, fee_fen=packs * one.price_fen, coverage=one.coverage,
    )


async def findings_of(work: Work, consultation_id: str, items: tuple[Item, ...]) -> tuple[Finding, ...]:
    """The check of these drugs for the patient of the consultation, with what is known of him now."""
    consultation = await consultation_of(consultation_id)
    return check(items, await person_of(work, consultation.patient_id), await facts_of(work, consultation))


async def view_of(work: Work, row: Prescription) -> PrescriptionView:
    """Opened and checked. The patient is spared what doctors and pharmacist weighed; system and auditor read no name."""
    body, overrides = await body_of(work, row), await overrides_of(work, row)
    for_patient = work.role is Role.VISITOR
    people = await practitioner_cards(work, [one for one in (row.expert_id, row.signer_id, row.pharmacist_id) if one is not None])
    patient = await patient_card(work, row.patient_id)
    items = tuple(item_view(one) for one in body.items)
    reason = None
    if row.return_reason is not None and not for_patient:
        sealer = await work.sealer("patient", row.patient_id)
        reason = sealer.open("prescription", "return_reason", row.id, bytes(row.return_reason))
    signed = row.signed_at is not None
    return PrescriptionView(
        prescription_id=row.id,
        code=row.code,
        consultation_id=row.consultation_id,
        consultation_code=(await consultation_of(row.consultation_id)).code,
        state=State(row.state).value,
        state_label=STATE_LABELS[State(row.state)],
        revision=row.revision,
        patient=None if work.role in NAMELESS else patient.full_name,
        age=patient.age_spoken,
        diagnosis=body.diagnosis,
        note=body.note,
        items=items,
        fee_fen=sum(one.fee_fen for one in items),
        findings=() if for_patient else await findings_of(work, row.consultation_id, body.items),
        overrides=() if for_patient else overrides.given,
        beyond_village=() if for_patient else beyond_licence([drug(one.drug) for one in body.items], Role.VILLAGE_DOCTOR, ""),
        expert=people[row.expert_id].called,
        signer=None if row.signer_id is None else people[row.signer_id].called,
        signed_at=row.signed_at,
        signature_valid=await is_signed("prescription", row.id, document_of(row, body, overrides)) if signed else None,
        pharmacist=None if row.pharmacist_id is None else people[row.pharmacist_id].called,
        return_reason=reason,
        rules_signed=await rules_signed(),
    )
