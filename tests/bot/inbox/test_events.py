"""Events about our own messages: each counts once however often it is delivered, and a refusal in the dialog takes nothing back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.channels.message import ChannelName, Incoming, Kind
from bot.inbox import events
from core.foundation.practice import Practice
from core.notifications import subscriptions
from core.notifications.models import Rung, Subscription
from core.people.commands import EnsureAccount
from core.people.models import Identity
from tests.support.county import SYSTEM

APP, OPENID = "wxmini", "m-1"
POPUP = "subscribe_msg_popup_event"


def incoming(practice: Practice, key: str, **fields: Any) -> Incoming:
    plain = {"channel": ChannelName.MINI_PROGRAM, "account": "gh_mp", "sender": OPENID, "chat": OPENID, "sent_at": practice.clock.real_now()}
    return Incoming.model_validate(plain | {"kind": Kind.SUBSCRIPTION_CHANGE, "event": POPUP, "dedupe_key": key} | fields)


def words(**accepted: bool) -> dict[str, Any]:
    return {"subscriptions": [{"template_id": name, "accepted": yes} for name, yes in accepted.items()]}


@pytest.fixture
async def identity(practice: Practice) -> str:
    await practice.execute(SYSTEM, EnsureAccount(app=APP, subject=OPENID))
    return (await Identity.get(app=APP, subject=OPENID)).id


async def test_three_deliveries_are_one_accept(practice: Practice, identity: str) -> None:
    accept = incoming(practice, "mini_program:1", **words(T1=True, T2=False))
    await asyncio.gather(*(events.note(practice, accept, APP) for _ in range(3)), return_exceptions=True)
    await events.note(practice, accept, APP)
    assert [(row.template, row.heard) for row in await Subscription.all()] == [("T1", 1)]
    await events.note(practice, incoming(practice, "mini_program:2", **words(T1=True)), APP)
    assert (await Subscription.get(template="T1")).heard == 2


async def test_the_dialog_s_no_takes_nothing_back_and_the_settings_no_all(practice: Practice, identity: str) -> None:
    await events.note(practice, incoming(practice, "mini_program:1", **words(T1=True)), APP)
    await events.note(practice, incoming(practice, "mini_program:2", **words(T1=False)), APP)
    assert await subscriptions.is_open(identity, "T1")
    await events.note(practice, incoming(practice, "mini_program:3", event=events.CHANGED, **words(T1=False)), APP)
    assert not await subscriptions.is_open(identity, "T1")
    assert not await subscriptions.is_open(identity, "T1", long_term=True)


async def test_what_is_not_ours_changes_nothing(practice: Practice, identity: str) -> None:
    await events.note(practice, incoming(practice, "mini_program:1", **words(**{"T" * 65: True})), APP)
    await events.note(practice, incoming(practice, "mini_program:2", sender="stranger", **words(T1=True)), APP)
    failed = {"kind": Kind.TEMPLATE_RESULT, "event": "subscribe_msg_sent_event"}
    for place, message_id in enumerate(("", "1", "9" * 65)):
        deliveries = [{"message_id": message_id, "outcome": "failed", "code": 1}]
        await events.note(practice, incoming(practice, f"mini_program:d{place}", deliveries=deliveries, **failed), APP)
    assert not await Subscription.exists()
    assert not await Rung.exists()
