"""A plan over weeks of domain time: reminders exactly once, answers as readings, who is told, and what stops at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.followups.commands import (
    EndPlan,
    Lapse,
    MyPlans,
    PatientPlans,
    PlanView,
    ReadingRecorded,
    Readings,
    ReadPlan,
    RecordReading,
    RecordVisit,
    Remind,
    ReportWorse,
    StartPlan,
    Trend,
)
from core.followups.errors import AlreadyFollowed, Implausible, ReadingEmpty, ReadingTime, TemplatesUnsigned
from core.followups.models import Occurrence, Reading, WorseReport
from core.followups.templates import rule_set
from core.foundation.actor import Actor
from core.foundation.clock import ManualClock, shanghai
from core.foundation.due import tick
from core.foundation.errors import NotAllowed
from core.foundation.models import Blob, DueWork
from core.foundation.outbox import OutboxWorker
from core.foundation.practice import Practice
from core.foundation.rule_signing import SignRules
from core.intake.models import Intake
from core.notifications.commands import ResumeReminders, StopReminders
from core.notifications.models import Notification
from core.people.commands_staff import EndRole
from core.people.errors import ConsentMissing
from nlp.interface.urgency import Urgency
from tests.support.county import SYSTEM, SmallCounty, seed_small


@dataclass
class Following:
    practice: Practice
    clock: ManualClock
    county: SmallCounty

    async def start(self, template: str = "hypertension") -> PlanView:
        order = StartPlan.model_validate({"patient_id": self.county.woman, "template": template})
        view: PlanView = await self.practice.execute(self.county.village_doctor, order)
        return view

    async def tick(self) -> None:
        while (await tick(self.practice)).more:
            pass

    async def to_next(self) -> datetime:
        """Move domain time to what is due first, and do it, as the demonstration's clock does."""
        row = await DueWork.filter(state="pending").order_by("due_at").first()
        assert row is not None
        self.clock.time = max(self.clock.time, row.due_at)
        await self.tick()
        return self.clock.time

    async def to_reminder(self) -> Occurrence:
        """Go on until the patient is reminded of a measurement again."""
        before = await self.told("followup.reminder")
        for _ in range(20):
            await self.to_next()
            if await self.told("followup.reminder") > before:
                break
        row = await Occurrence.filter(state="reminded").order_by("-reminded_at").first()
        assert row is not None
        return row

    async def told(self, kind: str, actor: Actor | None = None, state: str = "queued") -> int:
        return await Notification.filter(kind=kind, account_id=(actor or self.county.woman_account).account_id, state=state).count()

    async def doctor_told(self, kind: str) -> int:
        return await self.told(kind, self.county.village_doctor)

    async def answer(self, systolic: int, diastolic: int) -> ReadingRecorded:
        order = RecordReading(patient_id=self.county.woman, systolic=systolic, diastolic=diastolic)
        view: ReadingRecorded = await self.practice.execute(self.county.woman_account, order)
        return view

    async def sugar(self, value: str) -> ReadingRecorded:
        view: ReadingRecorded = await self.practice.execute(
            self.county.woman_account, RecordReading(patient_id=self.county.woman, glucose=Decimal(value))
        )
        return view

    async def work_off(self) -> None:
        self.clock.advance(seconds=1)
        worker = OutboxWorker(self.practice, "send", "test")
        while await worker.work_once():
            pass


@pytest.fixture
async def following(practice: Practice, clock: ManualClock) -> Following:
    return Following(practice, clock, await seed_small(practice))


async def test_a_plan_from_a_template_names_what_is_due_and_its_sources(following: Following) -> None:
    plan = await following.start()
    assert (plan.title, plan.running, plan.village_doctor, plan.rules_signed) == ("高血压随访", True, "吴医生", False)
    assert [(due.label, shanghai(due.due_at).isoformat()) for due in plan.due] == [
        ("量血压", "2026-11-21T08:30:00+08:00"), ("面对面随访", "2027-02-18T09:00:00+08:00"),
    ]
    assert any("国家基本公共卫生服务规范" in source for source in plan.sources)
    assert any("国家基层高血压防治管理指南" in source for source in plan.sources)
    assert await DueWork.filter(kind="followup.remind", state="pending").count() == 2


