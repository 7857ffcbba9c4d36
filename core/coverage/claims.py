"""Claims: submitted once for each thing, answered by the insurer, entered in the ledger, taken back as a whole.

Nothing is sent from inside a transaction: a claim that was submitted (or is to be taken back) is an event; a worker speaks to the insurer and
gives the answer as an order. The insurer knows a claim by its id, so that asking twice changes nothing.
"""

from __future__ import annotations

from typing import Any, Literal, cast

from core.coverage.commands import (
    AnswerClaim,
    AnswerReversal,
    ClaimLines,
    Claims,
    ClaimsView,
    ClaimView,
    ItemLine,
    PayLocally,
    ReadClaim,
    ReverseClaim,
    SubmitClaim,
)
from core.coverage.errors import ClaimDiffers, ClaimNotSettled, ClaimUnknown, NothingToClaim
from core.coverage.insurer import heard, insurer_of
from core.coverage.memberships import InsuredAs, account, insured_as, line_views, number_of, policy_in_use
from core.coverage.models import Claim, Membership, SettlementEntry
from core.coverage.policies import HouseLevel, policy_on
from core.coverage.rules import Quote, yuan
from core.foundation.actor import Actor
from core.foundation.events import Event, listens
from core.foundation.orders import Order, answers, handles, prepares, relation
from core.foundation.practice import Practice
from core.foundation.rows import row_named
from core.foundation.withheld import shown
from core.foundation.work import Work
from core.notifications.service import tell
from core.people.access import acts_in_county_of, of_listed_patient, of_own_patient
from core.people.rules import local_date
from core.people.service import patient_accounts, patient_card

ROUNDS = 3
"""How often amounts are worked out anew when the insurer's standing moved in between."""
STATE_LABELS = {"submitted": "结算中", "settled": "已结算", "refused": "未通过", "reversing": "撤销中", "reversed": "已撤销"}
REFUSALS = {
    "insurer.member_unknown": "医保系统里没有这个号码,请核对后重新登记。",
    "insurer.not_insured": "医保系统显示当天没有参保或已停保。",
    "insurer.edition": "医保规则已更新,请重新申请。",
    "insurer.amounts": "金额与医保系统算的不一致,请联系卫生院核对。",
    "insurer.duplicate": "医保系统里已有一笔同号的报销。",
}
_State = Literal["submitted", "settled", "refused", "reversing", "reversed"]
_SYSTEM = Actor.system("worker")


@relation("own_claim")
async def own_claim(work: Work, order: Order) -> bool:
    """It is the actor's own, or of somebody for whom he speaks."""
    return await of_own_patient(work, order, Claim, "claim_id")


@relation("listed_claim")
async def listed_claim(work: Work, order: Order) -> bool:
    """It is of a patient on the actor's list, of a clinic where the actor works now."""
    return await of_listed_patient(work, order, Claim, "claim_id")


@relation("same_county")
async def claim_of_county(work: Work, order: Order) -> bool:
    """It was made in a county where the actor holds a granted role."""
    row = await row_named(Claim, order, "claim_id")
    return row is not None and await acts_in_county_of(work, order, row.organisation_id)


@prepares(SubmitClaim)
async def ask_standing(practice: Practice, actor: Actor, order: SubmitClaim) -> InsuredAs:
    """As what the patient is insured, asked outside the transaction."""
    return await insured_as(Work(practice, actor, order), order.patient_id, local_date(practice.clock.now()))


@handles(SubmitClaim)
async def submit_claim(work: Work, order: SubmitClaim, insured: InsuredAs) -> ClaimView:
    card = await patient_card(work, order.patient_id)
    work.concerns("patient", order.patient_id, ref=order.ref)
    known = await Claim.get_or_none(live_ref=order.ref)
    if known is not None:
        if known.patient_id != order.patient_id or await items_of(work, known) != order.items:
            raise ClaimDiffers
        return await view_of(work, known)
    day = local_date(work.now)
    policy, standing = policy_in_use(work.practice, insured, day)
    told = account(order.items, policy, standing, order.level)
    if policy is None or insured.membership is None or told.pays_fen == 0:
        raise NothingToClaim(why=told.reason if told.fee_fen and not standing.insured else "按规则报 0 元。")
    claim_id = work.new_id()
    row = await Claim.create(
        id=claim_id, organisation_id=card.organisation_id, code=work.new_code("B", 6), patient_id=order.patient_id, ref=order.ref,
        live_ref=order.ref, consultation_id=order.consultation_id, membership_id=insured.membership.id, scheme=policy.scheme,
        edition=policy.edition, level=order.level.value, day=day, state="submitted", fee_fen=told.fee_fen, pays_fen=told.pays_fen,
        own_fen=told.own_fen, deductible_fen=told.deductible_fen, lines=await _sealed(work, order.patient_id, claim_id, told),
        submitted_at=work.now,
    )
    await work.emit("claim.submitted", key=row.id, claim_id=row.id)
    return await view_of(work, row)


