"""Consents: which text, given by whom, where and how, withdrawn when."""

from __future__ import annotations

from collections.abc import Iterable

from core.foundation.actor import Role
from core.foundation.errors import NotFound
from core.foundation.models import Blob
from core.foundation.orders import Done, answers, handles
from core.foundation.work import Work
from core.people.cards import patient_card
from core.people.commands import ConsentText, ConsentView, CurrentConsentText, GiveConsent, WithdrawConsent
from core.people.consent_texts import current_text
from core.people.errors import ConsentEvidenceMissing, ConsentMissing, ConsentOutdated, TooYoung
from core.people.models import CareRelation, Consent, Patient
from core.people.rules import GUARDIAN_BELOW_YEARS


@answers(CurrentConsentText)
async def consent_text(work: Work, order: CurrentConsentText) -> ConsentText:
    text = current_text(order.purpose)
    return ConsentText(purpose=text.purpose, version=text.version, title=text.title, text=text.text, sha256=text.sha256)


@handles(GiveConsent)
async def give_consent(work: Work, order: GiveConsent) -> Done:
    patient = await Patient.get_or_none(id=order.patient_id)
    if patient is None:
        raise NotFound
    text = current_text(order.purpose)
    if order.text_version != text.version:
        raise ConsentOutdated(current=text.version)
    work.concerns("patient", patient.id, purpose=order.purpose, version=text.version)
    given_as = await _given_as(work, order)
    standing = await Consent.filter(
        patient_id=patient.id, purpose=order.purpose, text_version=text.version, withdrawn_at__isnull=True
    ).exists()
    if not standing:
        await Consent.create(
            id=work.new_id(),
            organisation_id=patient.organisation_id,
            patient_id=patient.id,
            purpose=order.purpose,
            text_version=text.version,
            text_sha256=text.sha256,
            channel=work.actor.channel,
            given_by=work.actor.account_id,
            given_as=given_as,
            given_at=work.now,
            evidence_blob_id=order.evidence_blob_id,
        )
        await work.emit("consent.given", key=patient.id, patient_id=patient.id, purpose=order.purpose)
    return Done()


async def _given_as(work: Work, order: GiveConsent) -> str:
    """In whose name: the patient's own, a guardian's or relative's, or on paper in the village doctor's hands."""
    if work.role is Role.VILLAGE_DOCTOR or order.evidence_blob_id is not None:
        blob = None if order.evidence_blob_id is None else await Blob.get_or_none(id=order.evidence_blob_id)
        if blob is None or (blob.subject_kind, blob.subject_id) != ("patient", order.patient_id):
            raise ConsentEvidenceMissing
    if work.role is Role.VILLAGE_DOCTOR:
        return Role.VILLAGE_DOCTOR.value
    relation = await CareRelation.get(account_id=work.actor.account_id, patient_id=order.patient_id)
    if relation.relation == "self" and (await patient_card(work, order.patient_id)).age_years < GUARDIAN_BELOW_YEARS:
        raise TooYoung
    return relation.relation


@handles(WithdrawConsent)
async def withdraw_consent(work: Work, order: WithdrawConsent) -> Done:
    standing = await Consent.filter(patient_id=order.patient_id, purpose=order.purpose, withdrawn_at__isnull=True).order_by("id")
    work.concerns("patient", order.patient_id, purpose=order.purpose)
    if not standing:
        raise ConsentMissing
    for consent in standing:
        await consent.change(withdrawn_at=work.now, withdrawn_by=work.actor.account_id)
    await work.emit("consent.withdrawn", key=order.patient_id, patient_id=order.patient_id, purpose=order.purpose)
    return Done()


async def has_consent(patient_id: str, purpose: str) -> bool:
    """Whether a consent of the patient to ``purpose`` stands."""
    return await Consent.filter(patient_id=patient_id, purpose=purpose, withdrawn_at__isnull=True).exists()


async def require_consent(patient_id: str, purpose: str) -> None:
    """:class:`ConsentMissing` unless one stands."""
    if not await has_consent(patient_id, purpose):
        raise ConsentMissing


async def consent_views(patient_ids: Iterable[str]) -> dict[str, tuple[ConsentView, ...]]:
    """All consents by patient, newest first; patients without one are not in it."""
    views: dict[str, tuple[ConsentView, ...]] = {}
    for row in await Consent.filter(patient_id__in=list(patient_ids)).order_by("-given_at", "-id"):
        view = ConsentView(
            purpose=row.purpose, version=row.text_version, given_at=row.given_at, channel=row.channel, withdrawn_at=row.withdrawn_at
        )
        views[row.patient_id] = (*views.get(row.patient_id, ()), view)
    return views
