"""What the web process says by itself is what a worker would say, and it says it only where a worker would say nothing else."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from bot.channels.message import ChannelName, Incoming, Kind
from bot.channels.outgoing import Text
from bot.dialogue import danger
from bot.dialogue.dialogue import reply_to
from bot.dialogue.state import DialogueState
from bot.dialogue.turn import Turn
from bot.inbox import always
from bot.inbox import inbox as inbox_module
from bot.inbox.shapes import written
from core.conversations import allowance, at_once
from core.conversations.models import Conversation, Message
from core.foundation.actor import Actor, HeldRole, Role
from core.foundation.audit.completeness import find_missing
from core.foundation.audit.findings import Report
from core.foundation.clock import ManualClock
from core.foundation.models import AuditEntry, OutboxEvent
from core.people.models import Account, Identity
from tests.bot.inbox.conftest import Desk
from tests.bot.inbox.test_inbox import COUGH, _answered

STATES: tuple[dict[str, Any], ...] = (
    {}, {"intake_id": "01M0000000000000000000000A", "subject": "child"}, {"shown": {"offer": "01M0000000000000000000000A"}, "noticed": ["book:x"]},
    {"before": {"kind": "intake", "ref": "01M0000000000000000000000A", "options": ["yes", "no"]}},
)  # fmt: skip
"""Dialogues with nothing open."""


@pytest.fixture(autouse=True)
def _short_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_module, "MARGIN_S", 4.0)


def _said(text: str, channel: ChannelName, clock: ManualClock, **more: Any) -> Incoming:
    return Incoming(
        channel=channel, account="a", sender="o-1", chat="o-1", kind=Kind.TEXT, text=text, event="text", dedupe_key="k", sent_at=clock.now(), **more
    )


def test_the_engine_hears_nothing_in_these_words(clinical: Any) -> None:
    for text in sorted(always.WORDS):
        for said in (text, f" {text}\n"):
            heard = danger._heard(clinical, said.strip())
            assert not any((heard.danger, heard.red_flag, heard.emergency, heard.says_something)), text


async def test_the_reply_is_the_dialogues_own_and_reads_nothing(clinical: Any, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every word, channel and way of reading, in every quiet dialogue; a practice without a database, so that whatever looks into one fails."""
    bare: Any = type("Bare", (), {"engines": type("E", (), {"clinical": clinical})(), "clock": clock})()
    for channel, elder, state in itertools.product(always.CHANNELS, (False, True), STATES):
        assert always.is_quiet(DialogueState.of(state).stored())
        actor = Actor("01M0000000000000000000000A", (HeldRole(Role.PATIENT, ""),), channel.value)
        for text in sorted(always.WORDS):
            incoming = _said(text, channel, clock)
            turn = Turn(bare, actor, incoming, "01M0000000000000000000000B", "c", DialogueState.of(state), elder=elder)
            reply = await reply_to(turn)
            assert always.is_always(incoming)
            assert (reply.shapes, reply.aside, reply.state) == (always.always_said(incoming, elder=elder).shapes, (), turn.state), (text, channel)


def test_other_words_places_and_dialogues_are_a_workers(clock: ManualClock) -> None:
    official = ChannelName.OFFICIAL_ACCOUNT
    assert not any(always.is_always(_said(text, official, clock)) for text in ("帮助我", "胸痛", "取消", "1", "", "好的", "帮助 120", "谢谢 我胸痛"))
    assert not always.is_always(_said("帮助", official, clock, group=True))
    assert not any(always.is_always(_said("帮助", one, clock)) for one in ChannelName if one not in always.CHANNELS)
    assert not always.is_quiet({"asked": {"kind": "intake"}})
    assert not always.is_quiet({"danger": "x:stroke", "intake_id": "x"})
    with pytest.raises(KeyError):
        always.always_said(_said("胸痛", official, clock), elder=False)


def _values(row: Any) -> dict[str, Any]:
    return dict(row)


async def _known(desk: Desk) -> Conversation:
    """o-stranger has written before, was answered, and is known across the accounts."""
    await _answered(desk, desk.deliver("谢谢", 900))
    await desk.work()
    return await Conversation.get()


