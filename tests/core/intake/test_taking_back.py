"""返回: one answer less, the question before it open again; what was said stays in the record, and a danger that was told stays told."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from core.consultations.case import _spoken
from core.foundation.clock import ManualClock
from core.foundation.errors import Conflict, NotAllowed
from core.foundation.models import AuditEntry
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.intake import danger
from core.intake.commands import AlertTold, CloseIntake, CurrentIntake, IntakeRecord, Say, TakeBack
from core.intake.errors import AdviceStands, IntakeClosed, NothingToTakeBack
from core.intake.models import Intake, IntakeEntry
from core.intake.record import opened, spoken_words
from nlp.interface.assessment import Facts, Question
from nlp.interface.reading import Reading
from nlp.interface.urgency import Urgency
from tests.core.intake.small_engine import AGE, CHEST, SmallEngine
from tests.support.county import SmallCounty, seed_small

pytestmark = pytest.mark.storage
ALERT_ID = "01ARZ3NDEKTSV4RRFFQ69G5FAW"


@pytest.fixture
async def county(practice: Practice) -> SmallCounty:
    practice.engines.clinical = SmallEngine()
    return await seed_small(practice)


@pytest.fixture
def alerts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The words of which the room above was told."""
    heard: list[str] = []

    async def alert(work: Work, intake: Intake) -> AlertTold:
        heard.append(" ".join(await spoken_words(work, intake)))
        return AlertTold(alert_id=ALERT_ID, who="值班医生 张医生", place="平塘县人民医院")

    monkeypatch.setattr(danger, "_ALERTING", [alert])
    monkeypatch.setattr(danger, "_HEARING", [])
    return heard


async def where(practice: Practice, actor: Any) -> dict[str, Any]:
    """Everything that decides how the talk goes on."""
    row = await Intake.get(live_for=actor.account_id)
    work = Work(practice, actor, CurrentIntake())
    return {
        "facts": await opened(work, row, "facts", Facts), "question": await opened(work, row, "question", Question), "state": row.state,
        "level": row.level, "relation": row.relation, "patient": row.patient_id, "organisation": row.organisation_id, "rule": row.emergency_rule,
    }  # fmt: skip


async def test_one_back_two_back_and_the_beginning(practice: Practice, county: SmallCounty):
    patient = county.stranger
    first = await practice.execute(patient, Say(text="我最近总是咳嗽,胸闷"))
    at_first = await where(practice, patient)
    await practice.execute(patient, Say(text="", choice="no"))
    at_second = await where(practice, patient)
    await practice.execute(patient, Say(text="58岁,有糖尿病"))
    order = TakeBack(intake_id=first.intake_id)
    back = await practice.execute(patient, order)
    assert (back.said, back.more, back.danger_stands, back.view.question) == ("58岁,有糖尿病", True, False, AGE)
    assert await where(practice, patient) == at_second
    back = await practice.execute(patient, order)
    assert (back.said, back.more, back.view.question) == ("没有", False, CHEST)
    assert await where(practice, patient) == at_first
    with pytest.raises(NothingToTakeBack):
        await practice.execute(patient, order)
    assert await where(practice, patient) == at_first
    record = await practice.ask(patient, IntakeRecord(intake_id=first.intake_id))
    assert [(line.kind, line.text) for line in record.lines] == [
        ("said", "我最近总是咳嗽,胸闷"), ("asked", CHEST.text), ("taken_back", "没有"), ("asked", AGE.text),
        ("taken_back", "58岁,有糖尿病"), ("advised", "紧急程度:普通(Ⅳ级)\n为什么:没有危险的表现\n建议科室:全科"), ("asked", AGE.text),
        ("asked", CHEST.text),
    ]  # fmt: skip
    assert _spoken(record.lines[2]) == "患者(后来收回):没有"
    assert await AuditEntry.filter(action="intake.take_back", outcome="done").count() == 2


async def test_what_is_said_right_counts_in_its_place(practice: Practice, county: SmallCounty):
    view = await practice.execute(county.stranger, Say(text="我最近总是咳嗽,胸闷"))
    await practice.execute(county.stranger, Say(text="没有"))
    await practice.execute(county.stranger, TakeBack(intake_id=view.intake_id))
    await practice.execute(county.stranger, Say(text="有"))
    view = await practice.execute(county.stranger, Say(text="58岁"))
    assert view.assessment is not None
    assert view.assessment.level is Urgency.EMERGENT


