"""A tap on a robot's card is delivered once and never again: it is stored before anything else, and tried while somebody waits."""

from __future__ import annotations

from typing import Any

import pytest
from tortoise.exceptions import OperationalError

from bot.channels.message import ChannelName
from bot.inbox import inbox as inbox_module
from bot.inbox.inbox import Inbox
from core.conversations.models import Message
from core.conversations.taking import Taking
from core.foundation.clock import ManualClock
from core.foundation.practice import Practice
from tests.bot.channels.platform_side import BOT, NOW, robot_message, wecom_robot


def tap(number: int = 1) -> tuple[dict[str, str], bytes]:
    body = {"eventtype": "template_card_event", "template_card_event": {"card_type": "button_interaction", "event_key": "accept:1", "task_id": "t-1"}}
    return BOT.json(robot_message("event", body, msgid=f"tap-{number}"), "encrypt")


@pytest.fixture
def inbox(practice: Practice, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Inbox:
    clock.time = NOW
    # A robot's tap is answered by a changed card within five seconds; here nobody works on it, so the wait is cut short.
    monkeypatch.setattr(inbox_module, "MARGIN_S", 4.0)
    return Inbox(practice, {ChannelName.WECOM_ROBOT: "wwcorp"})


async def test_a_tap_is_stored_although_its_sender_writes_too_much(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    async def floods(*_: Any) -> bool:
        return True

    monkeypatch.setattr(inbox_module, "floods", floods)
    answer = await inbox.receive(wecom_robot(), *_parts(tap()))
    assert (answer.status, await Message.all().count()) == (200, 1)


async def test_a_tap_is_tried_again_while_the_database_is_away(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = 0
    store = Taking._stored

    def away_at_first(self: Taking, *given: Any) -> Any:
        nonlocal tries
        tries += 1
        if tries <= 3:
            raise OperationalError("gone")
        return store(self, *given)

    monkeypatch.setattr(Taking, "_stored", away_at_first)
    monkeypatch.setattr(inbox_module, "MARGIN_S", 0.8)
    monkeypatch.setattr(inbox_module, "TAP_AGAIN_S", 0.01)
    answer = await inbox.receive(wecom_robot(), *_parts(tap()))
    assert (answer.status, tries, await Message.all().count()) == (200, 4, 1)


async def test_a_text_is_left_to_the_platform_s_next_delivery(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(Taking, "_stored", away)
    text = BOT.json(robot_message("text", {"content": "@会诊助手 进度"}), "encrypt")
    assert (await inbox.receive(wecom_robot(), *_parts(text))).status == 503
    monkeypatch.setattr(inbox_module, "MARGIN_S", 4.7)
    assert (await inbox.receive(wecom_robot(), *_parts(tap()))).status == 503
    assert not await Message.all().exists()


def _parts(parcel: tuple[dict[str, str], bytes]) -> tuple[dict[str, str], dict[str, str], bytes]:
    query, body = parcel
    return query, {}, body
