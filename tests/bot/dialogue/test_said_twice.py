"""A worker is killed between the order and the reply: the turn is repeated, means the same, changes nothing more and says what it would have said."""

from __future__ import annotations

from typing import Any

import pytest

from bot.dialogue import conversing
from core.consultations.models import Consultation, TimelineEntry, TimeProposal
from core.dispatch.models import ExpertOffer
from tests.bot.dialogue.stage import GROUP, Stage
from tests.bot.dialogue.test_arranging_words import taken

APP = "wecom_app"


def cut(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """From now on the first turn is cut off before its reply is kept."""
    whole = conversing.Conversing._finish
    killed: list[str] = []

    async def cut_once(self: Any, conversation: Any, message: Any, reply: Any, *rest: Any) -> None:
        if not killed:
            killed.append(message.id)
            raise RuntimeError("killed")
        await whole(self, conversation, message, reply, *rest)

    monkeypatch.setattr(conversing.Conversing, "_finish", cut_once)
    return killed


async def test_reassigning_and_nudging(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    code, expert = await taken(stage)
    row = await Consultation.get(code=code)
    other = {"expert1": "李主任", "expert2": "王主任"}[expert]
    killed = cut(monkeypatch)
    await stage.say("scheduler", APP, f"改派 {code} {other} 上手术了")
    await stage.hears("scheduler", APP, "已从", f"转请{other}")
    assert killed
    assert await TimelineEntry.filter(consultation_id=row.id, kind="reassigned").count() == 1
    assert await ExpertOffer.filter(consultation_id=row.id, state="offered").count() == 1
    killed.clear()
    await stage.say("scheduler", APP, f"催办 {code}")
    await stage.hears("scheduler", APP, "已催", other)
    assert killed
    assert await TimelineEntry.filter(consultation_id=row.id, kind="nudged").count() == 1


async def test_a_time_from_now_on(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    code, expert = await taken(stage)
    killed = cut(monkeypatch)
    await stage.say(expert, APP, f"改时间 {code} 两小时后")
    await stage.hears(expert, APP, "提议改到")
    assert killed
    assert await TimeProposal.all().count() == 1
    assert not (await stage.everything_heard("village_doctor", GROUP)).count("改时间")
