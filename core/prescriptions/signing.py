"""A licensed doctor of the inviting side signs what the check lets through, each warning with its own reason."""

from __future__ import annotations

from core.foundation.due import due
from core.foundation.errors import Conflict
from core.foundation.orders import Done, handles
from core.foundation.signing_keys import sign
from core.foundation.work import Work
from core.people.rules import local_date
from core.people.service import practitioner_card
from core.prescriptions.commands import ExpirePrescription, PrescriptionView, Sign
from core.prescriptions.drugs import drug
from core.prescriptions.errors import FourEyes, LicenceExpired, OutsideLicence, PrescriptionBlocked, ReasonMissing
from core.prescriptions.items import Body, Finding, Override, Overrides
from core.prescriptions.licence import beyond_licence
from core.prescriptions.models import Prescription
from core.prescriptions.moments import VALID_FOR
from core.prescriptions.people_told import close_cards, is_pressing, nearest, tell_on_duty, tell_practitioner
from core.prescriptions.rules import blocking, warnings
from core.prescriptions.signatures import require_rules, rules_digest
from core.prescriptions.steps import body_of, document_of, hold, make_step
from core.prescriptions.views import findings_of, view_of
from core.prescriptions.workflow import Event, State, step_of

EXPIRE = "prescription.expire"

due(EXPIRE, lambda row: ExpirePrescription(prescription_id=row.ref, step=row.step))


class RevisionReplaced(Conflict):
    """What was read is not what stands there now."""

    code = "prescription.revision_replaced"
    sentence = "专家改过处方,现在是第 {revision} 版。请看过这一版再决定。"


@handles(Sign)
async def sign_prescription(work: Work, order: Sign) -> PrescriptionView:
    await require_rules(work.practice)
    row = await hold(work, order.prescription_id)
    step_of(Event.SIGN, State(row.state), work.role)
    if work.actor.practitioner_id == row.expert_id:
        raise FourEyes
    if row.revision != order.revision:
        raise RevisionReplaced(revision=row.revision)
    body = await body_of(work, row)
    await _check_licence(work, body)
    overrides = _overrides(await findings_of(work, row.consultation_id, body.items, row), order.reasons)
    sealer = await work.sealer("patient", row.patient_id)
    row = await make_step(
        work, row, Event.SIGN, signer_id=work.actor.practitioner_id, signed_at=work.now, rules=rules_digest(), step=work.new_id(),
        overrides=sealer.seal("prescription", "overrides", row.id, overrides.model_dump_json()), override_count=len(overrides.given),
    )
    await sign(work, "prescription", row.id, document_of(row, body, overrides), confirm=order.confirm)
    await work.schedule(EXPIRE, row.id, work.now + VALID_FOR, step=row.step)
    await _tell(work, row)
    return await view_of(work, row)


async def _check_licence(work: Work, body: Body) -> None:
    signer = await practitioner_card(work, str(work.actor.practitioner_id))
    if not signer.active or signer.licence_valid_until < local_date(work.now):
        raise LicenceExpired
    if beyond := beyond_licence([drug(one.drug) for one in body.items], work.role, signer.title_name):
        raise OutsideLicence(what=";".join(beyond))


def _overrides(findings: tuple[Finding, ...], reasons: dict[str, str]) -> Overrides:
    """Each warning with its reason; :class:`PrescriptionBlocked` for what no reason opens, :class:`ReasonMissing` for what lacks one."""
    if stops := blocking(findings):
        raise PrescriptionBlocked(what=";".join(one.text for one in stops), findings=list(stops))
    open_ones = [one for one in warnings(findings) if one.key not in reasons]
    if open_ones:
        raise ReasonMissing(what=";".join(one.text for one in open_ones), keys=[one.key for one in open_ones])
    return Overrides(given=tuple(Override(key=one.key, text=one.text, reason=reasons[one.key]) for one in warnings(findings)))


async def _tell(work: Work, row: Prescription) -> None:
    await close_cards(work, row, "prescription.to_sign")
    await tell_on_duty(work, await nearest(work, "pharmacist", row.organisation_id), "prescription.to_review", prescription_id=row.id)
    if row.signer_id != row.village_doctor_id:
        await tell_practitioner(work, row.village_doctor_id, "prescription.signed", urgent=await is_pressing(row), prescription_id=row.id)


@handles(ExpirePrescription)
async def expire(work: Work, order: ExpirePrescription) -> Done:
    row = await hold(work, order.prescription_id)
    if row.step != order.step or State(row.state) not in (State.SIGNED, State.RELEASED):
        return Done(done=False)
    row = await make_step(work, row, Event.EXPIRE)
    await close_cards(work, row, "prescription.to_review")
    await tell_practitioner(work, row.village_doctor_id, "prescription.expired", prescription_id=row.id)
    return Done()
