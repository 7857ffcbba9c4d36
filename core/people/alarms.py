"""Telling those who run the house that something of the house itself needs them: not care, which has its own ways."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field

from core.foundation.actor import Actor, Role
from core.foundation.damage import TOPIC
from core.foundation.events import Event, listens
from core.foundation.orders import Command, Done, Grant, handles
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.people.holders import holders
from core.people.rules import local_date
from core.people.telling import tell_person

ABOUT = re.compile("^[a-z_]{0,40}$")


class AlarmAdministrators(Command):
    """The system: tell every administrator and auditor. ``about`` is a code, for instance the name of an anchor or of a table."""

    name = "people.alarm"
    title = "提醒管理员"
    access = (Grant(Role.SYSTEM),)
    kind: Literal["audit.anchor_failing", "audit.anchor_contradicts", "audit.tree_damaged", "record.unreadable",
        "backup.too_old", "candidates.moved"]
    about: str = Field(default="", pattern=ABOUT.pattern)


@handles(AlarmAdministrators)
async def alarm_administrators(work: Work, order: AlarmAdministrators) -> Done:
    accounts = await holders(work, Role.ADMINISTRATOR, Role.AUDITOR)
    for account_id in accounts:
        await tell_person(work, account_id, order.kind, about=order.about)
    return Done(done=bool(accounts))


@listens(TOPIC)
async def seal_broken(practice: Practice, event: Event) -> None:
    """Once a day for each table: somebody who alters a thousand rows is one matter, not a thousand."""
    table, day = event.body["table"], local_date(practice.clock.real_now())
    order = AlarmAdministrators(kind="record.unreadable", about=table if ABOUT.fullmatch(table) else "")
    await practice.execute(Actor.system("worker"), order, idempotency_key=f"unreadable:{order.about}:{day:%Y%m%d}")
