"""Nothing in a handler holds the event loop up: a callback that takes long lets all others through."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from bot.dialogue import dialogue
from bot.inbox import inbox as inbox_module
from nlp.engine import build
from tests.bot.inbox.conftest import Desk
from tests.support.stalls import stalls

LONGEST_TEXT = "我咳嗽三天了,发烧38度5,胸口有点闷,没有喘不上气。" * 80
"""Some 2,000 characters: what the platform lets a person write at once."""


async def _lived(desk: Desk, texts: list[str]) -> list[Any]:
    """Deliver while a worker in the same loop works, so that a stall of either is seen."""
    enough = asyncio.Event()

    async def worker() -> None:
        while not enough.is_set():
            await desk.work(1)
            await asyncio.sleep(0.01)

    working = asyncio.create_task(worker())
    try:
        with stalls() as found:
            answers = await asyncio.gather(*(desk.deliver(text, 7000 + place, f"o-{place % 4}") for place, text in enumerate(texts)))
    finally:
        enough.set()
        await working
    assert {answer.status for answer in answers} == {200}
    return found


async def test_no_text_stalls_the_loop(desk: Desk) -> None:
    desk.practice.engines.clinical = build()
    desk.practice.engines.clinical.assess(desk.practice.engines.clinical.merge(*_warm(desk)))
    texts = [LONGEST_TEXT, "帮助", "我爸胸口疼,出冷汗", "<xml>[[" * 200, "好" * 2000, "预约", "没有" * 500, "1" * 2000]
    found = await _lived(desk, texts)
    assert not found, [str(one) for one in found]


def _warm(desk: Desk) -> tuple[Any, Any]:
    """What the engine loads at its first text is loaded by the worker before it takes any."""
    from nlp.interface.assessment import Facts

    return Facts(), desk.practice.engines.clinical.read("我咳嗽")


@pytest.mark.parametrize("place", ["handler", "dialogue"])
async def test_a_blocking_call_is_found_and_named(desk: Desk, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    def sleeps() -> None:
        time.sleep(1.5)

    if place == "handler":
        seen = inbox_module.floods

        async def slow(*given: Any) -> bool:
            sleeps()
            return await seen(*given)

        monkeypatch.setattr(inbox_module, "floods", slow)
    else:
        heard = dialogue.read_phrase

        def slowly(*given: Any, **more: Any) -> Any:
            sleeps()
            return heard(*given, **more)

        monkeypatch.setattr(dialogue, "read_phrase", slowly)
    found = await _lived(desk, ["帮助"])
    assert found
    assert any("test_stalls.py:sleeps" in one.where for one in found), [str(one) for one in found]


async def test_what_waits_is_no_stall(desk: Desk) -> None:
    with stalls() as found:
        await asyncio.sleep(0.8)
        await asyncio.to_thread(time.sleep, 0.8)
    assert found == []