async def test_a_danger_that_was_told_stays_told(practice: Practice, county: SmallCounty, alerts: list[str]):
    son = county.stranger
    first = await practice.execute(son, Say(text="俺爹头晕"))
    danger_told = await practice.execute(son, Say(text="半拉身子不听使唤"))
    assert danger_told.assessment is not None
    back = await practice.execute(son, TakeBack(intake_id=first.intake_id))
    assert (back.said, back.danger_stands) == ("半拉身子不听使唤", True)
    assert back.view.assessment is not None
    same = ("level", "emergency", "reasons", "advice")
    assert [getattr(back.view.assessment, name) for name in same] == [getattr(danger_told.assessment, name) for name in same]
    assert back.view.alert == danger_told.alert
    assert back.view.question is not None
    assert back.view.question.text.startswith("病人现在在哪里"), "what the hospital needs comes before any other question"
    facts = (await where(practice, son))["facts"]
    assert [finding.code for finding in facts.findings] == ["dizziness"]
    row = await Intake.get()
    assert (row.level, row.emergency_rule, row.alert_id) == ("critical", "stroke", ALERT_ID)
    assert len(alerts) == 1
    work = Work(practice, son, CurrentIntake())
    assert await spoken_words(work, row) == ("俺爹头晕", "半拉身子不听使唤(后来收回)"), "whoever drives there reads both"
    await practice.execute(son, Say(text="新塘村三组"))
    assert (await Intake.get()).level == "critical", "and no answer lowers it"


async def test_the_place_is_asked_for_again(practice: Practice, county: SmallCounty, alerts: list[str]):
    son = county.stranger
    first = await practice.execute(son, Say(text="俺爹半拉身子不听使唤"))
    await practice.execute(son, Say(text="新塘村三组"))
    back = await practice.execute(son, TakeBack(intake_id=first.intake_id))
    assert back.view.question == first.question
    await practice.execute(son, Say(text="塘边村五组"))
    work = Work(practice, son, CurrentIntake())
    assert "塘边村五组" in await spoken_words(work, await Intake.get())


async def test_a_red_flag_stays_and_the_question_before_is_asked(practice: Practice, county: SmallCounty, alerts: list[str]):
    view = await practice.execute(county.stranger, Say(text="胸闷"))
    flagged = await practice.execute(county.stranger, Say(text="没有,我吐血"))
    assert flagged.assessment is not None
    back = await practice.execute(county.stranger, TakeBack(intake_id=view.intake_id))
    assert back.danger_stands
    assert back.view.question == CHEST
    assert back.view.assessment is not None
    assert (back.view.assessment.red_flag, back.view.assessment.level) == ("small", Urgency.EMERGENT)


async def test_who_was_sent_to_hospital_now_is_not_sent_home(practice: Practice, county: SmallCounty):
    view = await practice.execute(county.stranger, Say(text="胸闷 30岁"))
    view = await practice.execute(county.stranger, Say(text="有"))
    assert view.state == "assessed"
    with pytest.raises(AdviceStands):
        await practice.execute(county.stranger, TakeBack(intake_id=view.intake_id))
    assert (await Intake.get()).level == "emergent"


async def test_what_answers_nothing_is_passed_over(practice: Practice, county: SmallCounty, monkeypatch: pytest.MonkeyPatch):
    """A curse changed nothing: 返回 takes back the answer before it."""
    view = await practice.execute(county.stranger, Say(text="我最近总是咳嗽,胸闷"))
    at_first = await where(practice, county.stranger)
    await practice.execute(county.stranger, Say(text="", choice="no"))
    monkeypatch.setattr(SmallEngine, "read", lambda *_, **__: Reading(abusive=True))
    await practice.execute(county.stranger, Say(text="你个傻逼机器"))
    monkeypatch.undo()
    back = await practice.execute(county.stranger, TakeBack(intake_id=view.intake_id))
    assert back.said == "没有"
    assert await where(practice, county.stranger) == at_first


async def test_an_unseen_question_is_as_open_as_it_was(practice: Practice, county: SmallCounty):
    view = await practice.execute(county.stranger, Say(text="我胸闷"))
    before = await where(practice, county.stranger)
    await practice.execute(county.stranger, Say(text="没有啊 就是还头晕", question_unseen=True))
    await practice.execute(county.stranger, TakeBack(intake_id=view.intake_id))
    assert await where(practice, county.stranger) == before


async def test_whose_trouble_it_is_goes_back_too(practice: Practice, county: SmallCounty):
    view = await practice.execute(county.woman_account, Say(text="咳嗽,胸闷"))
    before = await where(practice, county.woman_account)
    await practice.execute(county.woman_account, Say(text="没有,是我"))
    assert (await where(practice, county.woman_account))["patient"] == county.woman
    await practice.execute(county.woman_account, TakeBack(intake_id=view.intake_id))
    assert await where(practice, county.woman_account) == before


