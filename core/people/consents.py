"""Consents: which text, given by whom and as what, where and how, withdrawn when. A withdrawal counts from the same moment on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import TypeVar

from core.foundation.actor import Role
from core.foundation.errors import NotAllowed, NotFound
from core.foundation.models import Blob
from core.foundation.orders import Done, answers, handles
from core.foundation.work import Work
from core.people.commands_consents import ConsentText, ConsentView, CurrentConsentText, GiveConsent, WithdrawConsent
from core.people.consent_texts import Text, current_text
from core.people.errors import ConsentEvidenceMissing, ConsentMissing, ConsentOutdated
from core.people.models import Consent, Patient
from core.people.purposes import MISTAKEN, PURPOSES, Giver, PurposeCode, care_purposes, check_giver, check_withdrawer, is_of_age_for
from core.people.relations import birth_dates, live_relations
from core.people.rules import ADULT_YEARS, age_years, local_date
from core.people.scopes import Scope
from core.people.standing import is_guardian, is_minor

Withdrawal = Callable[[Work, str, str], Awaitable[None]]
W = TypeVar("W", bound=Withdrawal)
_WITHDRAWALS: list[Withdrawal] = []


def hears_withdrawal(hearer: W) -> W:
    """Registers ``(work, patient_id, purpose) -> None``: what a room above stops in the transaction of the withdrawal."""
    _WITHDRAWALS.append(hearer)
    return hearer


@answers(CurrentConsentText)
async def consent_text(work: Work, order: CurrentConsentText) -> ConsentText:
    text = current_text(order.purpose)
    return ConsentText(purpose=text.purpose, version=text.version, title=text.title, text=text.text, sha256=text.sha256)


@handles(GiveConsent)
async def give_consent(work: Work, order: GiveConsent) -> Done:
    # The row is held, so that of two who give it at once one does.
    patient = await Patient.filter(id=order.patient_id).select_for_update().get_or_none()
    if patient is None:
        raise NotFound
    text = current_text(order.purpose)
    if order.text_version != text.version:
        raise ConsentOutdated(current=text.version)
    await _check_paper(work, order)
    giver = await giver_of(work, patient.id)
    check_giver(order.purpose, giver, await age_of(work, patient.id))
    work.concerns("patient", patient.id, purpose=order.purpose, version=text.version, given_as=giver.value)
    await _keep(work, patient, text, giver, order.evidence_blob_id)
    return Done()


async def give_within(work: Work, patient_id: str, purpose: PurposeCode) -> None:
    """The same as a part of another order in which the text in force was shown; whatever :class:`GiveConsent` refuses is refused here."""
    patient = await Patient.filter(id=patient_id).select_for_update().get()
    giver = await giver_of(work, patient.id)
    check_giver(purpose, giver, await age_of(work, patient.id))
    await _keep(work, patient, current_text(purpose), giver, None)


async def _keep(work: Work, patient: Patient, text: Text, giver: Giver, evidence_blob_id: str | None) -> None:
    standing = [one for one in await standing_consents(work, patient.id) if (one.purpose, one.text_version) == (text.purpose, text.version)]
    if not standing:
        await Consent.create(
            id=work.new_id(),
            organisation_id=patient.organisation_id,
            patient_id=patient.id,
            purpose=text.purpose,
            text_version=text.version,
            text_sha256=text.sha256,
            channel=work.actor.channel,
            given_by=work.actor.account_id,
            given_as=giver.value,
            given_at=work.now,
            evidence_blob_id=evidence_blob_id,
        )
        await work.emit("consent.given", key=patient.id, patient_id=patient.id, purpose=text.purpose)


async def _check_paper(work: Work, order: GiveConsent) -> None:
    """The village doctor shows the paper; a paper that is shown is this patient's."""
    if work.role is not Role.VILLAGE_DOCTOR and order.evidence_blob_id is None:
        return
    blob = None if order.evidence_blob_id is None else await Blob.get_or_none(id=order.evidence_blob_id)
    if blob is None or (blob.subject_kind, blob.subject_id) != ("patient", order.patient_id):
        raise ConsentEvidenceMissing


async def giver_of(work: Work, patient_id: str) -> Giver:
    """As what the actor consents: as the patient himself, a minor's guardian, a relative, or with the paper in the village doctor's hands."""
    if work.role is Role.VILLAGE_DOCTOR:
        return Giver.PAPER
    relations = await live_relations(work, account_id=work.actor.account_id, patient_id=patient_id, scope=Scope.CONSENT)
    if not relations:
        raise NotAllowed(order=work.order.name)
    if relations[0].relation == "self":
        return Giver.SELF
    birth = (await birth_dates(work, {patient_id}))[patient_id]
    return Giver.GUARDIAN if is_minor(birth, work.now) and is_guardian(relations[0], birth) else Giver.PROXY


