"""审方 in chat: what waits; 通过, and 退回 with the reason in the next message, each with one confirmation; 发药 against the 取药码."""

from __future__ import annotations

import re

from bot.channels.outgoing import Choice, Text
from bot.dialogue import prescription_meant
from bot.dialogue.cases import tapped
from bot.dialogue.medicine_words import described, finding_line, short_note, standing, stops_of, to_give_back, to_review, unreasoned
from bot.dialogue.said_before import words_of
from bot.dialogue.signing import ALONE
from bot.dialogue.state import Asked
from bot.dialogue.turn import Reply, Turn
from bot.phrases.reader import read_phrase
from bot.phrases.reasons import marked_reason
from core.prescriptions.commands import Dispense, PrescriptionView, Release, ReturnPrescription, State, View
from core.prescriptions.errors import OverridesNotSeen, PrescriptionBlocked, WarningsAfterSignature
from core.prescriptions.signing import RevisionReplaced
from core.prescriptions.workflow import IllegalStep

REASON = "return_reason"
_SHORTEST, _LONGEST = 2, 500
_WAITING: tuple[State, ...] = ("SIGNED",)
RETURNABLE = ("SIGNED", "RELEASED")
_NAMED = re.compile(r"\S*退回(?:处方)?[\s,:,:、]")


async def waiting(turn: Turn, code: str | None) -> Reply:
    """审方: the list of those that wait, or one of them with its card."""
    if turn.group:
        return turn.say(ALONE)
    if code is None:
        several = await prescription_meant.queue(turn, _WAITING)
        if len(several) != 1:
            lines = [words for _, words in several[:8]]
            return turn.say("\n".join([f"待审 {len(several)} 张,发「审方 R-…」看一张:", *lines]) if lines else "现在没有待审的处方。")
    meant = await prescription_meant.one(turn, code, _WAITING)
    if isinstance(meant, Reply):
        return meant
    if meant.state != "SIGNED":
        return _as_it_stands(turn, meant)
    turn.state = turn.state.showing("prescription", meant.prescription_id)
    return Reply(tuple(shape for shape in to_review(meant, turn.menu_id("rx")) if shape.shape != "link"), turn.state)


async def release_in_words(turn: Turn, code: str | None) -> Reply:
    if turn.group:
        return turn.say(ALONE)
    meant = await prescription_meant.one(turn, code, _WAITING)
    return meant if isinstance(meant, Reply) else await may_pass(turn, meant.prescription_id)


async def may_pass(turn: Turn, prescription_id: str) -> Reply:
    """【通过】: what will be released, with the reasons of what was signed over warnings."""
    view = await _view(turn, prescription_id)
    if view.state != "SIGNED":
        return _as_it_stands(turn, view)
    if stops := [*stops_of(view), *unreasoned(view)]:
        lines = [f"处方 **{view.code}** 不能放行:", *(finding_line(view, one) for one in stops), to_give_back(view)]
        return Reply((Text(text="\n".join(lines)),), turn.state)
    turn.state = turn.state.showing("prescription", prescription_id)
    head = f"{described(view)}\n{view.signer}签。看过无误请点「确认通过」,通过后患者就能取药。"
    return turn.offer(head, (Choice(code=f"rx_release:{prescription_id}:{view.revision}", label="确认通过"),))


async def released(turn: Turn, prescription_id: str, revision: int) -> Reply:
    """【确认通过】."""
    view = await _view(turn, prescription_id)
    if view.state == "SIGNED" and view.revision != revision:
        return await may_pass(turn, prescription_id)
    try:
        order = Release(prescription_id=prescription_id, revision=revision, overrides_seen=bool(view.overrides), confirm=True)
        view = await turn.execute(order)
    except IllegalStep:
        return _as_it_stands(turn, await _view(turn, prescription_id))
    except (PrescriptionBlocked, OverridesNotSeen, RevisionReplaced, WarningsAfterSignature):
        return await may_pass(turn, prescription_id)
    text = f"处方 **{view.code}** 已通过,会告诉村医和患者(患者没有微信的,由村医转告)。来取药时,请他出示取药码,发「发药 {view.code} 取药码」。"
    return Reply((*tapped(turn, "您已通过"), Text(text=text)), turn.state.asking(None))


async def return_in_words(turn: Turn, code: str | None, words: str) -> Reply:
    """退回 R-31 理由; without a reason it is asked for."""
    if turn.group:
        return turn.say(ALONE)
    meant = await prescription_meant.one(turn, code, _WAITING)
    if isinstance(meant, Reply):
        return meant
    return _to_return(turn, meant, turn.incoming.text) if words else await ask_reason(turn, meant.prescription_id)


