"""Technical writer: the ledger of subscription messages, per identity and template, in real time.

Source: the platform's rules of subscription messages (wechat-facts 3): an accept allows one message at any later time, one that was sent uses it up,
43101 says that there is none, a change event with ``reject`` takes all back. A long-term template is not used up; only 43101 and ``reject`` close it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from tortoise.exceptions import IntegrityError
from tortoise.expressions import F, Q

from core.foundation.ids import Ids
from core.notifications.models import Subscription

Teller = Literal["asked", "heard"]
"""Who tells of an accept: the page that asked, or the platform's event."""
TEMPLATES = 40
"""Templates of one identity; the platform lets an account have 25 in use. More are not kept, whoever names them."""


async def accepted(ids: Ids, identity_id: str, account_id: str, template: str, by: Teller, real_now: datetime) -> None:
    """One more accept. For use in an order's handler: two at once are both counted."""
    row = Subscription.filter(identity_id=identity_id, template=template)
    one_more = F(by) + 1
    if await row.update(changed_at=real_now, **{by: one_more}):
        return
    if await Subscription.filter(identity_id=identity_id).count() >= TEMPLATES:
        return
    try:
        await Subscription.create(
            id=ids.new(), identity_id=identity_id, account_id=account_id, template=template, changed_at=real_now,
            asked=int(by == "asked"), heard=int(by == "heard"),
        )  # fmt: skip
    except IntegrityError:
        await row.update(changed_at=real_now, **{by: one_more})


async def closed(identity_id: str, template: str, real_now: datetime) -> None:
    """Nothing may be sent any more: the person took it back, or the platform says so (43101)."""
    await Subscription.filter(identity_id=identity_id, template=template).update(asked=0, heard=0, spent=0, changed_at=real_now)


def _open(identity_id: str, template: str, *, long_term: bool) -> Q:
    more = Q(asked__gt=0) | Q(heard__gt=0) if long_term else Q(asked__gt=F("spent")) | Q(heard__gt=F("spent"))
    return Q(identity_id=identity_id, template=template) & more


async def is_open(identity_id: str, template: str, *, long_term: bool = False) -> bool:
    """Whether a message may go out now."""
    return await Subscription.filter(_open(identity_id, template, long_term=long_term)).exists()


async def spend(identity_id: str, template: str, *, long_term: bool = False) -> bool:
    """Take one; False when nothing is left. A long-term one stays."""
    if long_term:
        return await is_open(identity_id, template, long_term=True)
    return bool(await Subscription.filter(_open(identity_id, template, long_term=False)).update(spent=F("spent") + 1))


async def returned(identity_id: str, template: str) -> None:
    """The message was not taken for a reason that uses nothing up (a value that breaks its rule, the platform being busy)."""
    await Subscription.filter(identity_id=identity_id, template=template, spent__gt=0).update(spent=F("spent") - 1)


async def open_among(identity_ids: list[str], templates: tuple[str, ...]) -> frozenset[str]:
    """Those of ``templates`` that have something left for any of the identities (one person's, in one app)."""
    rows = await Subscription.filter(identity_id__in=identity_ids, template__in=list(templates))
    return frozenset(row.template for row in rows if max(row.asked, row.heard) > row.spent)
