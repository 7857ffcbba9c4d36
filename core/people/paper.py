"""Consent on paper: photographed by the village doctor, kept under the patient's key as the evidence of his consent."""

from __future__ import annotations

from core.foundation.orders import Done, answers, handles
from core.foundation.work import Work
from core.people.commands import PatientRef
from core.people.commands_consents import AttachPaperConsent, GiveConsent, PaperTarget
from core.people.consent_texts import current_text
from core.people.consents import age_of, has_consent
from core.people.files import keep_blob
from core.people.purposes import PurposeCode, care_purposes


@answers(PaperTarget)
async def paper_target(work: Work, order: PaperTarget) -> PatientRef:
    return PatientRef(patient_id=order.patient_id)


@handles(AttachPaperConsent)
async def attach_paper_consent(work: Work, order: AttachPaperConsent) -> Done:
    """``done`` False: a consent stands already, and the photo is not kept."""
    work.concerns("patient", order.patient_id, purpose=order.purpose)
    missing = [one for one in await _on_the_paper(work, order) if not await has_consent(work, order.patient_id, one)]
    if not missing:
        return Done(done=False)
    await keep_blob(work, order.blob_id, order.patient_id, media_type=order.media_type, size=order.size, sha256=order.sha256)
    for purpose in missing:
        version = current_text(purpose).version
        await work.execute(GiveConsent(patient_id=order.patient_id, purpose=purpose, text_version=version, evidence_blob_id=order.blob_id))
    return Done()


async def _on_the_paper(work: Work, order: AttachPaperConsent) -> tuple[PurposeCode, ...]:
    """The sheet for the care carries two texts with a signature under each: the general one and the separate one for what is sensitive."""
    if order.purpose != "care":
        return (order.purpose,)
    return care_purposes(await age_of(work, order.patient_id))
