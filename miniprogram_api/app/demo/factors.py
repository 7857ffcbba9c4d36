"""The second factor of everybody who signs, enrolled as they would do it themselves; the keys go into their phones' authenticators."""

from __future__ import annotations

import pyotp

from core.foundation.actor import Actor
from core.foundation.practice import Practice
from core.people.commands import EnsureAccount
from core.people.roles import LICENSED
from core.people.second_factor import ENROLLING
from core.people.second_factor_commands import BeginFactor, ConfirmFactor
from core.people.service import actor_for, demonstration_secret
from core.people.totp import PERIOD_S
from miniprogram_api.app.demo.plan import CountyPlan

SYSTEM = Actor.system("seed")


async def enrol_signers(practice: Practice, plan: CountyPlan, corp: str) -> dict[str, str]:
    """The keys (base 32) by the names of the plan. Who has a factor keeps it; who may not practise gets none."""
    keys: dict[str, str] = {}
    for one in plan.staff:
        if one.role not in LICENSED:
            continue
        account = await practice.execute(SYSTEM, EnsureAccount(app=corp, subject=one.userid))
        actor = await actor_for(account.account_id, ENROLLING, practice.clock.now())
        key = None if actor.practitioner_id is None else await demonstration_secret(practice, actor.practitioner_id)
        if key is None and actor.holds(one.role):
            key = await _enrol(practice, actor)
        if key is not None:
            keys[one.key] = key
    return keys


async def _enrol(practice: Practice, actor: Actor) -> str:
    offered = await practice.execute(actor, BeginFactor())
    secret: str = offered.secret
    # The code of the step before: that of now is left for the first signature.
    code = pyotp.TOTP(secret).at(practice.clock.real_now().timestamp() - PERIOD_S)
    await practice.execute(actor, ConfirmFactor(code=code))
    return secret
