"""Patient, consent and material come in; when a draft has all of them, dispatch begins in the same transaction."""

from __future__ import annotations

from typing import Any

from core.consultations.commands import AttachConsent, ConfirmPatient, ConsultationStatus, RecordConsent, TakeBackConsent, WaiveMaterial
from core.consultations.errors import ConsentNotAPicture, ConsultationClosed
from core.consultations.hooks import call_ready
from core.consultations.models import Consultation
from core.consultations.rules import Reader
from core.consultations.timeline import consultation_of, hold, note
from core.consultations.views import missing, status_of
from core.consultations.wanting import requests_answered
from core.consultations.workflow import OPEN_STATES, STATE_LABELS, State
from core.foundation.actor import Actor
from core.foundation.events import Event, listens
from core.foundation.models import Blob
from core.foundation.orders import Done, handles
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.notifications.service import tell
from core.people.commands_consents import GiveConsent
from core.people.consent_texts import current_text
from core.people.files import keep_blob
from core.people.service import has_consent, set_aside_paper


async def open_consultation(work: Work, consultation_id: str) -> Consultation:
    """The row, held; :class:`ConsultationClosed` when nothing can be added any more."""
    row = await hold(consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    if State(row.state) not in OPEN_STATES:
        raise ConsultationClosed(code=row.code, state_label=STATE_LABELS[State(row.state)])
    return row


@handles(ConfirmPatient)
async def confirm_patient(work: Work, order: ConfirmPatient) -> ConsultationStatus:
    row = await open_consultation(work, order.consultation_id)
    if row.patient_confirmed_at is None:
        row = await note(work, row.id, "patient.confirmed", patient_confirmed_at=work.now)
        row = await _if_complete(work, row)
    return await status_of(work, row, Reader.VILLAGE_DOCTOR)


@handles(AttachConsent)
async def attach_consent(work: Work, order: AttachConsent) -> ConsultationStatus:
    row = await open_consultation(work, order.consultation_id)
    if order.media_type not in ("image/jpeg", "image/png"):
        raise ConsentNotAPicture
    photo: dict[str, Any] = {"media_type": order.media_type, "size": order.size, "sha256": order.sha256}
    if row.consented_at is None:
        await keep_blob(work, order.blob_id, row.patient_id, **photo)
        await work.execute(
            GiveConsent(
                patient_id=row.patient_id, purpose="consultation", text_version=current_text("consultation").version,
                evidence_blob_id=order.blob_id,
            )
        )
        row = await note(work, row.id, "consent.attached", consented_at=work.now, consent_blob_id=order.blob_id, ids={"blob_id": order.blob_id})
        row = await _if_complete(work, row)
    elif not await Blob.filter(subject_kind="patient", subject_id=row.patient_id, sha256=order.sha256).exists():
        # A second page, a clearer photo: further evidence beside the first, which nothing replaces. The same one again is no second one.
        await keep_blob(work, order.blob_id, row.patient_id, **photo)
        row = await note(work, row.id, "consent.added", ids={"blob_id": order.blob_id})
    return await status_of(work, row, Reader.VILLAGE_DOCTOR)


@handles(TakeBackConsent)
async def take_back_consent(work: Work, order: TakeBackConsent) -> ConsultationStatus:
    row = await open_consultation(work, order.consultation_id)
    if row.consented_at is not None and row.consent_blob_id == order.blob_id:
        await set_aside_paper(work, row.patient_id, order.blob_id)
        standing = await has_consent(work, row.patient_id, "consultation")
        row = await note(
            work, row.id, "consent.mistaken", consented_at=row.consented_at if standing else None, consent_blob_id=None,
            ids={"blob_id": order.blob_id},
        )
        if not standing:
            await _without_that_paper(work, row)
    return await status_of(work, row, Reader.VILLAGE_DOCTOR)


async def _without_that_paper(work: Work, row: Consultation) -> None:
    """The patient's other running consultations that rested on it, with no paper of their own, lack their consent too."""
    others = Consultation.filter(
        patient_id=row.patient_id, consented_at__isnull=False, consent_blob_id__isnull=True, state__in=[state.value for state in OPEN_STATES]
    )
    for one in await others.order_by("id"):
        await note(work, one.id, "consent.mistaken", consented_at=None)
        await tell(work, one.requester_account_id, "consultation.progress", urgent=True, consultation_id=one.id, step="consent_mistaken")


@handles(WaiveMaterial)
async def waive_material(work: Work, order: WaiveMaterial) -> ConsultationStatus:
    row = await open_consultation(work, order.consultation_id)
    if row.material_at is None:
        row = await note(work, row.id, "material.waived", material_at=work.now)
        row = await _if_complete(work, row)
    return await status_of(work, row, Reader.VILLAGE_DOCTOR)


@handles(RecordConsent)
async def record_consent(work: Work, order: RecordConsent) -> Done:
    """The patient consented in his own app meanwhile."""
    row = await hold(order.consultation_id)
    if State(row.state) not in OPEN_STATES or row.consented_at is not None or not await has_consent(work, row.patient_id, "consultation"):
        return Done(done=False)
    await _if_complete(work, await note(work, row.id, "consent.on_record", consented_at=work.now))
    return Done()


@listens("consent.given")
async def consent_given(practice: Practice, event: Event) -> None:
    if event.body.get("purpose") != "consultation":
        return
    waiting = await Consultation.filter(
        patient_id=event.body["patient_id"], consented_at__isnull=True, state__in=[state.value for state in OPEN_STATES]
    ).order_by("id")
    for row in waiting:
        await practice.execute(
            Actor.system("worker"), RecordConsent(consultation_id=row.id), idempotency_key=f"consent:{event.id}:{row.id}"
        )


async def material_arrived(work: Work, consultation_id: str, instance_id: str) -> Consultation:
    """An image was accepted: enter it, and go on if it was the last thing missing."""
    row = await hold(consultation_id)
    first = row.material_at is None
    values: dict[str, Any] = {"material_at": work.now} if first else {}
    await requests_answered(work, row.id)
    row = await note(work, row.id, "material.arrived", ids={"instance_id": instance_id}, **values, material_count=row.material_count + 1)
    return await _if_complete(work, row) if first else row


async def _if_complete(work: Work, row: Consultation) -> Consultation:
    if missing(row) or State(row.state) not in OPEN_STATES:
        return row
    row = await note(work, row.id, "requirements.complete")
    if State(row.state) is State.DRAFT:
        await call_ready(work, row)
        return await consultation_of(row.id)
    await tell(work, row.requester_account_id, "consultation.progress", urgent=True, consultation_id=row.id, step="ready")
    return row
