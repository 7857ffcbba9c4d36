"""What a patient measured: recorded as an Observation, judged by the plan's numbers, told where it must be, drawn as a trend."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from core.followups.advice import ADVICE
from core.followups.commands import (
    Component,
    KeepTrend,
    Measured,
    ReadingRecorded,
    Readings,
    ReadingsView,
    ReadingView,
    RecordReading,
    Trend,
    TrendView,
)
from core.followups.errors import Implausible, ReadingEmpty, ReadingTime, ReadingUnknown
from core.followups.models import FollowupPlan, Occurrence, Reading
from core.followups.plans import LAPSE, template_of
from core.followups.reminders import tell_doctor
from core.followups.rules import (
    DANGERS,
    LEVEL_LABELS,
    WEEK,
    BloodPressure,
    Glucose,
    Level,
    Value,
    danger_of,
    is_low,
    is_plausible,
    level_of,
    meaning_of,
    rules_for,
    target_for,
    tells_doctor,
)
from core.followups.templates import Task
from core.followups.trend import SHOWN, Point, Way, trend_png
from core.foundation.actor import Actor
from core.foundation.events import Event, listens
from core.foundation.orders import Order, answers, handles, relation
from core.foundation.practice import Practice
from core.foundation.withheld import shown
from core.foundation.work import Work
from core.notifications.service import tell
from core.people.access import of_listed_patient, of_own_patient
from core.people.files import keep_blob
from core.people.service import patient_card

BLOOD_PRESSURE, SYSTOLIC, DIASTOLIC, FASTING_GLUCOSE = "85354-9", "8480-6", "8462-4", "14771-0"
"""LOINC: blood pressure panel, its two components, fasting glucose (moles per volume)."""
MMHG, MMOL_PER_L = "mm[Hg]", "mmol/L"
LATEST = 90
_WAYS: dict[Way, str] = {"": "", "high": ",太高", "low": ",太低"}
ADULT_YEARS = 18
BACK = timedelta(days=7)
_SYSTEM = Actor.system("worker")


@relation("own_reading")
async def own_reading(work: Work, order: Order) -> bool:
    """It is of the actor himself or of somebody for whom he speaks."""
    return await of_own_patient(work, order, Reading, "reading_id")


@relation("listed_reading")
async def listed_reading(work: Work, order: Order) -> bool:
    """It is of a patient on the actor's list, of a clinic where the actor works now."""
    return await of_listed_patient(work, order, Reading, "reading_id")


def value_of(order: RecordReading) -> Value:
    """The value in the order; ReadingEmpty unless it is exactly one whole value."""
    pressure = (order.systolic, order.diastolic)
    if order.glucose is not None and pressure == (None, None):
        return Glucose(order.glucose)
    if order.glucose is None and order.systolic is not None and order.diastolic is not None:
        return BloodPressure(order.systolic, order.diastolic)
    raise ReadingEmpty


def measured(value: Value) -> Measured:
    if isinstance(value, Glucose):
        return Measured(components=(Component(code=FASTING_GLUCOSE, value=value.value, unit=MMOL_PER_L),))
    return Measured(components=(
        Component(code=SYSTOLIC, value=Decimal(value.systolic), unit=MMHG),
        Component(code=DIASTOLIC, value=Decimal(value.diastolic), unit=MMHG),
    ))


