"""After a backup was restored: the anchors tell of entries that are gone for good, and no head of the old log can go on from theirs.

So another log is begun over the same tree. The cut is entered in the audit, noted beside the keys, and told by every verification from then on:
it can be declared, not hidden. Verification believes the entry, once it is a leaf, and not the note.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from core.foundation.actor import Actor, Role
from core.foundation.audit.former import RECOVERED
from core.foundation.audit.heads import HeadKeys
from core.foundation.audit.models import Anchoring
from core.foundation.audit.sequencer import Sequencer
from core.foundation.audit.store import tree_size
from core.foundation.errors import Conflict
from core.foundation.ids import Id
from core.foundation.orders import Command, Done, Grant, handles
from core.foundation.practice import Practice
from core.foundation.work import Work


class RecoverAudit(Command):
    """The operator: the database was restored and the tree has ``size`` leaves, the first ``left`` of them of log ``former``; ``log_id`` begins."""

    name = RECOVERED
    title = "恢复备份后另立审计日志"
    access = (Grant(Role.SYSTEM),)
    former: Id
    log_id: Id
    size: int = Field(ge=0)
    left: int = Field(ge=0)


class StillRunning(Conflict):
    """Entries went into the tree meanwhile: the house must stand still."""

    code = "audit.still_running"
    sentence = "系统还在运行:请先停止,再另立日志。"


@handles(RecoverAudit)
async def recover_audit(work: Work, order: RecoverAudit) -> Done:
    if await tree_size() != order.size:
        raise StillRunning
    work.concerns("audit_log", order.log_id, former=order.former, tree_size=str(order.left))
    await Anchoring.all().delete()
    return Done()


async def recover(practice: Practice, operator: Actor, keys: HeadKeys, path: Path, log_id: str, size: int) -> HeadKeys:
    """Begin the log ``log_id`` over the ``size`` leaves that are left. :class:`StillRunning`.

    Logs that were given up before are declared again, because their entries may have gone with the rest. The keys' file is written after the
    commits: the worst stop in between leaves entries and nothing else.
    """
    for former, left in {**keys.former, keys.log_id: size}.items():
        await practice.execute(operator, RecoverAudit(former=former, log_id=log_id, size=size, left=min(left, size)))
    # The house stands still, so that nobody else would bring the entries in before it is verified again.
    await Sequencer(practice, f"recovery-{log_id}").run_once()
    return keys.begun_anew(path, log_id, size)