async def test_one_plan_of_a_kind_and_only_with_consent(following: Following) -> None:
    await following.start()
    with pytest.raises(AlreadyFollowed):
        await following.start()
    await following.start("diabetes")
    with pytest.raises(ConsentMissing):
        await following.practice.execute(
            following.county.village_doctor, StartPlan(patient_id=following.county.old_man, template="hypertension")
        )


async def test_unsigned_templates_make_plans_in_the_demonstration_only(following: Following) -> None:
    following.practice.demo = False
    with pytest.raises(TemplatesUnsigned):
        await following.start()
    rules = rule_set()
    await following.practice.execute(SYSTEM, SignRules(rule_set=rules.name, digest=rules.digest, signed_by="何平", licence="115200000000001"))
    assert (await following.start()).rules_signed


async def test_who_is_nothing_to_the_patient_reads_and_writes_nothing(following: Following) -> None:
    plan = await following.start()
    recorded = await following.answer(128, 80)
    patient = following.county.woman
    for stranger in (following.county.stranger, following.county.experts[0], following.county.duty_doctor):
        for query in (
            ReadPlan(plan_id=plan.plan_id), PatientPlans(patient_id=patient), Readings(patient_id=patient, task="blood_pressure"),
            Trend(reading_id=recorded.reading.reading_id),
        ):
            with pytest.raises(NotAllowed):
                await following.practice.ask(stranger, query)
        for command in (
            EndPlan(plan_id=plan.plan_id, reason="finished"), RecordVisit(plan_id=plan.plan_id),
            RecordReading(patient_id=patient, systolic=120, diastolic=80), StartPlan(patient_id=patient, template="diabetes"),
        ):
            with pytest.raises(NotAllowed):
                await following.practice.execute(stranger, command)
        assert (await following.practice.ask(stranger, MyPlans())).plans == ()


async def test_each_reminder_comes_exactly_once_and_the_next_is_appointed(following: Following) -> None:
    await following.start()
    row = await following.to_reminder()
    for _ in range(3):
        await following.tick()
        await following.practice.execute(SYSTEM, Remind(occurrence_id=row.id))
    await DueWork.filter(ref=row.id).update(state="pending", claimed_until=None)  # as if the ticker had died before it marked the row
    await following.tick()
    assert await following.told("followup.reminder") == 1
    pending = await Occurrence.filter(plan_id=row.plan_id, task="blood_pressure", state="pending")
    assert [one.number for one in pending] == [2]
    assert pending[0].due_at - row.due_at == timedelta(days=2)


async def test_two_tickers_at_once_remind_once(following: Following) -> None:
    await following.start()
    following.clock.time = (await DueWork.filter(kind="followup.remind").order_by("due_at").first()).due_at  # type: ignore[union-attr]
    row = await Occurrence.get(task="blood_pressure")

    async def again() -> None:
        for _ in range(3):
            try:
                await following.practice.execute(SYSTEM, Remind(occurrence_id=row.id))
                return
            except Exception as error:
                if "onflict" not in type(error).__name__ and "navailable" not in type(error).__name__:
                    raise

    await asyncio.gather(*(tick(following.practice) for _ in range(4)), *(again() for _ in range(4)))
    await following.tick()
    assert await following.told("followup.reminder") == 1
    assert await Occurrence.filter(task="blood_pressure").count() == 2


