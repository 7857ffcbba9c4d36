"""A click in the account's own menu says its phrase, to those who may say it, and leaves what was asked open."""

from __future__ import annotations

import itertools
from typing import Any

from bot.channels.message import Incoming
from bot.channels.words import as_words
from bot.dialogue.dialogue import reply_to
from bot.dialogue.state import Asked, DialogueState
from bot.dialogue.turn import Reply, Turn
from bot.phrases.menu import MENUS, official_account_menu
from core.conversations.inbound import Chat
from core.foundation.actor import Actor
from core.foundation.practice import Practice
from tests.bot.dialogue.stage import Stage
from tests.support.county import seed_small
from tests.support.taken import taken

OA, APP = "official_account", "wecom_app"
_NUMBERS = itertools.count()


async def clicked(practice: Practice, actor: Actor, channel: str, key: str, state: DialogueState, *, source: str = "menu") -> Reply:
    incoming = Incoming.model_validate(
        {
            "channel": channel, "account": "a", "sender": "s", "chat": "s", "kind": "tap", "tap": {"source": source, "key": key},
            "dedupe_key": f"click:{next(_NUMBERS)}", "sent_at": practice.clock.real_now(),
        }
    )  # fmt: skip
    chat = Chat(channel, "app", f"s-{actor.account_id}", False, actor.account_id)
    conversation, message = await taken(practice, chat, incoming.dedupe_key, incoming.kind.value, incoming.model_dump_json())
    return await reply_to(Turn(practice, actor, incoming, message.id, conversation.id, state))


async def test_every_entry_is_answered_and_nothing_that_is_not_his(practice: Practice, engine: Any) -> None:
    practice.engines.clinical = engine
    county = await seed_small(practice)
    asked = Asked(kind="whose", ref="01J0000000000000000000000A", options=("yes", "no"), menu_id="m", detail={"subject": "child"})
    for channel, menu, people in (
        (OA, MENUS["official_account"], (county.stranger, county.woman_account)),
        (APP, MENUS["wecom"], (county.village_doctor, county.pharmacist, county.experts[0])),
    ):
        for entry in (entry for _, below in menu for entry in below if entry.key):
            for person in people:
                reply = await clicked(practice, person, channel, entry.key, DialogueState())
                told = "\n".join(as_words(shape) for shape in reply.shapes)
                assert len(told) >= 4, (entry, told)
                assert "已经过去" not in told
    for key in ("review", "consult", "no such key", "book:01J0000000000000000000000A:-"):
        reply = await clicked(practice, county.stranger, OA, key, DialogueState(asked=asked))
        assert "用不了" in "\n".join(as_words(shape) for shape in reply.shapes)
        assert reply.state.asked == asked
    reply = await clicked(practice, county.village_doctor, APP, "review", DialogueState())
    assert "用不了" in "\n".join(as_words(shape) for shape in reply.shapes)


async def test_a_code_of_the_api_answers_the_question_or_names_a_phrase(practice: Practice, engine: Any) -> None:
    practice.engines.clinical = engine
    county = await seed_small(practice)
    asked = Asked(kind="actions", options=("follow:1", "why"), menu_id="m")
    state = DialogueState(asked=asked)
    reply = await clicked(practice, county.village_doctor, "terminal", "progress", state, source="message_menu")
    assert "没有和您有关的会诊" in as_words(reply.shapes[0])
    assert reply.state.asked == asked
    reply = await clicked(practice, county.village_doctor, "terminal", "review", state, source="message_menu")
    assert "已经过去" in as_words(reply.shapes[-1])


async def test_on_the_platform(stage: Stage) -> None:
    apis = stage.runtime._apis
    assert apis.official_account is not None
    await apis.official_account.menu_create(official_account_menu("https://example.org", "wxmp"))
    for key, words in (("tell", ("哪里不舒服",)), ("slots", ("约哪个科",)), ("help", ("可以说",))):
        response = await stage.http.post(f"{stage.base}/people/woman/chats/{OA}/taps", json={"key": key})
        assert response.status_code < 300, response.text
        await stage.hears("woman", OA, *words)
