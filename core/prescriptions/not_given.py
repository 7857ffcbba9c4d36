"""An emergency dose that was not given: on the timeline with the reason, and told to the expert at once, who would else go on believing in it."""

from __future__ import annotations

from core.consultations.models import Consultation, TimelineEntry
from core.consultations.service import consultation_of, latest_decision, note
from core.consultations.service import hold as hold_consultation
from core.consultations.workflow import STATE_LABELS
from core.consultations.workflow import State as ConsultationState
from core.foundation.errors import Invalid
from core.foundation.orders import answers, handles
from core.foundation.work import Work
from core.people.cards import practitioner_cards
from core.prescriptions.commands_doses import DeclineDose, DoseNotGiven, ReadDoseNotGiven
from core.prescriptions.dose_views import dose_named, spoken_dose
from core.prescriptions.emergency import known_against
from core.prescriptions.errors import DecisionMissing, DoseGiven, DoseNotNow, DoseUnknown
from core.prescriptions.facts import facts_of
from core.prescriptions.knowledge_base import Dose
from core.prescriptions.models import EmergencyDose
from core.prescriptions.people_told import tell_practitioner

_KIND = "dose.not_given"


@handles(DeclineDose)
async def decline_dose(work: Work, order: DeclineDose) -> DoseNotGiven:
    """Said again for the same reason it changes nothing and nobody is told twice."""
    dose = dose_named(order.dose)
    row = await hold_consultation(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    if await latest_decision(row.id) is None:
        raise DecisionMissing
    if ConsultationState(row.state) is not ConsultationState.IN_PROGRESS:
        raise DoseNotNow(state_label=STATE_LABELS[ConsultationState(row.state)])
    if await EmergencyDose.filter(consultation_id=row.id).exists():
        raise DoseGiven
    words = f"{spoken_dose(dose)}({await _why(work, order, row, dose)})"
    last = await _last(row.id)
    if last is None or await _words(work, row, last) != words:
        await note(work, row.id, _KIND, words=words)
        if row.expert_id is not None:
            await tell_practitioner(work, row.expert_id, "emergency_dose.not_given", urgent=True, consultation_id=row.id)
    return await _view(work, row)


async def _why(work: Work, order: DeclineDose, row: Consultation, dose: Dose) -> str:
    if order.why == "not_used":
        return "村医决定不用"
    if order.why == "contraindicated":
        if order.contraindication not in dose.contraindications:
            raise Invalid
        return f"病人有或不能排除:{dose.contraindications[order.contraindication]}"
    refused, _ = await known_against(work, row.patient_id, dose, await facts_of(work, row))
    if not refused:
        raise Invalid
    return f"记录里不能用:{';'.join(refused)}"


@answers(ReadDoseNotGiven)
async def read_dose_not_given(work: Work, order: ReadDoseNotGiven) -> DoseNotGiven:
    row = await consultation_of(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    return await _view(work, row)


async def _view(work: Work, row: Consultation) -> DoseNotGiven:
    entry = await _last(row.id)
    if entry is None:
        raise DoseUnknown
    people = await practitioner_cards(work, [one for one in (entry.practitioner_id,) if one is not None])
    return DoseNotGiven(
        consultation_id=row.id, consultation_code=row.code, words=await _words(work, row, entry),
        said_by=people[entry.practitioner_id].called if entry.practitioner_id in people else "村医", said_at=entry.at,
        given_since=await EmergencyDose.filter(consultation_id=row.id).exists(),
    )


async def _last(consultation_id: str) -> TimelineEntry | None:
    return await TimelineEntry.filter(consultation_id=consultation_id, kind=_KIND).order_by("-sequence").first()


async def _words(work: Work, row: Consultation, entry: TimelineEntry) -> str:
    return (await work.sealer("patient", row.patient_id)).open("timeline_entry", "words", entry.id, bytes(entry.words or b""))
