"""One message, one effect, one reply: duplicates, late replies, dead processes, refused callbacks."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from typing import Any

import pytest
from limits import RateLimitItemPerSecond

from bot.channels.api.errors import AllowanceSpent, ApiError, NotTrusted, QuotaSpent, ReceiverUnknown, Unreachable
from bot.dialogue import conversing
from bot.inbox import flood
from bot.inbox import inbox as inbox_module
from core.conversations import allowance, reading
from core.conversations.models import Conversation, Message
from core.foundation.models import AuditEntry, OutboxEvent
from core.intake.models import Intake, IntakeEntry
from core.people.models import Identity
from tests.bot.inbox.conftest import Desk

COUGH = "我咳嗽,发烧38.5度"
_PATIENCE = conversing.GIVE_UP_AFTER


@pytest.fixture(autouse=True)
def _short_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The platform's five seconds as one, so that the late cases need not be waited for."""
    monkeypatch.setattr(inbox_module, "MARGIN_S", 4.0)


async def _until_claimed() -> None:
    while not await Message.all().exists():  # noqa: ASYNC110 - the row is what is waited for
        await asyncio.sleep(0.01)


async def _answered(desk: Desk, *deliveries: Any) -> list[str]:
    """Deliver while a worker works."""

    enough = asyncio.Event()

    async def worker() -> None:
        while not enough.is_set():
            await desk.work(1)
            await asyncio.sleep(0.01)

    working = asyncio.create_task(worker())
    try:
        answers = await asyncio.gather(*deliveries)
    finally:
        enough.set()
        await working
    assert all(answer.status == 200 for answer in answers)
    return [desk.side.read(answer.body) for answer in answers]


async def test_a_message_is_answered_in_the_http_answer(desk: Desk) -> None:
    (said,) = await _answered(desk, desk.deliver(COUGH))
    assert "听到了:咳嗽" in said
    assert "<ToUserName><![CDATA[o-stranger]]></ToUserName>" in said
    assert desk.postbox.sent == []
    assert (await Message.get()).state == "delivered"


async def test_three_deliveries_at_once_have_one_effect_and_the_same_answer(desk: Desk) -> None:
    said = await _answered(desk, desk.deliver(COUGH), desk.deliver(COUGH), desk.deliver(COUGH))
    assert all("听到了" in one for one in said)
    assert await Message.filter(direction="in").count() == 1
    assert await Intake.all().count() == 1
    assert await IntakeEntry.filter(kind="said").count() == 1
    assert await OutboxEvent.filter(topic="message.received").count() == 1
    again = await _answered(desk, desk.deliver(COUGH))
    assert "听到了" in again[0]
    assert await IntakeEntry.filter(kind="said").count() == 1
    assert desk.postbox.sent == []


async def test_a_late_reply_is_pushed_once(desk: Desk) -> None:
    late = await desk.deliver(COUGH)
    assert late.body == b"success"
    await desk.work()
    assert len(desk.postbox.sent) == 1
    assert "听到了" in str(desk.postbox.sent[0])
    await desk.runtime.sweep_once()
    await desk.work()
    assert len(desk.postbox.sent) == 1
    assert (await desk.deliver(COUGH)).body == b"success"


async def test_when_answers_do_not_arrive_the_stored_reply_is_pushed_once(desk: Desk) -> None:
    """The platform delivers again long after the answer was handed over: acknowledged, and one push that takes from the ledger."""
    (said,) = await _answered(desk, desk.deliver(COUGH))
    assert "听到了" in said
    desk.clock.advance(seconds=5)
    conversation = await Conversation.get()
    before = await allowance.left(conversation.id, desk.clock.real_now())
    again = await asyncio.gather(*(desk.deliver(COUGH) for _ in range(3)))
    assert {answer.body for answer in again} == {b"success"}
    await desk.work()
    assert len(desk.postbox.sent) == 1
    assert "听到了:咳嗽" in str(desk.postbox.sent)
    assert before - await allowance.left(conversation.id, desk.clock.real_now()) == 1
    assert await IntakeEntry.filter(kind="said").count() == 1
    message = await Message.get(direction="in")
    assert (message.state, message.push) == ("late", "sent")
    desk.clock.advance(seconds=5)
    assert (await desk.deliver(COUGH)).body == b"success"
    await desk.work()
    assert len(desk.postbox.sent) == 1


async def test_what_is_said_after_a_question_that_never_arrived_is_no_answer_to_it(desk: Desk) -> None:
    """Neither the HTTP answer nor the push came through: the question is asked again and nothing is written down as answered."""
    await _answered(desk, desk.deliver("我胸闷"))
    desk.clock.advance(seconds=5)
    desk.postbox.refuse_with = ReceiverUnknown("custom_send", 40003)
    assert (await desk.deliver("我胸闷")).body == b"success"
    await desk.work()
    assert (await Message.get(direction="in")).push == "failed"
    entries = await IntakeEntry.filter(kind="said").count()
    desk.clock.advance(seconds=2)
    (said,) = await _answered(desk, desk.deliver("没有", 2))
    assert "可能没有送到" in said
    assert "喘不上气" in said
    assert await IntakeEntry.filter(kind="said").count() == entries
    desk.clock.advance(seconds=2)
    (said,) = await _answered(desk, desk.deliver("没有", 3))
    assert "可能没有送到" not in said
    assert await IntakeEntry.filter(kind="said").count() == entries + 1


