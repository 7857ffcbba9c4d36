"""What is done with the keys that sign the audit's heads, as orders: each leaves its entry, in the tree that the keys then sign."""

from __future__ import annotations

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.models import AuditEntry
from core.foundation.orders import Command, Done, Grant, handles
from core.foundation.work import Work

KeyId = Field(pattern="^[0-9a-f]{16}$")


class BeginLog(Command):
    """The system: this house has no log yet, and begins ``log_id`` with the key ``key``."""

    name = "audit.begin"
    title = "开始审计日志"
    access = (Grant(Role.SYSTEM),)
    log_id: Id
    key: str = KeyId


class ReplaceHeadKey(Command):
    """The operator: from now on ``key`` signs the heads of ``log_id`` instead of ``former``."""

    name = "audit.replace_key"
    title = "更换审计签名钥"
    access = (Grant(Role.SYSTEM),)
    log_id: Id
    key: str = KeyId
    former: str = KeyId


@handles(BeginLog)
async def begin_log(work: Work, order: BeginLog) -> Done:
    """The entry tells how many entries were there before the log: none but those of setting up in a new house, all of an older one."""
    before = await AuditEntry.all().count()
    work.concerns("audit_log", order.log_id, key=order.key, entries=str(before))
    return Done()


@handles(ReplaceHeadKey)
async def replace_head_key(work: Work, order: ReplaceHeadKey) -> Done:
    work.concerns("audit_log", order.log_id, key=order.key, former=order.former)
    return Done()
