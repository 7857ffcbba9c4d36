"""A prescription as each reader may see it."""

from __future__ import annotations

from core.consultations.service import consultation_of
from core.foundation.actor import Role
from core.foundation.signing_keys import is_signed
from core.foundation.work import Work
from core.intake.urgency import urgency
from core.people.cards import patient_card, practitioner_cards
from core.prescriptions.besides import besides_of
from core.prescriptions.commands import ItemView, PrescriptionView, SourceView
from core.prescriptions.dispense_code import dispense_code
from core.prescriptions.doses import spoken_amount, spoken_pieces
from core.prescriptions.drugs import drug
from core.prescriptions.facts import facts_of, person_of
from core.prescriptions.items import Finding, Item
from core.prescriptions.knowledge_base import knowledge
from core.prescriptions.licence import beyond_licence
from core.prescriptions.models import Prescription
from core.prescriptions.moments import good_until
from core.prescriptions.rules import check
from core.prescriptions.signatures import rules_signed
from core.prescriptions.steps import body_of, document_of, is_withdrawable, overrides_of
from core.prescriptions.workflow import STATE_LABELS, State

NAMELESS = frozenset({Role.SYSTEM, Role.AUDITOR})
SHOWS_CODE = frozenset({Role.VISITOR, Role.VILLAGE_DOCTOR})
"""Who carries the 取药码 to the counter: the patient's side, and for those without WeChat the village doctor whose case it is, on paper."""


def item_view(item: Item) -> ItemView:
    """Name, amount, packs and price of one item."""
    one = drug(item.drug)
    packs = one.packs_for(item.dose, item.times_per_day, item.days)
    return ItemView(
        drug=one.code, name=one.name, form=one.form, dose=f"{item.dose.normalize():f}", amount=spoken_amount(item.dose, one),
        pieces=spoken_pieces(item.dose, one),
        times_per_day=item.times_per_day, days=item.days, route=one.route, directions=item.directions, packs=packs, pack=one.pack,
        price_fen=one.price_fen, fee_fen=packs * one.price_fen, coverage=one.coverage,
    )


def _code(work: Work, row: Prescription) -> str | None:
    """The 取药码, as long as it opens anything."""
    until = good_until(row)
    if work.role is Role.VILLAGE_DOCTOR and row.village_doctor_id != work.actor.practitioner_id:
        return None
    if work.role not in SHOWS_CODE or row.state != State.RELEASED.value or until is None or work.now >= until:
        return None
    return dispense_code(work, row)


async def findings_of(work: Work, consultation_id: str, items: tuple[Item, ...], row: Prescription | None) -> tuple[Finding, ...]:
    """The check of these drugs for the patient of the consultation, with what is known of him now, and what else he was prescribed before ``row``."""
    consultation = await consultation_of(consultation_id)
    person, facts = await person_of(work, consultation.patient_id), await facts_of(work, consultation)
    return check(items, person, facts, await besides_of(work, consultation.patient_id, row))


def sources_of(findings: tuple[Finding, ...]) -> tuple[SourceView, ...]:
    """The sources that ``findings`` name, each once."""
    known = knowledge().sources
    return tuple(
        SourceView(code=code, title=known[code].title, edition=known[code].edition, grade=known[code].grade)
        for code in dict.fromkeys(one.source for one in findings)
        if code in known
    )


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
    consultation = await consultation_of(row.consultation_id)
    findings = () if for_patient else await findings_of(work, row.consultation_id, body.items, row)
    level = urgency(consultation.urgency)
    return PrescriptionView(
        prescription_id=row.id,
        code=row.code,
        consultation_id=row.consultation_id,
        consultation_code=consultation.code,
        state=State(row.state).value,
        state_label=STATE_LABELS[State(row.state)],
        revision=row.revision,
        urgency=level.code.value,
        urgency_label=level.label,
        patient=None if work.role in NAMELESS else patient.full_name,
        sex=patient.sex,
        age=patient.age_spoken,
        diagnosis=body.diagnosis,
        note=body.note,
        items=items,
        fee_fen=sum(one.fee_fen for one in items),
        proposed_at=row.proposed_at,
        findings=findings,
        sources=sources_of(findings),
        overrides=() if for_patient else overrides.given,
        beyond_village=() if for_patient else beyond_licence([drug(one.drug) for one in body.items], Role.VILLAGE_DOCTOR, ""),
        expert=people[row.expert_id].called,
        signer=None if row.signer_id is None else people[row.signer_id].called,
        signed_at=row.signed_at,
        signature_valid=await is_signed("prescription", row.id, document_of(row, body, overrides)) if signed else None,
        pharmacist=None if row.pharmacist_id is None else people[row.pharmacist_id].called,
        reviewed_at=row.reviewed_at,
        return_reason=reason,
        dispensed_at=row.dispensed_at,
        dispense_code=_code(work, row),
        withdrawable=is_withdrawable(work, row),
        rules_signed=await rules_signed(),
    )