async def test_it_is_stored_as_a_worker_would_have_left_it(desk: Desk) -> None:
    conversation = await _known(desk)
    (by_worker,) = await Message.all()
    entry_by_worker = await AuditEntry.get(action="conversations.finish_turn")
    answer = await desk.deliver("谢谢", 901)  # nobody works
    assert "不客气" in desk.side.read(answer.body)
    mine = await Message.get(dedupe_key__not=by_worker.dedupe_key)
    changing = {"id", "version", "dedupe_key", "body", "reply", "received_at", "answered_at", "delivered_at"}
    assert {k: v for k, v in _values(mine).items() if k not in changing} == {k: v for k, v in _values(by_worker).items() if k not in changing}
    assert mine.answered_at is not None
    assert mine.delivered_at is not None
    entry = await AuditEntry.get(subject_id=mine.id)
    changing = {"id", "at", "real_at", "account_id", "subject_id", "in_tree"}
    assert {k: v for k, v in _values(entry).items() if k not in changing} == {k: v for k, v in _values(entry_by_worker).items() if k not in changing}
    assert entry.account_id == "system:web"
    event = (await OutboxEvent.filter(topic="message.received").order_by("-id"))[0]
    assert event.body["message_id"] == mine.id
    assert (event.topic, event.state, event.key) == ("message.received", "done", conversation.id)
    assert (await Conversation.get()).dialogue == conversation.dialogue
    assert await allowance.left(conversation.id, desk.clock.real_now()) == 5
    report = Report()
    await find_missing(report)
    assert report.findings == []


async def test_delivered_again_it_is_answered_the_same_and_stored_once(desk: Desk) -> None:
    await _known(desk)
    answers = await asyncio.gather(*(desk.deliver("帮助", 902) for _ in range(5)))
    assert len({desk.side.read(one.body).split("</CreateTime>")[1] for one in answers}) == 1
    assert "直接说哪里不舒服" in desk.side.read((await desk.deliver("帮助", 902)).body)
    assert await Message.all().count() == 2
    assert await AuditEntry.filter(action="conversations.finish_turn").count() == 2


async def test_two_processes_take_the_same_messages_once_each(desk: Desk) -> None:
    await _known(desk)
    other = inbox_module.Inbox(desk.practice, desk.runtime.inbox.apps)
    channel = desk.runtime._by_path["official-account"]
    assert channel is not None
    now = desk.clock.real_now()
    posts = [desk.side.text("o-stranger", "帮助", 910 + number % 6, now) for number in range(24)]
    inboxes = (desk.runtime.inbox, other)
    answers = await asyncio.gather(*(inboxes[place % 2].receive(channel, query, {}, body) for place, (query, body) in enumerate(posts)))
    assert all("直接说哪里不舒服" in desk.side.read(one.body) for one in answers)
    assert await Message.all().count() == 7
    assert await OutboxEvent.filter(topic="message.received").count() == 7


async def test_what_comes_behind_something_unanswered_waits_for_it(desk: Desk) -> None:
    """Order: while an earlier message is with a worker, the next is a worker's too, and the replies come in the order of the messages."""
    await _known(desk)
    first = asyncio.create_task(desk.deliver(COUGH, 920))
    while not await Message.filter(state="received").exists():  # noqa: ASYNC110 - the row is what is waited for
        await asyncio.sleep(0.01)
    second = asyncio.create_task(desk.deliver("帮助", 921))
    while await Message.filter(state="received").count() < 2:  # noqa: ASYNC110 - the row is what is waited for
        await asyncio.sleep(0.01)
    said = await _answered(desk, first, second)
    assert "听到了" in said[0]
    assert "直接说哪里不舒服" in said[1]
    replied = await Message.filter(direction="in").order_by("id")
    assert [one.answered_at for one in replied] == sorted(one.answered_at for one in replied if one.answered_at)
    # A question is open now: help keeps it open, and that is a worker's to see.
    assert (await Conversation.get()).dialogue.get("asked")
    assert (await desk.deliver("帮助", 922)).body == b"success"


