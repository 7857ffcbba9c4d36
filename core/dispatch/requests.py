"""会诊 3号 胸痛2小时 …: read the line, make the consultation, and in an emergency call experts in the same breath."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from core.consultations.models import Consultation
from core.consultations.picture import picture_of
from core.consultations.service import (
    NewConsultation,
    consultation_of,
    create_consultation,
    missing,
    note,
    tell_patient,
    wait_for_requirements,
    when_ready,
    when_returned,
)
from core.dispatch.commands import ConsultationRequested, RequestConsultation
from core.dispatch.commands_desk import ReassignConsultation
from core.dispatch.first_measures import first_measures
from core.dispatch.first_measures import rule_set as measures_rules
from core.dispatch.locked import refused
from core.dispatch.models import ExpertOffer
from core.dispatch.search import is_asking, is_desk_called, resume_search, start_search, tell_dispatched
from core.foundation.access import check_access
from core.foundation.actor import Actor
from core.foundation.clock import spoken
from core.foundation.errors import NotAllowed
from core.foundation.keys import SubjectLocked
from core.foundation.models import RuleSignature
from core.foundation.orders import handles, prepares
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.intake.errors import RulesUnsigned
from core.intake.models import Intake
from core.intake.rules import with_record
from core.intake.running import running_intake
from core.intake.signatures import clinical_engine, require_rules
from core.intake.urgency import combined, urgency
from core.matching.weights import EMERGENCY_DEPARTMENTS
from core.matching.weights import rule_set as weight_rules
from core.notifications.service import tell
from core.people.models import Organisation
from core.people.rules import county_of, local_date
from core.people.service import listed_patient, patient_card, practitioner_card
from nlp.interface.assessment import Assessment, Facts
from nlp.interface.departments import department
from nlp.interface.urgency import Urgency, more_severe

GENERAL = "02"
"""全科: when nothing says which department."""


@dataclass(frozen=True, slots=True)
class Understood:
    """The line, read outside the transaction."""

    patient_id: str
    facts: Facts
    assessment: Assessment
    rules_signed: bool
    engine: str
    locked: bool = False
    """The patient had his record locked: what is known is what the line says, and no case is made of it."""


@prepares(RequestConsultation)
async def read_request(practice: Practice, actor: Actor, order: RequestConsultation) -> Understood:
    if actor.practitioner_id is None:
        raise NotAllowed(order=order.name)
    engine = clinical_engine(practice)
    signed = await require_rules(practice) and await _own_rules_signed()
    if not signed and not practice.demo:
        raise RulesUnsigned
    work = Work(practice, actor, order)
    patient_id = await listed_patient(work, order.number)
    work.grant = await check_access(work, order)  # in that role a lock is looked at
    try:
        patient = await patient_card(work, patient_id)
    except SubjectLocked:
        patient = None
    reading = await asyncio.to_thread(engine.read, order.text)
    facts = engine.merge(Facts(), reading)
    if patient is not None:
        facts = with_record(facts, sex=patient.sex, birth=patient.birth_date, today=local_date(work.now))
    assessment = await asyncio.to_thread(engine.assess, facts)
    return Understood(patient_id, facts, assessment, signed, engine.version, locked=patient is None)


async def _own_rules_signed() -> bool:
    """That the hospital signed the weights of matching and the first measures as they are now."""
    wanted = {(rules.name, rules.digest) for rules in (weight_rules(), measures_rules())}
    signed = await RuleSignature.filter(digest__in=[digest for _, digest in wanted]).values_list("rule_set", "digest")
    return wanted <= {(str(name), str(digest)) for name, digest in signed}


@handles(RequestConsultation)
async def request_consultation(work: Work, order: RequestConsultation, understood: Understood) -> ConsultationRequested:
    work.concerns("patient", understood.patient_id)
    if understood.locked:
        raise await _locked(work, order, understood)
    intake = await running_intake(understood.patient_id, work.now)
    level, reasons = _level(understood, intake)
    do_now, department_code = first_measures(level, understood.assessment, understood.facts), _specialty(understood.assessment)
    row = await _create(work, order, understood, level, do_now, department_code, intake)
    raised = intake is not None and reasons != _reasons(understood)
    if raised:
        await note(work, row.id, "urgency.from_intake", ids={"label": urgency(level).label})
    starts_at_once = urgency(level).starts_at_once
    if starts_at_once:
        search = await start_search(work, row, emergency=True)
        if is_asking(search):
            await tell_patient(work, row, "asked")
    else:
        await wait_for_requirements(work, row)
        await tell_patient(work, row, "created")
    row = await consultation_of(row.id)
    await tell(work, row.requester_account_id, "consultation.todo", urgent=starts_at_once, consultation_id=row.id)
    entry = urgency(level)
    return ConsultationRequested(
        consultation_id=row.id,
        code=row.code,
        urgency=level.value,
        urgency_label=entry.label,
        do_now=do_now,
        reasons=reasons,
        department=department(department_code).name,
        asked=await ExpertOffer.filter(consultation_id=row.id, state="offered").count(),
        offer_s=entry.offer_s,
        desk_called=await is_desk_called(row.id),
        missing=missing(row),
        rules_signed=understood.rules_signed and (intake is None or not raised or intake.rules_signed),
    )


async def _locked(work: Work, order: RequestConsultation, understood: Understood) -> SubjectLocked:
    level, _ = _level(understood, None)
    if not urgency(level).starts_at_once:
        return SubjectLocked()
    return await refused(
        work, understood.patient_id, order.text, facts=understood.facts, assessment=understood.assessment, level=level, engine=understood.engine,
        rules_signed=understood.rules_signed,
    )  # fmt: skip


def _reasons(understood: Understood) -> tuple[str, ...]:
    return tuple(reason.text for reason in understood.assessment.reasons)


def _level(understood: Understood, intake: Intake | None) -> tuple[Urgency, tuple[str, ...]]:
    """The most severe of what was typed, what was computed and what the patient's own pre-consultation found, never below routine (somebody asks
    for an expert); with the reasons, that of the pre-consultation first where it decides."""
    assessment = understood.assessment
    computed = None if assessment.level is None else assessment.level.value
    level = more_severe([combined(understood.facts.urgency_said, computed), Urgency.ROUTINE])
    if intake is None or intake.level is None or Urgency(intake.level).severity <= level.severity:
        return level, _reasons(understood)
    entry = urgency(intake.level)
    return entry.code, (f"患者自己的预问诊({spoken(intake.updated_at)})是「{entry.label}」", *_reasons(understood))


def _specialty(assessment: Assessment) -> str:
    """The most probable department that treats the disease itself: the emergency departments send on to it, and are asked beside it anyway."""
    codes = [one.code for one in assessment.departments]
    return next((code for code in codes if code not in EMERGENCY_DEPARTMENTS), codes[0] if codes else GENERAL)


async def _create(
    work: Work, order: RequestConsultation, understood: Understood, level: Urgency, do_now: tuple[str, ...], department_code: str,
    intake: Intake | None,
) -> Consultation:
    doctor = await practitioner_card(work, str(work.actor.practitioner_id))
    clinic = await Organisation.get(id=doctor.organisation_id)
    assessment = understood.assessment
    return await create_consultation(
        work,
        NewConsultation(
            village_doctor_id=doctor.practitioner_id,
            organisation_id=clinic.id,
            region_code=county_of(clinic.region_code),
            patient_id=understood.patient_id,
            number=order.number,
            text=order.text,
            picture=picture_of(understood.facts, assessment, order.text, do_now),
            urgency=level.value,
            urgency_typed=understood.facts.urgency_said,
            urgency_computed=None if assessment.level is None else assessment.level.value,
            department_code=department_code,
            intake_id=None if intake is None else intake.id,
            conversation_id=order.conversation_id,
            message_id=order.message_id,
        ),
    )


@when_ready
async def everything_is_there(work: Work, row: Consultation) -> None:
    """Patient, consent and material have come: the search begins."""
    search = await start_search(work, row, emergency=False)
    await tell_dispatched(work, await consultation_of(row.id), search)


@when_returned
async def given_back(work: Work, row: Consultation) -> None:
    """The expert gave it back: the search goes on at once, without him. Where the desk names another, the order that does so goes on itself."""
    if not isinstance(work.order, ReassignConsultation):
        await resume_search(work, row)
