"""A consultation comes into being: code, sealed words, what is already on record."""

from __future__ import annotations

from dataclasses import dataclass

from core.consultations.models import Consultation
from core.consultations.picture import Picture
from core.consultations.timeline import note
from core.consultations.workflow import State
from core.foundation.errors import Unavailable
from core.foundation.work import Work
from core.people.service import has_consent

_CODE_TRIES = 20


@dataclass(frozen=True, slots=True)
class NewConsultation:
    """What is known when it is asked for."""

    village_doctor_id: str
    organisation_id: str
    region_code: str
    patient_id: str
    number: int
    text: str
    picture: Picture
    urgency: str
    urgency_typed: str | None
    urgency_computed: str | None
    department_code: str
    intake_id: str | None
    """The pre-consultation that it goes on from."""
    conversation_id: str | None
    message_id: str | None


async def create_consultation(work: Work, new: NewConsultation) -> Consultation:
    """The draft with its first timeline entry; consent that stands on record counts at once."""
    consultation_id = work.new_id()
    sealer = await work.sealer("patient", new.patient_id)
    consented = await has_consent(work, new.patient_id, "consultation")
    await Consultation.create(
        id=consultation_id,
        code=await _free_code(work),
        organisation_id=new.organisation_id,
        state=State.DRAFT.value,
        region_code=new.region_code,
        urgency=new.urgency,
        urgency_typed=new.urgency_typed,
        urgency_computed=new.urgency_computed,
        department_code=new.department_code,
        patient_id=new.patient_id,
        number=new.number,
        village_doctor_id=new.village_doctor_id,
        requester_account_id=work.actor.account_id,
        intake_id=new.intake_id,
        conversation_id=new.conversation_id,
        message_id=new.message_id,
        complaint=sealer.seal("consultation", "complaint", consultation_id, new.text),
        picture=sealer.seal("consultation", "picture", consultation_id, new.picture.model_dump_json()),
        consented_at=work.now if consented else None,
        created_at=work.now,
    )
    row = await note(work, consultation_id, "requested", words=new.text, ids={"urgency": new.urgency, "department": new.department_code})
    if consented:
        row = await note(work, consultation_id, "consent.on_record")
    await work.emit("consultation.created", key=consultation_id, consultation_id=consultation_id)
    return row


async def _free_code(work: Work) -> str:
    """A code that nobody has; should somebody take it in the same moment, the unique column refuses and the order is tried again."""
    for _ in range(_CODE_TRIES):
        code = work.new_code("C")
        if not await Consultation.filter(code=code).exists():
            return code
    raise Unavailable
