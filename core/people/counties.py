"""Counties, named by the first six digits of a region code: in which one a house stands, in which ones somebody acts. Every room asks here."""

from __future__ import annotations

from collections.abc import Collection

from tortoise.expressions import Q

from core.foundation.actor import Actor, Role
from core.people.models import Organisation
from core.people.rules import county_of


async def county_of_organisation(organisation_id: str) -> str | None:
    """The county (six digits) of an organisation, None when there is no such organisation."""
    organisation = await Organisation.get_or_none(id=organisation_id)
    return None if organisation is None else county_of(organisation.region_code)


async def counties_where(actor: Actor, *roles: Role) -> set[str]:
    """The counties with a house where the actor holds one of ``roles``."""
    held = {house for role in roles for house in actor.organisations(role)}
    return {county_of(house.region_code) for house in await Organisation.filter(id__in=list(held))} if held else set()


async def houses_in(counties: Collection[str]) -> list[str]:
    """The organisations of these counties, closed ones too."""
    if not counties:
        return []
    inside = Q(*(Q(region_code__startswith=county) for county in counties), join_type="OR")
    return [str(one) for one in await Organisation.filter(inside).values_list("id", flat=True)]