async def test_days_later_it_goes_on_with_the_same_talk(practice: Practice, county: SmallCounty, clock: ManualClock):
    view = await practice.execute(county.stranger, Say(text="我咳嗽,胸闷"))
    await practice.execute(county.stranger, Say(text="没有"))
    clock.advance(days=3)
    back = await practice.execute(county.stranger, TakeBack(intake_id=view.intake_id))
    assert back.view.question == CHEST
    assert (await practice.execute(county.stranger, Say(text="没有"))).intake_id == view.intake_id


async def test_two_at_once_take_back_one_each(practice: Practice, county: SmallCounty):
    view = await practice.execute(county.stranger, Say(text="我咳嗽,胸闷"))
    at_first = await where(practice, county.stranger)
    for text in ("没有", "有糖尿病"):
        await practice.execute(county.stranger, Say(text=text))
    given = [practice.execute(county.stranger, TakeBack(intake_id=view.intake_id)) for _ in range(2)]
    done = await asyncio.gather(*given, return_exceptions=True)
    assert [one for one in done if isinstance(one, BaseException) and not isinstance(one, Conflict)] == []
    said = [one.said for one in done if not isinstance(one, BaseException)]
    assert said == ["有糖尿病"] or sorted(said) == ["有糖尿病", "没有"]
    assert await IntakeEntry.filter(kind="taken_back").count() == len(said)
    if len(said) == 2:
        assert await where(practice, county.stranger) == at_first


async def test_one_message_takes_back_one_answer(practice: Practice, county: SmallCounty):
    view = await practice.execute(county.stranger, Say(text="我咳嗽,胸闷"))
    for text in ("没有", "有糖尿病"):
        await practice.execute(county.stranger, Say(text=text))
    for _ in range(3):
        back = await practice.execute(county.stranger, TakeBack(intake_id=view.intake_id), idempotency_key="msg:one:1")
        assert back.said == "有糖尿病"
    assert await IntakeEntry.filter(kind="taken_back").count() == 1


async def test_only_ones_own_and_only_while_it_runs(practice: Practice, county: SmallCounty):
    view = await practice.execute(county.stranger, Say(text="我咳嗽,胸闷"))
    await practice.execute(county.stranger, Say(text="没有"))
    for actor in (county.woman_account, county.village_doctor, county.duty_doctor):
        with pytest.raises(NotAllowed):
            await practice.execute(actor, TakeBack(intake_id=view.intake_id))
    await practice.execute(county.stranger, CloseIntake(intake_id=view.intake_id, reason="finished"))
    with pytest.raises(IntakeClosed):
        await practice.execute(county.stranger, TakeBack(intake_id=view.intake_id))


async def test_what_it_goes_back_to_is_sealed_and_no_line(practice: Practice, county: SmallCounty):
    view = await practice.execute(county.stranger, Say(text="我咳嗽,胸闷"))
    await practice.execute(county.stranger, Say(text="没有"))
    kept = await IntakeEntry.get(kind="stood")
    assert b"cough" not in bytes(kept.text)
    assert kept.own_key == view.intake_id, "erased with the patient, like the words"
    record = await practice.ask(county.stranger, IntakeRecord(intake_id=view.intake_id))
    assert {line.kind for line in record.lines} == {"said", "asked"}


SENTENCES = ("没有", "有", "58岁", "30岁", "有糖尿病", "发烧 38.5度", "没有发烧", "头晕", "嗯嗯", "我咳嗽", "咳嗽 紧急")


@pytest.mark.parametrize("seed", range(8))
async def test_answer_and_back_leave_everything_as_it_was(practice: Practice, county: SmallCounty, seed: int):
    """Whatever is answered where no danger is told: taken back, it leaves facts, question and level as before; and all of them in turn."""
    dice = random.Random(seed)
    view = await practice.execute(county.stranger, Say(text=dice.choice(("我咳嗽", "胸闷", "发烧,胸闷"))))
    stood = []
    for _ in range(6):
        before = await where(practice, county.stranger)
        if before["state"] == "assessed" and before["level"] == "emergent":
            break
        stood.append(before)
        said = dice.choice(SENTENCES)
        await practice.execute(county.stranger, Say(text=said))
        after = await where(practice, county.stranger)
        if after["state"] == "assessed" and after["level"] == "emergent":
            break
        assert (await practice.execute(county.stranger, TakeBack(intake_id=view.intake_id))).said == said
        assert await where(practice, county.stranger) == before
        await practice.execute(county.stranger, Say(text=said))
        assert await where(practice, county.stranger) == after
    else:
        for before in reversed(stood):
            await practice.execute(county.stranger, TakeBack(intake_id=view.intake_id))
            assert await where(practice, county.stranger) == before
        with pytest.raises(NothingToTakeBack):
            await practice.execute(county.stranger, TakeBack(intake_id=view.intake_id))