@handles(RecordReading)
async def record_reading(work: Work, order: RecordReading) -> ReadingRecorded:
    value = value_of(order)
    if not is_plausible(value):
        raise Implausible(said=value.said)
    taken_at = order.taken_at or work.now
    if not work.now - BACK <= taken_at <= work.now + timedelta(minutes=5):
        raise ReadingTime
    card = await patient_card(work, order.patient_id)
    work.concerns("patient", order.patient_id)
    task = Task.FASTING_GLUCOSE if isinstance(value, Glucose) else Task.BLOOD_PRESSURE
    plan = await plan_for(order.patient_id, task)
    rules = rules_for(value, None if plan is None else template_of(plan))
    level = level_of(value, card.age_years, rules)
    row_id = work.new_id()
    sealer = await work.sealer("patient", order.patient_id)
    row = await Reading.create(
        id=row_id, organisation_id=card.organisation_id, patient_id=order.patient_id, plan_id=None if plan is None else plan.id,
        task=task.value, code=FASTING_GLUCOSE if task is Task.FASTING_GLUCOSE else BLOOD_PRESSURE,
        value=sealer.seal("reading", "value", row_id, measured(value).model_dump_json()), level=level.value, taken_at=taken_at,
        recorded_at=work.now, account_id=work.actor.account_id, role=work.role.value, channel=work.actor.channel,
    )
    await work.emit("reading.recorded", key=order.patient_id, reading_id=row.id)
    highs = await _highs(work, row)
    told = None if plan is None else await _take_in(work, plan, row, level, highs)
    view, words = await view_of(work, row), ADVICE[meaning_of(value, card.age_years, rules)]
    return ReadingRecorded(
        reading=view, highs_in_week=len(highs), told=told, advice=words.text, ask_danger_signs=bool(words.ask), signs=words.ask,
        if_no_signs=words.if_not,
    )


def danger_said(value: Value) -> str | None:
    """What is told of a value that is a danger, whoever measured it; None of any other, and of what nobody can have."""
    meaning = meaning_of(value, ADULT_YEARS, rules_for(value, None))
    return ADVICE[meaning].text if is_plausible(value) and meaning in DANGERS else None


async def plan_for(patient_id: str, task: Task) -> FollowupPlan | None:
    """The running plan that asks for this measurement, else any running one."""
    rows = await FollowupPlan.filter(patient_id=patient_id, ended_at__isnull=True).order_by("id")
    asking = [row for row in rows if any(routine.task is task for routine in template_of(row).routines)]
    return next(iter([*asking, *rows]), None)


async def _highs(work: Work, row: Reading) -> list[datetime]:
    """When values above the target were taken within the last week, this one included. A danger may be one of too low a value: that is none."""
    found = await Reading.filter(
        patient_id=row.patient_id, task=row.task, level__in=(Level.HIGH.value, Level.DANGER.value), taken_at__gt=work.now - WEEK
    )
    return [one.taken_at for one in found if one.level == Level.HIGH.value or not is_low(value_in(await opened(work, one)))]


async def _take_in(work: Work, plan: FollowupPlan, row: Reading, level: Level, highs: list[datetime]) -> str | None:
    """Answer the reminder, begin the count of unanswered ones anew, and tell the village doctor where he must know; how he is called."""
    asked = await Occurrence.filter(plan_id=plan.id, task=row.task, state="reminded").order_by("-number").first()
    if asked is not None:
        await asked.change(state="answered", closed_at=work.now, reading_id=row.id)
        await work.unschedule(LAPSE, asked.id)
    await plan.change(missed_in_row=0)
    if level is Level.DANGER:
        return await tell_doctor(work, plan, "followup.danger", urgent=True, reading_id=row.id)
    if level is Level.LOW and is_low(value_in(await opened(work, row))):
        return await tell_doctor(work, plan, "followup.low", reading_id=row.id)
    if level is Level.HIGH and tells_doctor(highs, plan.told_high_at, work.now):
        await plan.change(told_high_at=work.now)
        return await tell_doctor(work, plan, "followup.high", reading_id=row.id)
    return None


def value_in(content: Measured) -> Value:
    """What :func:`measured` wrote."""
    numbers = {one.code: one.value for one in content.components}
    if FASTING_GLUCOSE in numbers:
        return Glucose(numbers[FASTING_GLUCOSE])
    return BloodPressure(int(numbers[SYSTOLIC]), int(numbers[DIASTOLIC]))


async def opened(work: Work, row: Reading) -> Measured:
    sealer = await work.sealer("patient", row.patient_id)
    return Measured.model_validate_json(sealer.open("reading", "value", row.id, bytes(row.value)))


