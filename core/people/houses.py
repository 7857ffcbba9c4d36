"""The houses above a house: clinic, township centre, county hospital."""

from __future__ import annotations

from core.people.models import Organisation


async def houses_above(organisation_id: str) -> list[str]:
    """The houses above this one, nearest first."""
    found: list[str] = []
    row = await Organisation.get_or_none(id=organisation_id)
    while row is not None and row.parent_id is not None and row.parent_id not in found:
        found.append(row.parent_id)
        row = await Organisation.get_or_none(id=row.parent_id)
    return found