async def test_a_reminder_that_comes_late_at_night_waits_for_the_morning(following: Following) -> None:
    await following.start()
    following.clock.time = datetime.fromisoformat("2026-11-21T22:30:00+08:00")
    await following.tick()
    assert (await following.told("followup.reminder"), await following.told("followup.reminder", state="held")) == (0, 1)
    following.clock.time = datetime.fromisoformat("2026-11-22T08:00:00+08:00")
    await following.tick()
    assert (await following.told("followup.reminder"), await following.told("followup.reminder", state="held")) == (1, 0)


async def test_after_a_long_standstill_one_reminder_comes_and_not_a_heap(following: Following) -> None:
    plan = await following.start()
    following.clock.time = datetime.fromisoformat("2026-12-10T12:00:00+08:00")
    for _ in range(20):
        await following.tick()
    assert await following.told("followup.reminder") == 1
    states = [row.state for row in await Occurrence.filter(plan_id=plan.plan_id, task="blood_pressure").order_by("number")]
    assert states == ["overtaken"] * 9 + ["reminded", "pending"]


async def test_a_plan_of_half_a_year_reminds_once_for_each_time(following: Following) -> None:
    plan = await following.start()
    end = following.clock.time + timedelta(days=60)
    while following.clock.time < end:
        await following.to_next()
    told = [row.ids["occurrence_id"] for row in await Notification.filter(kind="followup.reminder")]
    assert len(told) == len(set(told)) == await Occurrence.filter(plan_id=plan.plan_id, task="blood_pressure", reminded_at__isnull=False).count()
    hours = {shanghai(row.created_at).hour for row in await Notification.filter(kind="followup.reminder")}
    assert hours == {8}


async def test_an_answer_becomes_a_reading_in_loinc_and_ucum_and_closes_the_reminder(following: Following) -> None:
    await following.start()
    occurrence = await following.to_reminder()
    recorded = await following.answer(150, 95)
    assert (recorded.reading.said, recorded.reading.level_label, recorded.highs_in_week, recorded.told) == ("150/95", "偏高", 1, None)
    assert recorded.ask_danger_signs
    row = await Reading.get(id=recorded.reading.reading_id)
    assert (row.code, row.task) == ("85354-9", "blood_pressure")
    assert b"150" not in bytes(row.value)
    assert [(one.code, one.value, one.unit) for one in recorded.reading.measured.components] == [
        ("8480-6", Decimal(150), "mm[Hg]"), ("8462-4", Decimal(95), "mm[Hg]"),
    ]
    closed = await Occurrence.get(id=occurrence.id)
    assert (closed.state, closed.reading_id) == ("answered", row.id)
    assert not await DueWork.filter(kind="followup.lapse", state="pending").exists()


@pytest.mark.parametrize(("fields", "error"), [
    ({"systolic": 95, "diastolic": 150}, Implausible), ({"systolic": 15, "diastolic": 9}, Implausible), ({"glucose": "68"}, Implausible),
    ({}, ReadingEmpty), ({"systolic": 150}, ReadingEmpty), ({"systolic": 150, "diastolic": 95, "glucose": "6.8"}, ReadingEmpty),
    ({"systolic": 150, "diastolic": 95, "taken_at": "2026-11-21T10:00:00+08:00"}, ReadingTime),
    ({"systolic": 150, "diastolic": 95, "taken_at": "2026-11-12T10:00:00+08:00"}, ReadingTime),
])
async def test_what_cannot_be_is_not_recorded(following: Following, fields: dict[str, Any], error: type[Exception]) -> None:
    order = RecordReading.model_validate({"patient_id": following.county.woman, **fields})
    with pytest.raises(error):
        await following.practice.execute(following.county.woman_account, order)
    assert not await Reading.all().exists()


async def test_the_third_high_value_within_a_week_is_told_to_the_village_doctor_once(following: Following) -> None:
    await following.start()
    told = []
    for systolic in (150, 152, 128, 149, 155):
        await following.to_reminder()
        told.append((await following.answer(systolic, 85)).told)
    assert told == [None, None, None, "吴医生", None]
    assert await following.doctor_told("followup.high") == 1


