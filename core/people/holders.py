"""Who holds a role now: whom the house tells what somebody in that role must know. Every room asks here."""

from __future__ import annotations

from core.foundation.actor import Role
from core.foundation.work import Work
from core.people.counties import houses_in
from core.people.models import Practitioner, RoleHeld
from core.people.roles import running


async def holders(work: Work, *roles: Role, county: str = "") -> list[str]:
    """The accounts of those at work who hold one of ``roles`` now at a house of the county (six digits; empty: anywhere), in the order in which
    they were taken on. Whose licence has run out is among them: he is told, though he may not act."""
    held = RoleHeld.filter(running(work.now), role__in=[role.value for role in roles])
    if county:
        held = held.filter(organisation_id__in=await houses_in([county]))
    accounts = await held.values_list("account_id", flat=True)
    return [one.account_id for one in await Practitioner.filter(account_id__in=list(accounts), active=True).order_by("id")]
