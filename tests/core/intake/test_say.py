"""An intake lived through the front door: said, asked, assessed, recorded, alerted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from core.appointments.commands import BookSlot
from core.foundation.actor import Actor
from core.foundation.clock import ManualClock
from core.foundation.errors import Conflict, NotAllowed
from core.foundation.models import AuditEntry, RuleSignature
from core.foundation.practice import EngineAway, Practice
from core.foundation.work import Work
from core.intake import danger
from core.intake.commands import AlertTold, CloseIntake, CurrentIntake, IntakeRecord, Say
from core.intake.errors import ChoiceUnknown, IntakeClosed, IntakeUnknown, NothingSaid, RulesUnsigned
from core.intake.models import Intake, IntakeEntry
from core.intake.service import place_of, spoken_words
from core.people.accounts import actor_for
from core.people.commands import EnsureAccount
from nlp.interface.assessment import Facts, Question
from nlp.interface.reading import Reading
from nlp.interface.urgency import Urgency
from tests.core.intake.small_engine import AGE, CHEST, FLU, SmallEngine
from tests.support.county import SmallCounty, seed_small

pytestmark = pytest.mark.storage
ALERT_ID = "01ARZ3NDEKTSV4RRFFQ69G5FAW"


@pytest.fixture
async def county(practice: Practice) -> SmallCounty:
    practice.engines.clinical = SmallEngine()
    return await seed_small(practice)


@pytest.fixture
def alerts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str | None]]]:
    """Who is alerted, in place of the room above: (what, place or None)."""
    heard: list[tuple[str, str | None]] = []

    async def alert(work: Work, intake: Intake) -> AlertTold:
        heard.append((" ".join(await spoken_words(work, intake)), await place_of(work, intake)))
        return AlertTold(alert_id=ALERT_ID, who="值班医生 张医生", place="平塘县人民医院")

    async def place(work: Work, intake: Intake) -> None:
        heard.append(("place", await place_of(work, intake)))

    monkeypatch.setattr(danger, "_ALERTING", [alert])
    monkeypatch.setattr(danger, "_HEARING", [place])
    return heard


async def test_a_worried_patient(practice: Practice, county: SmallCounty):
    patient = county.stranger
    first = await practice.execute(patient, Say(text="我最近总是咳嗽,还发烧,体温38.5度,胸闷"))
    assert first.understood == ("咳嗽", "发烧 38.5℃", "胸闷")
    assert (first.state, first.question, first.assessment) == ("open", CHEST, None)
    second = await practice.execute(patient, Say(intake_id=first.intake_id, text="", choice="no"))
    assert second.question == AGE
    third = await practice.execute(patient, Say(text="58岁,有糖尿病"))
    assert third.intake_id == first.intake_id
    assert (third.state, third.question) == ("assessed", None)
    assert third.assessment is not None
    assert (third.assessment.level, third.assessment.departments[0].name) == (Urgency.URGENT, "呼吸内科")
    assert not third.rules_signed
    assert (await practice.ask(patient, CurrentIntake())).assessment == third.assessment
    record = await practice.ask(patient, IntakeRecord(intake_id=first.intake_id))
    assert [(line.kind, line.text) for line in record.lines] == [
        ("said", "我最近总是咳嗽,还发烧,体温38.5度,胸闷"),
        ("asked", CHEST.text),
        ("said", "没有"),
        ("asked", AGE.text),
        ("said", "58岁,有糖尿病"),
        ("advised", "紧急程度:急(Ⅲ级)\n为什么:发烧\n建议科室:呼吸内科"),
    ]
    assert (record.level, record.department_code, record.engine) == ("urgent", "03.01", "small 1")


async def test_a_red_flag_is_told_and_alerts_while_the_questions_go_on(
    practice: Practice, county: SmallCounty, alerts: list[tuple[str, str | None]]
):
    patient = county.stranger
    view = await practice.execute(patient, Say(text="我吐血"))
    assert view.question == AGE
    assert view.assessment is not None
    assert (view.assessment.red_flag, view.assessment.advice) == ("small", ("现在就去急诊。", "先不吃不喝。"))
    assert view.alert is not None
    view = await practice.execute(patient, Say(text="58"))
    assert (view.question, view.state) == (None, "assessed")
    assert alerts == [("我吐血", None)], "once"
    record = await practice.ask(patient, IntakeRecord(intake_id=view.intake_id))
    assert [line.kind for line in record.lines] == ["said", "advised", "asked", "said"]


async def test_danger_comes_first_and_then_one_question_at_a_time(
    practice: Practice, county: SmallCounty, alerts: list[tuple[str, str | None]]
):
    son = county.stranger
    view = await practice.execute(son, Say(text="俺爹半拉身子不听使唤,嘴也歪了"))
    assert view.assessment is not None
    assert view.assessment.emergency is not None
    assert view.assessment.emergency.suspected == "中风"
    assert view.alert == AlertTold(alert_id=ALERT_ID, who="值班医生 张医生", place="平塘县人民医院")
    assert view.question is not None
    assert view.question.text.startswith("病人现在在哪里")
    assert alerts == [("俺爹半拉身子不听使唤,嘴也歪了", None)]
    view = await practice.execute(son, Say(text="新塘村三组"))
    assert not view.not_understood
    assert alerts[1:] == [("place", "新塘村三组")]
    assert view.question is not None
    assert view.question.text == "是什么时候开始的?"
    view = await practice.execute(son, Say(text="", choice="unknown"))
    assert (view.state, view.question) == ("assessed", None)
    assert view.relation == "father"
    await practice.execute(son, Say(text="就是头晕"))
    assert len(alerts) == 2
    assert (await Intake.get()).level == "critical"


async def test_who_has_a_village_doctor_is_not_asked_where_he_is(practice: Practice, county: SmallCounty, alerts: list[object]):
    view = await practice.execute(county.woman_account, Say(text="我半拉身子不听使唤"))
    assert view.patient_id == county.woman
    assert view.question is not None
    assert view.question.text == "是什么时候开始的?"
    assert (await Intake.get()).organisation_id == county.clinic


async def test_age_on_record_is_not_asked(practice: Practice, county: SmallCounty):
    view = await practice.execute(county.woman_account, Say(text="我发烧"))
    assert (view.state, view.patient_id) == ("assessed", county.woman)


async def test_the_level_only_rises(practice: Practice, county: SmallCounty):
    await practice.execute(county.stranger, Say(text="胸闷"))
    worse = await practice.execute(county.stranger, Say(text="有"))
    assert (await Intake.get()).level == "emergent"
    better = await practice.execute(county.stranger, Say(text="没有胸闷了,30岁"))
    assert better.intake_id == worse.intake_id
    assert (await Intake.get()).level == "emergent"


async def test_typed_urgency_counts(practice: Practice, county: SmallCounty):
    view = await practice.execute(county.stranger, Say(text="咳嗽 紧急 30岁"))
    assert view.assessment is not None
    assert view.assessment.level is Urgency.EMERGENT
    assert view.assessment.reasons[-1].text == "您说情况是「急重」"


async def test_another_person_is_another_intake(practice: Practice, county: SmallCounty):
    mine = await practice.execute(county.stranger, Say(text="我咳嗽"))
    child = await practice.execute(county.stranger, Say(text="娃儿发烧 39.5度"))
    assert child.intake_id != mine.intake_id
    assert (await Intake.get(id=mine.intake_id)).close_reason == "changed_subject"
    assert child.relation == "child"
    with pytest.raises(IntakeClosed):
        await practice.execute(county.stranger, Say(intake_id=mine.intake_id, text="还咳"))


async def test_after_half_a_day_one_begins_anew_or_resumes_by_name(practice: Practice, county: SmallCounty, clock: ManualClock):
    first = await practice.execute(county.stranger, Say(text="我咳嗽"))
    clock.advance(hours=11)
    assert (await practice.execute(county.stranger, Say(text="还咳嗽"))).intake_id == first.intake_id
    clock.advance(days=3)
    assert (await practice.ask(county.stranger, CurrentIntake())).intake_id == first.intake_id
    assert (await practice.execute(county.stranger, Say(intake_id=first.intake_id, text="没有发烧"))).intake_id == first.intake_id
    clock.advance(days=3)
    assert (await practice.execute(county.stranger, Say(text="头晕"))).intake_id != first.intake_id


async def test_put_away_is_put_away(practice: Practice, county: SmallCounty):
    first = await practice.execute(county.stranger, Say(text="我发烧 30岁"))
    await practice.execute(county.stranger, CloseIntake(intake_id=first.intake_id, reason="finished"))
    assert (await practice.ask(county.stranger, CurrentIntake())).state == "closed"
    second = await practice.execute(county.stranger, Say(text="我发烧 30岁"))
    await practice.execute(county.stranger, CloseIntake(intake_id=second.intake_id, reason="wrong"))
    assert (await practice.ask(county.stranger, CurrentIntake())).intake_id == first.intake_id


async def test_what_cannot_be_taken_in(practice: Practice, county: SmallCounty):
    with pytest.raises(IntakeUnknown):
        await practice.ask(county.stranger, CurrentIntake())
    with pytest.raises(NothingSaid):
        await practice.execute(county.stranger, Say(text="  "))
    with pytest.raises(ChoiceUnknown):
        await practice.execute(county.stranger, Say(text="有", choice="yes"))
    first = await practice.execute(county.stranger, Say(text="胸闷"))
    with pytest.raises(ChoiceUnknown):
        await practice.execute(county.stranger, Say(intake_id=first.intake_id, text="", choice="radiating"))
    assert await IntakeEntry.filter(kind="said").count() == 1


ASIDES = {
    "你个傻逼机器": (Reading(abusive=True), "您着急"),
    "我得了什么病": (Reading(asks_diagnosis=True), "我不是医生,不能说是什么病"),
    "it hurts": (Reading(foreign=True), "120"),
}


@pytest.fixture
def asides(monkeypatch: pytest.MonkeyPatch) -> None:
    """The small engine knows these texts."""
    read = SmallEngine.read

    def knows(
        engine: SmallEngine, text: str, *, answering: Question | None = None, choice: str | None = None, known: Facts | None = None
    ) -> Reading:
        return ASIDES[text][0] if text in ASIDES else read(engine, text, answering=answering, choice=choice)

    monkeypatch.setattr(SmallEngine, "read", knows)


@pytest.mark.parametrize("said", ASIDES)
async def test_what_answers_nothing_leaves_the_question_open(practice: Practice, county: SmallCounty, asides: None, said: str):
    first = await practice.execute(county.stranger, Say(text="我最近总是咳嗽,胸闷"))
    before = await Intake.get()
    view = await practice.execute(county.stranger, Say(text=said))
    assert (view.intake_id, view.question, view.understood, view.not_understood) == (first.intake_id, CHEST, (), False)
    assert ASIDES[said][1] in view.remark
    row = await Intake.get()
    assert (bytes(row.facts), row.level, row.relation) == (bytes(before.facts), before.level, before.relation)
    record = await practice.ask(county.stranger, IntakeRecord(intake_id=first.intake_id))
    assert [(line.kind, line.text) for line in record.lines[2:]] == [("said", said), ("asked", CHEST.text)]
    answered = await practice.execute(county.stranger, Say(text="", choice="no"))
    assert answered.remark == ""
    assert answered.question == AGE


@pytest.mark.parametrize("said", ASIDES)
async def test_what_answers_nothing_may_come_first(practice: Practice, county: SmallCounty, asides: None, said: str):
    view = await practice.execute(county.stranger, Say(text=said))
    assert ASIDES[said][1] in view.remark
    assert view.assessment is None
    assert not view.not_understood


async def test_a_curse_is_no_place(practice: Practice, county: SmallCounty, alerts: list[tuple[str, str | None]], asides: None):
    first = await practice.execute(county.stranger, Say(text="俺爹半拉身子不听使唤,嘴也歪了"))
    view = await practice.execute(county.stranger, Say(text="你个傻逼机器"))
    assert view.question == first.question
    assert view.assessment is not None
    assert view.assessment.emergency is not None
    assert len(alerts) == 1
    await practice.execute(county.stranger, Say(text="it hurts"))
    assert alerts[1:] == [("place", "it hurts")]


async def test_nonsense_is_recorded_and_said_to_be_not_understood(practice: Practice, county: SmallCounty):
    view = await practice.execute(county.stranger, Say(text="屁股后头那个筋扯得很"))
    assert view.not_understood
    assert view.state == "open"
    assert await IntakeEntry.filter(kind="said").count() == 1


async def test_what_only_a_doctor_may_read_never_reaches_the_speaker(practice: Practice, county: SmallCounty):
    said = await practice.execute(county.woman_account, Say(text="我发烧 30岁"))
    again = await practice.ask(county.woman_account, CurrentIntake())
    await practice.execute(county.woman_account, BookSlot(slot_id=county.slots[0], patient_id=county.woman, intake_id=said.intake_id))
    own = await practice.ask(county.woman_account, IntakeRecord(intake_id=said.intake_id))
    for shown in (said, again, own):
        assert FLU.name not in shown.model_dump_json()
    assert said.assessment is not None
    assert said.assessment.candidates.found == own.candidates.found == ()
    read = await practice.ask(county.experts[2], IntakeRecord(intake_id=said.intake_id))
    assert read.candidates.found == (FLU,)


async def test_an_intake_is_its_speaker_s(practice: Practice, county: SmallCounty):
    view = await practice.execute(county.stranger, Say(text="我发烧 30岁"))
    for actor in (county.woman_account, county.village_doctor, county.duty_doctor, county.experts[2], county.scheduler, county.auditor):
        with pytest.raises(NotAllowed):
            await practice.ask(actor, IntakeRecord(intake_id=view.intake_id))
        with pytest.raises(IntakeUnknown):
            await practice.execute(actor, Say(intake_id=view.intake_id, text="头晕"))
        with pytest.raises(NotAllowed):
            await practice.execute(actor, CloseIntake(intake_id=view.intake_id, reason="wrong"))


async def test_the_booked_expert_reads_it_and_no_other(practice: Practice, county: SmallCounty):
    view = await practice.execute(county.woman_account, Say(text="我发烧"))
    await practice.execute(county.woman_account, BookSlot(slot_id=county.slots[0], patient_id=county.woman, intake_id=view.intake_id))
    record = await practice.ask(county.experts[2], IntakeRecord(intake_id=view.intake_id))
    assert record.lines[0].text == "我发烧"
    with pytest.raises(NotAllowed):
        await practice.ask(county.experts[0], IntakeRecord(intake_id=view.intake_id))
    entry = await AuditEntry.get(action="intake.record", outcome="done")
    assert (entry.relation, entry.subject_id) == ("booked_intake", county.woman)


async def test_words_and_facts_are_sealed(practice: Practice, county: SmallCounty):
    await practice.execute(county.stranger, Say(text="我最近总是咳嗽,发烧38.5度,胸闷"))
    row, entry = await Intake.get(), await IntakeEntry.filter(kind="said").get()
    for column in (row.facts, row.question, row.assessment, entry.text):
        assert column is not None
        assert "咳嗽".encode() not in bytes(column)
        assert b"cough" not in bytes(column)


async def test_two_messages_at_once_lose_nothing(practice: Practice, county: SmallCounty):
    texts = ["我咳嗽", "发烧", "38.5度", "头晕", "有糖尿病", "30岁"]
    views = await asyncio.gather(*(practice.execute(county.stranger, Say(text=text)) for text in texts), return_exceptions=True)
    assert [view for view in views if isinstance(view, BaseException) and not isinstance(view, Conflict)] == []
    row = await Intake.get()
    lines = [line.text for line in (await practice.ask(county.stranger, IntakeRecord(intake_id=row.id))).lines if line.kind == "said"]
    assert sorted(lines) == sorted(text for text, view in zip(texts, views, strict=True) if not isinstance(view, BaseException))
    assert len(lines) == len(texts)
    assert row.level == "urgent"


async def test_without_the_engine_nothing_is_taken_in(practice: Practice, county: SmallCounty):
    practice.engines.clinical = None
    with pytest.raises(EngineAway):
        await practice.execute(county.stranger, Say(text="我发烧"))
    assert await Intake.all().count() == 0


async def test_unsigned_rules_run_in_the_demonstration_only(practice: Practice, county: SmallCounty):
    practice.demo = False
    with pytest.raises(RulesUnsigned):
        await practice.execute(county.stranger, Say(text="我发烧"))
    rules = SmallEngine.rule_sets[0]
    await RuleSignature.create(
        id=practice.ids.new(), rule_set=rules.name, digest=rules.digest, signed_by="test", licence="1", signed_at=practice.clock.now()
    )
    assert (await practice.execute(county.stranger, Say(text="我发烧"))).rules_signed
    await RuleSignature.all().update(digest="e" * 64)
    with pytest.raises(RulesUnsigned):
        await practice.execute(county.stranger, Say(text="头晕"))


async def test_accounts_of_one_person_bring_their_intakes_together(practice: Practice, county: SmallCounty, system: Actor):
    later = await practice.execute(system, EnsureAccount(app="wx1", subject="o9"))
    view = await practice.execute(await actor_for(later.account_id, "official_account", practice.clock.now()), Say(text="我发烧 30岁"))
    await practice.execute(system, EnsureAccount(app="wx1", subject="o9", unionid="u-o-stranger"))
    mine = await practice.ask(county.stranger, CurrentIntake())
    assert mine.intake_id == view.intake_id
    record = await practice.ask(county.stranger, IntakeRecord(intake_id=view.intake_id))
    assert record.lines[0].text == "我发烧 30岁"
    assert (await practice.execute(county.stranger, Say(text="头晕"))).intake_id == view.intake_id


async def test_what_is_said_after_a_question_that_never_arrived_is_not_its_answer(practice: Practice, county: SmallCounty):
    """A denied danger that was never asked about would be the worst of all records."""
    patient = county.stranger
    asked = await practice.execute(patient, Say(text="我胸闷"))
    assert asked.question == CHEST
    again = await practice.execute(patient, Say(text="没有啊 就是还头晕", question_unseen=True))
    assert again.question == CHEST
    assert "头晕" in again.understood
    assert not [word for word in again.understood if "喘不上气" in word]
    answered = await practice.execute(patient, Say(text="没有"))
    assert [word for word in answered.understood if "喘不上气" in word]
