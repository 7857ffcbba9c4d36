"""【同意并执行】【部分同意】【不同意】 under an opinion: a reason where one is needed, a confirmation, then the signed decision and what follows."""

from __future__ import annotations

from bot.channels.outgoing import Button, Card, Choice, Outgoing, Text
from bot.dialogue import emergency_dose
from bot.dialogue.cases import tapped
from bot.dialogue.said_before import words_of
from bot.dialogue.state import Asked
from bot.dialogue.turn import Reply, Turn
from core.consultations.commands_opinions import Choice as DecisionChoice
from core.consultations.commands_opinions import Decide, OpinionView, ReadOpinion
from core.consultations.errors import AlreadyDecided
from core.consultations.rules import DECISION_LABELS
from core.foundation.errors import Invalid

REASON = "decision_reason"
_LONGEST = 2000
_BUTTONS: tuple[tuple[DecisionChoice, str], ...] = (("agree", "同意并执行"), ("partly", "部分同意"), ("disagree", "不同意"))


def decision_card(opinion: OpinionView, task_id: str) -> Card:
    """What the village doctor decides by."""
    return Card(
        task_id=task_id, title=f"会诊 {opinion.code} · 请您决定", description=f"{opinion.expert}的意见(第 {opinion.revision} 版)",
        sub_title="您的决定会和意见一起签名存档。部分同意、不同意请写理由。",
        buttons=tuple(
            Button(key=f"decide:{choice}:{opinion.opinion_id}:{opinion.consultation_id}", label=label, style=1 if choice == "agree" else 2)
            for choice, label in _BUTTONS
        ),
    )


async def chosen(turn: Turn, choice: str, opinion_id: str, consultation_id: str) -> Reply:
    """One of the three was tapped."""
    made = next((one for one, _ in _BUTTONS if one == choice), None)
    if made is None:
        raise Invalid
    view: OpinionView = await turn.ask(ReadOpinion(consultation_id=consultation_id))
    if view.opinion_id != opinion_id:
        return _replaced(turn, view)
    if view.decision is not None:
        return _decided_already(turn, view)
    turn.state = turn.state.showing("consultation", consultation_id)
    if made != "agree":
        asked = Asked(kind=REASON, ref=consultation_id, detail={"choice": made, "opinion": opinion_id})
        text = f"会诊 **{view.code}**:{DECISION_LABELS[made]}。请写理由,直接发一句话。专家和病历都会看到。"
        return Reply((Text(text=text),), turn.state.asking(asked))
    return _confirm(turn, view, made, "", f"sign_agree:{opinion_id}:{consultation_id}")


async def reason_given(turn: Turn, asked: Asked, words: str) -> Reply:
    """The reason of 部分同意 or 不同意: shown as it will be signed."""
    choice, opinion_id = asked.detail.get("choice", ""), asked.detail.get("opinion", "")
    view: OpinionView = await turn.ask(ReadOpinion(consultation_id=asked.ref))
    if view.opinion_id != opinion_id:
        return _replaced(turn, view)
    if view.decision is not None:
        return _decided_already(turn, view)
    return _confirm(turn, view, choice, words[:_LONGEST], f"sign_{choice}:{opinion_id}:{turn.message_id}:{asked.ref}")


def _confirm(turn: Turn, view: OpinionView, choice: str, reason: str, key: str) -> Reply:
    words = f"您的决定:**{DECISION_LABELS[choice]}**{',' + reason if reason else ''}"
    other = "要改就点别的按钮。" if choice == "agree" else "要改理由,重新点一次再写。"
    head = f"会诊 **{view.code}**:{view.expert}的意见(第 {view.revision} 版)\n{view.advice}\n\n{words}\n看过无误请点「确认签名」;{other}"
    return turn.offer(head, (Choice(code=key, label="确认签名"),))


async def signed(turn: Turn, choice: DecisionChoice, opinion_id: str, consultation_id: str, message_id: str = "") -> Reply:
    """【确认签名】; ``message_id``: where the reason was written."""
    reason = (await words_of(turn, message_id))[:_LONGEST] if message_id else ""
    order = Decide(consultation_id=consultation_id, opinion_id=opinion_id, choice=choice, reason=reason, confirm=True)
    try:
        view: OpinionView = await turn.execute(order)
    except AlreadyDecided:
        return _decided_already(turn, await turn.ask(ReadOpinion(consultation_id=consultation_id)))
    return await follows(turn, view, choice)


async def follows(turn: Turn, view: OpinionView, choice: DecisionChoice) -> Reply:
    """After the signature: the emergency dose that the opinion asks for, else completing."""
    turn.state = turn.state.asking(None)
    text = f"会诊 **{view.code}**:您的决定({DECISION_LABELS[choice]})已签名,专家已收到。"
    done: tuple[Outgoing, ...] = (*tapped(turn, "决定已签名"), Text(text=text))
    asked = None if choice == "disagree" else await emergency_dose.asked_for(turn, view)
    reply = asked or turn.offer("都办完了,点「完成会诊」,或发「完成会诊」。", (Choice(code=f"complete:{view.consultation_id}", label="完成会诊"),))
    return Reply((*done, *reply.shapes), reply.state)


def _replaced(turn: Turn, view: OpinionView) -> Reply:
    text = f"专家刚刚改过意见,请看第 {view.revision} 版再决定。"
    return Reply((*tapped(turn, "请看最新一版"), Text(text=text), decision_card(view, turn.menu_id("decide"))), turn.state.asking(None))


def _decided_already(turn: Turn, view: OpinionView) -> Reply:
    label = view.decision.choice_label if view.decision is not None else ""
    text = f"会诊 **{view.code}** 的这一版意见,您已经决定过:{label}。都办完了就发「完成会诊 {view.code}」。"
    return Reply((*tapped(turn, f"您已决定:{label}"), Text(text=text)), turn.state.asking(None))