async def ask_reason(turn: Turn, prescription_id: str, revision: int | None = None) -> Reply:
    """【退回,写理由】 under ``revision``; where it was changed meanwhile, it is shown as it is now."""
    view = await _view(turn, prescription_id)
    if view.state not in RETURNABLE:
        return _as_it_stands(turn, view)
    if revision is not None and revision != view.revision:
        return await may_pass(turn, prescription_id)
    text = f"处方 **{view.code}**:请写退回的理由,直接发一句话。开方、签名的医生都会看到。"
    return Reply((Text(text=text),), turn.state.asking(Asked(kind=REASON, ref=prescription_id, detail={"revision": str(view.revision)})))


async def reason_given(turn: Turn, asked: Asked, words: str) -> Reply:
    view = await _view(turn, asked.ref)
    if view.state not in RETURNABLE:
        return _as_it_stands(turn, view)
    if asked.detail.get("revision") != str(view.revision):
        turn.state = turn.state.asking(None)
        return await may_pass(turn, asked.ref)
    return _to_return(turn, view, words)


def _to_return(turn: Turn, view: PrescriptionView, text: str) -> Reply:
    """The return as it will stand, to be confirmed."""
    if view.state not in RETURNABLE:
        return _as_it_stands(turn, view)
    reason = _reason_in(turn, text)
    if len(reason) < _SHORTEST:
        return turn.say("理由太短了,请写清楚哪里要改。")
    turn.state = turn.state.showing("prescription", view.prescription_id)
    head = f"将退回处方 **{view.code}**,理由:{reason}\n开方、签名的医生都会看到。看过无误请点「确认退回」;不退了说「算了」。"
    return turn.offer(head, (Choice(code=f"rx_return:{view.prescription_id}:{view.revision}:{turn.message_id}", label="确认退回"),))


def _reason_in(turn: Turn, text: str) -> str:
    """The sentence without 退回 R-31 before it: the same when it is shown and when it is confirmed."""
    words = marked_reason(text) or text.strip()
    said = read_phrase(words, turn.actor, staff=turn.staff)
    if said is not None and said.phrase.key == "return" and ("code" in said.arguments or _NAMED.match(words)):
        words = said.arguments.get("words", "")
    return words[:_LONGEST]


async def returned(turn: Turn, prescription_id: str, revision: int, message_id: str) -> Reply:
    """【确认退回】: the reason is read again from the message in which it was written."""
    reason = _reason_in(turn, await words_of(turn, message_id))
    try:
        order = ReturnPrescription(prescription_id=prescription_id, revision=revision, reason=reason)
        view: PrescriptionView = await turn.execute(order)
    except IllegalStep:
        return _as_it_stands(turn, await _view(turn, prescription_id))
    except RevisionReplaced:
        turn.state = turn.state.asking(None)
        return await may_pass(turn, prescription_id)
    text = f"处方 **{view.code}** 已退回,开方的专家和签名的医生已收到理由。"
    return Reply((*tapped(turn, "您已退回"), Text(text=text)), turn.state.asking(None))


async def dispense(turn: Turn, code: str | None, dispense_code: str) -> Reply:
    """发药 R-31 取药码."""
    if turn.group:
        return turn.say(ALONE)
    if code is None or not dispense_code:
        return turn.say("请写处方编号和患者出示的取药码,比如:发药 R-7K2M 3F9K2M。")
    if not 4 <= len(dispense_code) <= 20:
        return turn.say(f"取药码不对:它是患者手机上显示的一串字母和数字,比如:发药 {code} 3F9K2M。")
    meant = await prescription_meant.one(turn, code, ("RELEASED",))
    if isinstance(meant, Reply):
        return meant
    try:
        view: PrescriptionView = await turn.execute(Dispense(prescription_id=meant.prescription_id, dispense_code=dispense_code))
    except IllegalStep:
        return _as_it_stands(turn, await _view(turn, meant.prescription_id))
    return turn.say(f"处方 **{view.code}** 已发药,会告诉村医和患者。")


def _as_it_stands(turn: Turn, view: PrescriptionView) -> Reply:
    return Reply((*tapped(turn, short_note(view)), Text(text=f"处方 **{view.code}**:{standing(view)}")), turn.state.asking(None))


async def _view(turn: Turn, prescription_id: str) -> PrescriptionView:
    view: PrescriptionView = await turn.ask(View(prescription_id=prescription_id))
    return view
