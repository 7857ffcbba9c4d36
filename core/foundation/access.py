"""Who may: role **and** relation, denied unless declared with the order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.foundation.actor import Actor, Role
from core.foundation.errors import NotAllowed
from core.foundation.orders import Grant, Order, meanings_of

if TYPE_CHECKING:
    from core.foundation.work import Work


def check_role(actor: Actor, order: Order) -> None:
    """Raise :class:`NotAllowed` unless the actor holds a role that may ever give this order (before any costly preparation)."""
    if not any(_holds(actor, grant) for grant in order.access):
        raise NotAllowed(order=order.name)


async def check_access(work: Work, order: Order) -> Grant:
    """The first grant that opens the door; :class:`NotAllowed` when there is none."""
    for grant in order.access:
        if not _holds(work.actor, grant):
            continue
        if grant.relation == "any":
            return grant
        for meaning in meanings_of(grant.relation):
            if await meaning(work, order):
                return grant
    raise NotAllowed(order=order.name)


def _holds(actor: Actor, grant: Grant) -> bool:
    return actor.is_system if grant.role is Role.SYSTEM else actor.holds(grant.role)
