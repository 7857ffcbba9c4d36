"""Signing the rules of care: by edition, once, through the one way to change anything."""

import pytest

from core.dispatch.service import rule_sets
from core.foundation.actor import Actor
from core.foundation.errors import NotAllowed
from core.foundation.models import AuditEntry
from core.foundation.practice import Practice
from core.foundation.rule_signing import AlreadySigned, SignRules
from miniprogram_api.app.signing import OPERATOR, standings


def order_for(digest: str, rule_set: str) -> SignRules:
    return SignRules(rule_set=rule_set, digest=digest, signed_by="陈医生(演示)", licence="110520000000001")


@pytest.mark.storage
async def test_a_signature_holds_for_one_edition_and_is_audited(practice: Practice) -> None:
    sets = rule_sets()
    assert not any(one.signed for one in await standings(sets))
    first = sets[0]
    await practice.execute(OPERATOR, order_for(first.digest, first.name))
    found = await standings(sets)
    assert [one.signed for one in found] == [one.name == first.name for one in sets]
    assert found[0].signed_by == "陈医生(演示)"
    assert found[0].signed_on
    entry = await AuditEntry.get(action="rules.sign")
    assert entry.account_id == OPERATOR.account_id
    changed = first.model_copy(update={"digest": "0" * 64})
    assert [one.signed for one in await standings((changed,))] == [False]


@pytest.mark.storage
async def test_signing_twice_is_refused(practice: Practice) -> None:
    rules = rule_sets()[0]
    await practice.execute(OPERATOR, order_for(rules.digest, rules.name))
    with pytest.raises(AlreadySigned):
        await practice.execute(OPERATOR, order_for(rules.digest, rules.name))


@pytest.mark.storage
async def test_nobody_signs_from_a_chat(practice: Practice) -> None:
    rules = rule_sets()[0]
    visitor = Actor(account_id="01J00000000000000000000000", roles=(), channel="wecom_app")
    with pytest.raises(NotAllowed):
        await practice.execute(visitor, order_for(rules.digest, rules.name))
    assert not any(one.signed for one in await standings(rule_sets()))
