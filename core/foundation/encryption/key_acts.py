"""What an operator does with master keys, data keys and blind keys, as an order that leaves its entry: before it begins and when it is done."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.orders import Command, Done, Grant, handles
from core.foundation.work import Work


class KeysRenewed(Command):
    """The operator: ``kind`` has begun, or is done. ``target``: the version or suite; ``rows``: what was written anew; ``unopened``: what did not
    open and stayed."""

    name = "keys.renewed"
    title = "更换加密密钥"
    access = (Grant(Role.SYSTEM),)
    kind: Literal["rotate", "retire", "reencrypt", "reindex"]
    state: Literal["begun", "done"]
    target: str = Field(default="", max_length=40)
    rows: int = Field(default=0, ge=0)
    unopened: int = Field(default=0, ge=0)


@handles(KeysRenewed)
async def keys_renewed(work: Work, order: KeysRenewed) -> Done:
    counts = {"rows": str(order.rows), "unopened": str(order.unopened)} if order.state == "done" else {}
    work.concerns("keys", order.target, what=order.kind, state=order.state, **counts)
    return Done()
