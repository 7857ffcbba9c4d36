"""Who is insured, and what the insurance would pay: memberships and quotes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import cast

from core.coverage.commands import (
    ItemLine,
    MembershipView,
    MyMembership,
    Quote,
    QuotedLineView,
    QuoteView,
    RecordMembership,
    Scheme,
)
from core.coverage.errors import MemberOfAnother, MembershipUnknown, MemberUnknown
from core.coverage.insurer import insurer_of, item_of
from core.coverage.models import Membership
from core.coverage.policies import HouseLevel, Policy, policy_on
from core.coverage.rules import Quote as Account
from core.coverage.rules import Standing, quote
from core.foundation.actor import Actor
from core.foundation.orders import answers, handles, prepares
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.people.rules import local_date
from core.people.service import patient_card

ESTIMATE = "预计金额,以医保结算为准。"
EXAMPLE = "预计金额,以医保结算为准;比例和限额是演示数据。"


@prepares(RecordMembership)
async def ask_insurer(practice: Practice, actor: Actor, order: RecordMembership) -> Standing | None:
    """What the insurer knows of the number, asked outside the transaction."""
    return await insurer_of(practice).standing(order.scheme, order.member_number, local_date(practice.clock.now()))


@handles(RecordMembership)
async def record_membership(work: Work, order: RecordMembership, standing: Standing | None = None) -> MembershipView:
    card = await patient_card(work, order.patient_id)
    work.concerns("patient", order.patient_id)
    if standing is None:
        raise MemberUnknown
    blind = work.blind(f"membership.{order.scheme}", order.member_number.upper())
    if await Membership.filter(member_blind=blind, live_for__isnull=False).exclude(patient_id=order.patient_id).exists():
        raise MemberOfAnother
    live = await Membership.get_or_none(live_for=order.patient_id)
    if live is not None and live.member_blind == blind:
        return await _view(work, live, standing)
    if live is not None:
        await live.change(live_for=None, ended_at=work.now)
        # What was attested of the membership before this one holds no more.
        await work.emit("membership.changed", key=order.patient_id, patient_id=order.patient_id)
    row_id = work.new_id()
    sealer = await work.sealer("patient", order.patient_id)
    row = await Membership.create(
        id=row_id, organisation_id=card.organisation_id, patient_id=order.patient_id, live_for=order.patient_id, scheme=order.scheme,
        member_number=sealer.seal("membership", "member_number", row_id, order.member_number.upper()), member_blind=blind,
        recorded_by=work.actor.account_id, recorded_at=work.now,
    )
    return await _view(work, row, standing)


async def number_of(work: Work, row: Membership) -> str:
    """The member number, opened."""
    sealer = await work.sealer("patient", row.patient_id)
    return sealer.open("membership", "member_number", row.id, bytes(row.member_number))


async def _view(work: Work, row: Membership, standing: Standing) -> MembershipView:
    return MembershipView(
        membership_id=row.id, scheme=cast(Scheme, row.scheme), number_ends=(await number_of(work, row))[-4:], recorded_at=row.recorded_at,
        insured=standing.insured, standing="参保正常。" if standing.insured else standing.why_not, paid_fen=standing.paid_fen,
        deductible_fen=standing.deductible_fen,
    )


@answers(MyMembership)
async def my_membership(work: Work, order: MyMembership) -> MembershipView:
    work.concerns("patient", order.patient_id)
    row = await Membership.get_or_none(live_for=order.patient_id)
    if row is None:
        raise MembershipUnknown
    return await _view(work, row, (await insured_as(work, order.patient_id, local_date(work.now))).standing)


@dataclass(frozen=True, slots=True)
class InsuredAs:
    """A patient's membership (None without one) and what the insurer says of it."""

    membership: Membership | None
    standing: Standing


async def insured_as(work: Work, patient_id: str, day: date) -> InsuredAs:
    """As what the patient is insured on ``day``; the insurer is asked, so call it outside a transaction."""
    row = await Membership.get_or_none(live_for=patient_id)
    if row is None:
        return InsuredAs(None, Standing(insured=False))
    standing = await insurer_of(work.practice).standing(row.scheme, await number_of(work, row), day)
    if standing is None:
        return InsuredAs(row, Standing(insured=False, why_not="医保系统里查不到登记的号码,按自费算。请核对号码。"))
    return InsuredAs(row, standing)


def policy_in_use(practice: Practice, insured: InsuredAs, day: date) -> tuple[Policy | None, Standing]:
    """The edition to count by. Example rules (演示) count in the demonstration only."""
    if insured.membership is None or not insured.standing.insured:
        return None, insured.standing
    policy = policy_on(insured.membership.scheme, day)
    if policy is not None and policy.example and not practice.demo:
        return None, Standing(insured=False, why_not="医保规则还没有接入本院,先按自费算。")
    return policy, insured.standing


@answers(Quote)
async def quote_for(work: Work, order: Quote) -> QuoteView:
    await patient_card(work, order.patient_id)
    work.concerns("patient", order.patient_id)
    day = local_date(work.now)
    policy, standing = policy_in_use(work.practice, await insured_as(work, order.patient_id, day), day)
    return quote_view(account(order.items, policy, standing, order.level), policy)


def account(items: tuple[ItemLine, ...], policy: Policy | None, standing: Standing, level: HouseLevel) -> Account:
    return quote([item_of(line) for line in items], policy, standing, level)


def line_views(told: Account) -> tuple[QuotedLineView, ...]:
    return tuple(
        QuotedLineView(
            ref=line.item.ref, name=line.item.name, service=line.item.service, drug_class=line.item.drug_class, fee_fen=line.item.fee_fen,
            pays_fen=line.pays_fen, own_fen=line.own_fen, reason=line.reason,
        )
        for line in told.lines
    )


def quote_view(told: Account, policy: Policy | None) -> QuoteView:
    return QuoteView(
        lines=line_views(told), fee_fen=told.fee_fen, pays_fen=told.pays_fen, own_fen=told.own_fen, reason=told.reason,
        note=EXAMPLE if policy is not None and policy.example else ESTIMATE,
        scheme=None if policy is None else policy.scheme,
        edition=None if policy is None else policy.edition,
        source=None if policy is None else policy.source,
    )
