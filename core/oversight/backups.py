"""That backups are made: each one, each drill and each restore leaves its audit entry, and administrators hear of it when the last good one is old.

How a backup is made is no business of the practice; that it was made, and read back, is told by who made it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.due import due
from core.foundation.ids import Id
from core.foundation.models import AuditEntry, DueWork
from core.foundation.orders import Command, Done, Grant, Query, Result, answers, handles
from core.foundation.work import Work
from core.oversight.backup_words import Limits, Made, line_of, to_do
from core.people.alarms import AlarmAdministrators

CHECK = "oversight.check_backups"
EVERY = timedelta(hours=6)
AGAIN = timedelta(days=1)
"""After it was told: once a day is often enough."""


class BackupPlacesMade(Command):
    """The operator: ``backup init`` went through all ``places``; ``made`` of them were not there before."""

    name = "oversight.backup_places"
    title = "建立备份仓库"
    access = (Grant(Role.SYSTEM),)
    made: int = Field(ge=0)
    places: int = Field(ge=0)


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
    """Real times; None for what never was. ``line`` is for people, ``to_do`` what is late or wrong and what to do about it (empty: all is well)."""

    taken_at: datetime | None
    """Up to when the last good set can be restored."""
    set_id: str
    first_at: datetime | None
    """Of the first set of all."""
    copied_at: datetime | None
    """The same as ``taken_at`` of the last set that came to the second site."""
    copied_set_id: str
    drilled_at: datetime | None
    drill_clean: bool | None
    restored_at: datetime | None
    line: str
    to_do: tuple[str, ...]

    @property
    def made(self) -> Made:
        return Made(self.taken_at, self.first_at, self.copied_at, self.drilled_at, self.drill_clean)


class ShowLastBackup(Query):
    """When the last good backup was made, when the last one came to the second site, and the last drill."""

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


@handles(BackupPlacesMade)
async def backup_places(work: Work, order: BackupPlacesMade) -> Done:
    work.concerns("backup", "places", made=str(order.made), places=str(order.places))
    return Done()


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
    taken, copied, drilled, restored = [
        await _last(one.name) for one in (BackupTaken, BackupCopied, BackupDrilled, BackupRestored)
    ]  # fmt: skip
    first = None if taken is None else await AuditEntry.filter(action=BackupTaken.name, outcome="done").order_by("id").first()
    made = Made(_reaches(taken), _reaches(first), _reaches(copied), None if drilled is None else drilled.real_at,
                None if drilled is None else drilled.detail["clean"] == "yes")  # fmt: skip
    limits, now = await _limits(), work.practice.clock.real_now()
    # A demonstration that has no backups is not asked for any.
    asked = limits is not None or not work.practice.demo or taken is not None
    limits = limits or Limits()
    return LastBackup(
        **made._asdict(), set_id="" if taken is None else taken.subject_id, copied_set_id="" if copied is None else copied.subject_id,
        restored_at=None if restored is None else restored.real_at,
        line=line_of(made, limits, now) if asked else "这套演示没有设置备份", to_do=to_do(made, limits, now) if asked else (),
    )  # fmt: skip


async def _limits() -> Limits | None:
    """As the check that waits has them; None where nothing is checked."""
    waiting = await DueWork.filter(kind=CHECK, ref=CHECK, state="pending").first()
    check = None if waiting is None else CheckBackups.of_step(waiting.step)
    return None if check is None else Limits(timedelta(hours=check.max_age_hours), check.second)


def _reaches(entry: AuditEntry | None) -> datetime | None:
    return None if entry is None else datetime.fromisoformat(entry.detail["taken_at"])


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
