"""A case on one screen: what was asked, found and measured, what was before, what others know, and what came of it."""

from __future__ import annotations

from core.consultations.commands import ConsultationStatus
from core.consultations.commands_case import Case, CaseHistory, CaseMark, CasePatient, CaseView, EarlierVital
from core.consultations.hooks import told_of_case
from core.consultations.models import Consultation, Decision, Opinion
from core.consultations.opinions import latest_of, opinion_view
from core.consultations.picture import question_of
from core.consultations.rules import Reader
from core.consultations.timeline import consultation_of
from core.consultations.views import complaint_opened, entries_of, missing, picture_opened, reader_of, status_of, statuses_of
from core.foundation.actor import Role
from core.foundation.orders import answers
from core.foundation.work import Work
from core.intake.commands import IntakeLine
from core.intake.models import Intake
from core.intake.record import read_lines
from core.intake.urgency import urgency
from core.people.service import patient_card, practitioner_card
from nlp.interface.departments import department

FORMER = 5
"""How many consultations before this one are shown, the newest."""
INTAKE_LINES = 40
_SPEAKERS = {"said": "患者", "taken_back": "患者(后来收回)", "asked": "问", "advised": "建议"}


@answers(Case)
async def case(work: Work, order: Case) -> CaseView:
    row = await consultation_of(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    reader, picture, text = reader_of(work, row), await picture_opened(work, row), await complaint_opened(work, row)
    status, told = await status_of(work, row, reader), await told_of_case(work, row)
    doctor = await practitioner_card(work, row.village_doctor_id)
    former = await Consultation.filter(patient_id=row.patient_id).exclude(id=row.id).order_by("-id").limit(FORMER)
    earlier = await _earlier_vitals(work, row, former)
    advised = await latest_of([row.id, *(one.id for one in former)])
    opinion = advised.get(row.id)
    return CaseView(
        consultation_id=row.id, code=row.code, state=status.state, state_label=status.state_label, urgency=row.urgency,
        urgency_label=status.urgency_label, department=department(row.department_code).name, next=status.next, now=work.now,
        requested_at=row.created_at, assigned_at=row.assigned_at, closed_at=row.closed_at,
        patient=await _patient(work, row, reader), complaint=text,
        findings=tuple(CaseMark(start=one.start, end=one.end, term=one.term, status=one.status.value) for one in picture.marks),
        suspected=picture.suspected, reasons=picture.reasons, do_now=picture.do_now, vitals=picture.vitals,
        earlier_vitals=_in_order(earlier, [EarlierVital(at=at, name=name, value=value) for at, name, value in told.measured]),
        labs=told.labs, question=question_of(text), history=(*await _intake(work, row), *await _formers(work, former, advised)),
        safety_facts=told.safety, images=row.material_count, missing=missing(row), expert=status.expert, village_doctor=doctor.called,
        organisation=doctor.organisation, opinion=None if opinion is None else await opinion_view(work, row, opinion[0]),
        timeline=await entries_of(work, row, reader),
    )


async def _patient(work: Work, row: Consultation, reader: Reader) -> CasePatient:
    card = await patient_card(work, row.patient_id)
    number = row.number if reader is Reader.VILLAGE_DOCTOR else None
    return CasePatient(name=card.full_name, sex=card.sex, sex_label=card.sex_label, age=card.age_spoken, number=number)


def _in_order(*known: list[EarlierVital]) -> tuple[EarlierVital, ...]:
    return tuple(sorted((one for each in known for one in each), key=lambda one: one.at))


async def _earlier_vitals(work: Work, row: Consultation, former: list[Consultation]) -> list[EarlierVital]:
    """What was measured when he was presented before this."""
    return [
        EarlierVital(at=one.created_at, name=name, value=value)
        for one in reversed(former) if one.created_at <= row.created_at
        for name, value in (await picture_opened(work, one)).vitals
    ]


async def _intake(work: Work, row: Consultation) -> tuple[CaseHistory, ...]:
    """The patient's own pre-consultation: its level for all who treat him, its words for the expert."""
    intake = None if row.intake_id is None else await Intake.get_or_none(id=row.intake_id)
    if intake is None:
        return ()
    level = "" if intake.level is None else f" · {urgency(intake.level).label}"
    lines = (await read_lines(work, intake))[-INTAKE_LINES:] if work.role is Role.EXPERT else ()
    return (CaseHistory(kind="intake", at=intake.opened_at, title=f"患者自己的预问诊{level}", lines=tuple(_spoken(one) for one in lines)),)


def _spoken(line: IntakeLine) -> str:
    return f"{_SPEAKERS[line.kind]}:{line.text}"


async def _formers(work: Work, rows: list[Consultation], advised: dict[str, tuple[Opinion, Decision | None]]) -> list[CaseHistory]:
    """The patient's other consultations: what each was about and what the expert advised."""
    statuses = await statuses_of(work, [(row, Reader.DESK) for row in rows])
    return [await _former(work, row, status, advised.get(row.id)) for row, status in zip(rows, statuses, strict=True)]


async def _former(work: Work, row: Consultation, status: ConsultationStatus, advised: tuple[Opinion, Decision | None] | None) -> CaseHistory:
    lines = [(await picture_opened(work, row)).headline]
    if advised is not None:
        view = await opinion_view(work, row, advised[0])
        lines += [one for one in ("、".join(each.spoken for each in view.diagnoses), view.assessment, view.advice) if one]
        if view.decision is not None:
            lines.append(f"村医决定:{view.decision.choice_label}")
    title = f"会诊 {row.code} · {department(row.department_code).name} · {status.state_label}"
    return CaseHistory(kind="consultation", at=row.created_at, title=title, lines=tuple(lines))
