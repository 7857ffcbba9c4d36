"""Consent on paper: photographed by the village doctor, kept under the patient's key as the evidence of his consent."""

from __future__ import annotations

from core.foundation.orders import Done, answers, handles
from core.foundation.work import Work
from core.people.commands import AttachPaperConsent, GiveConsent, PaperTarget, PatientRef
from core.people.consent_texts import current_text
from core.people.consents import has_consent
from core.people.files import keep_blob


@answers(PaperTarget)
async def paper_target(work: Work, order: PaperTarget) -> PatientRef:
    return PatientRef(patient_id=order.patient_id)


@handles(AttachPaperConsent)
async def attach_paper_consent(work: Work, order: AttachPaperConsent) -> Done:
    """``done`` False: a consent stands already, and the photo is not kept."""
    work.concerns("patient", order.patient_id, purpose=order.purpose)
    if await has_consent(order.patient_id, order.purpose):
        return Done(done=False)
    await keep_blob(work, order.blob_id, order.patient_id, media_type=order.media_type, size=order.size, sha256=order.sha256)
    version = current_text(order.purpose).version
    await work.execute(
        GiveConsent(patient_id=order.patient_id, purpose=order.purpose, text_version=version, evidence_blob_id=order.blob_id)
    )
    return Done()
