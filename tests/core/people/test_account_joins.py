"""Two accounts with one phone that the platform verified: joined where nothing contradicts it, left to an administrator where something does."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, date, datetime, timedelta

import pytest

from core.foundation.actor import Actor, Role
from core.foundation.clock import ManualClock
from core.foundation.errors import DomainError, NotAllowed
from core.foundation.practice import Practice
from core.notifications.models import Notification
from core.people.accounts import actor_for, live_account
from core.people.commands import EnsureAccount, RegisterPatient, VerifyPhone
from core.people.commands_accounts import JoinReviews, JoinReviewsView, SettleJoinReview
from core.people.commands_sessions import OpenSession
from core.people.commands_staff import RegisterOrganisation, RegisterPractitioner
from core.people.commands_views import Me
from core.people.errors import RecordNeedsConfirmation
from core.people.errors_accounts import NeverJoined, ReviewSettled
from core.people.join_judges import Tree, judging
from core.people.joining import NEVER, RESTS_FOR, AccountFacts, Reason, contradiction, kept_and_left
from core.people.models import Account, CareRelation, JoinReview, Practitioner, VerifiedPhone
from core.people.sessions import session_actor
from tests.support.county import SYSTEM, SmallCounty, id_number, seed_small

pytestmark = pytest.mark.storage
PHONE = "19900000021"


@pytest.fixture
async def county(practice: Practice) -> SmallCounty:
    return await seed_small(practice)


async def account(practice: Practice, subject: str, *, app: str = "wxmini", unionid: str | None = None) -> str:
    return str((await practice.execute(SYSTEM, EnsureAccount(app=app, subject=subject, unionid=unionid))).account_id)


async def verify(practice: Practice, account_id: str, phone: str = PHONE) -> None:
    await practice.execute(SYSTEM, VerifyPhone(account_id=account_id, phone=phone))


async def person(practice: Practice, account_id: str) -> Actor:
    return await actor_for(account_id, "mini_program", practice.clock.now())


async def register(practice: Practice, account_id: str, name: str, sequence: int) -> str:
    order = RegisterPatient(full_name=name, id_number=id_number(date(1990, 5, 17), sequence))
    return str((await practice.execute(await person(practice, account_id), order)).patient_id)


async def living(account_id: str) -> str:
    row = await Account.get(id=account_id)
    return row.joined_to_id or row.id


async def reviews(practice: Practice, county: SmallCounty) -> JoinReviewsView:
    view: JoinReviewsView = await practice.ask(county.administrator, JoinReviews())
    return view


async def test_one_phone_is_one_person(practice: Practice, county: SmallCounty, clock: ManualClock):
    first, second = await account(practice, "o1", app="wxoa"), await account(practice, "m1")
    await verify(practice, first)
    patient = await register(practice, first, "王小梅", 44)
    opened = await practice.execute(SYSTEM, OpenSession(account_id=second, kind="mini_program"))
    await verify(practice, second)
    assert await living(second) == first
    actor = await session_actor(opened.token, "mini_program", clock.real_now(), clock.now())
    assert actor is not None
    assert actor.account_id == first  # The sign-in of the account that was joined goes on as the other's.
    assert [one.patient_id for one in (await practice.ask(actor, Me())).patients] == [patient]
    assert (await reviews(practice, county)).reviews == ()


async def test_a_typed_phone_joins_nobody(practice: Practice, county: SmallCounty):
    first, second = await account(practice, "m1"), await account(practice, "m2")
    await verify(practice, first)
    order = RegisterPatient(relation="mother", full_name="王小梅", id_number=id_number(date(1960, 5, 17), 44), phone=PHONE)
    await practice.execute(await person(practice, second), order)
    assert await living(second) == second


async def test_a_practitioners_account_is_the_one_that_lives_on(practice: Practice, county: SmallCounty):
    younger = county.village_doctor.account_id
    older = await account(practice, "m1")
    await Account.filter(id=older).update(created_at=practice.clock.now() - timedelta(days=9))
    await verify(practice, older)
    await verify(practice, younger)
    assert await living(older) == younger


async def test_two_practitioners_are_never_joined(practice: Practice, county: SmallCounty):
    one, other = county.village_doctor.account_id, county.duty_doctor.account_id
    await verify(practice, one)
    await verify(practice, other)
    assert (await living(one), await living(other)) == (one, other)
    (review,) = (await reviews(practice, county)).reviews
    assert (review.reason, review.may_join) == ("practitioners", False)
    with pytest.raises(NeverJoined):
        await practice.execute(county.administrator, SettleJoinReview(review_id=review.review_id, decision="joined"))
    for subject, account_id in (("staff-a", one), ("staff-b", other)):
        await practice.execute(SYSTEM, EnsureAccount(app="wxmini", subject=subject))
        from core.people.models import Identity

        await Identity.filter(subject=subject).update(account_id=account_id)
        await practice.execute(SYSTEM, EnsureAccount(app="wxmini", subject=subject, unionid="u-shared"))
    assert (await living(one), await living(other)) == (one, other)


async def test_two_people_by_their_id_numbers_are_left_to_an_administrator(practice: Practice, county: SmallCounty):
    first, second = await account(practice, "m1"), await account(practice, "m2")
    mine, theirs = await register(practice, first, "王小梅", 44), await register(practice, second, "陈大力", 45)
    await verify(practice, first)
    await verify(practice, second)
    await verify(practice, second)
    for account_id, patient_id in ((first, mine), (second, theirs)):
        assert [one.patient_id for one in (await practice.ask(await person(practice, account_id), Me())).patients] == [patient_id]
    assert [one.account_id for one in await Notification.filter(kind="people.join_review")] == [county.administrator.account_id]
    (review,) = (await reviews(practice, county)).reviews
    assert (review.reason, review.may_join, review.older.called, review.newer.called) == (
        "different_people", False, "王女士(尾号 0021)", "陈先生(尾号 0021)"
    )
    await practice.execute(county.administrator, SettleJoinReview(review_id=review.review_id, decision="apart"))
    with pytest.raises(ReviewSettled):
        await practice.execute(county.administrator, SettleJoinReview(review_id=review.review_id, decision="apart"))
    await verify(practice, first)
    assert (await reviews(practice, county)).reviews == ()  # Answered once, not asked again.


async def test_two_wechats_with_one_phone_may_be_a_couples(practice: Practice, county: SmallCounty):
    husband, wife = await account(practice, "m1", unionid="u1"), await account(practice, "m2", unionid="u2")
    await verify(practice, husband)
    patient = await register(practice, husband, "陈大力", 45)
    await verify(practice, wife)
    assert await living(wife) == wife
    assert (await practice.ask(await person(practice, wife), Me())).patients == ()
    # While it is open whose number it is, it opens no record either.
    with pytest.raises(RecordNeedsConfirmation):
        await practice.execute(
            await person(practice, wife), RegisterPatient(relation="spouse", full_name="陈大力", id_number=id_number(date(1990, 5, 17), 45))
        )
    (review,) = (await reviews(practice, county)).reviews
    assert review.may_join
    await practice.execute(county.administrator, SettleJoinReview(review_id=review.review_id, decision="joined"))
    assert await living(wife) == husband
    assert [one.patient_id for one in (await practice.ask(await person(practice, wife), Me())).patients] == [patient]


async def test_who_gets_a_number_that_rested_gets_nobodys_record(practice: Practice, county: SmallCounty, clock: ManualClock):
    before = await account(practice, "m1")
    await verify(practice, before)
    await register(practice, before, "王小梅", 44)
    clock.advance(days=91)
    after = await account(practice, "m2")
    await verify(practice, after)
    assert await living(after) == after
    assert (await practice.ask(await person(practice, after), Me())).patients == ()
    assert [one.reason for one in (await reviews(practice, county)).reviews] == ["old_number"]


async def test_only_an_administrator_reviews(practice: Practice, county: SmallCounty):
    for actor in (county.stranger, county.village_doctor, county.experts[0], county.auditor):
        with pytest.raises(NotAllowed):
            await practice.ask(actor, JoinReviews())
        with pytest.raises(NotAllowed):
            await practice.execute(actor, SettleJoinReview(review_id=practice.ids.new(), decision="joined"))


def test_whose_administrators_decide() -> None:
    """Two counties: hospital over two centres with a clinic each; the other county has a hospital alone."""
    tree = Tree(
        above={"h": ("h",), "c1": ("c1", "h"), "c2": ("c2", "h"), "k1": ("k1", "c1", "h"), "k2": ("k2", "c2", "h"), "H": ("H",)},
        county={"h": "1", "c1": "1", "c2": "1", "k1": "1", "k2": "1", "H": "2"},
        administered=frozenset({"h", "c1", "H"}),
    )
    assert judging(tree, {"k1"}) == {"c1", "h"}, "its own subtree"
    assert judging(tree, {"k1", "k2"}) == {"h"}, "across two centres: the county hospital's"
    assert judging(tree, {"k1", "H"}) == {"h", "H"}, "across two counties: the tops of both"
    assert judging(tree, set()) == {"h", "H"}, "of no house: the tops"
    tree.administered = frozenset({"c1", "H"})
    assert judging(tree, {"k2"}) == {"c1"}, "nobody above: somebody of the county"
    tree.administered = frozenset({"H"})
    assert judging(tree, {"k2"}) == {"H"}, "nobody there at all"


async def test_another_countys_administrator_neither_sees_nor_settles_it(practice: Practice, county: SmallCounty):
    elsewhere = RegisterOrganisation(full_name="西秀区人民医院", kind="county_hospital", region_code="520402", region_name="西秀区")
    house = (await practice.execute(SYSTEM, elsewhere)).organisation_id
    ref = await practice.execute(SYSTEM, RegisterPractitioner(
        organisation_id=house, full_name="钱一", sex="male", title_name="", licence_number="110200007777", licence_valid_until=date(2030, 1, 1),
        years_of_practice=3, roles=(Role.ADMINISTRATOR,), app="wwtest", subject="qian-yi",
    ))
    away = await actor_for((await Practitioner.get(id=ref.practitioner_id)).account_id, "wecom_app", practice.clock.now())
    husband, wife = await account(practice, "m1", unionid="u1"), await account(practice, "m2", unionid="u2")
    await verify(practice, husband)
    await register(practice, husband, "陈大力", 45)
    await verify(practice, wife)
    assert (await reviews(practice, county)).reviews
    assert (await practice.ask(away, JoinReviews())).reviews == ()
    (row,) = await JoinReview.all()
    with pytest.raises(NotAllowed):
        await practice.execute(away, SettleJoinReview(review_id=row.id, decision="joined"))
    assert [one.account_id for one in await Notification.filter(kind="people.join_review")] == [county.administrator.account_id]


async def test_verified_in_the_same_moment_they_are_joined_all_the_same(practice: Practice, county: SmallCounty):
    accounts = [await account(practice, f"m{number}") for number in range(6)]
    results = await asyncio.gather(*(practice.execute(SYSTEM, VerifyPhone(account_id=one, phone=PHONE)) for one in accounts), return_exceptions=True)
    for one, result in zip(accounts, results, strict=True):
        if isinstance(result, DomainError):  # Overtaken: the platform's button is pressed again.
            await verify(practice, one)
    # Which of them came first decides over how many steps each leads to the one that lives on.
    assert {(await live_account(one)).id for one in accounts} == {accounts[0]}
    assert await VerifiedPhone.filter(phone_blind=practice.keys.blind("phone", PHONE)).count() == 1
    assert await JoinReview.all().count() == 0


async def test_settled_by_two_at_once_it_is_settled_once(practice: Practice, county: SmallCounty):
    first, second = await account(practice, "m1", unionid="u1"), await account(practice, "m2", unionid="u2")
    await verify(practice, first)
    await verify(practice, second)
    (review,) = (await reviews(practice, county)).reviews
    orders = [SettleJoinReview(review_id=review.review_id, decision=decision) for decision in ("joined", "apart") * 3]
    results = await asyncio.gather(*(practice.execute(county.administrator, order) for order in orders), return_exceptions=True)
    assert sum(not isinstance(one, BaseException) for one in results) == 1
    row = await JoinReview.get(id=review.review_id)
    assert (await living(second) == first) == (row.state == "joined")


async def test_of_two_relations_to_one_patient_the_one_that_holds_is_left(practice: Practice, county: SmallCounty):
    first, second = await account(practice, "m1"), await account(practice, "m2")
    for one, ended in ((first, practice.clock.now()), (second, None)):
        await CareRelation.create(
            id=practice.ids.new(), account_id=one, patient_id=county.old_man, relation="father", guardian=False, ended_at=ended,
            created_at=practice.clock.now(),
        )
    await verify(practice, first)
    await verify(practice, second)
    (left,) = await CareRelation.filter(patient_id=county.old_man)
    assert (left.account_id, left.ended_at) == (first, None)


def test_no_contradiction_is_overlooked():
    """Whatever two accounts are like: joined only where none of the four speaks against it, and the same from either side."""
    rng = random.Random(20261120)
    now = datetime(2026, 11, 20, tzinfo=UTC)

    def some(account_id: str) -> AccountFacts:
        own = rng.choice([None, "P1", "P2"])
        return AccountFacts(
            account_id=account_id, practitioner=rng.random() < 0.3, own_patient=own, unionids=frozenset(rng.sample(["u1", "u2"], rng.randrange(3))),
            speaks_for=rng.randrange(3) + (own is not None), phone_verified_at=now - timedelta(days=rng.choice([0, 1, 89, 90, 91, 400])),
        )

    seen: set[Reason | None] = set()
    for _ in range(3000):
        one, other = some("A"), some("B")
        reason = contradiction(one, other, now)
        seen.add(reason)
        if one.phone_verified_at != other.phone_verified_at:
            assert contradiction(other, one, now) == reason
        if reason is None:
            assert not (one.practitioner and other.practitioner)
            assert None in (one.own_patient, other.own_patient) or one.own_patient == other.own_patient
            assert not (one.unionids and other.unionids) or one.unionids & other.unionids
            earlier = min(one, other, key=lambda facts: facts.phone_verified_at)
            assert now - earlier.phone_verified_at <= RESTS_FOR or not (earlier.practitioner or earlier.speaks_for)
            kept, left = kept_and_left(one, other)
            assert {kept, left} == {"A", "B"}
            assert not (other if left == "B" else one).practitioner
    assert seen == {None, *Reason}
    assert set(Reason) > NEVER
