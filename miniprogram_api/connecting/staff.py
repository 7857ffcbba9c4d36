"""Who works here, by their WeCom userids: only they may be put into a group."""

from __future__ import annotations

from core.people.models import Identity, Practitioner
from miniprogram_api.connecting.groups import Staff


async def staff_of(corpid: str) -> Staff:
    """Everybody in the roster who has not left. The database must be open."""
    here = {str(account_id) for account_id in await Practitioner.filter(active=True).values_list("account_id", flat=True)}
    rows = await Identity.filter(app=corpid).values_list("account_id", "subject")
    return Staff(frozenset(str(subject) for account_id, subject in rows if str(account_id) in here))
