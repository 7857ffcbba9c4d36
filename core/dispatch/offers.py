"""An expert answers an offer: takes it, gives it on, or asks for five minutes."""

from __future__ import annotations

from datetime import timedelta

from core.consultations.models import Consultation
from core.consultations.service import consultation_of, hold, involves, make_step, note, tell_everybody, when_closed
from core.consultations.withdrawn import require_not_withdrawn
from core.consultations.workflow import Event, State
from core.dispatch.commands import AcceptOffer, DeclineOffer, DeferOffer, OfferAnswer, RemindDeferred
from core.dispatch.errors import ExpertBusy, OfferClosed, OfferExpired, OfferReplaced, OfferTaken, OfferUnknown
from core.dispatch.models import ExpertOffer, Search
from core.dispatch.search import end_search, replace
from core.foundation.due import due
from core.foundation.orders import Done, Order, handles, relation
from core.foundation.work import Work
from core.matching.service import note_conflict
from core.notifications.service import tell
from core.people.service import practitioner_card

DEFERRED = "dispatch.deferred"
DEFER_FOR = timedelta(minutes=5)
DECLINE_LABELS = {"no_time": "没空", "not_my_field": "不是我的专业", "knows_patient": "认识患者", "other": "其他原因"}
OPEN = ("offered", "deferred")

due(DEFERRED, lambda row: RemindDeferred(offer_id=row.ref))


@relation("offered")
async def offered(work: Work, order: Order) -> bool:
    """The offer was made to the actor."""
    offer_id, practitioner_id = getattr(order, "offer_id", None), work.actor.practitioner_id
    return offer_id is not None and practitioner_id is not None and await ExpertOffer.filter(
        id=offer_id, practitioner_id=practitioner_id
    ).exists()


@involves
async def asked_about(work: Work) -> set[str]:
    """Consultations about which the actor is being asked."""
    rows = await ExpertOffer.filter(practitioner_id=work.actor.practitioner_id, state__in=OPEN).values_list("consultation_id", flat=True)
    return {str(one) for one in rows}


@when_closed
async def closed(work: Work, row: Consultation) -> None:
    await end_search(work, row.id)


@handles(AcceptOffer)
async def accept_offer(work: Work, order: AcceptOffer) -> OfferAnswer:
    row, offer = await _held(work, order.offer_id)
    if offer.state == "accepted":
        return _accepted(row)
    if not await _may_still_take(row, offer):
        await _refuse_if_over(work, row, offer)
    await require_not_withdrawn(work, row)
    other = await Consultation.filter(busy_expert_id=offer.practitioner_id).exclude(id=row.id).first()
    if other is not None:
        raise ExpertBusy(code=other.code)
    row = await make_step(
        work, row, Event.ACCEPT, practitioner_id=offer.practitioner_id, ids={"offer_id": offer.id},
        expert_id=offer.practitioner_id, busy_expert_id=offer.practitioner_id, assigned_at=work.now,
    )
    await _answer(work, offer, "accepted")
    await end_search(work, row.id)
    await tell_everybody(work, row, "accepted")
    return _accepted(row)


def _accepted(row: Consultation) -> OfferAnswer:
    return OfferAnswer(consultation_id=row.id, code=row.code, state="accepted", next="您已接诊,请看资料,准备与村医联系。")


@handles(DeclineOffer)
async def decline_offer(work: Work, order: DeclineOffer) -> OfferAnswer:
    row, offer = await _held(work, order.offer_id)
    if offer.state == "declined" and (offer.replaced_by_id is None or order.reason is not None):
        await _record_reason(work, row, offer, order)
        return _declined(row, offer)
    await _refuse_if_over(work, row, offer)
    await _answer(work, offer, "declined")
    await note(work, row.id, "offer.declined", practitioner_id=offer.practitioner_id, ids={"offer_id": offer.id})
    await _record_reason(work, row, offer, order)
    await _ask_another(work, row)
    return _declined(row, offer)


