"""A notification between a question and its answer throws nobody out: the answer still answers, and a bare number that fits both is asked back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.dialogue.conversing import Conversing
from core.conversations.commands import RecordSent
from core.conversations.models import Conversation
from core.dispatch.models import DangerAlert
from core.followups.models import FollowupPlan
from core.foundation.actor import Actor
from tests.bot.dialogue.stage import GROUP, Stage

APP, OA = "wecom_app", "official_account"


async def _asked_and_notified(stage: Stage) -> None:
    await stage.say("village_doctor", APP, "随访 5号")
    await stage.hears("village_doctor", APP, "建哪种随访")
    await stage.say("village_doctor", GROUP, "@会诊助手 会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急")
    await stage.hears("village_doctor", APP, "还要补", "是这位病人")
    # It is on the phone a moment before its buttons are kept; the experts' cards have buttons, too.
    async with asyncio.timeout(30):
        while not any(button.startswith("confirm:") for button in await noticed()):  # noqa: ASYNC110 - the rows are what is waited for
            await asyncio.sleep(0.05)


async def noticed() -> list[str]:
    """The buttons under what people were told last."""
    return [button for chat in await Conversation.all() for button in chat.dialogue.get("noticed", ())]


def told_while_answering(stage: Stage, monkeypatch: pytest.MonkeyPatch, **told: Any) -> list[str]:
    """Something is recorded as told to the person while the first answer from now on is worked on; the answers begun."""
    finish, begun = Conversing._finish, []

    async def told_first(self: Conversing, conversation: Conversation, *given: Any) -> None:
        begun.append(conversation.id)
        if len(begun) == 1:
            record = RecordSent(conversation_id=conversation.id, notification_id=stage.practice.ids.new(), kind="notice", text="x", **told)
            await stage.practice.execute(Actor.system("test"), record)
        await finish(self, conversation, *given)

    monkeypatch.setattr(Conversing, "_finish", told_first)
    return begun


async def test_a_number_that_fits_both_is_asked_back_and_answers(stage: Stage) -> None:
    await _asked_and_notified(stage)
    await stage.say("village_doctor", APP, "1")
    await stage.hears("village_doctor", APP, "是说哪个", "答前面问的:高血压随访", "通知里第 1 个")
    assert not await FollowupPlan.exists()
    await stage.say("village_doctor", APP, "第一个")
    await stage.hears("village_doctor", APP, "建好了")
    assert await FollowupPlan.all().count() == 1


async def test_or_presses_the_button_and_the_question_stays_open(stage: Stage) -> None:
    await _asked_and_notified(stage)
    await stage.say("village_doctor", APP, "1")
    await stage.hears("village_doctor", APP, "是说哪个")
    await stage.say("village_doctor", APP, "2")
    await stage.hears("village_doctor", APP, "病人确认好了")
    assert not await FollowupPlan.exists()
    await stage.say("village_doctor", APP, "1")
    await stage.hears("village_doctor", APP, "建好了")


async def test_a_number_beyond_the_notification_and_words_answer_at_once(stage: Stage) -> None:
    """A patient in the middle of the questions, and a reminder with one button."""
    await stage.say("stranger", OA, "我最近咳嗽,胸口有点闷")
    await stage.hears("stranger", OA, "听到了", "都没有")
    for number, conversation in enumerate(await Conversation.filter(account_id=stage.county.stranger.account_id)):
        record = RecordSent(
            conversation_id=conversation.id, notification_id=f"01J000000000000000000000{number:02d}", kind="notice", text="该量", buttons=("help",)
        )
        await stage.practice.execute(Actor.system("worker"), record)
    await stage.say("stranger", OA, "1")
    await stage.hears("stranger", OA, "是说哪个", "都没有")
    await stage.say("stranger", OA, "都没有")
    await stage.hears("stranger", OA, "记下了")


async def test_a_plain_reminder_changes_nothing(stage: Stage) -> None:
    await stage.say("stranger", OA, "我最近咳嗽,胸口有点闷")
    await stage.hears("stranger", OA, "听到了", "都没有")
    conversation = await Conversation.get(account_id=stage.county.stranger.account_id)
    record = RecordSent(conversation_id=conversation.id, notification_id="01J0000000000000000000000A", kind="notice", text="明天上午9:00 呼吸内科")
    await stage.practice.execute(Actor.system("worker"), record)
    await stage.say("stranger", OA, "1")
    heard = await stage.hears("stranger", OA, "记下了")
    assert "是说哪个" not in heard


async def test_an_alert_that_comes_while_he_takes_another_is_not_taken_with_it(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """In words, without a button: he means the one that he had seen."""
    alerts = []
    for person, words in (("woman", "胸口像石头压着,出冷汗"), ("stranger", "俺爹半拉身子不听使唤,嘴也歪了")):
        await stage.say(person, OA, words)
        await stage.hears("scheduler", APP, "危急提醒")
        alerts.append(await DangerAlert.exclude(id__in=[one.id for one in alerts]).get())
    async with asyncio.timeout(30):
        while not any(chat.dialogue.get("shown", {}).get("alert") == alerts[1].id for chat in await Conversation.all()):  # noqa: ASYNC110 - the row
            await asyncio.sleep(0.05)
    begun = told_while_answering(stage, monkeypatch, shown={"alert": alerts[0].id})
    await stage.say("scheduler", APP, "已接手")
    await stage.hears("scheduler", APP, "您已接手")
    assert len(begun) >= 2
    assert [(await DangerAlert.get(id=one.id)).state == "acknowledged" for one in alerts] == [False, True]


async def test_one_that_comes_while_the_answer_is_worked_on_does_not_change_what_it_means(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The turn is begun again, because the conversation moved; what the number meant has been done by then."""
    await stage.say("village_doctor", APP, "随访 5号")
    await stage.hears("village_doctor", APP, "建哪种随访")
    begun = told_while_answering(stage, monkeypatch, buttons=("help", "help"))
    await stage.say("village_doctor", APP, "1")
    await stage.hears("village_doctor", APP, "建好了")
    assert len(begun) >= 2
    assert await FollowupPlan.all().count() == 1
    assert "是说哪个" not in await stage.everything_heard("village_doctor", APP)
