"""Who may: role **and** relation, denied unless declared with the order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.foundation.actor import Actor, Role
from core.foundation.errors import NotAllowed, RoleWithheld
from core.foundation.orders import Grant, Order, meanings_of

if TYPE_CHECKING:
    from core.foundation.work import Work


def check_role(actor: Actor, order: Order) -> None:
    """Raise :class:`NotAllowed` unless the actor holds a role that may ever give this order (before any costly preparation)."""
    if not any(_holds(actor, grant) for grant in order.access):
        raise _refusal(actor, order)


async def check_access(work: Work, order: Order, held_as: Role | None = None) -> Grant:
    """The first grant that opens the door, of the grants of ``held_as`` alone where it is given; :class:`NotAllowed` when there is none."""
    for grant in order.access:
        if not _holds(work.actor, grant) or held_as not in (None, grant.role):
            continue
        if grant.relation == "any":
            return grant
        for meaning in meanings_of(grant.relation):
            if await meaning(work, order):
                return grant
    raise _refusal(work.actor, order)


def _refusal(actor: Actor, order: Order) -> NotAllowed:
    """Who would have been let in by a role that does not count now hears why it does not."""
    withheld = actor.withheld_from(grant.role for grant in order.access)
    return NotAllowed(order=order.name) if withheld is None else RoleWithheld(order=order.name, role=withheld.role.value, reason=withheld.reason)


def _holds(actor: Actor, grant: Grant) -> bool:
    return actor.is_system if grant.role is Role.SYSTEM else actor.holds(grant.role)
