"""A page that the mini program opens takes the sign-in over: once, within a minute, while the session that gave it runs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from core.foundation.actor import Actor
from core.foundation.clock import ManualClock
from core.foundation.errors import NotAllowed, NotFound
from core.foundation.practice import Practice
from core.people.accounts import actor_for
from core.people.commands import EnsureAccount
from core.people.commands_sessions import CloseSession, HandedOver, HandOverSession, OpenSession, RedeemHandOver, SessionOpened
from core.people.errors import HandOverSpent
from core.people.models import Session
from core.people.sessions import session_actor

pytestmark = pytest.mark.storage


async def signed_in(practice: Practice, system: Actor, subject: str = "m1") -> tuple[Actor, SessionOpened]:
    ref = await practice.execute(system, EnsureAccount(app="wx2", subject=subject))
    opened = await practice.execute(system, OpenSession(account_id=ref.account_id, kind="mini_program"))
    return await actor_for(ref.account_id, "mini_program", practice.clock.now(), session_id=opened.session_id), opened


async def handed(practice: Practice, actor: Actor, opened: SessionOpened) -> HandedOver:
    result: HandedOver = await practice.execute(replace(actor, session_id=opened.session_id), HandOverSession())
    return result


async def test_the_page_is_signed_in_as_the_same_person_and_the_code_is_spent(practice: Practice, system: Actor, clock: ManualClock):
    actor, opened = await signed_in(practice, system)
    code = (await handed(practice, actor, opened)).code
    page = await practice.execute(system, RedeemHandOver(code=code))
    found = await session_actor(page.token, "h5", clock.real_now(), clock.now())
    assert found is not None
    assert found.account_id == actor.account_id
    assert page.expires_at == clock.real_now() + timedelta(hours=12)
    with pytest.raises(HandOverSpent):
        await practice.execute(system, RedeemHandOver(code=code))
    stored = {row.token_hash for row in await Session.all()}
    assert not stored & {code, page.token, page.refresh_token, opened.token, opened.refresh_token}
    # The code itself is no session of any kind.
    for kind in ("h5", "mini_program", "terminal"):
        assert await session_actor(code, kind, clock.real_now(), clock.now()) is None


async def test_of_many_at_once_one_takes_it(practice: Practice, system: Actor):
    actor, opened = await signed_in(practice, system)
    code = (await handed(practice, actor, opened)).code
    results = await asyncio.gather(*(practice.execute(system, RedeemHandOver(code=code)) for _ in range(6)), return_exceptions=True)
    assert [type(one) for one in results if isinstance(one, BaseException)] == [HandOverSpent] * 5
    assert await Session.filter(kind="h5").count() == 1


async def test_after_a_minute_and_after_the_session_it_opens_nothing(practice: Practice, system: Actor, clock: ManualClock):
    actor, opened = await signed_in(practice, system)
    late = (await handed(practice, actor, opened)).code
    clock.advance(seconds=60)
    with pytest.raises(HandOverSpent):
        await practice.execute(system, RedeemHandOver(code=late))
    orphan = (await handed(practice, actor, opened)).code
    assert await Session.filter(kind="hand_over").count() == 1  # the late one is swept away
    await practice.execute(actor, CloseSession(session_id=opened.session_id))
    with pytest.raises(HandOverSpent):
        await practice.execute(system, RedeemHandOver(code=orphan))
    with pytest.raises(NotFound):
        await handed(practice, actor, opened)
    assert not await Session.filter(kind="h5").exists()


async def test_the_page_is_signed_out_with_the_mini_program_and_nobody_else_is(practice: Practice, system: Actor, clock: ManualClock):
    actor, opened = await signed_in(practice, system)
    ref = actor.account_id
    own = await practice.execute(system, OpenSession(account_id=ref, kind="h5"))
    second = await practice.execute(system, OpenSession(account_id=ref, kind="mini_program"))
    pages = [await practice.execute(system, RedeemHandOver(code=(await handed(practice, actor, one)).code)) for one in (opened, opened, second)]
    await practice.execute(actor, CloseSession(session_id=opened.session_id))
    runs = [await session_actor(one.token, "h5", clock.real_now(), clock.now()) is not None for one in (*pages, own)]
    assert runs == [False, False, True, True]


async def test_a_code_holds_for_its_own_session_and_only_the_system_redeems(practice: Practice, system: Actor):
    one, mine = await signed_in(practice, system)
    other, others = await signed_in(practice, system, "m2")
    with pytest.raises(NotFound):
        await handed(practice, other, mine)
    code = (await handed(practice, one, mine)).code
    elsewhere = (await handed(practice, other, others)).code
    for wrong in (elsewhere[:26] + code[26:], code[:-1], "x" * 60):
        with pytest.raises(HandOverSpent):
            await practice.execute(system, RedeemHandOver(code=wrong))
    with pytest.raises(NotAllowed):
        await practice.execute(one, RedeemHandOver(code=code))
    page = await practice.execute(system, RedeemHandOver(code=code))
    assert page.account_id == one.account_id
