"""The second factor of everybody who signs; the keys go into their phones' authenticators."""

from __future__ import annotations

from core.foundation.actor import Actor
from core.foundation.practice import Practice
from core.people.commands_second_factor import EnrolDemonstration
from core.people.service import demonstration_secrets
from miniprogram_api.app.demo.plan import CountyPlan


async def enrol_signers(practice: Practice, plan: CountyPlan, corp: str) -> dict[str, str]:
    """The keys (base 32) by the names of the plan. Who has a factor keeps it."""
    await practice.execute(Actor.system("seed"), EnrolDemonstration())
    found = await demonstration_secrets(practice, corp)
    return {one.key: found[one.userid] for one in plan.staff if one.userid in found}