async def test_three_high_values_in_three_days_are_told(following: Following) -> None:
    await following.start()
    told = []
    for _ in range(4):
        following.clock.advance(days=1)
        told.append((await following.answer(150, 95)).told)
    assert told == [None, None, "吴医生", None]
    assert await following.doctor_told("followup.high") == 1


async def test_a_dangerous_value_is_told_at_once_even_at_night_and_the_advice_begins_with_it(following: Following) -> None:
    await following.start()
    following.clock.time = datetime.fromisoformat("2026-11-21T23:30:00+08:00")
    recorded = await following.answer(186, 112)
    assert (recorded.reading.level, recorded.told) == ("danger", "吴医生")
    assert "120" in recorded.advice
    row = await Notification.get(kind="followup.danger")
    assert (row.urgent, row.state) == (True, "queued")


@pytest.mark.parametrize("value", ["2.4", "3.9"])
async def test_sugar_that_is_too_low_is_answered_with_sugar_and_told_to_the_village_doctor(following: Following, value: str) -> None:
    await following.start("diabetes")
    recorded = await following.sugar(value)
    assert (recorded.reading.level, recorded.told, recorded.ask_danger_signs) == ("danger", "吴医生", False)
    for words in ("15–20 克糖", "15 分钟后再测", "嘴里什么都不要喂", "这一顿先不要再吃降糖药", "120"):
        assert words in recorded.advice
    assert "胸痛" not in recorded.advice
    assert await following.doctor_told("followup.danger") == 1
    kept = await following.practice.ask(following.county.woman_account, Readings(patient_id=following.county.woman, task="fasting_glucose"))
    assert kept.readings[-1].advice == recorded.advice


async def test_who_left_the_clinic_is_not_told_any_more(following: Following) -> None:
    """Where nobody has the patient on a list, no village doctor is named; what is advised stays."""
    await following.start("diabetes")
    county, doctor = following.county, following.county.village_doctor
    await following.practice.execute(county.administrator, EndRole(
        practitioner_id=doctor.practitioner_id or "", organisation_id=county.clinic, role="village_doctor"
    ))
    recorded = await following.sugar("2.4")
    assert (recorded.told, "120" in recorded.advice) == (None, True)
    assert await following.doctor_told("followup.danger") == 0


async def test_sugar_that_is_too_high_is_answered_otherwise(following: Following) -> None:
    await following.start("diabetes")
    recorded = await following.sugar("18")
    assert (recorded.reading.level, recorded.told) == ("danger", "吴医生")
    assert "克糖" not in recorded.advice
    assert "120" in recorded.advice
    assert "胰岛素的不要自己停" in recorded.advice


async def test_a_pressure_of_shock_is_told_at_once_and_says_120(following: Following) -> None:
    await following.start()
    recorded = await following.answer(66, 40)
    assert (recorded.reading.level, recorded.reading.level_label, recorded.told) == ("danger", "危险", "吴医生")
    assert "**马上打 120**" in recorded.advice
    assert "躺下" in recorded.advice
    assert recorded.highs_in_week == 0
    assert not recorded.ask_danger_signs
    row = await Notification.get(kind="followup.danger")
    assert (row.urgent, row.account_id) == (True, following.county.village_doctor.account_id)


async def test_a_low_pressure_is_told_without_alarm_and_only_for_the_upper_number(following: Following) -> None:
    await following.start()
    assert (await following.answer(110, 58)).told is None
    recorded = await following.answer(85, 55)
    assert (recorded.reading.level, recorded.told, recorded.reading.advice) == ("low", "吴医生", "")
    assert "120" in recorded.advice
    assert not (await Notification.get(kind="followup.low")).urgent


async def test_values_that_are_too_low_are_none_of_three_that_are_too_high(following: Following) -> None:
    await following.start("diabetes")
    told = [(await following.sugar(value)).told for value in ("2.9", "3.1", "7.4")]
    assert told == ["吴医生", "吴医生", None]
    assert await following.doctor_told("followup.high") == 0
    assert (await following.sugar("8.0")).highs_in_week == 2