async def view_of(work: Work, row: Reading) -> ReadingView:
    content = await opened(work, row)
    level = Level(row.level)
    return ReadingView(
        reading_id=row.id, task=Task(row.task), said="/".join(f"{one.value:f}" for one in content.components), measured=content,
        level=level.value, level_label=LEVEL_LABELS[level], out=_out(level, value_in(content)), taken_at=row.taken_at,
        advice=ADVICE[danger_of(value_in(content))].text if level is Level.DANGER else "",
    )


def _out(level: Level, value: Value) -> Way:
    """Which way it is out: a danger is one or the other."""
    if level is Level.NORMAL:
        return ""
    return "low" if level is Level.LOW or (level is Level.DANGER and is_low(value)) else "high"


@answers(Readings)
async def readings(work: Work, order: Readings) -> ReadingsView:
    work.concerns("patient", order.patient_id)
    rows = await Reading.filter(patient_id=order.patient_id, task=order.task).order_by("-taken_at", "-id").limit(LATEST)

    async def lines(some: list[Reading]) -> list[ReadingView]:
        return [await view_of(work, row) for row in some]

    found, withheld = await shown(work, list(reversed(rows)), lines)
    return ReadingsView(readings=found, withheld=withheld)


@listens("reading.recorded")
async def draw_trend(practice: Practice, event: Event) -> None:
    """Draw the values up to this one, put the picture under the patient's key, and have it shown."""
    row = await Reading.get_or_none(id=event.body["reading_id"])
    if row is None or row.trend_blob_id is not None:
        return
    work = Work(practice, _SYSTEM, Trend(reading_id=row.id))
    blob = await practice.blobs.put(practice.ids.new(), "patient", row.patient_id, await _picture(work, row))
    kept: TrendView = await practice.execute(_SYSTEM, KeepTrend(reading_id=row.id, blob_id=blob.id, size=blob.size, sha256=blob.sha256))
    if kept.blob_id != blob.id:
        await practice.blobs.delete(blob.id)


async def _picture(work: Work, row: Reading) -> bytes:
    card = await patient_card(work, row.patient_id)
    rows = await Reading.filter(patient_id=row.patient_id, task=row.task, taken_at__lte=row.taken_at).order_by("-taken_at", "-id").limit(SHOWN)
    contents = [(one, await opened(work, one)) for one in reversed(rows)]
    points = [Point(one.taken_at, tuple(part.value for part in read.components), _out(Level(one.level), value_in(read))) for one, read in contents]
    if row.task == Task.FASTING_GLUCOSE.value:
        return trend_png(points, (Decimal("7.0"),), Decimal(2))
    target = target_for(card.age_years, rules_for(BloodPressure(0, 0), None))
    return trend_png(points, (Decimal(target.systolic), Decimal(target.diastolic)), Decimal(20))


@handles(KeepTrend)
async def keep_trend(work: Work, order: KeepTrend) -> TrendView:
    row = await _row(order.reading_id)
    work.concerns("patient", row.patient_id)
    if row.trend_blob_id is None:
        await keep_blob(work, order.blob_id, row.patient_id, media_type="image/png", size=order.size, sha256=order.sha256)
        await row.change(trend_blob_id=order.blob_id)
        if row.role == "visitor":
            await tell(work, row.account_id, "followup.trend", reading_id=row.id)
    return await trend_view(work, row)


async def _row(reading_id: str) -> Reading:
    row = await Reading.get_or_none(id=reading_id)
    if row is None:
        raise ReadingUnknown
    return row


async def trend_view(work: Work, row: Reading) -> TrendView:
    view = await view_of(work, row)
    what = "空腹血糖" if view.task is Task.FASTING_GLUCOSE else "血压"
    said = f"这次 {view.said}:{view.level_label}{_WAYS[view.out] if view.level == 'danger' else ''}。"
    return TrendView(
        reading_id=row.id, patient_id=row.patient_id, blob_id=row.trend_blob_id,
        caption=f"最近的{what}。{said}红虚线是控制目标,红点是偏高,紫色方块是偏低。",
    )


@answers(Trend)
async def trend(work: Work, order: Trend) -> TrendView:
    row = await _row(order.reading_id)
    work.concerns("patient", row.patient_id)
    return await trend_view(work, row)
