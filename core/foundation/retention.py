"""How long technical rows stay, and the daily round that takes away what nobody needs any more, a bounded batch a transaction.

Records of care and the course of it are not in this table: they have their own way out, announced before (core/oversight/disposals.py). Audit
entries and signatures stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tortoise.models import Model

from core.foundation.actor import Role
from core.foundation.due import due
from core.foundation.encryption.erasure import destroy_keys
from core.foundation.keyring.models import WrappedKey
from core.foundation.models import ANSWERS, DueWork, IdempotencyRecord, OutboxEvent
from core.foundation.orders import Command, Grant, Result, handles
from core.foundation.work import Work

PRUNE = "retention.prune"
EVERY = timedelta(days=1)
SOON = timedelta(seconds=20)
"""Between two batches: whoever writes meanwhile waits for one batch at most."""
BATCH = 500

HALF_YEAR = 190
"""Days. Logs of a network's operation are kept at least six months (网络安全法, in force since 2017-06-01)."""

ANSWERED = 30
"""Days for which the answer to an order is kept."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows of ``model`` that ``only`` describes stay ``days`` after the time in column ``since``. ``why`` names the rule, or our own choice."""

    model: type[Model]
    since: str
    days: int
    why: str
    only: Mapping[str, Any] = field(default_factory=dict)
    domain_time: bool = False
    """The column holds domain time, else real time."""


_KEPT: dict[str, Kept] = {}


def keeps(name: str, kept: Kept) -> None:
    """Declares, beside the model, for how long technical rows stay."""
    if name in _KEPT:
        raise RuntimeError(f"{name} is declared twice")
    _KEPT[name] = kept


def kept_rows() -> dict[str, Kept]:
    """Every declared class of technical rows, by name."""
    return dict(sorted(_KEPT.items()))


keeps("outbox", Kept(OutboxEvent, "created_at", HALF_YEAR, "logs of operation; the audit is checked for completeness against it", {"state": "done"}))
keeps(
    "due",
    Kept(DueWork, "due_at", 30, "our choice: a month to look into what was done", {"state__in": ("done", "dropped")}, domain_time=True),
)
keeps("idempotency", Kept(IdempotencyRecord, "created_at", ANSWERED, "our choice: nobody repeats an order a month later"))


class Pruned(Result):
    """How many rows of each class went in this batch; ``more``: whether some are left."""

    gone: dict[str, int]
    more: bool


class PruneRows(Command):
    """The system, when it starts and once a day, in batches: technical rows whose time has passed go."""

    name = PRUNE
    title = "清理过期的技术记录"
    access = (Grant(Role.SYSTEM),)
    gives = Pruned


due(PRUNE, lambda row: PruneRows())


@handles(PruneRows)
async def prune_rows(work: Work, order: PruneRows) -> Pruned:
    """At most BATCH rows in all; the rest with the next batch."""
    gone: dict[str, int] = {}
    left = BATCH
    real_now = work.practice.clock.real_now()
    for name, kept in kept_rows().items():
        moment = (work.now if kept.domain_time else real_now) - timedelta(days=kept.days)
        passed = kept.model.filter(**{f"{kept.since}__lt": moment}, **kept.only)
        ids = [row.pk for row in await passed.order_by(kept.since).limit(left).only(kept.model._meta.pk_attr)]
        if ids:
            # Once more by their state: a row that came alive again meanwhile stays.
            gone[name] = await kept.model.filter(pk__in=ids, **kept.only).delete()
            left -= len(ids)
        if left <= 0:
            break
    more = left <= 0
    await work.unschedule(PRUNE, PRUNE)
    await work.schedule(PRUNE, PRUNE, work.now + (SOON if more else EVERY))
    if not more:
        await _destroy_keys_of_answers(work, real_now - timedelta(days=ANSWERED + 1))
    return Pruned(gone=gone, more=more)


async def _destroy_keys_of_answers(work: Work, before: datetime) -> None:
    """Of the months that were over before then: all their rows are gone. Last in the transaction, because nothing takes it back."""
    keys = WrappedKey.filter(id__gte=f"{ANSWERS}:", id__lt=f"{ANSWERS}:{before:%Y-%m}", erased_at__isnull=True)
    months = [str(one).partition(":")[2] for one in await keys.values_list("id", flat=True)]
    if months:
        work.concerns("house", months[-1], erased="key")
        await destroy_keys(work.practice, ANSWERS, *months)
