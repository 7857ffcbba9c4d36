"""A person's part in disposals: the house keeps something although its time is over, keeps it no longer, sees what is announced, kept and gone."""

from __future__ import annotations

from tortoise.expressions import Q, Subquery
from tortoise.functions import Count
from tortoise.queryset import QuerySet

from core.foundation.actor import Role
from core.foundation.orders import Order, answers, handles, relation
from core.foundation.work import Work
from core.oversight.commands_disposals import DisposalList, Disposals, DisposalView, HoldDisposal, ReleaseDisposal
from core.oversight.disposal_views import row_of, view_of, views_of
from core.oversight.disposals import DISPOSE, announce, county_of_disposal
from core.oversight.errors import DisposalOver, NotHeld
from core.oversight.models import Disposal
from core.people.access import acts_in_county
from core.people.counties import counties_where, houses_in
from core.people.models import Patient

SHOWN = 50


@relation("same_county")
async def disposal_of_county(work: Work, order: Order) -> bool:
    """The patient whose record it is is at home in a county where the actor holds a granted role; words of a month are everybody's."""
    disposal_id = getattr(order, "disposal_id", None)
    row = None if disposal_id is None else await Disposal.get_or_none(id=disposal_id)
    if row is None:
        return False
    return row.kind == "process" or await acts_in_county(work, order, await county_of_disposal(row))


@handles(HoldDisposal)
async def hold_disposal(work: Work, order: HoldDisposal) -> DisposalView:
    row = await row_of(order.disposal_id)
    _concerns(work, row, order.reason)
    if row.state == "held":
        return await view_of(row)
    if row.state != "announced":
        raise DisposalOver
    await row.change(conflict=DisposalOver(), state="held", held_by=work.actor.account_id, held_at=work.now, reason=order.reason)
    await work.unschedule(DISPOSE, row.id)
    return await view_of(row)


@handles(ReleaseDisposal)
async def release_disposal(work: Work, order: ReleaseDisposal) -> DisposalView:
    """Announced anew, with the whole time: whoever relied on its being kept hears of it and can say that it must stay."""
    row = await row_of(order.disposal_id)
    _concerns(work, row, order.reason)
    if row.state != "held":
        raise NotHeld
    await announce(work, row.kind, row.subject_id, row, conflict=NotHeld(), reason=order.reason)
    return await view_of(row)


def _concerns(work: Work, row: Disposal, reason: str) -> None:
    work.concerns("patient" if row.kind == "record" else "house", row.subject_id, disposal=row.id)
    work.because(reason)


@answers(Disposals)
async def disposals(work: Work, order: Disposals) -> DisposalList:
    work.concerns("account", work.actor.account_id)
    rows = await _near(work)
    if order.disposal_id is not None:
        rows = rows.filter(id=order.disposal_id)
    counted = await rows.annotate(count=Count("id")).group_by("state").values_list("state", "count")
    found: list[Disposal] = []
    for states, by in ((("erasing",), "due_at"), (("announced",), "due_at"), (("held",), "-held_at"), (("done", "alive"), "-id")):
        found += await rows.filter(state__in=states).order_by(by).limit(SHOWN)
    return DisposalList(disposals=await views_of(found), counts={str(state): int(count) for state, count in counted})


async def _near(work: Work) -> QuerySet[Disposal]:
    """Records of the actor's counties, and months of words, which are everybody's."""
    if work.role is Role.SYSTEM:
        return Disposal.all()
    houses = await houses_in(await counties_where(work.actor, work.role))
    theirs = Subquery(Patient.filter(organisation_id__in=houses).values("id"))
    return Disposal.filter(Q(kind="process") | Q(subject_id__in=theirs))
