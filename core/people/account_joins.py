"""A phone that the platform vouched for joins the accounts of one person; what contradicts that is left to an administrator."""

from __future__ import annotations

from datetime import datetime

from core.foundation.actor import Role
from core.foundation.errors import NotFound
from core.foundation.keys import SealBroken
from core.foundation.orders import Done, answers, handles
from core.foundation.withheld import CANNOT_OPEN
from core.foundation.work import Work
from core.people.accounts import join_accounts, live_account
from core.people.commands import VerifyPhone
from core.people.commands_accounts import JoinReviews, JoinReviewsView, JoinReviewView, ReviewedAccount, SettleJoinReview
from core.people.errors_accounts import NeverJoined, ReviewSettled
from core.people.families import how_called
from core.people.join_judges import judges, judging_houses
from core.people.joining import NEVER, REASON_LABELS, AccountFacts, Reason, contradiction, kept_and_left
from core.people.models import Account, Identity, JoinReview, Practitioner, VerifiedPhone
from core.people.relations import live_relations
from core.people.telling import tell_person

SHOWN = 100
LOOKED_AT = 5000
"""Open questions of all houses that a list looks through, the oldest first."""


@handles(VerifyPhone)
async def verify_phone(work: Work, order: VerifyPhone) -> Done:
    blind = work.blind("phone", order.phone)
    await _hold(blind)
    account = await live_account(order.account_id)
    sealer = await work.sealer("account", account.id)
    await account.change(phone=sealer.seal("account", "phone", account.id, order.phone), phone_blind=blind, phone_verified_at=work.now)
    living = account.id
    others = Account.filter(phone_blind=blind, joined_to_id__isnull=True, phone_verified_at__isnull=False).exclude(id=account.id)
    for other in await others.order_by("id"):
        living = await _consider(work, living, other.id)
    work.concerns("account", living)
    return Done()


async def _hold(blind: str) -> None:
    """Two who verify one number in the same moment come one after the other: each would not see the other. The clash of the first two rows is
    met by trying the order again."""
    if await VerifiedPhone.filter(phone_blind=blind).select_for_update().get_or_none() is None:
        await VerifiedPhone.create(phone_blind=blind)


async def _consider(work: Work, one_id: str, other_id: str) -> str:
    """Join the two, or leave an entry for review; the account that lives on for ``one_id``."""
    one, other = await facts_of(work, one_id), await facts_of(work, other_id)
    reason = contradiction(one, other, work.now)
    if reason is not None:
        await leave_for_review(work, one_id, other_id, reason)
        return one_id
    kept, left = kept_and_left(one, other)
    await join_accounts(work, left, kept)
    return kept


async def facts_of(work: Work, account_id: str) -> AccountFacts:
    account = await Account.get(id=account_id)
    relations = await live_relations(work, account_id=account_id)
    own = next((row.patient_id for row in relations if row.self_of_id is not None), None)
    unionids = await Identity.filter(account_id=account_id, unionid__isnull=False).values_list("unionid", flat=True)
    return AccountFacts(
        account_id=account_id,
        practitioner=await Practitioner.filter(account_id=account_id).exists(),
        own_patient=own,
        unionids=frozenset(str(one) for one in unionids),
        speaks_for=len(relations),
        phone_verified_at=account.phone_verified_at or account.created_at,
    )


async def leave_for_review(work: Work, one_id: str, other_id: str, reason: Reason) -> None:
    """One entry for two accounts, whoever of them came first; a question that was answered is not asked again."""
    older, newer = sorted((one_id, other_id))
    if await JoinReview.filter(older_id=older, newer_id=newer).exists():
        return
    row = await JoinReview.create(id=work.new_id(), older_id=older, newer_id=newer, reason=reason.value, created_at=work.now)
    for account_id in await judges(work, row.id, older, newer):
        await tell_person(work, account_id, "people.join_review", reason=reason.value)


async def is_doubted(account_id: str) -> bool:
    """Whether it is open or denied that the number of this account is the same person's who had it before: then it proves nothing."""
    older = JoinReview.filter(older_id=account_id).exclude(state="joined")
    newer = JoinReview.filter(newer_id=account_id).exclude(state="joined")
    return await older.exists() or await newer.exists()


@answers(JoinReviews)
async def join_reviews(work: Work, order: JoinReviews) -> JoinReviewsView:
    work.concerns("account", work.actor.account_id)
    rows = await JoinReview.filter(state="open").order_by("id").limit(LOOKED_AT)
    houses = await judging_houses(work, [(row.id, row.older_id, row.newer_id) for row in rows])
    own = work.actor.organisations(Role.ADMINISTRATOR)
    mine = [row for row in rows if houses[row.id] & own][:SHOWN]
    return JoinReviewsView(reviews=tuple([await _view(work, row) for row in mine]))


async def _view(work: Work, row: JoinReview) -> JoinReviewView:
    reason = Reason(row.reason)
    return JoinReviewView(
        review_id=row.id, reason=reason.value, reason_label=REASON_LABELS[reason], may_join=reason not in NEVER, created_at=row.created_at,
        older=await _account(work, row.older_id), newer=await _account(work, row.newer_id),
    )


async def _account(work: Work, account_id: str) -> ReviewedAccount:
    account = await live_account(account_id)
    facts = await facts_of(work, account.id)
    verified: datetime | None = account.phone_verified_at
    try:
        called = await how_called(work, account.id)
    except CANNOT_OPEN as error:
        called = "(姓名打不开)" if isinstance(error, SealBroken) else "(已删除)"
    return ReviewedAccount(
        account_id=account.id, called=called, practitioner=facts.practitioner,
        has_own_record=facts.own_patient is not None, speaks_for=facts.speaks_for, phone_verified_at=verified, since=account.created_at,
    )


@handles(SettleJoinReview)
async def settle_join_review(work: Work, order: SettleJoinReview) -> Done:
    row = await JoinReview.filter(id=order.review_id).select_for_update().get_or_none()
    if row is None:
        raise NotFound
    if row.state != "open":
        raise ReviewSettled
    one, other = (await live_account(row.older_id)).id, (await live_account(row.newer_id)).id
    if order.decision == "joined" and one != other:
        first, second = await facts_of(work, one), await facts_of(work, other)
        # Asked anew: since the entry was made either may have registered somebody, or become a practitioner's.
        reason = contradiction(first, second, work.now)
        if reason in NEVER:
            raise NeverJoined(reason=REASON_LABELS[reason])
        kept, left = kept_and_left(first, second)
        await join_accounts(work, left, kept)
    await row.change(conflict=ReviewSettled(), state=order.decision, decided_at=work.now, decided_by=work.actor.account_id)
    work.concerns("account", one, other=other, decision=order.decision)
    return Done()