@handles(WithdrawConsent)
async def withdraw_consent(work: Work, order: WithdrawConsent) -> Done:
    """What follows is refused from now on; what stands only for who was younger is withdrawn with the rest."""
    await Patient.filter(id=order.patient_id).select_for_update().get_or_none()
    giver = await giver_of(work, order.patient_id)
    check_withdrawer(giver, await age_of(work, order.patient_id))
    standing = await Consent.filter(patient_id=order.patient_id, purpose=order.purpose, withdrawn_at__isnull=True).order_by("id")
    work.concerns("patient", order.patient_id, purpose=order.purpose, withdrawn_as=giver.value)
    if not standing:
        raise ConsentMissing
    for consent in standing:
        await consent.change(withdrawn_at=work.now, withdrawn_by=work.actor.account_id, withdrawn_as=giver.value)
    for hearer in _WITHDRAWALS:
        await hearer(work, order.patient_id, order.purpose)
    await work.emit("consent.withdrawn", key=order.patient_id, patient_id=order.patient_id, purpose=order.purpose)
    return Done()


async def set_aside_paper(work: Work, patient_id: str, blob_id: str) -> None:
    """What the photo shows is no consent: those that stand on it end as a mistake. What was given in another way stands."""
    for consent in await Consent.filter(patient_id=patient_id, evidence_blob_id=blob_id, withdrawn_at__isnull=True).order_by("id"):
        await consent.change(withdrawn_at=work.now, withdrawn_by=work.actor.account_id, withdrawn_as=MISTAKEN)


async def withdraw_all(work: Work, patient_id: str, withdrawn_as: Giver) -> None:
    """Everything that was agreed to, because the person wants to be erased; part of the order that does it."""
    standing = await Consent.filter(patient_id=patient_id, withdrawn_at__isnull=True).order_by("id")
    for consent in standing:
        await consent.change(withdrawn_at=work.now, withdrawn_by=work.actor.account_id, withdrawn_as=withdrawn_as.value)
    for purpose in dict.fromkeys(consent.purpose for consent in standing):
        for hearer in _WITHDRAWALS:
            await hearer(work, patient_id, purpose)
        await work.emit("consent.withdrawn", key=patient_id, patient_id=patient_id, purpose=purpose)


async def age_of(work: Work, patient_id: str) -> int:
    """Completed years today in China."""
    birth = (await birth_dates(work, {patient_id})).get(patient_id)
    if birth is None:
        raise NotFound
    return age_years(birth, local_date(work.now))


async def standing_consents(work: Work, patient_id: str) -> list[Consent]:
    """Those that count now, oldest first: not withdrawn, of a purpose for this age, and what a guardian allowed beyond the care only until 18."""
    rows = await Consent.filter(patient_id=patient_id, withdrawn_at__isnull=True).order_by("given_at", "id")
    if not rows:
        return []
    age = await age_of(work, patient_id)
    return [row for row in rows if _counts(row, age)]


def _counts(row: Consent, age: int) -> bool:
    purpose = next((one for one in PURPOSES if one == row.purpose), None)
    if purpose is None or not is_of_age_for(purpose, age):
        return False
    beyond_care = purpose in ("recording", "research", "teaching")
    return not (beyond_care and row.given_as == Giver.GUARDIAN.value and age >= ADULT_YEARS)


async def has_consent(work: Work, patient_id: str, purpose: PurposeCode) -> bool:
    """Whether a consent of the patient to ``purpose`` stands. What was never asked was not given."""
    return any(row.purpose == purpose for row in await standing_consents(work, patient_id))


async def require_consent(work: Work, patient_id: str, *purposes: PurposeCode) -> None:
    """:class:`ConsentMissing` unless one stands for each of ``purposes``."""
    standing = {row.purpose for row in await standing_consents(work, patient_id)}
    if not standing.issuperset(purposes):
        raise ConsentMissing


async def require_care(work: Work, patient_id: str) -> None:
    """Booking, follow-up: the general consent, and the separate one for sensitive data (a child's). :class:`ConsentMissing` otherwise."""
    await require_consent(work, patient_id, *care_purposes(await age_of(work, patient_id)))


async def was_withdrawn(work: Work, patient_id: str, purpose: PurposeCode) -> datetime | None:
    """When the patient took ``purpose`` back, if nobody has given it again since."""
    if await has_consent(work, patient_id, purpose):
        return None
    last = await Consent.filter(patient_id=patient_id, purpose=purpose, withdrawn_at__isnull=False).order_by("-withdrawn_at").first()
    return None if last is None else last.withdrawn_at


async def consent_views(patient_ids: Iterable[str]) -> dict[str, tuple[ConsentView, ...]]:
    """All consents by patient, newest first; patients without one are not in it."""
    views: dict[str, tuple[ConsentView, ...]] = {}
    for row in await Consent.filter(patient_id__in=list(patient_ids)).order_by("-given_at", "-id"):
        view = ConsentView(
            purpose=row.purpose, version=row.text_version, given_at=row.given_at, channel=row.channel, withdrawn_at=row.withdrawn_at
        )
        views[row.patient_id] = (*views.get(row.patient_id, ()), view)
    return views


def care_needs(views: Iterable[ConsentView], age: int) -> tuple[PurposeCode, ...]:
    """Which of what booking and follow-up need is missing."""
    given = {view.purpose for view in views if view.withdrawn_at is None}
    return tuple(one for one in care_purposes(age) if one not in given)
