"""Whatever is typed or tapped, there is a reply and no failure; and what a text means survives a worker's death."""

from __future__ import annotations

import random
from typing import Any

import pytest

from bot.channels.message import Incoming, Kind
from bot.dialogue import conversing
from bot.dialogue.dialogue import reply_to
from bot.dialogue.state import Asked, DialogueState
from bot.dialogue.turn import Turn
from bot.phrases.definitions import PHRASES, TAPS
from core.conversations.inbound import Chat
from core.foundation.actor import Actor
from core.foundation.practice import Practice
from tests.bot.dialogue.stage import GROUP, Stage
from tests.support.county import SmallCounty, seed_small
from tests.support.taken import taken

APP = "wecom_app"
TEXTS = [name for phrase in PHRASES for name in phrase.names]
TEXTS += ["3号", "C-7K2M", "胸痛2小时", "发烧38.5", "是", "不是", "1", "不清楚", "俺爹", "娃儿八个月", "🚑", "\u202e", "算了", "理由:", "没有呼吸"]
KINDS = ("intake", "whose", "who", "actions", "cancel_reason", "decision_reason", "rx_reason", "rx_confirm", "return_reason", "dose", "dose_confirm",
         "decline_reason", "reassign_reason", "no_such_material")


def _button(rng: random.Random, county: SmallCounty) -> str:
    ids = [county.old_man, county.woman, county.slots[0], "01J0000000000000000000000A", "x" * 26, "", "..", "03.01", "没有", "agree", "1"]
    verb = rng.choice([*TAPS, "nothing", ""])
    return ":".join([verb, *(rng.choice(ids) for _ in range(rng.randrange(0, 4)))])


async def _turn(practice: Practice, actor: Actor, number: int, state: DialogueState, rng: random.Random, county: SmallCounty) -> Turn:
    tapped = rng.random() < 0.4
    fields: dict[str, Any] = {"kind": Kind.TEXT, "text": "".join(rng.choice(TEXTS) for _ in range(rng.randrange(0, 4)))}
    if tapped:
        source = rng.choice(["card", "message_menu"])
        fields = {"kind": Kind.TAP, "tap": {"source": source, "key": _button(rng, county), "task_id": "t", "menu_id": rng.choice(["t", "m"])}}
    channel = "official_account" if not actor.practitioner_id else rng.choice(["wecom_app", "wecom_robot"])
    incoming = Incoming.model_validate(
        {
            "channel": channel, "account": "a", "sender": "s", "chat": "s", "group": channel == "wecom_robot" and rng.random() < 0.3,
            "dedupe_key": f"fuzz:{number}", "sent_at": practice.clock.real_now(), **fields,
        }
    )  # fmt: skip
    chat = Chat(channel, "app", f"s-{actor.account_id}", False, actor.account_id)
    conversation, message = await taken(practice, chat, incoming.dedupe_key, incoming.kind.value, incoming.model_dump_json())
    return Turn(practice, actor, incoming, message.id, conversation.id, state)


async def test_two_hundred_odd_messages_of_everybody_get_a_reply(practice: Practice, engine: Any) -> None:
    practice.engines.clinical = engine
    county = await seed_small(practice)
    rng = random.Random(20261120)
    staff = (county.village_doctor, county.experts[0], county.scheduler, county.pharmacist, county.duty_doctor)
    people = (*staff, county.woman_account, county.stranger)
    states: dict[str, DialogueState] = {}
    for number in range(200):
        actor = rng.choice(people)
        state = states.get(actor.account_id, DialogueState())
        if rng.random() < 0.1:
            state = state.asking(Asked(kind=rng.choice(KINDS), ref="x", options=("yes", "no", "a:b")))
        reply = await reply_to(await _turn(practice, actor, number, state, rng, county))
        assert reply.shapes or reply.aside, number
        states[actor.account_id] = DialogueState.of(reply.state.stored())
        assert not any("\u4e00" <= letter <= "\u9fff" for letter in str(reply.state.stored()))


async def test_taking_a_case_in_words_survives_the_death_of_the_worker(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut off between the command and the reply: the repetition finds no open invitation any more, and still means the same one."""
    await stage.say("village_doctor", GROUP, "@会诊助手 会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急")
    await stage.hears("expert2", APP, "会诊邀请")
    whole = conversing.Conversing._finish
    cut: list[str] = []

    async def cut_once(self: Any, conversation: Any, message: Any, reply: Any, *rest: Any) -> None:
        if not cut:
            cut.append(message.id)
            raise RuntimeError("killed")
        await whole(self, conversation, message, reply, *rest)

    monkeypatch.setattr(conversing.Conversing, "_finish", cut_once)
    await stage.say("expert2", APP, "接诊")
    await stage.hears("expert2", APP, "由您接诊")
    assert cut
