"""审方: nothing is dispensed before a pharmacist has released it; what he returns goes back to the expert with the reason."""

from __future__ import annotations

from core.foundation.orders import handles
from core.foundation.signing_keys import is_signed, sign
from core.foundation.work import Work
from core.people.rules import local_date
from core.people.service import practitioner_card
from core.prescriptions.commands import Dispense, PrescriptionView, Release, ReturnPrescription
from core.prescriptions.dispense_code import fits
from core.prescriptions.errors import (
    DispenseBlocked,
    DispenseCodeWrong,
    FourEyes,
    LicenceExpired,
    OverridesNotSeen,
    PrescriptionBlocked,
    PrescriptionOver,
    SignatureBroken,
    WarningsAfterSignature,
)
from core.prescriptions.items import Body, Overrides
from core.prescriptions.models import Prescription
from core.prescriptions.moments import good_until
from core.prescriptions.people_told import close_cards, is_pressing, nearest, tell_patient, tell_practitioner
from core.prescriptions.rules import blocking, warnings
from core.prescriptions.signing import EXPIRE, RevisionReplaced
from core.prescriptions.steps import body_of, document_of, hold, make_step, overrides_of, review_document
from core.prescriptions.views import findings_of, view_of
from core.prescriptions.workflow import Event, State, step_of


@handles(Release)
async def release(work: Work, order: Release) -> PrescriptionView:
    """The check runs once more: what became known since the signature counts."""
    row = await hold(work, order.prescription_id)
    step_of(Event.RELEASE, State(row.state), work.role)
    _check_revision(row, order.revision)
    await _check_person(work, row)
    _check_age(work, row)
    body, overrides = await body_of(work, row), await overrides_of(work, row)
    if not await is_signed("prescription", row.id, document_of(row, body, overrides)):
        raise SignatureBroken
    await _check_again(work, row, body, overrides, PrescriptionBlocked)
    if row.override_count and not order.overrides_seen:
        raise OverridesNotSeen(count=row.override_count)
    row = await make_step(work, row, Event.RELEASE, pharmacist_id=work.actor.practitioner_id, reviewed_at=work.now)
    await sign(work, "review", row.id, review_document(row, body, overrides), confirm=order.confirm)
    await _close_reviews(work, row)
    await tell_patient(work, row, "prescription.ready")
    await tell_practitioner(work, row.village_doctor_id, "prescription.released", urgent=await is_pressing(row), prescription_id=row.id)
    return await view_of(work, row)


@handles(ReturnPrescription)
async def return_prescription(work: Work, order: ReturnPrescription) -> PrescriptionView:
    """Instead of a release, or taking one back: then the patient hears at once that he is not to fetch it."""
    row = await hold(work, order.prescription_id)
    step_of(Event.RETURN, State(row.state), work.role)
    _check_revision(row, order.revision)
    ready = State(row.state) is State.RELEASED
    sealer = await work.sealer("patient", row.patient_id)
    row = await make_step(
        work, row, Event.RETURN, words=order.reason, pharmacist_id=work.actor.practitioner_id, reviewed_at=work.now,
        return_reason=sealer.seal("prescription", "return_reason", row.id, order.reason),
    )
    await work.unschedule(EXPIRE, row.id)
    await _close_reviews(work, row)
    told = [row.expert_id, row.village_doctor_id, str(row.signer_id)]
    urgent = ready or await is_pressing(row)
    for practitioner_id in dict.fromkeys(told):
        await tell_practitioner(work, practitioner_id, "prescription.returned", urgent=urgent, prescription_id=row.id)
    if ready:
        await tell_patient(work, row, "prescription.stopped", urgent=True)
    return await view_of(work, row)


@handles(Dispense)
async def dispense(work: Work, order: Dispense) -> PrescriptionView:
    """The check runs a last time: what became known since the release counts."""
    row = await hold(work, order.prescription_id)
    step_of(Event.DISPENSE, State(row.state), work.role)
    await _check_person(work, row)
    _check_age(work, row)
    if not fits(work, row, order.dispense_code):
        raise DispenseCodeWrong
    body, overrides = await body_of(work, row), await overrides_of(work, row)
    if not await is_signed("review", row.id, review_document(row, body, overrides)):
        raise SignatureBroken
    await _check_again(work, row, body, overrides, DispenseBlocked)
    row = await make_step(work, row, Event.DISPENSE, dispensed_at=work.now, dispensed_by_id=work.actor.practitioner_id)
    await work.unschedule(EXPIRE, row.id)
    await tell_patient(work, row, "prescription.dispensed")
    await tell_practitioner(work, row.village_doctor_id, "prescription.dispensed", urgent=await is_pressing(row), prescription_id=row.id)
    return await view_of(work, row)


async def _close_reviews(work: Work, row: Prescription) -> None:
    """Those on duty were told in the same moment: the card of one who just gets it is closed too."""
    await close_cards(work, row, "prescription.to_review", *await nearest(work, "pharmacist", row.organisation_id))


def _check_revision(row: Prescription, read: int) -> None:
    if row.revision != read:
        raise RevisionReplaced(revision=row.revision)


async def _check_again(
    work: Work, row: Prescription, body: Body, overrides: Overrides, blocked: type[PrescriptionBlocked]
) -> None:
    """What was learned since the signature: nothing stands against it, and each warning has the reason that it was signed with."""
    found = await findings_of(work, row.consultation_id, body.items, row)
    if stops := blocking(found):
        raise blocked(what=";".join(one.text for one in stops), findings=list(stops))
    given = {one.key for one in overrides.given}
    if unseen := [one for one in warnings(found) if one.key not in given]:
        raise WarningsAfterSignature(what=";".join(one.text for one in unseen), keys=[one.key for one in unseen])


def _check_age(work: Work, row: Prescription) -> None:
    """The three days count by the clock, not by whether the ticker has been by."""
    until = good_until(row)
    if until is None or work.now >= until:
        raise PrescriptionOver


async def _check_person(work: Work, row: Prescription) -> None:
    """Neither who proposed it nor who signed it, and with a licence in force."""
    if work.actor.practitioner_id in (row.expert_id, row.signer_id):
        raise FourEyes
    pharmacist = await practitioner_card(work, str(work.actor.practitioner_id))
    if not pharmacist.active or pharmacist.licence_valid_until < local_date(work.now):
        raise LicenceExpired