async def test_three_reminders_without_an_answer_are_told_to_the_village_doctor(following: Following) -> None:
    plan = await following.start()
    end = following.clock.time + timedelta(days=30)
    while following.clock.time < end and await following.doctor_told("followup.lost") == 0:
        await following.to_next()
    states = [row.state for row in await Occurrence.filter(plan_id=plan.plan_id, task="blood_pressure").order_by("number")]
    assert states[:3] == ["missed"] * 3
    while following.clock.time < end:
        await following.to_next()
    assert await following.doctor_told("followup.lost") == 1
    await following.answer(128, 80)
    assert (await following.practice.ask(following.county.village_doctor, ReadPlan(plan_id=plan.plan_id))).missed_in_row == 0


async def test_an_answer_after_it_was_missed_is_still_recorded_and_a_lapse_that_comes_late_changes_nothing(following: Following) -> None:
    await following.start()
    occurrence = await following.to_reminder()
    await following.answer(128, 80)
    assert not (await following.practice.execute(SYSTEM, Lapse(occurrence_id=occurrence.id))).done
    assert (await Occurrence.get(id=occurrence.id)).state == "answered"


async def test_stop_stops_at_once_and_resume_goes_on_without_counting_the_silence(following: Following) -> None:
    plan = await following.start()
    await following.to_reminder()
    await following.practice.execute(following.county.woman_account, StopReminders())
    assert (await following.told("followup.reminder"), await following.told("followup.reminder", state="stopped")) == (0, 1)
    end = following.clock.time + timedelta(days=14)
    while following.clock.time < end:
        await following.to_next()
    assert await following.told("followup.reminder") == 0
    assert await following.doctor_told("followup.lost") == 0
    await following.practice.execute(following.county.woman_account, ResumeReminders())
    await following.to_reminder()
    assert await following.told("followup.reminder") == 1
    states = {row.state for row in await Occurrence.filter(plan_id=plan.plan_id, task="blood_pressure")}
    assert "silent" in states


async def test_what_waits_for_the_morning_is_stopped_too(following: Following) -> None:
    await following.start()
    following.clock.time = datetime.fromisoformat("2026-11-21T22:30:00+08:00")
    await following.tick()
    await following.practice.execute(following.county.woman_account, StopReminders())
    following.clock.time = datetime.fromisoformat("2026-11-22T09:00:00+08:00")
    await following.tick()
    assert await following.told("followup.reminder") == 0
    assert await following.told("followup.reminder", state="stopped") == 1


async def test_an_ended_plan_says_nothing_more(following: Following) -> None:
    plan = await following.start()
    await following.to_reminder()
    ended = await following.practice.execute(following.county.woman_account, EndPlan(plan_id=plan.plan_id, reason="refused"))
    assert (ended.running, ended.due) == (False, ())
    assert not await DueWork.filter(kind__startswith="followup.", state="pending").exists()
    assert (await following.start()).plan_id != plan.plan_id


async def test_a_visit_counts_from_the_day_it_was_made_and_comes_sooner_after_a_high_value(following: Following) -> None:
    plan = await following.start()
    following.clock.advance(days=10)
    view = await following.practice.execute(following.county.village_doctor, RecordVisit(plan_id=plan.plan_id))
    visit = next(due for due in view.due if due.task == "visit")
    assert (visit.due_at - following.clock.time).days in (89, 90)
    await following.answer(160, 100)
    view = await following.practice.execute(following.county.village_doctor, RecordVisit(plan_id=plan.plan_id))
    visits = [due for due in view.due if due.task == "visit"]
    assert len(visits) == 1
    assert (visits[0].due_at - following.clock.time).days in (13, 14)