async def test_a_dialogue_that_moves_meanwhile_is_not_answered_past(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    conversation = await _known(desk)
    prepared = at_once.AnsweringAtOnce._prepared

    async def slowly(self: Any, *given: Any) -> Any:
        made = await prepared(self, *given)
        await conversation.change(dialogue={"asked": {"kind": "actions", "options": ["x"]}})
        return made

    monkeypatch.setattr(at_once.AnsweringAtOnce, "_prepared", slowly)
    (said,) = await _answered(desk, desk.deliver("帮助", 930))
    assert "直接说哪里不舒服" in said
    assert await AuditEntry.filter(action="conversations.finish_turn", account_id="system:web").count() == 0
    assert await AuditEntry.filter(action="conversations.finish_turn", account_id="system:worker").count() == 2


async def test_killed_between_commit_and_answer_the_stored_reply_is_given(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process ends after the commit: the platform delivers again, to another process, and later the reply goes by push, once."""
    await _known(desk)
    answer = at_once.AnsweringAtOnce.answer

    async def dies(self: Any, asking: Any) -> Any:
        assert await answer(self, asking)
        raise asyncio.CancelledError

    with monkeypatch.context() as dying:
        dying.setattr(at_once.AnsweringAtOnce, "answer", dies)
        with pytest.raises(asyncio.CancelledError):
            await desk.deliver("帮助", 940)
    assert await Message.filter(state="delivered").count() == 2
    assert "直接说哪里不舒服" in desk.side.read((await desk.deliver("帮助", 940)).body)
    desk.clock.advance(seconds=5)
    assert (await desk.deliver("帮助", 940)).body == b"success"
    await desk.work()
    assert "直接说哪里不舒服" in str(desk.postbox.sent)
    assert len(desk.postbox.sent) == 1


async def test_killed_before_the_commit_nothing_is_there_and_it_is_taken_anew(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await _known(desk)

    def dies(*_: Any) -> Any:
        yield from ()
        raise asyncio.CancelledError

    with monkeypatch.context() as dying:
        dying.setattr(at_once.AnsweringAtOnce, "_stored", dies)
        with pytest.raises(asyncio.CancelledError):
            await desk.deliver("帮助", 950)
    assert await Message.all().count() == 1
    assert "直接说哪里不舒服" in desk.side.read((await desk.deliver("帮助", 950)).body)


async def test_who_is_new_in_the_roster_or_joined_goes_to_a_worker(desk: Desk) -> None:
    assert (await desk.deliver("帮助", 960, openid="o-new")).body == b"success"
    await desk.work()
    conversation = await Conversation.get()
    assert "直接说哪里不舒服" in desk.side.read((await desk.deliver("帮助", 961, openid="o-new")).body)
    other = await Account.create(id=desk.practice.ids.new(), created_at=desk.clock.now())
    await Account.filter(id=conversation.account_id).update(joined_to_id=other.id)
    assert (await desk.deliver("帮助", 962, openid="o-new")).body == b"success"


async def test_who_chose_large_letters_hears_fewer_words(desk: Desk) -> None:
    conversation = await _known(desk)
    await Account.filter(id=conversation.account_id).update(elder=True)
    assert "还可以说:" in (said := desk.side.read((await desk.deliver("帮助", 970)).body))
    assert "约医生" in said
    assert "会诊进度" not in said
    assert await AuditEntry.filter(account_id="system:web", action="conversations.finish_turn").count() == 1


async def test_the_worker_is_told_of_who_is_not_known_across_the_accounts(desk: Desk) -> None:
    """Once in a while: it asks the platform who he is."""
    await _known(desk)
    await Identity.filter(subject="o-stranger").update(unionid=None)
    for number in range(3):
        await desk.deliver("帮助", 980 + number)
    assert await OutboxEvent.filter(topic="message.received", state="waiting").count() == 1
    desk.clock.advance(seconds=at_once.TELL_AGAIN.total_seconds() + 1)
    await desk.deliver("帮助", 989)
    assert await OutboxEvent.filter(topic="message.received", state="waiting").count() == 2
    await desk.work()
    assert await OutboxEvent.filter(topic="message.received", state="waiting").count() == 0
    assert desk.postbox.sent == []


async def test_a_reply_too_long_for_one_answer_is_handed_over_as_any_other(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await _known(desk)
    long = always.Always(shapes := (Text(text="长" * 500), Text(text="尾" * 300)), written(shapes))
    monkeypatch.setattr(always, "always_said", lambda *_, **__: long)
    assert "长长" in desk.side.read((await desk.deliver("帮助", 990)).body)
    await desk.work()
    assert "尾尾" in str(desk.postbox.sent)
    assert await Message.filter(state="delivered", push="sent").count() == 1
