"""What was missing has been recorded: who could not sign before is asked again."""

from __future__ import annotations

from core.consultations.models import Consultation
from core.foundation.work import Work
from core.prescriptions.besides import besides_of
from core.prescriptions.items import Facts, Person
from core.prescriptions.models import Prescription
from core.prescriptions.people_told import nearest, tell_on_duty, tell_practitioner
from core.prescriptions.rules import blocking, check
from core.prescriptions.steps import body_of
from core.prescriptions.workflow import State


async def ask_again(work: Work, consultation: Consultation, person: Person, before: Facts, after: Facts) -> None:
    """For each prescription of the consultation that waits to be signed and was blocked by what was not known, and is so no longer."""
    waiting = await Prescription.filter(consultation_id=consultation.id, state__in=[State.PROPOSED.value, State.REFERRED.value]).order_by("id")
    for row in waiting:
        items = (await body_of(work, row)).items
        besides = await besides_of(work, row.patient_id, row)
        if not blocking(check(items, person, before, besides)) or blocking(check(items, person, after, besides)):
            continue
        if row.state == State.REFERRED.value:
            await tell_on_duty(work, await nearest(work, "duty_doctor", row.organisation_id), "prescription.to_sign", prescription_id=row.id)
        else:
            await tell_practitioner(work, row.village_doctor_id, "prescription.to_sign", urgent=True, prescription_id=row.id)