async def _sealed(work: Work, patient_id: str, claim_id: str, told: Quote) -> bytes:
    sealer = await work.sealer("patient", patient_id)
    return sealer.seal("claim", "lines", claim_id, ClaimLines(lines=line_views(told)).model_dump_json())


async def _lines(work: Work, row: Claim) -> ClaimLines:
    sealer = await work.sealer("patient", row.patient_id)
    return ClaimLines.model_validate_json(sealer.open("claim", "lines", row.id, bytes(row.lines)))


async def items_of(work: Work, row: Claim) -> tuple[ItemLine, ...]:
    """What was claimed, without the amounts paid."""
    return tuple(
        ItemLine(ref=line.ref, name=line.name, service=line.service, fee_fen=line.fee_fen, drug_class=line.drug_class)
        for line in (await _lines(work, row)).lines
    )


@listens("claim.submitted")
async def send_claim(practice: Practice, event: Event) -> None:
    """Give the claim to the insurer and its answer to the practice."""
    row = await Claim.get_or_none(id=event.body["claim_id"], state="submitted")
    if row is None:
        return
    work = Work(practice, _SYSTEM, ReadClaim(claim_id=row.id))
    membership = await Membership.get(id=row.membership_id)
    message = PayLocally.model_validate({
        "claim_id": row.id, "scheme": row.scheme, "member_number": await number_of(work, membership), "day": row.day, "level": row.level,
        "edition": row.edition, "items": await items_of(work, row), "pays_fen": row.pays_fen, "deductible_fen": row.deductible_fen,
    })
    paid = await insurer_of(practice).settle(message)
    answer = AnswerClaim(
        claim_id=row.id, round=row.rounds, accepted=paid.accepted, pays_fen=paid.pays_fen, insurer_number=paid.number,
        refusal_code=paid.refusal_code, standing=paid.standing,
    )
    await practice.execute(_SYSTEM, answer, idempotency_key=f"claim:{row.id}:{row.rounds}")


@handles(AnswerClaim)
async def answer_claim(work: Work, order: AnswerClaim) -> ClaimView:
    row = await _row(order.claim_id)
    work.concerns("patient", row.patient_id, claim=row.code)
    if row.state != "submitted" or row.rounds != order.round:
        return await view_of(work, row)
    if order.accepted:
        await row.change(
            state="settled", answered_at=work.now, insurer_number=order.insurer_number, pays_fen=order.pays_fen,
            own_fen=row.fee_fen - order.pays_fen,
        )
        await _enter(work, row, "settled", order.pays_fen)
    elif order.standing is not None and row.rounds < ROUNDS and await _again(work, row, order):
        return await view_of(work, row)
    else:
        await row.change(state="refused", answered_at=work.now, refusal_code=order.refusal_code, live_ref=None)
    await _tell(work, row, f"claim.{row.state}")
    return await view_of(work, row)


async def _again(work: Work, row: Claim, order: AnswerClaim) -> bool:
    """Work the amounts out by the standing that the insurer told, and send them; False when nothing would be paid any more."""
    assert order.standing is not None  # noqa: S101 - the caller has looked
    told = account(await items_of(work, row), policy_on(row.scheme, row.day), heard(order.standing), HouseLevel(row.level))
    if told.pays_fen == 0:
        return False
    await row.change(
        rounds=row.rounds + 1, pays_fen=told.pays_fen, own_fen=told.own_fen, deductible_fen=told.deductible_fen,
        lines=await _sealed(work, row.patient_id, row.id, told),
    )
    await work.emit("claim.submitted", key=row.id, claim_id=row.id)
    return True


