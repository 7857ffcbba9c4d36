"""Writing to a prescription: every change takes its row first and leaves an entry on the consultation's timeline."""

from __future__ import annotations

from typing import Any

from tortoise.expressions import F

from core.consultations.service import note
from core.foundation.canonical import moment
from core.foundation.locking import check_concerned
from core.foundation.signing_keys import signatures_of
from core.foundation.work import Work
from core.prescriptions.errors import PrescriptionUnknown
from core.prescriptions.items import Body, Overrides
from core.prescriptions.models import Prescription
from core.prescriptions.workflow import TRANSITIONS, Event, State, step_of


async def hold(work: Work, prescription_id: str) -> Prescription:
    """Take the row for this transaction and read it; :class:`PrescriptionUnknown` when there is none. Names it for the audit."""
    await Prescription.filter(id=prescription_id).update(version=F("version") + 1)
    row = await prescription_of(prescription_id)
    work.concerns("patient", row.patient_id, prescription=row.code)
    return row


async def prescription_of(prescription_id: str) -> Prescription:
    row = await Prescription.get_or_none(id=prescription_id)
    if row is None:
        raise PrescriptionUnknown
    return row


async def make_step(work: Work, row: Prescription, event: Event, *, words: str | None = None, **values: Any) -> Prescription:
    """Make the step ``event`` on a row that this transaction holds; IllegalStep or NotYourStep when the table does not list it."""
    step = step_of(event, State(row.state), work.role)
    await check_concerned(work, row.patient_id)  # before the step that ends what may have let the actor in
    await row.change(state=step.to.value, **values)
    kind = step.emits if event is not Event.REVISE else "prescription.revised"
    await note(work, row.consultation_id, kind, words=words, ids={"code": row.code, "prescription_id": row.id})
    await work.emit(step.emits, key=row.consultation_id, prescription_id=row.id, consultation_id=row.consultation_id)
    return row


def is_own_signed(work: Work, row: Prescription) -> bool:
    """Whether it is the actor's, of those who prescribed and signed it, to withdraw once it is signed; before that it is either side's."""
    return State(row.state) not in (State.SIGNED, State.RELEASED) or work.actor.practitioner_id in (row.expert_id, row.signer_id)


def is_withdrawable(work: Work, row: Prescription) -> bool:
    """Whether the actor may withdraw it now."""
    step = TRANSITIONS.get((Event.WITHDRAW, State(row.state)))
    return step is not None and work.role in step.who and is_own_signed(work, row)


async def was_released(row: Prescription) -> bool:
    """Whether a pharmacist ever let it go, so that the patient was told to fetch it."""
    return bool(await signatures_of("review", row.id))


async def body_of(work: Work, row: Prescription) -> Body:
    """Drugs, diagnosis and note, opened."""
    sealer = await work.sealer("patient", row.patient_id)
    return Body.model_validate_json(sealer.open("prescription", "body", row.id, bytes(row.body)))


async def overrides_of(work: Work, row: Prescription) -> Overrides:
    if row.overrides is None:
        return Overrides()
    sealer = await work.sealer("patient", row.patient_id)
    return Overrides.model_validate_json(sealer.open("prescription", "overrides", row.id, bytes(row.overrides)))


def document_of(row: Prescription, body: Body, overrides: Overrides) -> dict[str, Any]:
    """What is signed: patient, drugs, doses, reasons, the rules it was checked against, who and when."""
    return {
        "code": row.code, "consultation": row.consultation_id, "patient": row.patient_id, "revision": row.revision, "expert": row.expert_id,
        "diagnosis": body.diagnosis, "note": body.note,
        "items": [
            {
                "drug": one.drug, "dose": f"{one.dose.normalize():f}", "times_per_day": one.times_per_day, "days": one.days,
                "directions": one.directions,
            }
            for one in body.items
        ],
        "overrides": [{"key": one.key, "reason": one.reason} for one in overrides.given],
        "rules": row.rules, "signer": row.signer_id, "signed_at": None if row.signed_at is None else moment(row.signed_at),
    }


def review_document(row: Prescription, body: Body, overrides: Overrides) -> dict[str, Any]:
    """What the pharmacist signs: the signed prescription and that he let it go."""
    reviewed = None if row.reviewed_at is None else moment(row.reviewed_at)
    return {"prescription": document_of(row, body, overrides), "pharmacist": row.pharmacist_id, "reviewed_at": reviewed}
