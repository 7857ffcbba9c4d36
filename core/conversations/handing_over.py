"""Technical writer: who hands a reply over. Exactly one of the HTTP answer and the push takes it, whatever process notices first.

What many HTTP answers take at one moment is written by one commit (``Gathering``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tortoise.expressions import F
from tortoise.transactions import in_transaction

from core.conversations.models import Message
from core.conversations.words import sealer_of
from core.foundation.database.connection import PRACTICE
from core.foundation.database.passing import until_passed
from core.foundation.events import lane_of
from core.foundation.gathering import Gathering
from core.foundation.models import OutboxEvent
from core.foundation.practice import Practice

PUSH_TOPIC = "reply.late"
NOTHING = "[]"


@dataclass(frozen=True, slots=True)
class Answer:
    """The HTTP answer of ``message_id``; ``rest`` (JSON shapes) is what did not fit and is pushed after it."""

    message_id: str
    rest: str = NOTHING


class HandingOver:
    """Hands replies over for one process."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice
        self._answers: Gathering[Answer, bool] = Gathering(lambda batch: until_passed(practice, lambda: self._answered(batch)))
        self._closings: Gathering[str, bool] = Gathering(lambda batch: until_passed(practice, lambda: self._closed(batch)))

    async def deliver(self, message_id: str, rest: str = NOTHING) -> bool:
        """The HTTP answer takes the reply (answered → delivered); False when it was taken before, or is not there yet."""
        return await self._answers.ask(Answer(message_id, rest))

    async def close_window(self, message_id: str) -> bool:
        """The platform's deadline is near and there is no reply yet: it will be pushed. False when the reply has just come."""
        return await self._closings.ask(message_id)

    async def _answered(self, answers: Sequence[Answer]) -> list[bool]:
        practice, now = self._practice, self._practice.clock.real_now()
        taken: dict[str, Answer] = {}
        async with in_transaction(PRACTICE):
            rows = await Message.filter(id__in=list({one.message_id for one in answers})).select_for_update()
            ready = {row.id: row for row in rows if row.state == "answered"}
            for one in answers:
                if one.message_id in ready:
                    taken.setdefault(one.message_id, one)
            whole = [one.message_id for one in taken.values() if one.rest == NOTHING]
            if whole:
                await Message.filter(id__in=whole).update(state="delivered", delivered_at=now, version=F("version") + 1)
            left = [one for one in taken.values() if one.rest != NOTHING]
            for one in left:
                row = ready[one.message_id]
                sealer = await sealer_of(practice.keys, row.words_key, row.account_id)
                await row.change(state="delivered", delivered_at=now, rest=sealer.seal("message", "rest", row.id, one.rest), push="waiting")
                await self._push(row).save(force_create=True)
        if left:
            await practice.signals.publish(lane_of(PUSH_TOPIC))
        return [taken.get(one.message_id) is one for one in answers]

    def _push(self, row: Message) -> OutboxEvent:
        now = self._practice.clock.real_now()
        body = {"message_id": row.id, "part": "rest"}
        return OutboxEvent(
            id=self._practice.ids.new(), topic=PUSH_TOPIC, lane=lane_of(PUSH_TOPIC), key=row.conversation_id, body=body, created_at=now,
            claimed_until=now,
        )  # fmt: skip

    async def _closed(self, message_ids: Sequence[str]) -> list[bool]:
        async with in_transaction(PRACTICE):
            rows = await Message.filter(id__in=list(set(message_ids)), state="received").select_for_update()
            waiting = {row.id for row in rows}
            open_now = [row.id for row in rows if row.window == "open"]
            if open_now:
                await Message.filter(id__in=open_now).update(window="closed", version=F("version") + 1)
        return [one in waiting for one in message_ids]
