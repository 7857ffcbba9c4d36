"""Technical writer: the HTTP answer takes a reply, or the time for it is over. Exactly one of the HTTP answer and the push takes it, whatever process
notices first.

What many HTTP answers take at one moment is written by one commit (``Gathering``). Where something is left to push, or the push takes the reply,
others are told of it: that is an order (``DeliverPart``, ``PushLate``, ``PushAgain``).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from core.conversations.models import Message
from core.foundation.database import statements
from core.foundation.database.one_go import Steps, in_one_go
from core.foundation.database.passing import until_passed
from core.foundation.database.statements import Plus
from core.foundation.gathering import Gathering
from core.foundation.practice import Practice


class HandingOver:
    """Hands replies over for one process."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice
        self._answers: Gathering[str, bool] = Gathering(self._in_one_go(self._answered))
        self._closings: Gathering[str, bool] = Gathering(self._in_one_go(_closed))

    async def deliver(self, message_id: str) -> bool:
        """The HTTP answer takes the whole reply (answered → delivered); False when it was taken before, or is not there yet."""
        return await self._answers.ask(message_id)

    async def close_window(self, message_id: str) -> bool:
        """The platform's deadline is near and there is no reply yet: it will be pushed. False when the reply has just come."""
        return await self._closings.ask(message_id)

    def _in_one_go(self, steps: Callable[[Sequence[str]], Steps[list[bool]]]) -> Callable[[Sequence[str]], Awaitable[list[bool]]]:
        return lambda batch: until_passed(self._practice, lambda: in_one_go(lambda: steps(batch)))

    def _answered(self, message_ids: Sequence[str]) -> Steps[list[bool]]:
        found = yield statements.selecting(Message, lock=True, id__in=list(set(message_ids)), state="answered")
        ready = {row["id"] for row in found.rows}
        if ready:
            now = self._practice.clock.real_now()
            yield statements.updating(Message, {"state": "delivered", "delivered_at": now, "version": Plus()}, id__in=list(ready))
        won = []
        for one in message_ids:
            won.append(one in ready)
            ready.discard(one)
        return won


def _closed(message_ids: Sequence[str]) -> Steps[list[bool]]:
    found = yield statements.selecting(Message, lock=True, id__in=list(set(message_ids)), state="received")
    waiting = {row["id"] for row in found.rows}
    open_now = [row["id"] for row in found.rows if row["window"] == "open"]
    if open_now:
        yield statements.updating(Message, {"window": "closed", "version": Plus()}, id__in=open_now)
    return [one in waiting for one in message_ids]
