"""The insurer as the practice speaks to it: a port, and the strict local implementation that stands in where none is connected.

The local one keeps its own book (members, years, payments) and trusts nothing of ours: it looks the member up, works the claim out anew by its
own rules, refuses what differs with the standing as it is, answers the same claim in the same way, and refuses another one under the same id.
It is reached through the same orders as everything else, so that its changes are transactions with an audit entry.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from typing import Any, Protocol

from tortoise.expressions import F

from core.coverage.commands import EnrolMember, ItemLine, PaidLocally, PayLocally, StandingTold, TakeBackLocally
from core.coverage.models import InsuredMember, InsuredYear, InsurerPayment
from core.coverage.policies import policy_on
from core.coverage.rules import Item, Standing, quote
from core.foundation.actor import Actor
from core.foundation.errors import Conflict
from core.foundation.orders import Done, handles
from core.foundation.practice import Practice
from core.foundation.work import Work

_INSURER = Actor.system("insurer")


class Insurer(Protocol):
    """Raises :class:`core.coverage.errors.InsurerAway` when it cannot be reached; what it is asked is then asked again."""

    async def standing(self, scheme: str, member_number: str, day: date) -> Standing | None:
        """What it knows of the member on ``day``; None when it does not know the number."""
        ...

    async def settle(self, claim: PayLocally) -> PaidLocally:
        """Pay or refuse. ``claim.claim_id`` is the key: sent again it gives the same answer."""
        ...

    async def reverse(self, claim_id: str, number: str) -> None:
        """Take the payment ``number`` back; done again it changes nothing."""
        ...


class LocalInsurer:
    def __init__(self, practice: Practice) -> None:
        self._practice = practice

    async def standing(self, scheme: str, member_number: str, day: date) -> Standing | None:
        member = await InsuredMember.get_or_none(scheme=scheme, member_blind=_blind(self._practice, scheme, member_number))
        return None if member is None else _standing(member, day, await InsuredYear.get_or_none(member_id=member.id, year=day.year))

    async def settle(self, claim: PayLocally) -> PaidLocally:
        paid: PaidLocally = await self._practice.execute(_INSURER, claim)
        return paid

    async def reverse(self, claim_id: str, number: str) -> None:
        await self._practice.execute(_INSURER, TakeBackLocally(claim_id=claim_id, number=number))


_CONNECTED: list[Callable[[Practice], Insurer]] = [LocalInsurer]


def connect_insurer(make: Callable[[Practice], Insurer]) -> None:
    """The composition names another insurer: all later claims go to it."""
    _CONNECTED[0] = make


def insurer_of(practice: Practice) -> Insurer:
    """The insurer that is connected."""
    return _CONNECTED[0](practice)


def _blind(practice: Practice, scheme: str, member_number: str) -> str:
    return practice.keys.blind(f"insurer.{scheme}", member_number.strip().upper())


def _standing(member: InsuredMember, day: date, year: InsuredYear | None) -> Standing:
    """By ``year``, what the member used of the year of ``day``."""
    if not member.valid_from <= day <= member.valid_until:
        return Standing(insured=False, why_not="医保系统显示这一天没有参保或已停保,按自费算。请先续保。")
    paid, deductible = (0, 0) if year is None else (year.paid_fen, year.deductible_fen)
    return Standing(insured=True, traits=frozenset(member.traits), paid_fen=paid, deductible_fen=deductible)


@handles(EnrolMember)
async def enrol_member(work: Work, order: EnrolMember) -> Done:
    blind = _blind(work.practice, order.scheme, order.member_number)
    values: dict[str, Any] = {"traits": sorted(order.traits), "valid_from": order.valid_from, "valid_until": order.valid_until}
    changed = await InsuredMember.filter(scheme=order.scheme, member_blind=blind).update(**values)
    if not changed:
        await InsuredMember.create(id=work.new_id(), scheme=order.scheme, member_blind=blind, **values)
    return Done()


@handles(PayLocally)
async def pay_locally(work: Work, order: PayLocally) -> PaidLocally:
    digest = hashlib.sha256(order.model_dump_json(exclude={"member_number"}).encode()).hexdigest()
    known = await InsurerPayment.get_or_none(claim_id=order.claim_id)
    if known is not None:
        same = known.digest == digest and not known.reversed
        return PaidLocally(accepted=True, number=known.number, pays_fen=known.paid_fen) if same else PaidLocally(
            accepted=False, refusal_code="insurer.duplicate"
        )
    member = await InsuredMember.get_or_none(scheme=order.scheme, member_blind=_blind(work.practice, order.scheme, order.member_number))
    if member is None:
        return PaidLocally(accepted=False, refusal_code="insurer.member_unknown")
    # Held from here to the end: what is worked out by the year is entered into the same year, whoever else claims meanwhile.
    year = await InsuredYear.filter(member_id=member.id, year=order.day.year).select_for_update().get_or_none()
    standing = _standing(member, order.day, year)
    if not standing.insured:
        return PaidLocally(accepted=False, refusal_code="insurer.not_insured")
    policy = policy_on(order.scheme, order.day)
    if policy is None or policy.edition != order.edition:
        return PaidLocally(accepted=False, refusal_code="insurer.edition")
    ours = quote([item_of(line) for line in order.items], policy, standing, order.level)
    if (ours.pays_fen, ours.deductible_fen) != (order.pays_fen, order.deductible_fen):
        return PaidLocally(accepted=False, refusal_code="insurer.amounts", standing=told(standing))
    if year is None:  # of two first claims at once the database lets one begin the year, and the other is carried out again
        await InsuredYear.create(
            id=work.new_id(), member_id=member.id, year=order.day.year, paid_fen=ours.pays_fen, deductible_fen=ours.deductible_fen
        )
    else:
        await year.change(
            conflict=Conflict(), paid_fen=year.paid_fen + ours.pays_fen, deductible_fen=year.deductible_fen + ours.deductible_fen
        )
    number = work.new_code("S", 10)
    await InsurerPayment.create(
        id=work.new_id(), claim_id=order.claim_id, number=number, member_id=member.id, year=order.day.year, digest=digest,
        paid_fen=ours.pays_fen, deductible_fen=ours.deductible_fen,
    )
    return PaidLocally(accepted=True, number=number, pays_fen=ours.pays_fen)


@handles(TakeBackLocally)
async def take_back_locally(work: Work, order: TakeBackLocally) -> Done:
    payment = await InsurerPayment.get_or_none(claim_id=order.claim_id, number=order.number)
    if payment is None or payment.reversed:
        return Done(done=False)
    await payment.change(reversed=True)
    await InsuredYear.filter(member_id=payment.member_id, year=payment.year).update(
        version=F("version") + 1, paid_fen=F("paid_fen") - payment.paid_fen, deductible_fen=F("deductible_fen") - payment.deductible_fen
    )
    return Done()


def item_of(line: ItemLine) -> Item:
    return Item(line.ref, line.name, line.service, line.fee_fen, line.drug_class)


def told(standing: Standing) -> StandingTold:
    """The standing as it travels."""
    return StandingTold.model_validate({
        "insured": standing.insured, "traits": sorted(standing.traits), "paid_fen": standing.paid_fen,
        "deductible_fen": standing.deductible_fen, "why_not": "" if standing.insured else standing.why_not,
    })


def heard(standing: StandingTold) -> Standing:
    """The standing as the rules take it."""
    why = {"why_not": standing.why_not} if standing.why_not else {}
    return Standing(
        insured=standing.insured, traits=frozenset(standing.traits), paid_fen=standing.paid_fen, deductible_fen=standing.deductible_fen, **why
    )
