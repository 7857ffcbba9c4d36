"""A single emergency dose: the inviting side's signed decision is enough, its contraindications are ruled out one by one, the pharmacist is
told afterwards."""

from __future__ import annotations

from core.consultations.service import consultation_of, latest_decision, note
from core.consultations.service import hold as hold_consultation
from core.consultations.workflow import STATE_LABELS
from core.consultations.workflow import State as ConsultationState
from core.foundation.orders import answers, handles
from core.foundation.signing_keys import sign
from core.foundation.work import Work
from core.notifications.service import card_holders, tell
from core.prescriptions.besides import besides_of
from core.prescriptions.commands_doses import AcknowledgeDose, CheckDose, DoseCheckView, DoseView, OrderDose
from core.prescriptions.dose_views import document_of, dose_named, dose_row, dose_view, spoken_dose
from core.prescriptions.errors import ContraindicationsOpen, DecisionMissing, DoseGiven, DoseNotNow, DoseRefused
from core.prescriptions.facts import facts_of, person_of
from core.prescriptions.items import DoseBody, Facts, Item
from core.prescriptions.knowledge_base import MEASURES, Dose
from core.prescriptions.models import EmergencyDose
from core.prescriptions.people_told import nearest, tell_on_duty, tell_practitioner
from core.prescriptions.rules import blocking, check, warnings
from core.prescriptions.signatures import require_rules


@answers(CheckDose)
async def check_dose(work: Work, order: CheckDose) -> DoseCheckView:
    dose, row = dose_named(order.dose), await consultation_of(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    refused, weighed = await known_against(work, row.patient_id, dose, await facts_of(work, row))
    return DoseCheckView(refused=refused, warnings=weighed)


@handles(OrderDose)
async def order_dose(work: Work, order: OrderDose) -> DoseView:
    await require_rules(work.practice)
    dose = dose_named(order.dose)
    row = await hold_consultation(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    decision = await latest_decision(row.id)
    if decision is None or decision.choice == "disagree":
        raise DecisionMissing
    if ConsultationState(row.state) is not ConsultationState.IN_PROGRESS:
        raise DoseNotNow(state_label=STATE_LABELS[ConsultationState(row.state)])
    if await EmergencyDose.filter(consultation_id=row.id).exists():
        raise DoseGiven
    missing = [words for code, words in dose.contraindications.items() if code not in order.ruled_out]
    if missing:
        raise ContraindicationsOpen(what=";".join(missing))
    refused, weighed = await known_against(work, row.patient_id, dose, await facts_of(work, row))
    if refused:
        raise DoseRefused(what=";".join(refused))
    dose_id = work.new_id()
    body = DoseBody(dose=dose.code, ruled_out=tuple(sorted(dose.contraindications)), warnings=weighed)
    sealer = await work.sealer("patient", row.patient_id)
    given = await EmergencyDose.create(
        id=dose_id, consultation_id=row.id, decision_id=decision.id, patient_id=row.patient_id, region_code=row.region_code,
        practitioner_id=work.actor.practitioner_id, body=sealer.seal("emergency_dose", "body", dose_id, body.model_dump_json()),
        ordered_at=work.now,
    )
    await sign(work, "emergency_dose", dose_id, document_of(given, body), confirm=order.confirm)
    await note(work, row.id, "dose.ordered", words=spoken_dose(dose), ids={"dose_id": dose_id})
    await work.emit("prescription.dose_ordered", key=row.id, dose_id=dose_id, consultation_id=row.id)
    await tell_on_duty(work, await nearest(work, "pharmacist", row.organisation_id), "emergency_dose.ordered", dose_id=dose_id)
    if row.expert_id is not None:
        await tell_practitioner(work, row.expert_id, "emergency_dose.ordered", urgent=True, dose_id=dose_id)
    return await dose_view(work, given)


async def known_against(work: Work, patient_id: str, dose: Dose, facts: Facts) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What refuses it whatever was ticked (a measure below the limit, an allergy, a condition or a drug on record), and what is to be weighed."""
    measured = getattr(facts, dose.refused_measure) if dose.refused_measure else None
    low = measured is not None and dose.refused_below is not None and measured < dose.refused_below
    item = Item(drug=dose.drug, dose=dose.amount, times_per_day=1, days=1)
    # What was handed out to him, he takes; one dose more of the same drug is the doctor's to weigh.
    current = (*facts.current, *(one.item.drug for one in await besides_of(work, patient_id) if one.dispensed))
    found = check((item,), await person_of(work, patient_id), facts.model_copy(update={"current": current}))
    # What there was no time to ask is ruled out by the doctor's own word; a child's weight is not, for the dose hangs on it.
    stops = [one.text for one in blocking(found) if one.kind != "facts" or one.key == "facts.weight"]
    refused = [f"{MEASURES[dose.refused_measure]}低于 {dose.refused_below}", *stops] if low else stops
    return tuple(refused), tuple(f"{one.text}({one.advice})" if one.advice else one.text for one in warnings(found))


@handles(AcknowledgeDose)
async def acknowledge_dose(work: Work, order: AcknowledgeDose) -> DoseView:
    row = await dose_row(order.dose_id)
    work.concerns("patient", row.patient_id)
    if row.seen_at is None:
        await row.change(seen_by_id=work.actor.practitioner_id, seen_at=work.now)
        await note(work, row.consultation_id, "dose.seen", ids={"dose_id": row.id})
        for account_id in await card_holders(row.id, "emergency_dose.ordered"):
            await tell(work, account_id, "emergency_dose.closed", urgent=True, dose_id=row.id)
    return await dose_view(work, row)
