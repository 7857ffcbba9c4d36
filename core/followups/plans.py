"""Plans: begun from a template, read, ended. Of each task of a running plan exactly one occurrence is pending."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from core.consultations.errors import ConsultationUnknown
from core.consultations.models import Consultation
from core.followups.commands import (
    DueView,
    EndPlan,
    MyPlans,
    PatientPlans,
    PlansView,
    PlanView,
    ReadPlan,
    RecordVisit,
    StartPlan,
    TemplateKey,
)
from core.followups.errors import AlreadyFollowed, PlanUnknown, TemplatesUnsigned
from core.followups.models import FollowupPlan, Occurrence, Reading
from core.followups.rules import Level, first_due, next_due, sooner
from core.followups.sources import Source
from core.followups.templates import LOW_PRESSURE, TASK_LABELS, TEMPLATES, Routine, Task, Template, rule_set
from core.foundation.models import RuleSignature
from core.foundation.orders import Order, answers, handles, relation
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.people.access import of_listed_patient, of_own_patient
from core.people.relations import spoken_for
from core.people.scopes import Scope
from core.people.service import patient_card, practitioner_cards, require_care, village_doctors_of

REMIND = "followup.remind"
LAPSE = "followup.lapse"
OPEN = ("pending", "reminded", "silent")


@relation("own_plan")
async def own_plan(work: Work, order: Order) -> bool:
    """It is of the actor himself or of somebody for whom he speaks."""
    return await of_own_patient(work, order, FollowupPlan, "plan_id")


@relation("listed_plan")
async def listed_plan(work: Work, order: Order) -> bool:
    """It is of a patient on the actor's list, of a clinic where the actor works now."""
    return await of_listed_patient(work, order, FollowupPlan, "plan_id")


async def require_templates(practice: Practice) -> bool:
    """True when the templates are signed in their present edition; False when not, in the demonstration; TemplatesUnsigned outside it."""
    rules = rule_set()
    signed = await RuleSignature.filter(rule_set=rules.name, digest=rules.digest).exists()
    if not signed and not practice.demo:
        raise TemplatesUnsigned
    return signed


@handles(StartPlan)
async def start_plan(work: Work, order: StartPlan) -> PlanView:
    card = await patient_card(work, order.patient_id)
    work.concerns("patient", order.patient_id, template=order.template)
    signed = await require_templates(work.practice)
    await require_care(work, order.patient_id)
    await _of_the_same_patient(order)
    template = TEMPLATES[order.template]
    live_for = f"{order.patient_id}:{template.key}"
    if await FollowupPlan.filter(live_for=live_for).exists():
        raise AlreadyFollowed(title=template.title)
    doctors = await village_doctors_of(work, order.patient_id)
    doctor = work.actor.practitioner_id if work.actor.practitioner_id in doctors else next(iter(doctors), None)
    plan = await FollowupPlan.create(
        id=work.new_id(), organisation_id=card.organisation_id, patient_id=order.patient_id, template=template.key, edition=template.edition,
        live_for=live_for, village_doctor_id=doctor, consultation_id=order.consultation_id, rules_signed=signed,
        started_by=work.actor.account_id, started_at=work.now,
    )
    for routine in template.routines:
        await appoint(work, plan, routine, 1, first_due(routine, work.now))
    return await view_of(work, plan)


async def _of_the_same_patient(order: StartPlan) -> None:
    """The door asked about the patient alone: a plan must not be hung on somebody else's consultation, with which it would be read."""
    if order.consultation_id is None:
        return
    if not await Consultation.filter(id=order.consultation_id, patient_id=order.patient_id).exists():
        raise ConsultationUnknown


async def appoint(work: Work, plan: FollowupPlan, routine: Routine, number: int, due_at: datetime) -> Occurrence:
    """The next occurrence of a task, and the due work that will tell it."""
    row = await Occurrence.create(
        id=work.new_id(), plan_id=plan.id, task=routine.task.value, number=number, due_at=due_at, state="pending"
    )
    await work.schedule(REMIND, row.id, due_at, step=str(number))
    return row


def routine_of(plan: FollowupPlan, task: str) -> Routine:
    return next(routine for routine in TEMPLATES[plan.template].routines if routine.task == task)


def template_of(plan: FollowupPlan) -> Template:
    return TEMPLATES[plan.template]


