"""A prescription as each reader may see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.consultations.models import Consultation
from core.consultations.service import consultation_of
from core.foundation.actor import Role
from core.foundation.signing_keys import are_signed
from core.foundation.work import Work
from core.intake.urgency import urgency
from core.people.cards import PatientCard, PractitionerCard, patient_cards, practitioner_cards
from core.prescriptions.besides import Counting, besides_among, besides_of, counting_of
from core.prescriptions.commands import ItemView, PrescriptionView, SourceView
from core.prescriptions.dispense_code import dispense_code
from core.prescriptions.doses import spoken_amount, spoken_pieces
from core.prescriptions.drugs import drug
from core.prescriptions.facts import known_of
from core.prescriptions.items import Body, Facts, Finding, Item, Overrides, Person
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
    person, facts = (await known_of(work, [consultation]))[consultation.id]
    return check(items, person, facts, await besides_of(work, consultation.patient_id, row))


def sources_of(findings: tuple[Finding, ...]) -> tuple[SourceView, ...]:
    """The sources that ``findings`` name, each once."""
    known = knowledge().sources
    return tuple(
        SourceView(code=code, title=known[code].title, edition=known[code].edition, grade=known[code].grade)
        for code in dict.fromkeys(one.source for one in findings)
        if code in known
    )


@dataclass(frozen=True, slots=True)
class _Around:
    """What the views of some prescriptions are made from: by consultation, patient, practitioner and prescription."""

    cases: dict[str, Consultation]
    patients: dict[str, PatientCard]
    people: dict[str, PractitionerCard]
    known: dict[str, tuple[Person, Facts]]
    counting: dict[str, Counting]
    opened: dict[str, tuple[Body, Overrides]]
    valid: dict[str, bool]
    rules_signed: bool


async def view_of(work: Work, row: Prescription) -> PrescriptionView:
    """Opened and checked. The patient is spared what doctors and pharmacist weighed; system and auditor read no name."""
    return (await views_of(work, [row]))[0]


async def views_of(work: Work, rows: Sequence[Prescription]) -> tuple[PrescriptionView, ...]:
    """The same of many, in their order; with as many statements for many as for one."""
    around = await _around(work, rows)
    return tuple([await _view(work, row, around) for row in rows])


async def _around(work: Work, rows: Sequence[Prescription]) -> _Around:
    patients = await patient_cards(work, {row.patient_id for row in rows})
    opened = {row.id: (await body_of(work, row), await overrides_of(work, row)) for row in rows}
    cases = {one.id: one for one in await Consultation.filter(id__in={row.consultation_id for row in rows})} if rows else {}
    weighed = work.role is not Role.VISITOR
    practitioners = {one for row in rows for one in (row.expert_id, row.signer_id, row.pharmacist_id, row.dispensed_by_id) if one is not None}
    return _Around(
        cases=cases, patients=patients, opened=opened,
        people=await practitioner_cards(work, practitioners) if rows else {},
        known=await known_of(work, cases.values()) if weighed and rows else {},
        counting=await counting_of(work, patients) if weighed and rows else {},
        valid=await are_signed("prescription", {row.id: document_of(row, *opened[row.id]) for row in rows if row.signed_at is not None}),
        rules_signed=await rules_signed(),
    )


async def _view(work: Work, row: Prescription, around: _Around) -> PrescriptionView:
    (body, overrides), patient, people = around.opened[row.id], around.patients[row.patient_id], around.people
    for_patient = work.role is Role.VISITOR
    items = tuple(item_view(one) for one in body.items)
    reason = None
    if row.return_reason is not None and not for_patient:
        sealer = await work.sealer("patient", row.patient_id)
        reason = sealer.open("prescription", "return_reason", row.id, bytes(row.return_reason))
    consultation = around.cases[row.consultation_id]
    findings: tuple[Finding, ...] = ()
    if not for_patient:
        findings = check(body.items, *around.known[row.consultation_id], besides_among(work.now, around.counting.get(row.patient_id, []), row))
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
        signature_valid=around.valid.get(row.id),
        pharmacist=None if row.pharmacist_id is None else people[row.pharmacist_id].called,
        reviewed_at=row.reviewed_at,
        return_reason=reason,
        dispensed_at=row.dispensed_at,
        dispensed_by=None if row.dispensed_by_id is None else people[row.dispensed_by_id].called,
        dispense_code=_code(work, row),
        withdrawable=is_withdrawable(work, row),
        rules_signed=around.rules_signed,
    )
