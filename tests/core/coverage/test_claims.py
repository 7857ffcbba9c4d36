"""A claim on its way: membership, quote, submission, the strict insurer's answer, the ledger, and back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pytest

from core.coverage.claims import send_claim
from core.coverage.commands import (
    AnswerClaim,
    Claims,
    ClaimView,
    EnrolMember,
    ItemLine,
    MyMembership,
    PayLocally,
    Quote,
    ReadClaim,
    RecordMembership,
    ReverseClaim,
    SubmitClaim,
    TakeBackLocally,
)
from core.coverage.errors import (
    ClaimDiffers,
    ClaimNotSettled,
    InsurerAway,
    MemberOfAnother,
    MembershipUnknown,
    MemberUnknown,
    NothingToClaim,
)
from core.coverage.insurer import LocalInsurer, connect_insurer
from core.coverage.models import Claim, InsuredMember, InsuredYear, Membership, SettlementEntry
from core.coverage.policies import DrugClass, HouseLevel, Service
from core.coverage.rules import Standing
from core.foundation.errors import Conflict, NotAllowed, Unavailable
from core.foundation.events import Event
from core.foundation.models import OutboxEvent
from core.foundation.outbox import OutboxWorker
from core.foundation.practice import Practice
from core.notifications.models import Notification
from tests.support.county import SYSTEM, SmallCounty, seed_small

NUMBER = "GZ520000112233"
DRUGS = (
    ItemLine(ref="1", name="氨氯地平片 5mg", service=Service.DRUG, fee_fen=86_40, drug_class=DrugClass.A),
    ItemLine(ref="2", name="阿托伐他汀钙片 20mg", service=Service.DRUG, fee_fen=250_00, drug_class=DrugClass.A),
    ItemLine(ref="3", name="葡萄籽胶囊", service=Service.DRUG, fee_fen=30_00, drug_class=DrugClass.NONE),
)
"""Together 366.40, of which the insurance pays 200.00: one is not covered, one meets the cap."""


@dataclass
class Counter:
    practice: Practice
    county: SmallCounty

    async def insure(self, patient_id: str, number: str = NUMBER, until: date = date(2027, 12, 31)) -> None:
        await self.practice.execute(
            SYSTEM, EnrolMember(scheme="residents", member_number=number, valid_from=date(2026, 1, 1), valid_until=until)
        )
        await self.practice.execute(SYSTEM, RecordMembership(patient_id=patient_id, scheme="residents", member_number=number))

    async def submit(self, ref: str | None = None, items: tuple[ItemLine, ...] = DRUGS) -> ClaimView:
        order = SubmitClaim(patient_id=self.county.woman, ref=ref or self.practice.ids.new(), items=items)
        view: ClaimView = await self.practice.execute(SYSTEM, order)
        return view

    async def work_off(self) -> None:
        """What the worker does, until nothing is left."""
        self.practice.clock.advance(seconds=61)  # type: ignore[attr-defined]
        worker = OutboxWorker(self.practice, "send", "test")
        while await worker.work_once():
            pass

    async def claim(self, claim_id: str) -> ClaimView:
        view: ClaimView = await self.practice.ask(self.county.woman_account, ReadClaim(claim_id=claim_id))
        return view

    async def used(self) -> tuple[int, int]:
        year = await InsuredYear.get(year=2026)
        return year.paid_fen, year.deductible_fen


@pytest.fixture
async def counter(practice: Practice) -> Counter:
    return Counter(practice, await seed_small(practice))


@pytest.fixture
def other_insurer() -> Iterator[None]:
    yield
    connect_insurer(LocalInsurer)


async def test_a_patient_records_what_the_insurer_knows(counter: Counter) -> None:
    county, me = counter.county, counter.county.woman_account
    with pytest.raises(MembershipUnknown):
        await counter.practice.ask(me, MyMembership(patient_id=county.woman))
    with pytest.raises(MemberUnknown):
        await counter.practice.execute(me, RecordMembership(patient_id=county.woman, scheme="residents", member_number=NUMBER))
    await counter.insure(county.woman)
    view = await counter.practice.ask(me, MyMembership(patient_id=county.woman))
    assert (view.scheme, view.number_ends, view.insured, view.standing) == ("residents", "2233", True, "参保正常。")
    row = await Membership.get(live_for=county.woman)
    assert NUMBER.encode() not in bytes(row.member_number)
    assert not await InsuredMember.filter(member_blind=NUMBER).exists()


async def test_recording_again_changes_nothing_and_another_number_ends_the_first(counter: Counter) -> None:
    await counter.insure(counter.county.woman)
    await counter.insure(counter.county.woman)
    assert await Membership.filter(patient_id=counter.county.woman).count() == 1
    await counter.insure(counter.county.woman, "GZ520000445566")
    rows = await Membership.filter(patient_id=counter.county.woman).order_by("id")
    assert [(row.live_for is None, row.ended_at is None) for row in rows] == [(True, False), (False, True)]


async def test_one_number_is_one_patient(counter: Counter) -> None:
    await counter.insure(counter.county.woman)
    with pytest.raises(MemberOfAnother):
        await counter.insure(counter.county.old_man)


async def test_a_stranger_neither_sees_nor_claims(counter: Counter) -> None:
    county, stranger = counter.county, counter.county.stranger
    await counter.insure(county.woman)
    claim = await counter.submit()
    for order in (
        MyMembership(patient_id=county.woman), Quote(patient_id=county.woman, items=DRUGS), ReadClaim(claim_id=claim.claim_id),
        Claims(patient_id=county.woman),
    ):
        with pytest.raises(NotAllowed):
            await counter.practice.ask(stranger, order)
    for actor in (stranger, county.woman_account, county.village_doctor):
        with pytest.raises(NotAllowed):
            await counter.practice.execute(actor, SubmitClaim(patient_id=county.woman, ref=counter.practice.ids.new(), items=DRUGS))
    assert (await counter.practice.ask(county.village_doctor, ReadClaim(claim_id=claim.claim_id))).code == claim.code


async def test_a_quote_says_fee_share_and_rest_to_the_fen(counter: Counter) -> None:
    await counter.insure(counter.county.woman)
    told = await counter.practice.ask(counter.county.woman_account, Quote(patient_id=counter.county.woman, items=DRUGS[:1]))
    assert told.reason == "按城乡居民医保(演示)计算:共 86.40 元,医保报 60.48 元,您付 25.92 元。"
    assert "演示数据" in told.note
    assert told.source


@pytest.mark.parametrize("until", [None, date(2026, 6, 30)])
async def test_without_insurance_or_after_it_ended_the_quote_is_nothing_with_the_reason(counter: Counter, until: date | None) -> None:
    if until is not None:
        await counter.insure(counter.county.woman, until=until)
    told = await counter.practice.ask(counter.county.woman_account, Quote(patient_id=counter.county.woman, items=DRUGS))
    assert (told.pays_fen, told.own_fen, told.edition) == (0, 366_40, None)
    assert ("没有登记医保" if until is None else "已停保") in told.reason


async def test_example_rules_do_not_count_outside_the_demonstration(counter: Counter) -> None:
    await counter.insure(counter.county.woman)
    counter.practice.demo = False
    told = await counter.practice.ask(counter.county.woman_account, Quote(patient_id=counter.county.woman, items=DRUGS))
    assert (told.pays_fen, told.reason) == (0, "医保规则还没有接入本院,先按自费算。")


async def test_a_claim_is_settled_entered_and_told(counter: Counter) -> None:
    await counter.insure(counter.county.woman)
    asked = await counter.submit()
    assert (asked.state, asked.pays_fen) == ("submitted", 200_00)
    await counter.work_off()
    view = await counter.claim(asked.claim_id)
    assert (view.state_label, view.next) == ("已结算", "医保报 200.00 元,您付 166.40 元。")
    assert [(one.kind, one.amount_fen) for one in await SettlementEntry.filter(claim_id=asked.claim_id)] == [("settled", 200_00)]
    assert await counter.used() == (200_00, 0)
    assert await Notification.filter(kind="claim.settled", account_id=counter.county.woman_account.account_id).count() == 1
    row = await Claim.get(id=asked.claim_id)
    assert "氨氯地平".encode() not in bytes(row.lines)


async def test_the_same_thing_is_claimed_once(counter: Counter) -> None:
    await counter.insure(counter.county.woman)
    ref = counter.practice.ids.new()
    first, again = await counter.submit(ref), await counter.submit(ref)
    assert first.claim_id == again.claim_id
    with pytest.raises(ClaimDiffers):
        await counter.submit(ref, DRUGS[:1])


async def test_nothing_to_claim_is_said(counter: Counter) -> None:
    with pytest.raises(NothingToClaim) as refused:
        await counter.submit()
    assert "没有登记医保" in refused.value.message
    await counter.insure(counter.county.woman)
    with pytest.raises(NothingToClaim):
        await counter.submit(items=DRUGS[2:])


async def test_answers_that_come_twice_or_late_change_nothing(counter: Counter) -> None:
    await counter.insure(counter.county.woman)
    asked = await counter.submit()
    event = await OutboxEvent.get(topic="claim.submitted")
    await counter.work_off()
    await OutboxEvent.filter(id=event.id).update(state="waiting", claimed_until=counter.practice.clock.real_now())
    await counter.work_off()
    late = AnswerClaim(claim_id=asked.claim_id, round=1, accepted=False, refusal_code="insurer.not_insured")
    assert (await counter.practice.execute(SYSTEM, late)).state == "settled"
    assert await counter.used() == (200_00, 0)
    assert await SettlementEntry.all().count() == 1


async def test_claims_that_use_up_the_year_together_never_pay_more_than_it_has(counter: Counter) -> None:
    """Given four claims of 200.00 counted while the year was empty, when all are settled, then the yearly 600.00 is paid and not a fen more."""
    await counter.insure(counter.county.woman)
    asked = [await counter.submit() for _ in range(4)]
    for _ in range(4):
        await counter.work_off()
    views = [await counter.claim(one.claim_id) for one in asked]
    assert sorted(view.state for view in views) == ["refused", "settled", "settled", "settled"]
    assert sum(view.pays_fen for view in views if view.state == "settled") == 600_00
    assert await counter.used() == (600_00, 0)


async def test_amounts_are_worked_out_anew_when_the_standing_moved(counter: Counter) -> None:
    await counter.insure(counter.county.woman)
    asked = await counter.submit()
    await InsuredYear.create(
        id=counter.practice.ids.new(), member_id=(await InsuredMember.get()).id, year=2026, paid_fen=480_00, deductible_fen=0
    )
    for _ in range(3):
        await counter.work_off()
    view = await counter.claim(asked.claim_id)
    assert (view.state, view.pays_fen, view.own_fen) == ("settled", 120_00, 246_40)
    assert "今年的限额只剩" in " ".join(line.reason for line in view.lines)


async def test_a_claim_taken_back_gives_the_year_back_and_the_ledger_sums_to_nothing(counter: Counter) -> None:
    await counter.insure(counter.county.woman)
    asked = await counter.submit()
    with pytest.raises(ClaimNotSettled):
        await counter.practice.execute(counter.county.administrator, ReverseClaim(claim_id=asked.claim_id, reason="药品退回"))
    await counter.work_off()
    for _ in range(2):
        await counter.practice.execute(counter.county.administrator, ReverseClaim(claim_id=asked.claim_id, reason="药品退回"))
        await counter.work_off()
    view = await counter.claim(asked.claim_id)
    assert (view.state_label, view.next) == ("已撤销", "这一笔已撤销,医保金额已退回。")
    assert await counter.used() == (0, 0)
    entries = await SettlementEntry.filter(claim_id=asked.claim_id)
    assert (len(entries), sum(one.amount_fen for one in entries)) == (2, 0)
    again = await counter.submit(asked.ref)
    assert again.claim_id != asked.claim_id


async def test_a_claim_is_taken_back_in_its_own_county_alone(counter: Counter) -> None:
    await counter.insure(counter.county.woman)
    asked = await counter.submit()
    for actor in (counter.county.woman_account, counter.county.village_doctor, counter.county.experts[0]):
        with pytest.raises(NotAllowed):
            await counter.practice.execute(actor, ReverseClaim(claim_id=asked.claim_id, reason="药品退回"))


async def test_an_insurer_that_is_away_is_asked_again(counter: Counter, other_insurer: None) -> None:
    class Away(LocalInsurer):
        calls = 0

        async def settle(self, claim: PayLocally):  # type: ignore[no-untyped-def]
            Away.calls += 1
            if Away.calls == 1:
                raise InsurerAway
            return await super().settle(claim)

    await counter.insure(counter.county.woman)
    connect_insurer(Away)
    asked = await counter.submit()
    await counter.work_off()
    assert (await counter.claim(asked.claim_id)).state == "submitted"
    await counter.work_off()
    assert (await counter.claim(asked.claim_id)).state == "settled"
    assert Away.calls == 2


def message(counter: Counter, **changed: object) -> PayLocally:
    values = {
        "claim_id": counter.practice.ids.new(), "scheme": "residents", "member_number": NUMBER, "day": date(2026, 11, 20),
        "level": HouseLevel.VILLAGE_CLINIC, "edition": "residents-2026-demo", "items": DRUGS, "pays_fen": 200_00, "deductible_fen": 0,
    }
    return PayLocally.model_validate({**values, **changed})


@pytest.mark.parametrize(("changed", "code"), [
    ({"member_number": "GZ000000000000"}, "insurer.member_unknown"),
    ({"scheme": "employees"}, "insurer.member_unknown"),
    ({"day": date(2025, 12, 31)}, "insurer.not_insured"),
    ({"edition": "residents-2025-demo"}, "insurer.edition"),
    ({"pays_fen": 200_01}, "insurer.amounts"),
    ({"pays_fen": 199_99}, "insurer.amounts"),
    ({"deductible_fen": 1}, "insurer.amounts"),
    ({"level": HouseLevel.VILLAGE_CLINIC, "items": DRUGS[:2], "pays_fen": 60_48}, "insurer.amounts"),
])
async def test_the_local_insurer_trusts_nothing(counter: Counter, changed: dict[str, object], code: str) -> None:
    await counter.insure(counter.county.woman)
    paid = await counter.practice.execute(SYSTEM, message(counter, **changed))
    assert (paid.accepted, paid.refusal_code) == (False, code)
    assert not await InsuredYear.all().exists()


async def test_the_local_insurer_answers_the_same_claim_alike_and_refuses_another_under_its_id(counter: Counter) -> None:
    await counter.insure(counter.county.woman)
    claim = message(counter)
    first, again = [await counter.practice.execute(SYSTEM, claim) for _ in range(2)]
    assert (first.accepted, first.number) == (True, again.number)
    other = claim.model_copy(update={"items": DRUGS[:1], "pays_fen": 60_48})
    assert (await counter.practice.execute(SYSTEM, other)).refusal_code == "insurer.duplicate"
    assert await counter.used() == (200_00, 0)
    for _ in range(2):
        await counter.practice.execute(SYSTEM, TakeBackLocally(claim_id=claim.claim_id, number=first.number))
    assert await counter.used() == (0, 0)
    assert (await counter.practice.execute(SYSTEM, claim)).refusal_code == "insurer.duplicate"


async def test_many_claims_of_one_member_at_once_lose_no_fen(counter: Counter) -> None:
    await counter.insure(counter.county.woman)
    small = (ItemLine(ref="1", name="血压计租用", service=Service.OTHER, fee_fen=10_00),)
    claims = [message(counter, items=small, pays_fen=7_00) for _ in range(6)]

    async def settle(claim: PayLocally) -> bool:
        for _ in range(20):
            try:
                return bool((await LocalInsurer(counter.practice).settle(claim)).accepted)
            except (Conflict, Unavailable):
                await asyncio.sleep(0.01)
        return False

    assert all(await asyncio.gather(*(settle(claim) for claim in claims)))
    assert await counter.used() == (42_00, 0)


async def test_a_standing_of_no_insurance_tells_why() -> None:
    assert Standing(insured=False).why_not


async def test_claims_answered_at_the_very_same_moment_never_pay_more_than_the_year_has(counter: Counter) -> None:
    """Not one after the other, as a worker sends them: each works out its amounts while the others enter theirs."""
    await counter.insure(counter.county.woman)
    asked = [await counter.submit() for _ in range(6)]
    rows = await Claim.filter(id__in=[one.claim_id for one in asked]).order_by("id")
    events = [Event(id=row.id, topic="claim.submitted", key=row.id, body={"claim_id": row.id}, tries=0) for row in rows]
    for _ in range(3):
        await asyncio.gather(*(send_claim(counter.practice, event) for event in events), return_exceptions=True)
    await counter.work_off()
    views = [await counter.claim(one.claim_id) for one in asked]
    assert sum(view.pays_fen for view in views if view.state == "settled") == 600_00
    assert await counter.used() == (600_00, 0)