async def test_a_visit_that_is_due_is_told_to_patient_and_village_doctor(following: Following) -> None:
    await following.start()
    following.clock.time = datetime.fromisoformat("2027-02-18T09:00:00+08:00")
    await following.tick()
    assert await following.doctor_told("followup.due") == 1
    visit = await Occurrence.get(task="visit")
    assert (visit.state, visit.number) == ("reminded", 1)


async def test_a_trend_picture_is_drawn_kept_under_the_patients_key_and_shown_once(following: Following) -> None:
    await following.start()
    recorded = await following.answer(150, 95)
    await following.work_off()
    view = await following.practice.ask(following.county.woman_account, Trend(reading_id=recorded.reading.reading_id))
    assert view.blob_id is not None
    assert (await Blob.get(id=view.blob_id)).media_type == "image/png"
    png = await following.practice.blobs.get(view.blob_id, "patient", following.county.woman)
    assert png.startswith(b"\x89PNG")
    assert await following.told("followup.trend") == 1
    from core.followups.readings import draw_trend
    from core.foundation.events import Event

    event = Event("x", "reading.recorded", "", {"reading_id": recorded.reading.reading_id}, 1)
    await asyncio.gather(*(draw_trend(following.practice, event) for _ in range(2)))
    assert await following.told("followup.trend") == 1
    assert await Blob.filter(subject_id=following.county.woman, media_type="image/png").count() == 1


async def test_readings_are_listed_oldest_first(following: Following) -> None:
    for systolic in (128, 150, 132):
        await following.answer(systolic, 80)
        following.clock.advance(hours=5)
    view = await following.practice.ask(following.county.village_doctor, Readings(patient_id=following.county.woman, task="blood_pressure"))
    assert [one.said for one in view.readings] == ["128/80", "150/80", "132/80"]


async def test_worse_reopens_the_pre_consultation_with_triage_and_tells_the_village_doctor(following: Following, clinical: Any) -> None:
    """Given a followed patient, when she says that it is worse with chest pain and cold sweat, then triage says critical and people are told."""
    following.practice.engines.clinical = clinical
    plan = await following.start()
    order = ReportWorse(patient_id=following.county.woman, text="加重了,胸口压着疼半小时,出冷汗")
    view = await following.practice.execute(following.county.woman_account, order, idempotency_key="worse")
    again = await following.practice.execute(following.county.woman_account, order, idempotency_key="worse")
    assert view.intake_id == again.intake_id
    assert view.assessment is not None
    assert view.assessment.level is Urgency.CRITICAL
    assert (await Intake.get(id=view.intake_id)).level == "critical"
    report = await WorseReport.get()
    assert (report.intake_id, report.plan_id) == (view.intake_id, plan.plan_id)
    assert await following.doctor_told("followup.worse") == 1
    assert await Notification.filter(kind="alert.card").exists()


async def test_worse_without_danger_begins_a_pre_consultation_with_the_illness_known(following: Following, clinical: Any) -> None:
    following.practice.engines.clinical = clinical
    await following.start()
    view = await following.practice.execute(following.county.woman_account, ReportWorse(patient_id=following.county.woman, text="头晕加重了"))
    assert (view.state, view.assessment) == ("open", None)
    assert not view.not_understood
    with pytest.raises(NotAllowed):
        await following.practice.execute(following.county.stranger, ReportWorse(patient_id=following.county.woman, text="头晕加重了"))


async def test_what_is_dangerously_low_is_never_called_too_high(following: Following) -> None:
    await following.start()
    for pressure, words in (((70, 40), "70/40:危险,太低"), ((195, 125), "195/125:危险,太高"), ((150, 95), "150/95:偏高")):
        reading = (await following.answer(*pressure)).reading
        assert reading.out == ("low" if pressure == (70, 40) else "high")
        trend = await following.practice.ask(following.county.woman_account, Trend(reading_id=reading.reading_id))
        assert words in trend.caption
        assert ("太高" in trend.caption) == ("太高" in words)