async def _record_reason(work: Work, row: Consultation, offer: ExpertOffer, order: DeclineOffer) -> None:
    """The first reason stays; what was written beside it is kept sealed with the case."""
    reason = order.reason
    if reason is None or offer.decline_reason:
        return
    await offer.change(decline_reason=reason)
    if words := order.words.strip():
        await note(work, row.id, "offer.declined_why", practitioner_id=offer.practitioner_id, words=words, ids={"offer_id": offer.id})
    if reason == "knows_patient":
        await note_conflict(work, offer.practitioner_id, row.patient_id, reason)


def _declined(row: Consultation, offer: ExpertOffer) -> OfferAnswer:
    said = f"已记下:{DECLINE_LABELS[offer.decline_reason]}。谢谢您。" if offer.decline_reason else "已转请别的专家。方便说一下原因吗?"
    return OfferAnswer(consultation_id=row.id, code=row.code, state="declined", next=said)


@handles(DeferOffer)
async def defer_offer(work: Work, order: DeferOffer) -> OfferAnswer:
    row, offer = await _held(work, order.offer_id)
    if offer.state != "deferred":
        await _refuse_if_over(work, row, offer)
        await _answer(work, offer, "deferred")
        await note(work, row.id, "offer.deferred", practitioner_id=offer.practitioner_id, ids={"offer_id": offer.id})
        await work.schedule(DEFERRED, offer.id, work.now + DEFER_FOR)
        await _ask_another(work, row)
    return OfferAnswer(
        consultation_id=row.id, code=row.code, state="deferred", next="好的,先请别的专家;5 分钟后还没人接,再请您。您随时发「接诊」就能接。"
    )


@handles(RemindDeferred)
async def remind_deferred(work: Work, order: RemindDeferred) -> Done:
    """The five minutes are over and nobody has taken it: show him the card again."""
    offer = await ExpertOffer.get_or_none(id=order.offer_id, state="deferred")
    if offer is None or (await consultation_of(offer.consultation_id)).state != State.PENDING:
        return Done(done=False)
    await tell(work, offer.account_id, "offer.card", urgent=True, offer_id=offer.id)
    return Done()


async def _held(work: Work, offer_id: str) -> tuple[Consultation, ExpertOffer]:
    """The consultation, held, and then the offer as it is now."""
    offer = await ExpertOffer.get_or_none(id=offer_id)
    if offer is None:
        raise OfferUnknown
    row = await hold(offer.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    return row, await ExpertOffer.get(id=offer_id)


async def _refuse_if_over(work: Work, row: Consultation, offer: ExpertOffer) -> None:
    """The domain's answer to a late press: who has it, that it ran out, or that it is closed."""
    if row.expert_id is not None and row.expert_id != offer.practitioner_id:
        raise OfferTaken(taker=(await practitioner_card(work, row.expert_id)).introduced, consultation_id=row.id, code=row.code)
    if State(row.state) is State.CANCELLED:
        raise OfferClosed(why="会诊已取消")
    if offer.replaced_by_id is not None:
        raise OfferReplaced
    if offer.state == "expired":
        raise OfferExpired
    if offer.state == "declined":
        raise OfferClosed(why="您已请转别人")
    if offer.state not in OPEN or State(row.state) is not State.PENDING:
        raise OfferClosed(why="不再需要")


async def _may_still_take(row: Consultation, offer: ExpertOffer) -> bool:
    """Nobody could be found and the desk is calling people by hand: who comes late is welcome."""
    if offer.state != "expired" or offer.replaced_by_id is not None or State(row.state) is not State.PENDING:
        return False
    return await Search.filter(consultation_id=row.id, state="alarmed").exists()


async def _answer(work: Work, offer: ExpertOffer, state: str) -> None:
    await offer.change(conflict=OfferClosed(why="刚刚已处理"), state=state, answered_at=work.now)


async def _ask_another(work: Work, row: Consultation) -> None:
    search = await Search.get_or_none(consultation_id=row.id, state="running")
    if search is not None:
        await replace(work, row, search)
