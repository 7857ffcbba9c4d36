"""What only the demonstration can do: move domain time, and show what waits in the outbox (ids only)."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.clock import SystemClock
from core.foundation.due import due_kinds
from core.foundation.errors import NotAllowed
from core.foundation.models import ClockOffset, DueWork, OutboxEvent
from core.foundation.orders import Command, Grant, Query, Result, answers, handles
from core.foundation.practice import Practice
from core.foundation.work import Work


class ClockView(Result):
    now: datetime
    offset_s: int


class MoveClock(Command):
    """Set domain time to real time plus ``offset_s``. Tokens, tickets, replay windows and platform allowances stay real."""

    name = "demonstration.move_clock"
    title = "调时钟"
    access = (Grant(Role.SYSTEM),)
    gives = ClockView
    offset_s: int = Field(ge=0, le=5 * 366 * 86400)


class OutboxLine(Result):
    id: str
    topic: str
    state: str
    tries: int
    created_at: datetime
    body: dict[str, str]


class OutboxView(Result):
    waiting: int
    failed: int
    events: tuple[OutboxLine, ...]


class ShowOutbox(Query):
    name = "demonstration.outbox"
    title = "待发"
    access = (Grant(Role.SYSTEM),)
    gives = OutboxView


class OnlyInDemonstration(NotAllowed):
    code = "demonstration.only"
    sentence = "这个功能只在演示中有。"


@handles(MoveClock)
async def move_clock(work: Work, order: MoveClock) -> ClockView:
    if not work.practice.demo:
        raise OnlyInDemonstration
    changed = await ClockOffset.filter(id=1).update(seconds=order.offset_s)
    if not changed:
        await ClockOffset.create(id=1, seconds=order.offset_s)
    offset = timedelta(seconds=order.offset_s)
    if isinstance(work.practice.clock, SystemClock):
        work.practice.clock.shift_to(offset)
    return ClockView(now=work.practice.clock.real_now() + offset, offset_s=order.offset_s)


@answers(ShowOutbox)
async def show_outbox(work: Work, order: ShowOutbox) -> OutboxView:
    if not work.practice.demo:
        raise OnlyInDemonstration
    rows = await OutboxEvent.all().order_by("-id").limit(60)
    return OutboxView(
        waiting=await OutboxEvent.filter(state="waiting").count(),
        failed=await OutboxEvent.filter(state="failed").count(),
        events=tuple(
            OutboxLine(id=row.id, topic=row.topic, state=row.state, tries=row.tries, created_at=row.created_at, body=row.body) for row in rows
        ),
    )


async def read_offset(practice: Practice) -> None:
    """Bring this process's clock to the stored offset."""
    row = await ClockOffset.get_or_none(id=1)
    if isinstance(practice.clock, SystemClock):
        practice.clock.shift_to(timedelta(seconds=row.seconds if row else 0))


REMINDERS = ("followup.remind", "notification.release")
"""What brings a person a reminder."""


async def next_due(*kinds: str, after: datetime) -> DueWork | None:
    """The pending thing that is due first after ``after``, of ``kinds`` if any are named; None when nothing waits. What is due already is being
    done, and audits, which only look, do not count."""
    waiting = DueWork.filter(state="pending", due_at__gt=after).exclude(kind__endswith=".audit")
    return await (waiting.filter(kind__in=kinds) if kinds else waiting).order_by("due_at").first()


def title_of(row: DueWork) -> str:
    """What is due, in the words of the order that it becomes."""
    return due_kinds()[row.kind](row).title


def offset_to(practice: Practice, row: DueWork) -> timedelta:
    """The clock offset at which ``row`` is just due."""
    return row.due_at - practice.clock.real_now() + timedelta(seconds=1)
