"""An expert's answer to an invitation, by card or in words; a duty doctor's 已接手."""

from __future__ import annotations

from bot.channels.outgoing import Choice, Link, Text
from bot.dialogue.cases import tapped
from bot.dialogue.state import Asked
from bot.dialogue.turn import Reply, Turn
from bot.phrases.reader import declined_because
from core.dispatch.commands import (
    AcceptOffer,
    AcknowledgeAlert,
    AlertView,
    DeclineOffer,
    DeclineReason,
    DeferOffer,
    MyOffers,
    Offer,
    OfferAnswer,
    OffersView,
    OfferView,
)
from core.foundation.errors import DomainError, NotAllowed, NotFound, Unavailable
from core.foundation.withheld import in_words

DECLINE_REASONS: tuple[tuple[DeclineReason, str], ...] = (
    ("no_time", "没空"), ("not_my_field", "不是我的专业"), ("knows_patient", "认识患者"), ("other", "其他原因"),
)  # fmt: skip
_LABELS = {"accept": "接诊", "decline": "请转别人", "defer": "5分钟后"}


async def answer(
    turn: Turn, verb: str, *, code: str | None = None, offer_id: str | None = None, reason: DeclineReason | None = None, words: str = ""
) -> Reply:
    """接诊, 婉拒 and 请转别人 (with a reason of the list or in his own words), 5分钟后."""
    offer_id = offer_id or await _offer_meant(turn, code)
    if offer_id is None:
        return await _which(turn, verb, code)
    try:
        match verb:
            case "accept":
                return _accepted(turn, await turn.execute(AcceptOffer(offer_id=offer_id)))
            case "defer":
                given: OfferAnswer = await turn.execute(DeferOffer(offer_id=offer_id))
                return Reply((*tapped(turn, "5 分钟后再接"), Text(text=f"{given.code}:{given.next}")), turn.state)
            case _:
                return _declined(turn, await turn.execute(DeclineOffer(offer_id=offer_id, reason=reason, words=words[:200])), offer_id, reason)
    except Unavailable:
        raise  # no answer: the card keeps its buttons
    except DomainError as refusal:
        if not tapped(turn, "x"):
            raise
        return Reply((*tapped(turn, refusal.message), Text(text=refusal.message)), turn.state)


def _accepted(turn: Turn, given: OfferAnswer) -> Reply:
    state = turn.state.asking(None).showing("consultation", given.consultation_id)
    desk = Link(title=f"去会诊台看 {given.code}", url=f"page:/h5/desk/case/{given.consultation_id}/", description="资料、影像、意见、开方都在里面。")
    return Reply((*tapped(turn, "您已接诊"), Text(text=f"**{given.code} 由您接诊。**\n{given.next}"), desk), state)


def _declined(turn: Turn, given: OfferAnswer, offer_id: str, reason: DeclineReason | None) -> Reply:
    if reason is not None:
        return Reply((*tapped(turn, "已记下原因"), Text(text=f"记下了,谢谢您。{given.next}")), turn.state.asking(None))
    choices = tuple(Choice(code=f"decline:{offer_id}:{name}", label=label) for name, label in DECLINE_REASONS)
    asked = Asked(kind="decline_reason", ref=offer_id)
    reply = turn.offer(f"{given.code}:{given.next}(也可以直接写一句)", choices, asked=asked)
    return Reply((*tapped(turn, "已转别人"), *reply.shapes), reply.state)


async def reason_given(turn: Turn, asked: Asked, words: str) -> Reply:
    """Why he gave it on, in his own words."""
    order = DeclineOffer(offer_id=asked.ref, reason=declined_because(words) or "other", words=words[:200])
    return _declined(turn, await turn.execute(order), asked.ref, order.reason)


async def _offer_meant(turn: Turn, code: str | None) -> str | None:
    """The offer with the consultation's code, the only open one, or the one last put before him."""

    async def look_up() -> str | None:
        found: OffersView = await turn.ask(MyOffers())
        fitting = [offer.offer_id for offer in found.offers if code is None or offer.code == code]
        if len(fitting) == 1:
            return fitting[0]
        shown = turn.state.shown.get("offer")
        # An offer that is no longer open is still meant: the answer then says who has it.
        return shown if shown is not None and not fitting and await _is_about(turn, shown, code) else None

    chosen: str | None = await turn.settle("offer", look_up)
    return chosen


async def _is_about(turn: Turn, offer_id: str, code: str | None) -> bool:
    if code is None:
        return True
    try:
        offer: OfferView = await turn.ask(Offer(offer_id=offer_id))
    except (NotAllowed, NotFound):
        return False
    return offer.code == code


async def _which(turn: Turn, verb: str, code: str | None) -> Reply:
    found: OffersView = await turn.ask(MyOffers())
    if code is not None or not found.offers:
        return turn.say(f"没有 {code} 的会诊邀请在等您。" if code else "现在没有等您答复的会诊邀请。")
    choices = tuple(Choice(code=f"{verb}:{offer.offer_id}", label=offer.code) for offer in found.offers[:6])
    lines = [f"{offer.code} · {offer.urgency_label} · {offer.headline}" for offer in found.offers[:6]]
    return turn.offer("\n".join([f"{_LABELS[verb]}哪一份?", *lines]), choices)


async def open_offers(turn: Turn) -> Reply:
    if turn.group:
        return turn.say("会诊邀请只在单独会话里看。")
    found: OffersView = await turn.ask(MyOffers())
    if not found.offers:
        return turn.say("现在没有等您答复的会诊邀请。", in_words(found.withheld))
    lines = [*(offer_line(offer) for offer in found.offers[:6]), *filter(None, [in_words(found.withheld)])]
    choices = tuple(Choice(code=f"accept:{offer.offer_id}", label=f"接 {offer.code}") for offer in found.offers[:6])
    return turn.offer("\n\n".join(lines), choices)


def offer_line(offer: OfferView) -> str:
    return f"**{offer.code} · {offer.urgency_label} · {offer.headline}**\n{offer.patient} · {offer.place}\n{offer.vitals}\n为什么找您:{offer.why_you}"


async def acknowledge(turn: Turn, alert_id: str | None) -> Reply:
    """已接手, on the card or in words about the last alert."""

    async def last_shown() -> str | None:
        return turn.state.shown.get("alert")

    # Settled: when the turn is begun again, an alert may have come that he has not seen.
    alert_id = alert_id or await turn.settle("alert", last_shown)
    if alert_id is None:
        return turn.say("现在没有等您接手的危急提醒。")
    if turn.group:
        return turn.say("危急提醒请在单独会话里接手。")
    try:
        view: AlertView = await turn.execute(AcknowledgeAlert(alert_id=alert_id))
    except Unavailable:
        raise  # no answer: the card keeps its buttons
    except DomainError as refusal:
        if not tapped(turn, "x"):
            raise
        return Reply((*tapped(turn, refusal.message), Text(text=refusal.message)), turn.state)
    where = view.where or "还不知道"
    first = "先确认 120 已经出车。" if view.critical else "请马上联系他:已让他现在就去急诊,没有叫 120,看要不要叫。"
    text = f"**{first}**\n您已接手:{view.suspected}({view.urgency_label})。\n原话:{view.said}\n在哪里:{where}。"
    return Reply((*tapped(turn, "您已接手"), Text(text=text)), turn.state)
