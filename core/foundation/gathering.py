"""Many askers, one statement: what is asked while a batch is under way goes together in the next, so that load makes each one cheaper.

Whoever asks alone waits for nobody: the first goes at once. Nothing is held back to fill a batch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")

MOST = 64
"""Askers in one batch: a transaction stays short, and an IN list well within what the databases take."""


class Gathering(Generic[Q, A]):
    """``answer`` takes a batch of questions and gives as many answers in their order. Belongs to one event loop.

    ``one_by_one``: a batch of several that fails so is carried out again one by one, so that nobody fails for what another asked; ``answer``
    must have changed nothing where it raises. Any other failure is everybody's. An asker that is cancelled leaves the batch as it is.
    """

    def __init__(
        self, answer: Callable[[Sequence[Q]], Awaitable[Sequence[A]]], *, one_by_one: tuple[type[Exception], ...] = (), most: int = MOST
    ) -> None:
        self._answer, self._one_by_one, self._most = answer, one_by_one, most
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._running: asyncio.Task[None] | None = None

    async def ask(self, question: Q) -> A:
        """The answer to ``question``; raises what ``answer`` raised for it."""
        future: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, future))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run(), name="gathering")
        return await future

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            batch = [(question, future) for question, future in batch if not future.done()]
            if batch:
                await self._carry_out(batch)

    async def _carry_out(self, batch: list[tuple[Q, asyncio.Future[A]]]) -> None:
        try:
            answers = await self._answer([question for question, _ in batch])
        except asyncio.CancelledError:
            for _, future in batch:
                future.cancel()
            raise
        except Exception as error:
            if len(batch) == 1 or not isinstance(error, self._one_by_one):
                for _, future in batch:
                    _fail(future, error)
                return
            for one in batch:
                await self._carry_out([one])
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():
                future.set_result(answer)


def _fail(future: asyncio.Future[A], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
