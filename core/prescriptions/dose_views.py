"""Emergency doses as they are read: which there are, and one that was ordered, with its signature checked."""

from __future__ import annotations

from typing import Any

from core.consultations.service import consultation_of
from core.foundation.canonical import moment
from core.foundation.orders import answers
from core.foundation.signing_keys import is_signed
from core.foundation.work import Work
from core.people.cards import practitioner_cards
from core.prescriptions.commands_doses import DoseChoice, DoseChoices, DoseView, EmergencyDoses, ViewDose
from core.prescriptions.doses import spoken_amount
from core.prescriptions.drugs import drug
from core.prescriptions.errors import DoseUnknown
from core.prescriptions.items import DoseBody
from core.prescriptions.knowledge_base import Dose, knowledge
from core.prescriptions.models import EmergencyDose
from core.prescriptions.signatures import require_rules, rules_signed


@answers(EmergencyDoses)
async def emergency_doses(work: Work, order: EmergencyDoses) -> DoseChoices:
    signed = await require_rules(work.practice)
    return DoseChoices(
        doses=tuple(
            DoseChoice(
                code=one.code, name=drug(one.drug).name, amount=spoken_amount(one.amount, drug(one.drug)), directions=one.directions,
                when=one.when, contraindications=one.contraindications, watch=one.watch,
            )
            for one in knowledge().doses.values()
        ),
        rules_signed=signed,
    )


@answers(ViewDose)
async def view_dose(work: Work, order: ViewDose) -> DoseView:
    row = await dose_row(order.dose_id)
    work.concerns("patient", row.patient_id)
    return await dose_view(work, row)


async def dose_view(work: Work, row: EmergencyDose) -> DoseView:
    """Opened, with the signature checked against what the rows say now."""
    sealer = await work.sealer("patient", row.patient_id)
    body = DoseBody.model_validate_json(sealer.open("emergency_dose", "body", row.id, bytes(row.body)))
    dose = dose_named(body.dose)
    people = await practitioner_cards(work, [one for one in (row.practitioner_id, row.seen_by_id) if one is not None])
    return DoseView(
        dose_id=row.id, consultation_id=row.consultation_id, consultation_code=(await consultation_of(row.consultation_id)).code,
        name=drug(dose.drug).name, amount=spoken_amount(dose.amount, drug(dose.drug)), directions=dose.directions,
        ruled_out=tuple(dose.contraindications.get(code, code) for code in body.ruled_out), warnings=body.warnings, watch=dose.watch,
        ordered_by=people[row.practitioner_id].called, ordered_at=row.ordered_at,
        signature_valid=await is_signed("emergency_dose", row.id, document_of(row, body)),
        seen_by=None if row.seen_by_id is None else people[row.seen_by_id].called, rules_signed=await rules_signed(),
    )


def document_of(row: EmergencyDose, body: DoseBody) -> dict[str, Any]:
    """What is signed of a dose."""
    signed = {
        "consultation": row.consultation_id, "decision": row.decision_id, "patient": row.patient_id, "practitioner": row.practitioner_id,
        "dose": body.dose, "ruled_out": list(body.ruled_out), "ordered_at": moment(row.ordered_at),
    }
    return {**signed, "warnings": list(body.warnings)} if body.warnings else signed


async def dose_row(dose_id: str) -> EmergencyDose:
    """:class:`DoseUnknown` when there is none."""
    row = await EmergencyDose.get_or_none(id=dose_id)
    if row is None:
        raise DoseUnknown
    return row


def spoken_dose(dose: Dose) -> str:
    """阿司匹林肠溶片 300 mg."""
    return f"{drug(dose.drug).name} {spoken_amount(dose.amount, drug(dose.drug))}"


def dose_named(code: str) -> Dose:
    """:class:`DoseUnknown` where the list has none of this code."""
    found = knowledge().doses.get(code)
    if found is None:
        raise DoseUnknown
    return found
