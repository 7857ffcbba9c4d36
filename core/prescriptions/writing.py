"""The expert proposes and revises; from the drugs follows who is asked to sign."""

from __future__ import annotations

from decimal import Decimal

from core.consultations.models import Consultation
from core.consultations.service import consultation_of, latest_opinion, note
from core.consultations.service import hold as hold_consultation
from core.consultations.workflow import State as ConsultationState
from core.foundation.actor import Role
from core.foundation.errors import Unavailable
from core.foundation.orders import answers, handles
from core.foundation.work import Work
from core.prescriptions.commands import Check, CheckView, PrescriptionView, Propose, Refer, Revise
from core.prescriptions.drugs import drug
from core.prescriptions.errors import AlreadyProposed, NobodyToSign, NothingToPrescribeFor, PrescriptionUnknown, TooLateToPrescribe
from core.prescriptions.items import Body
from core.prescriptions.licence import beyond_licence
from core.prescriptions.models import Prescription
from core.prescriptions.moments import PRESCRIBING_FOR, may_be_prescribed_from
from core.prescriptions.people_told import close_cards, is_pressing, nearest, tell_on_duty, tell_practitioner
from core.prescriptions.rules import blocking
from core.prescriptions.signatures import require_rules
from core.prescriptions.steps import body_of, hold, make_step, prescription_of
from core.prescriptions.views import findings_of, item_view, sources_of, view_of
from core.prescriptions.workflow import OPEN_STATES, STATE_LABELS, Event, State

_CODE_TRIES = 20
PRESCRIBING = frozenset({ConsultationState.IN_PROGRESS, ConsultationState.COMPLETED})


@answers(Check)
async def check_drugs(work: Work, order: Check) -> CheckView:
    signed = await require_rules(work.practice)
    row = await consultation_of(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    findings = await findings_of(work, row.id, order.items, await _replaced(order))
    return CheckView(
        items=tuple(item_view(one) for one in order.items),
        findings=findings,
        sources=sources_of(findings),
        beyond_village=beyond_licence([drug(one.drug) for one in order.items], Role.VILLAGE_DOCTOR, ""),
        rules_signed=signed,
    )


async def _replaced(order: Check) -> Prescription | None:
    if order.prescription_id is None:
        return None
    row = await prescription_of(order.prescription_id)
    if row.consultation_id != order.consultation_id:
        raise PrescriptionUnknown
    return row


@handles(Propose)
async def propose(work: Work, order: Propose) -> PrescriptionView:
    await require_rules(work.practice)
    consultation = await hold_consultation(order.consultation_id)
    work.concerns("patient", consultation.patient_id, consultation=consultation.code)
    if ConsultationState(consultation.state) not in PRESCRIBING or await latest_opinion(consultation.id) is None:
        raise NothingToPrescribeFor(code=consultation.code)
    _check_time(work, consultation)
    body = _body(order)
    await _refuse_the_same(work, consultation.id, body)
    prescription_id = work.new_id()
    sealer = await work.sealer("patient", consultation.patient_id)
    row = await Prescription.create(
        id=prescription_id, code=await _free_code(work), organisation_id=consultation.organisation_id, state=State.PROPOSED.value,
        region_code=consultation.region_code, consultation_id=consultation.id, patient_id=consultation.patient_id,
        village_doctor_id=consultation.village_doctor_id, expert_id=work.actor.practitioner_id,
        body=sealer.seal("prescription", "body", prescription_id, body.model_dump_json()), proposed_at=work.now, step=work.new_id(),
    )
    await note(work, consultation.id, "prescription.proposed", ids={"code": row.code, "prescription_id": row.id})
    await work.emit("prescription.proposed", key=consultation.id, prescription_id=row.id, consultation_id=consultation.id)
    return await view_of(work, await _ask_to_sign(work, row, body))


async def _refuse_the_same(work: Work, consultation_id: str, body: Body) -> None:
    """A button pressed twice, chat and page at once: the consultation's row is held, so that the second one finds what the first has made."""
    states = [state.value for state in OPEN_STATES]
    for row in await Prescription.filter(consultation_id=consultation_id, state__in=states).order_by("id"):
        if _doses(await body_of(work, row)) == _doses(body):
            raise AlreadyProposed(code=row.code, prescription_id=row.id, state_label=STATE_LABELS[State(row.state)])


def _check_time(work: Work, consultation: Consultation) -> None:
    if not may_be_prescribed_from(consultation, work.now):
        raise TooLateToPrescribe(code=consultation.code, days=PRESCRIBING_FOR.days)


def _doses(body: Body) -> list[tuple[str, Decimal, int, int]]:
    return sorted((one.drug, one.dose, one.times_per_day, one.days) for one in body.items)


@handles(Revise)
async def revise(work: Work, order: Revise) -> PrescriptionView:
    await require_rules(work.practice)
    row = await hold(work, order.prescription_id)
    _check_time(work, await consultation_of(row.consultation_id))
    body = _body(order)
    sealer = await work.sealer("patient", row.patient_id)
    row = await make_step(
        work, row, Event.REVISE, revision=row.revision + 1, proposed_at=work.now, return_reason=None, pharmacist_id=None, reviewed_at=None,
        signer_id=None, signed_at=None, overrides=None, override_count=0, rules="",
        body=sealer.seal("prescription", "body", row.id, body.model_dump_json()),
    )
    return await view_of(work, await _ask_to_sign(work, row, body))


@handles(Refer)
async def refer(work: Work, order: Refer) -> PrescriptionView:
    return await view_of(work, await _refer(work, await hold(work, order.prescription_id)))


def _body(order: Propose | Revise) -> Body:
    """Every drug is on the list, or DrugUnknown."""
    for one in order.items:
        drug(one.drug)
    return Body(items=order.items, diagnosis=order.diagnosis, note=order.note)


async def _ask_to_sign(work: Work, row: Prescription, body: Body) -> Prescription:
    """The village doctor where her list allows all of it; else the doctor above. The expert hears at once what nobody can sign."""
    if blocking(await findings_of(work, row.consultation_id, body.items, row)):
        await tell_practitioner(work, row.expert_id, "prescription.blocked", urgent=True, prescription_id=row.id)
    if beyond_licence([drug(one.drug) for one in body.items], Role.VILLAGE_DOCTOR, ""):
        row = await _refer(work, row)
        await tell_practitioner(work, row.village_doctor_id, "prescription.referred", urgent=await is_pressing(row), prescription_id=row.id)
        return row
    await tell_practitioner(work, row.village_doctor_id, "prescription.to_sign", urgent=await is_pressing(row), prescription_id=row.id)
    return row


async def _refer(work: Work, row: Prescription) -> Prescription:
    doctors = await nearest(work, "duty_doctor", row.organisation_id)
    if not doctors:
        raise NobodyToSign
    row = await make_step(work, row, Event.REFER)
    await close_cards(work, row, "prescription.to_sign")
    await tell_on_duty(work, doctors, "prescription.to_sign", prescription_id=row.id)
    return row


async def _free_code(work: Work) -> str:
    """A code that nobody has; the unique column refuses one taken in the same moment, and the order is tried again."""
    for _ in range(_CODE_TRIES):
        code = work.new_code("R")
        if not await Prescription.filter(code=code).exists():
            return code
    raise Unavailable
