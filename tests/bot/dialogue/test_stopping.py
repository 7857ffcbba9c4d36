"""取消, 返回, 重来 in every kind of open question, of patients and staff; nothing is cancelled unasked, and 120 stays in danger."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest

import bot.dialogue
from bot.channels.message import Incoming
from bot.channels.words import as_words
from bot.dialogue.dialogue import reply_to
from bot.dialogue.state import Asked, DialogueState
from bot.dialogue.stopping import _DROPPED
from bot.dialogue.turn import Reply, Turn
from core.appointments.models import Appointment
from core.consultations.models import Consultation
from core.conversations.inbound import Chat
from core.foundation.actor import Actor
from core.foundation.practice import Practice
from tests.bot.dialogue.stage import GROUP, Stage
from tests.support.county import seed_small
from tests.support.taken import taken

APP, OA = "wecom_app", "official_account"
WORDS = ("取消", "返回", "重来")
NOBODY = "01J0000000000000000000000A"
OF_PATIENTS = {"intake", "whose", "who", "worse", "resume"}
_NUMBERS = itertools.count()


def kinds() -> set[str]:
    """Every kind of question that the dialogue asks, as its source names them."""
    source = "\n".join(path.read_text() for path in sorted(Path(bot.dialogue.__path__[0]).glob("*.py")))
    named = set(re.findall(r'Asked\(kind="(\w+)"', source))
    constants = dict(re.findall(r'^(?:\w+, )*(\w+) = "(\w+)"$', source, re.MULTILINE))
    assert set(re.findall(r"Asked\(kind=([A-Z]\w+)", source)) <= {"REASON", "QUESTION", "CONFIRM", "KIND", *constants}
    return named | {"decision_reason", "rx_reason", "rx_confirm", "return_reason", "dose", "dose_confirm", "second_factor"}


async def turn_of(practice: Practice, actor: Actor, text: str, state: DialogueState) -> Turn:
    channel = WECOM if actor.practitioner_id else OA
    number = next(_NUMBERS)
    incoming = Incoming.model_validate(
        {
            "channel": channel, "account": "a", "sender": "s", "chat": "s", "kind": "text", "text": text, "dedupe_key": f"stop:{number}",
            "sent_at": practice.clock.real_now(),
        }
    )  # fmt: skip
    chat = Chat(channel, "app", f"s-{actor.account_id}", False, actor.account_id)
    conversation, message = await taken(practice, chat, incoming.dedupe_key, incoming.kind.value, incoming.model_dump_json())
    return Turn(practice, actor, incoming, message.id, conversation.id, state)


WECOM = APP


def said(reply: Reply) -> str:
    return "\n".join(as_words(shape) for shape in reply.shapes)


def test_every_kind_has_its_sentence_of_what_was_dropped() -> None:
    assert kinds() <= set(_DROPPED) | {"actions"}


async def test_every_kind_of_question_understands_the_three_words(practice: Practice, engine: Any) -> None:
    practice.engines.clinical = engine
    county = await seed_small(practice)
    booked, running = await Appointment.filter(state="booked").count(), await Consultation.all().count()
    for kind in sorted(kinds()):
        people = (county.stranger, county.woman_account) if kind in OF_PATIENTS else (county.village_doctor, county.pharmacist, county.woman_account)
        for person, word in itertools.product(people, WORDS):
            detail = {"dose": "aspirin_chewed"} if kind.startswith("dose") else {"subject": "child"}
            state = DialogueState(asked=Asked(kind=kind, ref=NOBODY, options=("yes", "no"), menu_id="m", detail=detail))
            reply = await reply_to(await turn_of(practice, person, word, state))
            told = said(reply)
            assert len(told) >= 8, (kind, word)
            assert "没听懂" not in told, (kind, word, told)
            if word == "取消":
                left = reply.state.asked
                assert left is None or left.kind == "actions", (kind, told)
                assert _DROPPED.get(kind, "") in told, (kind, told)
    assert (await Appointment.filter(state="booked").count(), await Consultation.all().count()) == (booked, running)


@pytest.mark.parametrize("word", WORDS)
async def test_nothing_open_is_said_too(practice: Practice, engine: Any, word: str) -> None:
    practice.engines.clinical = engine
    county = await seed_small(practice)
    for person in (county.stranger, county.village_doctor):
        assert "现在没有正在问您的" in said(await reply_to(await turn_of(practice, person, word, DialogueState())))


async def test_120_stays_in_danger(stage: Stage) -> None:
    await stage.say("stranger", OA, "俺爹半拉身子不听使唤,嘴也歪了")
    await stage.hears("stranger", OA, "中风", "120")
    for word in (*WORDS, "算了,不弄了"):
        await stage.say("stranger", OA, word)
        heard = await stage.hears("stranger", OA, "120", "这件事先不能放下")
        assert heard.startswith("还没打 120 的话,请马上打")
    await stage.say("stranger", OA, "塘边镇新塘村三组")
    await stage.hears("stranger", OA, "120", "记下了")


async def test_an_appointment_is_cancelled_only_when_it_was_chosen(stage: Stage) -> None:
    await stage.say("woman", OA, "我想预约呼吸科")
    await stage.hears("woman", OA, "可以约的时间")
    await stage.tap("woman", OA, "11月")
    await stage.hears("woman", OA, "约好了")
    await stage.say("woman", OA, "取消")
    await stage.hears("woman", OA, "要取消哪一个", "取消预约", "都不取消")
    await stage.tap("woman", OA, "都不取消")
    await stage.hears("woman", OA, "都照旧")
    assert await Appointment.filter(state="booked").count() == 1
    await stage.say("woman", OA, "取消")
    await stage.hears("woman", OA, "要取消哪一个")
    await stage.say("woman", OA, "1")
    await stage.hears("woman", OA, "已取消")


async def test_back_to_the_departments_and_all_anew(stage: Stage) -> None:
    await stage.say("woman", OA, "预约")
    await stage.hears("woman", OA, "约哪个科")
    await stage.tap("woman", OA, "呼吸内科")
    await stage.hears("woman", OA, "可以约的时间")
    await stage.say("woman", OA, "返回")
    await stage.hears("woman", OA, "回到上一步", "约哪个科")
    await stage.tap("woman", OA, "呼吸内科")
    await stage.hears("woman", OA, "可以约的时间")
    await stage.say("woman", OA, "重来")
    await stage.hears("woman", OA, "从头来", "约哪个科")
    await stage.say("woman", OA, "返回")
    await stage.hears("woman", OA, "前面没有别的问题")


async def test_in_the_middle_of_the_questions(stage: Stage) -> None:
    await stage.say("stranger", OA, "我最近咳嗽,胸口有点闷")
    await stage.hears("stranger", OA, "听到了", "都没有")
    await stage.say("stranger", OA, "返回")
    await stage.hears("stranger", OA, "把对的直接说一遍", "都没有")
    await stage.tap("stranger", OA, "都没有")
    await stage.hears("stranger", OA)
    await stage.say("stranger", OA, "重来")
    await stage.hears("stranger", OA, "重新说一遍")
    await stage.say("stranger", OA, "我最近咳嗽,胸口有点闷")
    await stage.hears("stranger", OA, "听到了")
    await stage.say("stranger", OA, "取消")
    await stage.hears("stranger", OA, "问诊先放下了", "120")


async def test_a_consultation_is_cancelled_only_when_it_was_chosen(stage: Stage) -> None:
    await stage.say("village_doctor", GROUP, "@会诊助手 会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急")
    await stage.hears("village_doctor", GROUP, "会诊", "3号")
    await stage.hears("village_doctor", APP, "还要补")
    await stage.say("village_doctor", APP, "取消")
    await stage.hears("village_doctor", APP, "要取消哪一个", "取消会诊 C-", "都不取消")
    assert (await Consultation.get()).state != "CANCELLED"
    await stage.say("village_doctor", APP, "1")
    await stage.hears("village_doctor", APP, "为什么取消")
    await stage.say("village_doctor", APP, "算了")
    await stage.hears("village_doctor", APP, "会诊没有取消")
    assert (await Consultation.get()).state != "CANCELLED"