@handles(ReverseClaim)
async def reverse_claim(work: Work, order: ReverseClaim) -> ClaimView:
    row = await _row(order.claim_id)
    work.concerns("patient", row.patient_id, claim=row.code)
    if row.state in ("reversing", "reversed"):
        return await view_of(work, row)
    if row.state != "settled":
        raise ClaimNotSettled
    sealer = await work.sealer("patient", row.patient_id)
    await row.change(state="reversing", reversal_reason=sealer.seal("claim", "reversal_reason", row.id, order.reason))
    await work.emit("claim.reversing", key=row.id, claim_id=row.id)
    return await view_of(work, row)


@listens("claim.reversing")
async def send_reversal(practice: Practice, event: Event) -> None:
    row = await Claim.get_or_none(id=event.body["claim_id"], state="reversing")
    if row is None:
        return
    await insurer_of(practice).reverse(row.id, row.insurer_number)
    await practice.execute(_SYSTEM, AnswerReversal(claim_id=row.id), idempotency_key=f"reversal:{row.id}")


@handles(AnswerReversal)
async def answer_reversal(work: Work, order: AnswerReversal) -> ClaimView:
    row = await _row(order.claim_id)
    work.concerns("patient", row.patient_id, claim=row.code)
    if row.state == "reversing":
        await row.change(state="reversed", reversed_at=work.now, live_ref=None)
        await _enter(work, row, "reversed", -row.pays_fen)
        await _tell(work, row, "claim.reversed")
    return await view_of(work, row)


async def _enter(work: Work, row: Claim, kind: str, amount_fen: int) -> None:
    await SettlementEntry.create(
        id=work.new_id(), claim_id=row.id, kind=kind, amount_fen=amount_fen, insurer_number=row.insurer_number, at=work.now
    )


async def _tell(work: Work, row: Claim, kind: str) -> None:
    for account_id in (await patient_accounts(work, row.patient_id))[:1]:
        await tell(work, account_id, kind, claim_id=row.id)


async def _row(claim_id: str) -> Claim:
    row = await Claim.get_or_none(id=claim_id)
    if row is None:
        raise ClaimUnknown
    return row


async def view_of(work: Work, row: Claim) -> ClaimView:
    values: dict[str, Any] = {
        name: getattr(row, name)
        for name in (
            "code", "patient_id", "ref", "consultation_id", "day", "scheme", "edition", "fee_fen", "pays_fen", "own_fen", "insurer_number",
            "submitted_at", "answered_at", "reversed_at",
        )
    }  # fmt: skip
    return ClaimView(
        claim_id=row.id, state=cast(_State, row.state), state_label=STATE_LABELS[row.state], lines=(await _lines(work, row)).lines,
        refusal=REFUSALS.get(row.refusal_code, "医保系统没有通过,请联系卫生院。") if row.refusal_code else None, next=_next(row), **values,
    )


def _next(row: Claim) -> str:
    match row.state:
        case "submitted":
            return "已送医保结算,有结果马上告诉您。"
        case "settled":
            return f"医保报 {yuan(row.pays_fen)} 元,您付 {yuan(row.own_fen)} 元。"
        case "refused":
            return f"{REFUSALS.get(row.refusal_code, '医保系统没有通过。')}这一笔先按自费:{yuan(row.fee_fen)} 元。"
        case "reversing":
            return "正在向医保撤销这一笔。"
    return "这一笔已撤销,医保金额已退回。"


@answers(ReadClaim)
async def read_claim(work: Work, order: ReadClaim) -> ClaimView:
    row = await _row(order.claim_id)
    work.concerns("patient", row.patient_id, claim=row.code)
    return await view_of(work, row)


@answers(Claims)
async def claims(work: Work, order: Claims) -> ClaimsView:
    work.concerns("patient", order.patient_id)
    rows = await Claim.filter(patient_id=order.patient_id).order_by("-id").limit(50)

    async def lines(some: list[Claim]) -> list[ClaimView]:
        return [await view_of(work, row) for row in some]

    found, withheld = await shown(work, rows, lines)
    return ClaimsView(claims=found, withheld=withheld)
