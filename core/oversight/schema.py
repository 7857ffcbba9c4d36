"""That an operator took the schema back for an older program: what it gives up is gone for good, so that the entry is written before."""

from __future__ import annotations

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.orders import Command, Done, Grant, handles
from core.foundation.work import Work

Step = Field(default="", pattern=r"^(|\d{4}_[0-9a-z_]{1,80})$")


class SchemaTakenBack(Command):
    """The operator: both databases, or one, go back to a step; ``values``: how many rows and values are given up with it."""

    name = "oversight.schema_back"
    title = "数据库退回旧版"
    access = (Grant(Role.SYSTEM),)
    practice: str = Step
    keyring: str = Step
    values: int = Field(ge=0)


@handles(SchemaTakenBack)
async def schema_taken_back(work: Work, order: SchemaTakenBack) -> Done:
    work.concerns("schema", "back", practice=order.practice, keyring=order.keyring, values=str(order.values))
    return Done()
