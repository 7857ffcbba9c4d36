"""That backups are made: each one, each drill and each restore leaves its audit entry, and administrators hear of it when the last good one is old.

How a backup is made is no business of the practice; that it was made, and read back, is told by who made it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.due import due
from core.foundation.ids import Id
from core.foundation.models import AuditEntry
from core.foundation.orders import Command, Done, Grant, Query, Result, answers, handles
from core.foundation.work import Work
from core.people.alarms import AlarmAdministrators

CHECK = "oversight.check_backups"
EVERY = timedelta(hours=6)
AGAIN = timedelta(days=1)
"""After it was told: once a day is often enough."""


class BackupTaken(Command):
    """The operator: a set was taken, and read back without a difference."""

    name = "oversight.backup_taken"
    title = "备份已做好并核对"
    access = (Grant(Role.SYSTEM),)
    set_id: Id
    taken_at: datetime


class BackupCopied(Command):
    """The operator: a set lies at the second site too."""

    name = "oversight.backup_copied"
    title = "备份已送到第二份仓库"
    access = (Grant(Role.SYSTEM),)
    set_id: Id
    taken_at: datetime


class BackupDrilled(Command):
    """The operator: a set was restored into a scratch place and checked; ``clean``: nothing was wrong with it."""

    name = "oversight.backup_drilled"
    title = "备份演练"
    access = (Grant(Role.SYSTEM),)
    set_id: Id
    clean: bool
    seconds: int = Field(ge=0)


class BackupRestored(Command):
    """The operator: this practice was restored from a set, with everything up to ``reaches``."""

    name = "oversight.backup_restored"
    title = "从备份恢复"
    access = (Grant(Role.SYSTEM),)
    set_id: Id
    reaches: datetime


class LastBackup(Result):
    """Real times; None for what never was."""

    taken_at: datetime | None
    drilled_at: datetime | None
    drill_clean: bool | None
    restored_at: datetime | None


class ShowLastBackup(Query):
    """When the last good backup was made, and the last drill."""

    name = "oversight.last_backup"
    title = "最近一次备份"
    access = (Grant(Role.ADMINISTRATOR), Grant(Role.AUDITOR), Grant(Role.SYSTEM))
    no_relation = "只有备份和演练的时间,没有任何病人的内容"
    gives = LastBackup


class CheckBackups(Command):
    """The system, every six hours: administrators and auditors are told when the last good backup is older than ``max_age_hours`` of real time, or
    there is none although the house is so old itself. ``second``: the same of what has come to the second site."""

    name = CHECK
    title = "检查备份是否过期"
    access = (Grant(Role.SYSTEM),)
    max_age_hours: float = Field(ge=1)
    second: bool = False

    @classmethod
    def of_step(cls, step: str) -> CheckBackups:
        hours, _, second = step.partition(" ")
        return cls(max_age_hours=float(hours), second=bool(second))

    @property
    def step(self) -> str:
        return f"{self.max_age_hours:g}{' second' if self.second else ''}"


due(CHECK, lambda row: CheckBackups.of_step(row.step))


@handles(BackupTaken)
async def backup_taken(work: Work, order: BackupTaken) -> Done:
    work.concerns("backup", order.set_id, taken_at=order.taken_at.isoformat(timespec="seconds"))
    return Done()


@handles(BackupCopied)
async def backup_copied(work: Work, order: BackupCopied) -> Done:
    work.concerns("backup", order.set_id, taken_at=order.taken_at.isoformat(timespec="seconds"))
    return Done()


@handles(BackupDrilled)
async def backup_drilled(work: Work, order: BackupDrilled) -> Done:
    work.concerns("backup", order.set_id, clean="yes" if order.clean else "no", seconds=str(order.seconds))
    return Done()


@handles(BackupRestored)
async def backup_restored(work: Work, order: BackupRestored) -> Done:
    work.concerns("backup", order.set_id, reaches=order.reaches.isoformat(timespec="seconds"))
    return Done()


@answers(ShowLastBackup)
async def show_last_backup(work: Work, query: ShowLastBackup) -> LastBackup:
    taken, drilled, restored = await _last(BackupTaken.name), await _last(BackupDrilled.name), await _last(BackupRestored.name)
    return LastBackup(
        taken_at=None if taken is None else datetime.fromisoformat(taken.detail["taken_at"]),
        drilled_at=None if drilled is None else drilled.real_at,
        drill_clean=None if drilled is None else drilled.detail["clean"] == "yes",
        restored_at=None if restored is None else restored.real_at,
    )


@handles(CheckBackups)
async def check_backups(work: Work, order: CheckBackups) -> Done:
    told: list[str] = []
    for action, about in ((BackupTaken.name, ""), (BackupCopied.name, "second"))[: 1 + order.second]:
        last = await _last(action)
        since = await _first() if last is None else datetime.fromisoformat(last.detail["taken_at"])
        if since is not None and work.practice.clock.real_now() - since > timedelta(hours=order.max_age_hours):
            told.append("never" if last is None and not about else about)
            break  # what is late here is late there as well
    await work.unschedule(CHECK, CHECK)
    await work.schedule(CHECK, CHECK, work.now + (AGAIN if told else EVERY), step=order.step)
    for about in told:
        await work.execute(AlarmAdministrators(kind="backup.too_old", about=about), as_system=True)
    return Done(done=bool(told))


async def _first() -> datetime | None:
    """How old the house is."""
    entry = await AuditEntry.all().order_by("id").first()
    return None if entry is None else entry.real_at


async def _last(action: str) -> AuditEntry | None:
    return await AuditEntry.filter(action=action, outcome="done").order_by("-id").first()