async def test_a_reply_that_nobody_fetched_is_pushed_by_the_sweep(desk: Desk) -> None:
    waiting = asyncio.create_task(desk.deliver(COUGH))
    await _until_claimed()
    await asyncio.sleep(0.2)
    for task in (*desk.runtime.inbox._running, waiting):
        task.cancel()  # the web process is killed while it waits
    await asyncio.gather(waiting, return_exceptions=True)
    await desk.work()
    assert (await Message.get()).state == "answered"
    await desk.runtime.sweep_once()
    await desk.work()
    assert desk.postbox.sent == []
    desk.clock.advance(seconds=16)
    await desk.runtime.sweep_once()
    await desk.work()
    assert len(desk.postbox.sent) == 1
    message = await Message.get()
    assert (message.state, message.push) == ("late", "sent")


async def test_a_turn_cut_off_before_its_end_is_repeated_without_a_second_effect(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between the command and the stored reply: the next worker gives the same orders and the practice knows them."""

    async def killed(*_: Any, **__: Any) -> None:
        raise asyncio.CancelledError

    waiting = asyncio.create_task(desk.deliver(COUGH))
    await _until_claimed()
    conversation_id = (await Message.get()).conversation_id
    assert desk.runtime.conversing is not None
    with monkeypatch.context() as patch:
        patch.setattr(conversing.Conversing, "_finish", killed)
        with pytest.raises(asyncio.CancelledError):
            await desk.runtime.conversing.work(conversation_id)
    assert await IntakeEntry.filter(kind="said").count() == 1
    assert (await Message.get()).state == "received"
    await asyncio.gather(waiting)
    desk.clock.advance(seconds=4)
    await desk.runtime.sweep_once()
    await desk.work()
    assert await IntakeEntry.filter(kind="said").count() == 1
    assert await AuditEntry.filter(action="intake.say", outcome="done").count() == 1
    assert len(desk.postbox.sent) == 1


async def test_messages_of_one_chat_are_answered_in_their_order(desk: Desk) -> None:
    await asyncio.gather(*(desk.deliver(text, number) for number, text in enumerate(("我咳嗽", "我发烧", "我头晕"), 1)))
    await asyncio.gather(*(desk.work() for _ in range(3)))
    messages = await Message.filter(direction="in").order_by("id")
    answered = [message.answered_at for message in messages]
    assert None not in answered
    assert answered == sorted(answered, key=str)
    said = await IntakeEntry.filter(kind="said").order_by("number")
    assert [entry.number for entry in said] == sorted(entry.number for entry in said)
    assert len(said) == 3


@pytest.mark.parametrize("refusal", [AllowanceSpent("custom_send", 45015), QuotaSpent("custom_send", 45009), NotTrusted("custom_send", 48001)])
async def test_when_no_service_message_may_be_sent_a_template_tells_of_the_reply(desk: Desk, refusal: ApiError) -> None:
    desk.postbox.refuse_with = refusal
    await desk.deliver(COUGH)
    await desk.work()
    assert desk.postbox.sent == []
    assert len(desk.postbox.templates) == 1


async def test_words_are_sealed_and_the_dialogue_holds_ids_only(desk: Desk) -> None:
    await _answered(desk, desk.deliver(COUGH))
    message, conversation = await Message.get(), await Conversation.get()
    for sealed in (message.body, message.reply, conversation.chat):
        assert sealed is not None
        assert "咳嗽".encode() not in bytes(sealed)
        assert b"o-stranger" not in bytes(sealed)
    assert not any("\u4e00" <= letter <= "\u9fff" for letter in str(conversation.dialogue))
    assert COUGH in await reading.opened(desk.practice, message, "body")


async def test_a_message_that_always_fails_gets_an_apology_with_120(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_: Any) -> Any:
        raise RuntimeError("bug")

    await desk.deliver(COUGH)
    monkeypatch.setattr(conversing, "reply_to", broken)
    await desk.work(1)
    assert desk.postbox.sent == []
    desk.clock.advance(seconds=_PATIENCE.total_seconds() + 1)
    await desk.runtime.sweep_once()
    await desk.work(1)
    assert "120" in str(desk.postbox.sent)


async def test_who_writes_first_is_tied_to_his_unionid(desk: Desk) -> None:
    await _answered(desk, desk.deliver(COUGH, openid="o-new"))
    await desk.work()
    assert (await Identity.get(subject="o-new")).unionid == "u-o-new"


async def test_altered_stale_and_senseless_callbacks_get_one_400_and_change_nothing(desk: Desk) -> None:
    rng = random.Random(7)
    query, body = desk.side.text("o-stranger", COUGH, 9, desk.clock.real_now())
    wrong = [(query | {"msg_signature": "0" * 40}, body), (query, body[:-40]), (query, b""), ({}, body), (query | {"timestamp": "1"}, body)]
    for _ in range(60):
        damaged = bytearray(body)
        damaged[rng.randrange(80, len(body) - 20)] ^= 1 << rng.randrange(8)
        wrong.append((query, bytes(damaged)))
    for one_query, one_body in wrong:
        answer = await desk.runtime.receive("official-account", one_query, {}, one_body)
        assert (answer.status, answer.body) == (400, b"")
    assert (await desk.runtime.receive("nowhere", query, {}, body)).status == 400
    assert await Message.all().count() == 0


async def test_somebody_signed_in_says_a_line_and_gets_the_same_answer_for_the_same_key(desk: Desk) -> None:
    doctor = desk.county.village_doctor.account_id

    async def say() -> Any:
        return await desk.runtime.say(doctor, "我的病人", key="k1", seconds=2)

    working = asyncio.create_task(_work_for(desk, 1.5))
    first, again = await asyncio.gather(say(), say())
    await working
    assert first is not None
    assert first == again
    assert "罗大山" in first[0].text
    assert await Message.filter(direction="in").count() == 1


async def _work_for(desk: Desk, seconds: float) -> None:
    end = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < end:
        await desk.work(1)
        await asyncio.sleep(0.02)


def test_a_web_process_loads_neither_dialogue_nor_engines() -> None:
    code = "import sys, bot.runtime; print([m for m in ('jieba', 'numpy', 'pydicom', 'bot.dialogue', 'bot.sending') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


async def test_who_sends_more_than_anybody_types_is_told_and_the_rest_is_not_taken_in(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flood, "MOST", RateLimitItemPerSecond(2, 60, namespace="chat-test"))
    desk.practice.demo = False
    for number in (1, 2):
        await desk.deliver("在吗", number)
    assert flood.FLOODED in desk.side.read((await desk.deliver("在吗", 3)).body)
    assert await Message.filter(direction="in").count() == 2
    # Delivered again it is the same message, and somebody else is not concerned.
    await desk.deliver("在吗", 2)
    await desk.deliver("在吗", 4, openid="o-other")
    assert await Message.filter(direction="in").count() == 3
    desk.practice.demo = True
    await desk.deliver("在吗", 5)
    assert await Message.filter(direction="in").count() == 4


async def test_a_slow_platform_holds_up_nobody(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The platform is asked who writes beside the conversation: people who write for the first time are answered all the same, and tied later."""
    slow = asyncio.Event()
    asked = desk.postbox.user_info

    async def user_info(openid: str) -> Any:
        await slow.wait()
        return await asked(openid)

    monkeypatch.setattr(desk.postbox, "user_info", user_info)
    monkeypatch.setattr(inbox_module, "MARGIN_S", 0.2)  # the whole deadline: twelve people at once are to be answered on a busy machine too
    said = await _answered(desk, *(desk.deliver(COUGH, 900 + number, f"o-new-{number}") for number in range(12)))
    assert all("听到了" in one for one in said)
    assert not await Identity.filter(subject__startswith="o-new-", unionid__not_isnull=True).exists()
    slow.set()
    async with asyncio.timeout(30):
        while await Identity.filter(subject__startswith="o-new-", unionid__isnull=True).exists():  # noqa: ASYNC110 - the row is what is waited for
            await asyncio.sleep(0.02)


async def test_whom_the_platform_does_not_know_is_left_alone_for_an_hour(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each question counts against the account's quota: not one for every message."""
    asked: list[str] = []

    async def unknown(openid: str) -> Any:
        asked.append(openid)
        raise ReceiverUnknown("user_info", 40003)

    async def until_asked(times: int) -> None:
        async with asyncio.timeout(30):
            while len(asked) < times:  # noqa: ASYNC110 - the question is what is waited for
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert asked == ["o-unknown"] * times

    monkeypatch.setattr(desk.postbox, "user_info", unknown)
    await _answered(desk, desk.deliver(COUGH, 970, "o-unknown"))
    await until_asked(1)
    await _answered(desk, desk.deliver("没有", 971, "o-unknown"))
    await until_asked(1)
    desk.clock.advance(minutes=61)
    await _answered(desk, desk.deliver("没有", 972, "o-unknown"))
    await until_asked(2)


async def test_who_could_not_be_asked_about_is_asked_about_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, failed = desk.postbox.user_info, asyncio.Event()

    async def away(openid: str) -> Any:
        failed.set()
        raise Unreachable("user_info", "away", sent=False)

    monkeypatch.setattr(desk.postbox, "user_info", away)
    await _answered(desk, desk.deliver(COUGH, 950, "o-late"))
    await asyncio.wait_for(failed.wait(), 30)
    await asyncio.sleep(0.05)
    monkeypatch.setattr(desk.postbox, "user_info", asked)
    await _answered(desk, desk.deliver("没有", 951, "o-late"))
    async with asyncio.timeout(30):
        while await Identity.filter(subject="o-late", unionid__isnull=True).exists():  # noqa: ASYNC110 - the row is what is waited for
            await asyncio.sleep(0.02)
