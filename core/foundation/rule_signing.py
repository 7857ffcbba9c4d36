"""A clinician's signature under one edition of a set of rules of care."""

from __future__ import annotations

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.errors import Conflict
from core.foundation.models import RuleSignature
from core.foundation.orders import Command, Done, Grant, handles
from core.foundation.work import Work


class SignRules(Command):
    """A clinician of the hospital answers for one edition of a set of rules of care, by its digest: a change needs a new signature."""

    name = "rules.sign"
    title = "签署规则"
    access = (Grant(Role.SYSTEM),)
    rule_set: str = Field(min_length=1, max_length=60)
    digest: str = Field(pattern="^[0-9a-f]{64}$")
    signed_by: str = Field(min_length=2, max_length=80)
    licence: str = Field(min_length=6, max_length=40)


class AlreadySigned(Conflict):
    code = "rules.signed"
    sentence = "这一版规则已经签署过了。"


@handles(SignRules)
async def sign_rules(work: Work, order: SignRules) -> Done:
    if await RuleSignature.filter(rule_set=order.rule_set, digest=order.digest).exists():
        raise AlreadySigned
    await RuleSignature.create(
        id=work.new_id(),
        rule_set=order.rule_set,
        digest=order.digest,
        signed_by=order.signed_by,
        licence=order.licence,
        signed_at=work.practice.clock.real_now(),
    )
    return Done()
