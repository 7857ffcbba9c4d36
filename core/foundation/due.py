"""Due work: rows that ``tick`` claims and turns into commands of the system. The scheduler only ticks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tortoise.expressions import Q

from core.foundation.actor import Actor
from core.foundation.errors import Conflict, DomainError, Unavailable
from core.foundation.keys import SealBroken
from core.foundation.models import DueWork
from core.foundation.orders import Command

if TYPE_CHECKING:
    from core.foundation.practice import Practice

logger = logging.getLogger("huizhen.due")

LOUD_AFTER = 10
"""Tries after which a row that still fails is an error in the log."""
_LEASE = timedelta(seconds=5)
"""A row whose ticker was killed waits so long for the next one. Short, because it may be somebody's emergency, and safe, because a command
given twice under the row's key changes nothing the second time."""
_COMMANDS: dict[str, Callable[[DueWork], Command]] = {}


def due(kind: str, command: Callable[[DueWork], Command]) -> None:
    """Declares which command a due row of ``kind`` becomes."""
    if kind in _COMMANDS:
        raise RuntimeError(f"{kind} is declared twice")
    _COMMANDS[kind] = command


def due_kinds() -> dict[str, Callable[[DueWork], Command]]:
    """Every declared kind (for the access walk)."""
    return dict(_COMMANDS)


@dataclass(frozen=True, slots=True)
class Ticked:
    done: int
    more: bool


async def tick(practice: Practice, *, limit: int = 50) -> Ticked:
    """Do what is due by now, oldest first, each claimed by compare-and-set. A row whose command is refused is done with that outcome; one that
    failed, or met another writer, is tried again until it is done."""
    now = practice.clock.now()
    real_now = practice.clock.real_now()
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lte=real_now)
    rows = await DueWork.filter(free, state="pending", due_at__lte=now).order_by("due_at", "id").limit(limit)
    done = 0
    for row in rows:
        claimed = await DueWork.filter(id=row.id, version=row.version, state="pending").update(
            version=row.version + 1, claimed_until=real_now + _LEASE, tries=row.tries + 1
        )
        if claimed:
            done += 1
            await _work(practice, row)
    return Ticked(done, len(rows) == limit)


async def _work(practice: Practice, row: DueWork) -> None:
    outcome = "done"
    try:
        command = _COMMANDS[row.kind](row)
        await practice.execute(Actor.system("ticker"), command, idempotency_key=f"due:{row.id}")
    except DomainError as refusal:
        if isinstance(refusal, Unavailable) or type(refusal) is Conflict:
            # The database was away, or another writer came first: the step is still owed.
            await _later(practice, row, refusal.code)
            return
        if isinstance(refusal, SealBroken):
            # Still owed: an administrator may put back what was damaged.
            logger.log(logging.ERROR if row.tries >= LOUD_AFTER else logging.WARNING, "due %s %s meets something damaged", row.kind, row.id)
            await _later(practice, row, refusal.code)
            return
        outcome = refusal.code
    except Exception as error:
        level = logging.ERROR if row.tries >= LOUD_AFTER else logging.WARNING
        logger.log(level, "due %s %s failed (try %d): %s", row.kind, row.id, row.tries + 1, type(error).__name__, exc_info=True)
        await _later(practice, row, type(error).__name__[:60])
        return
    await DueWork.filter(id=row.id).update(state="done", outcome=outcome)


async def _later(practice: Practice, row: DueWork, outcome: str) -> None:
    """Never given up: an escalation that ends in silence would leave somebody in danger alone."""
    until = practice.clock.real_now() + timedelta(seconds=min(60, 2 ** min(row.tries, 6)))
    await DueWork.filter(id=row.id).update(claimed_until=until, outcome=outcome)
