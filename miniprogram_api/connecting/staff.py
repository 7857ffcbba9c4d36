"""Who works here, by their WeCom userids: only they may be put into a group."""

from __future__ import annotations

from core.people.service import staff_subjects
from miniprogram_api.connecting.groups import Staff


async def staff_of(corpid: str) -> Staff:
    """Everybody in the roster who has not left. The database must be open."""
    return Staff(await staff_subjects(corpid))
