"""After a backup was restored: the anchors tell of entries that are gone for good, and no head of the old log can go on from theirs.

So another log is begun over the same tree. The cut is entered in the audit, kept beside the keys, and told by every verification from then on:
it can be declared, not hidden.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from core.foundation.actor import Actor, Role
from core.foundation.audit.heads import HeadKeys
from core.foundation.audit.models import Anchoring
from core.foundation.audit.store import tree_size
from core.foundation.errors import Conflict
from core.foundation.ids import Id
from core.foundation.orders import Command, Done, Grant, handles
from core.foundation.practice import Practice
from core.foundation.work import Work


class RecoverAudit(Command):
    """The operator: the database was restored, ``size`` leaves are left of log ``former``; ``log_id`` begins."""

    name = "audit.recover"
    title = "恢复备份后另立审计日志"
    access = (Grant(Role.SYSTEM),)
    former: Id
    log_id: Id
    size: int = Field(ge=0)


class StillRunning(Conflict):
    """Entries went into the tree meanwhile: the house must stand still."""

    code = "audit.still_running"
    sentence = "系统还在运行:请先停止,再另立日志。"


@handles(RecoverAudit)
async def recover_audit(work: Work, order: RecoverAudit) -> Done:
    if await tree_size() != order.size:
        raise StillRunning
    work.concerns("audit_log", order.log_id, former=order.former, tree_size=str(order.size))
    await Anchoring.all().delete()
    return Done()


async def recover(practice: Practice, keys: HeadKeys, path: Path, order: RecoverAudit) -> HeadKeys:
    """Begin another log. The keys' file is written after the commit: the worst stop in between leaves an entry and nothing else."""
    await practice.execute(Actor.system("operator"), order)
    return keys.begun_anew(path, order.log_id, order.size)
