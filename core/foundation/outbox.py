"""The outbox worker: claims events by lease, gives them to their listeners, marks them done. At least once, in order per key."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tortoise.expressions import F

from core.foundation.damage import TOPIC, tell_of_damage
from core.foundation.database import statements
from core.foundation.database.claiming import claim_events
from core.foundation.errors import Conflict, DomainError, Invalid, NotAllowed, Unavailable
from core.foundation.events import Event, listeners_of
from core.foundation.keys import SealBroken
from core.foundation.models import OutboxEvent

if TYPE_CHECKING:
    from core.foundation.practice import Practice

logger = logging.getLogger("huizhen.outbox")

LEASE = timedelta(seconds=30)
"""How long a worker may take for a batch before another one takes its events over."""
TRIES = 8
POLL_S = 1.0


async def release_claims(practice: Practice, process: str) -> int:
    """Free what a killed process of this name had claimed: its successor need not wait for the lease. The number of events freed."""
    waiting = OutboxEvent.filter(state="waiting", claimed_by__startswith=f"{process}:")
    return await waiting.update(claimed_until=practice.clock.real_now())


class OutboxWorker:
    """Works one lane in one process. ``name`` is unique among living processes."""

    def __init__(self, practice: Practice, lane: str, name: str, *, batch: int = 8) -> None:
        self._practice = practice
        self._lane = lane
        self._name = name
        self._batch = batch

    async def run(self) -> None:
        """Work until cancelled: at a signal, and at least once a second."""
        with self._practice.signals.listen(self._lane) as bell:
            while True:
                try:
                    while await self.work_once():
                        pass
                except asyncio.CancelledError:
                    raise
                except Exception as error:  # The database may be away for a moment; the poll tries again.
                    logger.warning("outbox lane %s: %s", self._lane, type(error).__name__)
                await bell.wait(POLL_S)

    async def work_once(self) -> int:
        """Claim and work one batch; the number of events claimed."""
        now = self._practice.clock.real_now()
        rows = await claim_events(self._lane, self._name, now, now + LEASE, self._batch)
        by_key: dict[str, list[Event]] = {}
        for row in rows:
            event = Event(row["id"], row["topic"], row["key"], row["body"], row["tries"])
            by_key.setdefault(event.key or event.id, []).append(event)
        await asyncio.gather(*(self._work_in_order(events) for events in by_key.values()))
        return len(rows)

    async def _work_in_order(self, events: list[Event]) -> None:
        """Events of one key: what comes after one that must be tried again is put back, untried, and waits for it."""
        for position, event in enumerate(events):
            if not await self._work(event):
                rest = [one.id for one in events[position + 1 :]]
                if rest:
                    now = self._practice.clock.real_now()
                    mine = OutboxEvent.filter(id__in=rest, claimed_by=self._name, state="waiting")
                    await mine.update(claimed_until=now, tries=F("tries") - 1)
                return

    async def _work(self, event: Event) -> bool:
        """Tell ``event`` to its listeners; whether it is settled (done, or given up)."""
        try:
            for listener in listeners_of(event.topic):
                await listener(self._practice, event)
        except asyncio.CancelledError:
            raise
        except Unavailable as away:
            return await self._given_up(event, away)
        except SealBroken as broken:
            if event.tries >= TRIES and event.topic != TOPIC:
                await tell_of_damage(self._practice, broken)
            return await self._given_up(event, broken)
        except DomainError as refusal:
            if type(refusal) is Conflict:
                # Another writer came first: what the event asks for is still to be done.
                return await self._given_up(event, refusal)
            # The world moved on (a withdrawn offer, a closed case): there is nothing left to tell. That we may not is a fault of ours.
            level = logging.WARNING if isinstance(refusal, NotAllowed | Invalid) else logging.INFO
            logger.log(level, "event %s %s refused: %s", event.topic, event.id, refusal.code)
            await self._mark(event, state="done")
        except Exception as error:
            return await self._given_up(event, error)
        else:
            await self._mark(event, state="done")
        return True

    async def _mark(self, event: Event, **values: Any) -> None:
        """Unless another worker has taken it over meanwhile."""
        await statements.update(OutboxEvent, values, id=event.id, claimed_by=self._name, state="waiting")

    async def _given_up(self, event: Event, error: Exception) -> bool:
        """Plan the next try of an event that failed, or give it up after its tries; whether it was given up."""
        logger.warning("event %s %s failed (try %d): %s", event.topic, event.id, event.tries, type(error).__name__, exc_info=error)
        if event.tries >= TRIES and not isinstance(error, Unavailable):
            await self._mark(event, state="failed")
            return True
        later = self._practice.clock.real_now() + timedelta(seconds=min(60, 0.5 * 2 ** min(event.tries, 7)))
        await self._mark(event, claimed_until=later)
        return False
