"""Danger is heard in every text; only what our own phrases say is read once."""

from __future__ import annotations

import asyncio
from typing import Any

from bot.dialogue import danger
from bot.phrases.definitions import PHRASES


class Counting:
    """The real engine, with a count of what it read."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self.read_texts: list[str] = []

    def read(self, text: str) -> Any:
        self.read_texts.append(text)
        return self._engine.read(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


async def test_a_phrase_of_ours_is_read_once_and_a_persons_words_each_time(clinical: Any) -> None:
    engine = Counting(clinical)
    for _ in range(3):
        assert not (await danger.heard(engine, "帮助")).danger
        assert (await danger.heard(engine, "胸口压着疼,出冷汗")).danger
        assert (await danger.heard(engine, "帮助我,喘不上气")).reading.findings
    assert sorted(engine.read_texts) == sorted(["帮助", *["胸口压着疼,出冷汗"] * 3, *["帮助我,喘不上气"] * 3])


async def test_no_phrase_of_ours_hides_a_danger(clinical: Any) -> None:
    """Remembered or not: whoever names a phrase like an emergency changes what the engine says of it, and sees it here."""
    names = sorted({name for phrase in PHRASES for name in phrase.names})
    heard = [await danger.heard(clinical, name) for name in names]
    again = await asyncio.gather(*(danger.heard(clinical, name) for name in names))
    assert heard == list(again)
    assert [name for name, one in zip(names, heard, strict=True) if one.danger or one.red_flag] == []