@handles(EndPlan)
async def end_plan(work: Work, order: EndPlan) -> PlanView:
    plan = await plan_of(order.plan_id)
    work.concerns("patient", plan.patient_id)
    if plan.ended_at is None:
        await plan.change(live_for=None, ended_at=work.now, end_reason=order.reason)
        for row in await Occurrence.filter(plan_id=plan.id, state__in=OPEN):
            await row.change(state="ended", closed_at=work.now)
            await work.unschedule(REMIND, row.id)
            await work.unschedule(LAPSE, row.id)
    return await view_of(work, plan)


@handles(RecordVisit)
async def record_visit(work: Work, order: RecordVisit) -> PlanView:
    plan = await plan_of(order.plan_id)
    work.concerns("patient", plan.patient_id)
    if plan.ended_at is not None:
        raise PlanUnknown
    last = await Reading.filter(patient_id=plan.patient_id).order_by("-taken_at", "-id").first()
    routine = routine_of(plan, Task.VISIT)
    number = 0
    for row in await Occurrence.filter(plan_id=plan.id, task=Task.VISIT.value).order_by("number"):
        number = row.number
        if row.state in OPEN:
            await row.change(state="answered", closed_at=work.now)
            await work.unschedule(REMIND, row.id)
            await work.unschedule(LAPSE, row.id)
    again = sooner(None if last is None else Level(last.level), template_of(plan))
    await appoint(work, plan, routine, number + 1, next_due(routine, work.now, sooner_days=again))
    return await view_of(work, plan)


async def plan_of(plan_id: str) -> FollowupPlan:
    plan = await FollowupPlan.get_or_none(id=plan_id)
    if plan is None:
        raise PlanUnknown
    return plan


@answers(ReadPlan)
async def read_plan(work: Work, order: ReadPlan) -> PlanView:
    plan = await plan_of(order.plan_id)
    work.concerns("patient", plan.patient_id)
    return await view_of(work, plan)


@answers(MyPlans)
async def my_plans(work: Work, order: MyPlans) -> PlansView:
    work.concerns("account", work.actor.account_id)
    patients = await spoken_for(work, Scope.RECORD)
    rows = await FollowupPlan.filter(patient_id__in=patients, ended_at__isnull=True).order_by("id") if patients else []
    return PlansView(plans=tuple(await views_of(work, sorted(rows, key=lambda row: patients.index(row.patient_id)))), now=work.now)


@answers(PatientPlans)
async def patient_plans(work: Work, order: PatientPlans) -> PlansView:
    work.concerns("patient", order.patient_id)
    rows = await FollowupPlan.filter(patient_id=order.patient_id).order_by("-id").limit(20)
    return PlansView(plans=tuple(await views_of(work, rows)), now=work.now)


async def view_of(work: Work, plan: FollowupPlan) -> PlanView:
    return (await views_of(work, [plan]))[0]


async def views_of(work: Work, plans: list[FollowupPlan]) -> list[PlanView]:
    """The views of ``plans``, in their order, with as many reads for many as for one."""
    due: dict[str, list[Occurrence]] = {plan.id: [] for plan in plans}
    for row in await Occurrence.filter(plan_id__in=list(due), state__in=("pending", "reminded")).order_by("due_at", "id") if due else ():
        due[row.plan_id].append(row)
    doctors = {plan.village_doctor_id for plan in plans if plan.village_doctor_id is not None}
    cards = await practitioner_cards(work, doctors) if doctors else {}
    called = {one: card.called for one, card in cards.items()}
    return [_view(plan, due[plan.id], None if plan.village_doctor_id is None else called[plan.village_doctor_id]) for plan in plans]


def _view(plan: FollowupPlan, due: list[Occurrence], doctor: str | None) -> PlanView:
    template = template_of(plan)
    behind = (*[one.source for one in template.routines], template.public_health.source, template.guideline.source, LOW_PRESSURE.source)
    sources = dict.fromkeys(_source(one) for one in behind)
    return PlanView(
        plan_id=plan.id, patient_id=plan.patient_id, template=cast(TemplateKey, plan.template), title=template.title,
        running=plan.ended_at is None, started_at=plan.started_at, ended_at=plan.ended_at, village_doctor=doctor,
        due=tuple(
            DueView(occurrence_id=row.id, task=Task(row.task), label=TASK_LABELS[Task(row.task)], due_at=row.due_at, state=row.state)
            for row in due
        ),
        missed_in_row=plan.missed_in_row, sources=tuple(sources), rules_signed=plan.rules_signed,
    )


def _source(source: Source) -> str:
    return f"{source.title}({source.edition})"
