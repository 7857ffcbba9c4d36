"""A patient's released prescription: 卫生室取 with the 取药码, 怎么算的 to the fen. For staff 我的处方 is the list of theirs."""

from __future__ import annotations

from bot.channels.outgoing import Choice, Link
from bot.dialogue import prescription_meant
from bot.dialogue.medicine_words import patient_line, yuan
from bot.dialogue.turn import Reply, Turn
from core.coverage.commands import QuotedLineView, QuotePrescription, QuoteView
from core.foundation.clock import spoken
from core.prescriptions.commands import PrescriptionView, State, View
from core.prescriptions.moments import VALID_FOR

PAGE = "mini:pages/web/web?to=prescription/"
_READABLE: tuple[State, ...] = ("RELEASED", "DISPENSED")


def page_of(prescription_id: str) -> Link:
    """处方与费用 in the mini program."""
    return Link(title="打开小程序看处方与费用", url=f"{PAGE}{prescription_id}")


def buttons(prescription_id: str) -> tuple[Choice, ...]:
    return (Choice(code=f"pickup:{prescription_id}", label="卫生室取"), Choice(code=f"cost:{prescription_id}", label="怎么算的"))


async def mine(turn: Turn) -> Reply:
    """我的处方."""
    if turn.group:
        return turn.say("处方只在单独会话里看。")
    if turn.staff:
        found = await prescription_meant.waiting(turn, ("PROPOSED", "REFERRED", "SIGNED", "RETURNED", "RELEASED"))
        return turn.say("\n".join(["您的处方:", *(prescription_meant.line(view) for view in found[:10])]) if found else "现在没有您的处方。")
    found = await prescription_meant.waiting(turn, _READABLE)
    if not found:
        return turn.say("现在没有可以取的处方。药师审过,我马上告诉您。")
    newest = found[0]
    quote: QuoteView = await turn.ask(QuotePrescription(prescription_id=newest.prescription_id))
    money = f"药费 {yuan(quote.fee_fen)} 元,医保报 {yuan(quote.pays_fen)} 元,您付 {yuan(quote.own_fen)} 元"
    lines = [f"处方 **{newest.code}**({newest.state_label}),{money}:", *(f"· {patient_line(one)}" for one in newest.items)]
    if len(found) > 1:
        lines.append(f"还有 {len(found) - 1} 张,在小程序「处方与费用」里看。")
    return turn.offer("\n".join(lines), buttons(newest.prescription_id))


async def pickup(turn: Turn, prescription_id: str) -> Reply:
    """【卫生室取】: the code that is shown at the counter, and until when."""
    view: PrescriptionView = await turn.ask(View(prescription_id=prescription_id))
    if view.state != "RELEASED" or view.dispense_code is None:
        return turn.say(f"处方 {view.code} {view.state_label}。还要用药,请找村医。")
    until = "" if view.signed_at is None else f"请在 {spoken(view.signed_at + VALID_FOR)} 前取,过了要重新开。"
    return turn.say(f"好的,请到卫生室取药,带上身份证,出示取药码 **{view.dispense_code}**。{until}\n取药码只用一次,别给别人看。")


async def cost(turn: Turn, prescription_id: str) -> Reply:
    """【怎么算的】: each drug with what the insurance pays and why, then the whole."""
    quote: QuoteView = await turn.ask(QuotePrescription(prescription_id=prescription_id))
    total = f"共 {yuan(quote.fee_fen)} 元,医保报 {yuan(quote.pays_fen)} 元,您付 **{yuan(quote.own_fen)} 元**。"
    # With insurance the reason is the whole account already.
    head = quote.reason if quote.pays_fen else f"{total}{quote.reason}"
    return turn.say("\n".join([head, *(_line(one) for one in quote.lines), quote.note]))


def _line(one: QuotedLineView) -> str:
    return f"· {one.name} {yuan(one.fee_fen)} 元:{one.reason.rstrip('。')},您付 {yuan(one.own_fen)} 元。"


async def in_words(turn: Turn, key: str, code: str | None) -> Reply:
    """取药, 怎么算的."""
    meant = await prescription_meant.one(turn, code, _READABLE)
    if isinstance(meant, Reply):
        return meant if code is not None else turn.say("现在没有可以取的处方。药师审过,我马上告诉您。")
    return await (cost if key == "cost" else pickup)(turn, meant.prescription_id)
