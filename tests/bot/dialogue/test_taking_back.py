"""返回 in the pre-consultation, as it is lived: the last answer does not count, the question before is asked again, and danger stays said."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.foundation.practice import Practice
from core.foundation.work import Work
from core.intake.commands import CurrentIntake, IntakeView, Say, TakeBack
from core.intake.models import Intake, IntakeEntry
from core.intake.record import opened
from nlp.interface.assessment import Facts
from tests.bot.dialogue.stage import Stage, buttons
from tests.support.county import seed_small

OA, MINI = "official_account", "mini_program"
COUGH = "我最近咳嗽,胸口有点闷"
BACK = "返回上一题"


async def facts(practice: Practice, account: Any) -> Facts:
    row = await Intake.get(live_for=account.account_id)
    found = await opened(Work(practice, account, CurrentIntake()), row, "facts", Facts)
    assert found is not None
    return found


async def on_screen(stage: Stage, chat: str = OA) -> list[str]:
    said = [message for message in await stage.messages("stranger", chat) if message["from"] == "service"]
    return [label for _, label in buttons(said[-1])]


async def test_one_back_two_back_and_the_beginning(stage: Stage) -> None:
    stranger = stage.county.stranger
    await stage.say("stranger", OA, COUGH)
    first = await stage.hears("stranger", OA, "听到了", "都没有")
    assert BACK not in first, "before the first question there is nothing"
    at_first = await facts(stage.practice, stranger)
    await stage.tap("stranger", OA, "都没有")
    second = await stage.hears("stranger", OA, BACK)
    at_second = await facts(stage.practice, stranger)
    await stage.tap("stranger", OA, "咳的时候才有")
    await stage.hears("stranger", OA, BACK)
    await stage.say("stranger", OA, "返回")
    again = await stage.hears("stranger", OA, "「咳的时候才有,一会儿就好」不算了", BACK)
    assert "走路、上楼会不会更重" in second
    assert "走路、上楼会不会更重" in again
    assert await facts(stage.practice, stranger) == at_second
    await stage.tap("stranger", OA, BACK)
    again = await stage.hears("stranger", OA, "「都没有」不算了", "【都没有】")
    assert BACK not in again
    assert await facts(stage.practice, stranger) == at_first
    await stage.say("stranger", OA, "返回上一步")
    await stage.hears("stranger", OA, "前面没有了", "「重来」", "「取消」", "【都没有】")
    await stage.tap("stranger", OA, "都没有")
    await stage.hears("stranger", OA, BACK)
    assert await Intake.all().count() == 1
    assert await IntakeEntry.filter(kind="taken_back").count() == 2


async def test_a_late_tap_on_it_takes_back_nothing_more(stage: Stage) -> None:
    await stage.say("stranger", OA, COUGH)
    await stage.hears("stranger", OA, "都没有")
    for label in ("都没有", "咳的时候才有"):
        await stage.tap("stranger", OA, label)
        await stage.hears("stranger", OA, BACK)
    await stage.tap("stranger", OA, BACK)
    await stage.hears("stranger", OA, "不算了")
    old = next(message for message in await stage.messages("stranger", OA) if BACK in [label for _, label in buttons(message)])
    (key,) = [key for key, label in buttons(old) if label == BACK]
    await stage._post("stranger", OA, "taps", {"seq": old["seq"], "key": key})
    await stage.hears("stranger", OA)
    assert await IntakeEntry.filter(kind="taken_back").count() == 1


async def test_in_the_mini_program_too(stage: Stage) -> None:
    await stage.say("stranger", MINI, COUGH)
    await stage.hears("stranger", MINI, "都没有")
    await stage.say("stranger", MINI, "没有")
    await stage.hears("stranger", MINI)
    await stage.say("stranger", MINI, "返回")
    await stage.hears("stranger", MINI, "「没有」不算了", "都没有")


async def test_the_emergency_stands(stage: Stage) -> None:
    await stage.say("stranger", OA, "俺爹头晕")
    await stage.hears("stranger", OA, "头晕")
    await stage.say("stranger", OA, "他半拉身子不听使唤,嘴也歪了")
    await stage.hears("stranger", OA, "中风", "120")
    await stage.say("stranger", OA, "返回")
    heard = await stage.hears("stranger", OA, "120", "上一句不算", "不能当没有")
    assert heard.startswith("还没打 120 的话,请马上打")
    row = await Intake.get(live_for=stage.county.stranger.account_id)
    assert (row.level, row.alert_id is not None) == ("critical", True)
    await stage.say("stranger", OA, "返回")
    heard = await stage.hears("stranger", OA, "120", "这件事先不能放下")
    assert heard.startswith("还没打 120 的话,请马上打")
    assert (await Intake.get(id=row.id)).level == "critical"


async def test_after_days_it_is_said_what_it_was_about(stage: Stage) -> None:
    await stage.say("stranger", OA, COUGH)
    await stage.hears("stranger", OA, "都没有")
    await stage.tap("stranger", OA, "都没有")
    await stage.hears("stranger", OA, BACK)
    clock = stage.practice.clock
    clock.shift_to(clock.offset + timedelta(days=3))  # type: ignore[attr-defined]
    await stage.say("stranger", OA, "返回")
    await stage.hears("stranger", OA, "上次说到您的", "3 天前", "不算了", "【都没有】")
    await stage.tap("stranger", OA, "都没有")
    await stage.hears("stranger", OA, BACK)
    assert await Intake.all().count() == 1
    clock.shift_to(clock.offset + timedelta(days=20))  # type: ignore[attr-defined]
    await stage.say("stranger", OA, "返回")
    await stage.hears("stranger", OA, "先放下了")
    assert (await Intake.get()).state == "closed"


async def test_in_elder_mode(stage: Stage) -> None:
    await stage.say("stranger", OA, "长辈模式")
    await stage.hears("stranger", OA, "长辈模式打开了")
    await stage.say("stranger", OA, COUGH)
    await stage.hears("stranger", OA, "都没有")
    whole = await on_screen(stage)
    await stage.tap("stranger", OA, "都没有")
    await stage.hears("stranger", OA, BACK)
    await stage.tap("stranger", OA, BACK)
    await stage.hears("stranger", OA, "「都没有」不算了")
    assert await on_screen(stage) == whole


@pytest.mark.parametrize(("told", "relation"), [("我妈咳嗽三天了", "mother"), ("娃儿五岁,咳嗽三天了", "child")])
async def test_of_a_parent_and_of_a_child(stage: Stage, told: str, relation: str) -> None:
    await stage.say("stranger", OA, told)
    await stage.hears("stranger", OA, "对吗") if relation == "child" else await stage.hears("stranger", OA, "咳嗽")
    if relation == "child":
        await stage.say("stranger", OA, "是")
        await stage.hears("stranger", OA, "咳嗽")
    before = await facts(stage.practice, stage.county.stranger)
    await stage.say("stranger", OA, "发烧39度")
    await stage.hears("stranger", OA, BACK)
    await stage.say("stranger", OA, "返回")
    await stage.hears("stranger", OA, "「发烧39度」不算了")
    assert await facts(stage.practice, stage.county.stranger) == before
    assert (await Intake.get()).relation == before.person.relation == relation


async def test_after_the_result_the_last_answer_is_asked_again(stage: Stage) -> None:
    await stage.say("stranger", OA, "我咳嗽三天了,32岁")
    await stage.answer_until("stranger", OA, "紧急程度", (), "没有")
    row = await Intake.get()
    assert row.level in ("routine", "self_care", "urgent")
    await stage.say("stranger", OA, "返回")
    await stage.hears("stranger", OA, "不算了", BACK)
    assert (await Intake.get()).state == "open"


SAID = (
    ("我咳嗽三天了", ("没有", "不清楚", "发烧38度5", "58岁,有糖尿病", "黄痰", "没有", "没有")),
    ("肚子痛,拉肚子", ("没有", "昨天开始的", "没有发烧", "32岁", "没有", "不清楚")),
    ("我妈腿肿", ("没有", "两条腿都肿", "65岁", "有高血压", "没有")),
    ("娃儿五岁发烧", ("精神好", "三天了", "没有", "没有", "不清楚")),
)


@pytest.mark.parametrize(("first", "answers"), SAID)
async def test_answer_and_back_leave_facts_and_question_as_before(practice: Practice, engine: Any, first: str, answers: tuple[str, ...]) -> None:
    """Of the whole engine, whatever is answered."""
    practice.engines.clinical = engine
    stranger = (await seed_small(practice)).stranger
    view: IntakeView = await practice.execute(stranger, Say(text=first))
    for answer in answers:
        before, question = await facts(practice, stranger), view.question
        told = await practice.execute(stranger, Say(text=answer))
        if question is None or told.assessment is not None:
            return
        back = await practice.execute(stranger, TakeBack(intake_id=view.intake_id))
        assert (await facts(practice, stranger), back.view.question) == (before, question), answer
        view = await practice.execute(stranger, Say(text=answer))
        assert view.question == told.question, "and it is heard as it was heard before"
