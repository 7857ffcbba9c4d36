"""Who of a village doctor's patients is followed, by the numbers under which she knows them."""

from __future__ import annotations

from core.followups.commands import ListedPlan, ListedPlans, ListedPlansView
from core.followups.models import FollowupPlan
from core.followups.plans import views_of
from core.foundation.orders import answers
from core.foundation.work import Work
from core.people.lists import own_list


@answers(ListedPlans)
async def listed_plans(work: Work, order: ListedPlans) -> ListedPlansView:
    work.concerns("account", work.actor.account_id)
    listed = await own_list(work).order_by("number")
    numbers = {row.patient_id: row.number for row in listed}
    rows = await FollowupPlan.filter(patient_id__in=list(numbers), ended_at__isnull=True).order_by("id") if numbers else []
    found = [ListedPlan(number=numbers[plan.patient_id], plan=plan) for plan in await views_of(work, rows)]
    return ListedPlansView(plans=tuple(sorted(found, key=lambda one: one.number)))
