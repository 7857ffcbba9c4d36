"""Who of a village doctor's patients is followed, by the numbers under which she knows them."""

from __future__ import annotations

from contextlib import suppress

from tortoise.functions import Max

from core.followups.commands import ListedPlan, ListedPlans, ListedPlansView, ReadingView
from core.followups.models import FollowupPlan, Reading
from core.followups.plans import views_of
from core.followups.readings import view_of
from core.foundation.orders import answers
from core.foundation.withheld import CANNOT_OPEN
from core.foundation.work import Work
from core.people.lists import own_list


@answers(ListedPlans)
async def listed_plans(work: Work, order: ListedPlans) -> ListedPlansView:
    work.concerns("account", work.actor.account_id)
    listed = await own_list(work).order_by("number")
    numbers = {row.patient_id: row.number for row in listed}
    rows = await FollowupPlan.filter(patient_id__in=list(numbers), ended_at__isnull=True).order_by("id") if numbers else []
    last = await _last(work, rows)
    found = [
        ListedPlan(number=numbers[plan.patient_id], plan=plan)
        if (one := last.get(plan.plan_id)) is None
        else ListedPlan(number=numbers[plan.patient_id], plan=plan, last=one.said, last_at=one.taken_at, last_level=one.level_label)
        for plan in await views_of(work, rows)
    ]
    return ListedPlansView(plans=tuple(sorted(found, key=lambda one: one.number)))


async def _last(work: Work, plans: list[FollowupPlan]) -> dict[str, ReadingView]:
    """Plan id → its latest reading, of those that open."""
    ids = [plan.id for plan in plans]
    latest = await Reading.filter(plan_id__in=ids).annotate(last=Max("taken_at")).group_by("plan_id").values("plan_id", "last") if ids else []
    wanted = {(str(one["plan_id"]), one["last"]) for one in latest}
    rows = await Reading.filter(plan_id__in=ids, taken_at__in=list({at for _, at in wanted})).order_by("id") if wanted else []
    await work.practice.keys.fetch("patient", sorted({row.patient_id for row in rows}))
    found = {}
    for row in rows:
        if (row.plan_id, row.taken_at) in wanted:
            with suppress(*CANNOT_OPEN):
                found[str(row.plan_id)] = await view_of(work, row)
    return found
