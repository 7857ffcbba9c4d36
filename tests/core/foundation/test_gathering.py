"""One statement for many askers: order, batches, failures that stay with whom they belong to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from core.foundation.gathering import Gathering


class Ledger:
    """Answers a number with its double, and remembers the batches."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def answer(self, numbers: Sequence[int]) -> list[int]:
        self.batches.append(list(numbers))
        await self.gate.wait()
        if 13 in numbers:
            raise ValueError("13")
        if 99 in numbers:
            raise RuntimeError("away")
        return [2 * one for one in numbers]


async def test_who_asks_alone_goes_at_once_and_the_others_go_together() -> None:
    ledger = Ledger()
    ledger.gate.clear()
    gathering = Gathering(ledger.answer)
    asked = [asyncio.create_task(gathering.ask(1))]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asked += [asyncio.create_task(gathering.ask(one)) for one in (2, 3, 4)]
    await asyncio.sleep(0)
    ledger.gate.set()
    assert await asyncio.gather(*asked) == [2, 4, 6, 8]
    assert ledger.batches == [[1], [2, 3, 4]]


async def test_no_batch_is_larger_than_allowed() -> None:
    ledger = Ledger()
    gathering = Gathering(ledger.answer, most=10)
    assert await asyncio.gather(*(gathering.ask(one) for one in range(100, 135))) == [2 * one for one in range(100, 135)]
    assert max(map(len, ledger.batches)) == 10


async def test_what_one_asked_fails_for_him_alone() -> None:
    ledger = Ledger()
    gathering = Gathering(ledger.answer, one_by_one=(ValueError,))
    answers = await asyncio.gather(*(gathering.ask(one) for one in (12, 13, 14)), return_exceptions=True)
    assert (answers[0], answers[2]) == (24, 28)
    assert isinstance(answers[1], ValueError)


async def test_a_failure_of_everybody_is_tried_once() -> None:
    ledger = Ledger()
    gathering = Gathering(ledger.answer, one_by_one=(ValueError,))
    answers = await asyncio.gather(*(gathering.ask(one) for one in (98, 99, 97)), return_exceptions=True)
    assert [type(one) for one in answers] == [RuntimeError] * 3
    assert ledger.batches == [[98, 99, 97]]
    assert await gathering.ask(5) == 10


async def test_who_hangs_up_takes_nobody_along() -> None:
    ledger = Ledger()
    ledger.gate.clear()
    gathering = Gathering(ledger.answer)
    first, second, third = (asyncio.create_task(gathering.ask(one)) for one in (1, 2, 3))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.sleep(0)
    ledger.gate.set()
    assert await asyncio.gather(first, third) == [2, 6]
    with pytest.raises(asyncio.CancelledError):
        await second
