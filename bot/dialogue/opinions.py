"""意见, 同意/部分同意/不同意, 完成会诊, 退回会诊, 评价 in words. What is signed is shown first and signed by 【确认签名】.

Between the two nothing is kept but ids: the words are read again from the message in which they were said.
"""

from __future__ import annotations

from typing import Any, get_args

from bot.channels.cards import MAX_BUTTONS
from bot.channels.message import Incoming
from bot.channels.outgoing import Choice, Text
from bot.dialogue import prescription_meant
from bot.dialogue.cases import tapped
from bot.dialogue.deciding import follows
from bot.dialogue.turn import Reply, Turn
from bot.phrases.reader import read_phrase
from core.consultations.commands import CompleteConsultation, ConsultationStatus, Progress, ReturnConsultation, StatusList
from core.consultations.commands_opinions import Choice as DecisionChoice
from core.consultations.commands_opinions import Decide, GiveOpinion, OpinionView, ReadOpinion
from core.consultations.commands_ratings import RateConsultation
from core.consultations.errors import ConsentNotOnRecord
from core.consultations.rules import DECISION_LABELS
from core.consultations.workflow import IllegalStep
from core.conversations import reading
from core.conversations.models import Message
from core.foundation.errors import Invalid

ALONE = "意见和决定请在单独会话里写,群里不说病情。"
_NOTHING = "现在没有可以做这一步的会诊。发「进度」看看。"
_RETURNABLE, _RUNNING, _DECIDABLE, _OVER = ("ASSIGNED",), ("ASSIGNED", "IN_PROGRESS"), ("IN_PROGRESS",), ("COMPLETED",)


async def write(turn: Turn, arguments: dict[str, Any]) -> Reply:
    """意见 …: shown as it will be signed."""
    if turn.group:
        return turn.say(ALONE)
    words = arguments.get("words", "")
    if not words:
        return turn.say("请把意见写在后面,比如:\n意见 C-7K2M 考虑稳定型心绞痛,先口服阿司匹林,明天转县医院心内科")
    status = await _meant(turn, arguments.get("code"), _RUNNING)
    if status is None:
        return await _which(turn, _RUNNING)
    choices = (Choice(code=f"sign_opinion:{status.consultation_id}:{turn.message_id}", label="确认签名"),)
    return turn.offer(f"会诊 **{status.code}** 的意见:\n{words}\n\n看过无误请点「确认签名」;要改就重新发「意见 …」。", choices)


async def signed(turn: Turn, consultation_id: str, message_id: str) -> Reply:
    """【确认签名】 under the opinion of that message."""
    arguments = await _said_before(turn, message_id, "opinion")
    order = GiveOpinion(consultation_id=consultation_id, advice=arguments.get("words", ""), confirm=True)
    view: OpinionView = await turn.execute(order)
    text = f"会诊 **{view.code}** 的意见已签名(第 {view.revision} 版),村医会马上收到,等村医决定。"
    return Reply((*tapped(turn, "意见已签名"), Text(text=text)), turn.state.asking(None))


async def decide(turn: Turn, choice: str, arguments: dict[str, Any]) -> Reply:
    """同意, 部分同意, 不同意: the opinion and the decision are shown as they will be signed."""
    if turn.group:
        return turn.say(ALONE)
    status = await _meant(turn, arguments.get("code"), _DECIDABLE)
    if status is None:
        return await _which(turn, _DECIDABLE)
    label, reason = DECISION_LABELS[choice], arguments.get("words", "")
    if choice != "agree" and not reason:
        return turn.say(f"请把理由写在后面,比如:\n{label} {status.code} 病人不愿转院,先在卫生院观察")
    view: OpinionView = await turn.ask(ReadOpinion(consultation_id=status.consultation_id))
    words = f"您的决定:**{label}**{',' + reason if reason else ''}"
    lines = [f"会诊 **{view.code}**:{view.expert}的意见(第 {view.revision} 版)", view.advice, "", words]
    choices = (Choice(code=f"sign_decision:{view.opinion_id}:{turn.message_id}:{status.consultation_id}", label="确认签名"),)
    return turn.offer("\n".join([*lines, "看过无误请点「确认签名」。"]), choices)


async def decided(turn: Turn, opinion_id: str, message_id: str, consultation_id: str) -> Reply:
    """【确认签名】 under the decision of that message."""
    choice = await _choice_before(turn, message_id)
    arguments = await _said_before(turn, message_id, choice)
    order = Decide(
        consultation_id=consultation_id, opinion_id=opinion_id, choice=choice, reason=arguments.get("words", ""), confirm=True
    )
    view: OpinionView = await turn.execute(order)
    return await follows(turn, view, choice)


async def complete(turn: Turn, arguments: dict[str, Any]) -> Reply:
    """完成会诊 C-7K2M; words after it say why what is missing cannot be made up for."""
    status = await _meant(turn, arguments.get("code"), _DECIDABLE)
    if status is None:
        return await _which(turn, _DECIDABLE)
    return await completed(turn, status.consultation_id, without=arguments.get("words", "")[:200])


async def completed(turn: Turn, consultation_id: str, *, without: str = "") -> Reply:
    """完成会诊, in words or by 【完成会诊】; done before, it is said again and nothing changes."""
    try:
        done: ConsultationStatus = await turn.execute(CompleteConsultation(consultation_id=consultation_id, without=without))
    except ConsentNotOnRecord as wanting:
        return turn.say(f"{wanting.message}\n比如:完成会诊 {wanting.fields['code']} 病人已急转县医院,家属电话同意")
    except IllegalStep:
        found: StatusList = await turn.ask(Progress())
        known = next((status for status in found.consultations if status.consultation_id == consultation_id and status.state in _OVER), None)
        if known is None:
            raise
        done = known
    text = f"会诊 **{done.code}** 已完成。请打个分:评价 {done.code} 5星"
    unsigned = await _unsigned(turn, consultation_id)
    return Reply((*tapped(turn, "会诊已完成"), Text(text=text), *unsigned.shapes), unsigned.state)


async def _unsigned(turn: Turn, consultation_id: str) -> Reply:
    """What of it still waits for her signature is said and offered: the end of the consultation does not end it."""
    waiting = [one for one in await prescription_meant.waiting(turn, ("PROPOSED",)) if one.consultation_id == consultation_id][:MAX_BUTTONS]
    if not waiting:
        return Reply((), turn.state.asking(None))
    lines = [f"· {prescription_meant.line(one)}" for one in waiting]
    choices = tuple(Choice(code=f"rx_sign:{one.prescription_id}:{one.revision}", label=f"签 {one.code}") for one in waiting)
    return turn.offer("\n".join(["还有处方等您签名,不签药师不会审:", *lines]), choices)


async def give_back(turn: Turn, arguments: dict[str, Any]) -> Reply:
    """退回会诊, by the expert who cannot go on."""
    status = await _meant(turn, arguments.get("code"), _RETURNABLE)
    if status is None:
        return await _which(turn, _RETURNABLE)
    reason = arguments.get("words", "")
    if not reason:
        return turn.say(f"请写上原因,比如:\n退回会诊 {status.code} 突发手术")
    given: ConsultationStatus = await turn.execute(ReturnConsultation(consultation_id=status.consultation_id, reason=reason[:200]))
    return turn.say(f"会诊 **{given.code}** 已退回,正在请别的专家。谢谢您。")


async def rate(turn: Turn, arguments: dict[str, Any]) -> Reply:
    """评价 5星 …."""
    stars = arguments.get("stars")
    if stars is None:
        return turn.say("请写一到五颗星,比如:\n评价 5星 医生很耐心")
    status = await _meant(turn, arguments.get("code"), _OVER)
    if status is None:
        return await _which(turn, _OVER)
    order = RateConsultation(consultation_id=status.consultation_id, stars=stars, words=arguments.get("words", "")[:500])
    await turn.execute(order)
    return turn.say("谢谢您的评价,我们会告诉医生。")


async def _meant(turn: Turn, code: str | None, states: tuple[str, ...]) -> ConsultationStatus | None:
    """The consultation with the code, the only one in these states, or of several the one last put before the person."""

    async def look_up() -> str | None:
        fitting = [status.consultation_id for status in await _fitting(turn, code, states)]
        if len(fitting) == 1:
            return fitting[0]
        shown = turn.state.shown.get("consultation")
        return shown if shown in fitting else None

    chosen: str | None = await turn.settle("consultation", look_up)
    found: StatusList = await turn.ask(Progress(code=code))
    return next((status for status in found.consultations if status.consultation_id == chosen), None)


async def _fitting(turn: Turn, code: str | None, states: tuple[str, ...]) -> list[ConsultationStatus]:
    found: StatusList = await turn.ask(Progress(code=code))
    # With a code the practice itself says what is wrong with the state.
    return [status for status in found.consultations if code or status.state in states]


async def _which(turn: Turn, states: tuple[str, ...]) -> Reply:
    several = await _fitting(turn, None, states)
    if not several:
        return turn.say(_NOTHING)
    lines = [f"{status.code} · {status.urgency_label} · {status.state_label}" for status in several[:6]]
    return turn.say("\n".join(["是哪一份会诊?请带上编号再发一遍:", *lines]))


async def _choice_before(turn: Turn, message_id: str) -> DecisionChoice:
    key = await _phrase_before(turn, message_id)
    for choice in get_args(DecisionChoice):
        if key is not None and key[0] == choice:
            found: DecisionChoice = choice
            return found
    raise Invalid


async def _said_before(turn: Turn, message_id: str, phrase: str) -> dict[str, Any]:
    """The arguments of ``phrase`` in an earlier message of this conversation; Invalid when it said something else."""
    said = await _phrase_before(turn, message_id)
    if said is None or said[0] != phrase:
        raise Invalid
    return said[1]


async def _phrase_before(turn: Turn, message_id: str) -> tuple[str, dict[str, Any]] | None:
    message = await Message.get_or_none(id=message_id, conversation_id=turn.conversation_id, account_id=turn.actor.account_id)
    if message is None:
        return None
    incoming = Incoming.model_validate_json(await reading.opened(turn.practice, message, "body"))
    said = read_phrase(incoming.text.strip(), turn.actor, staff=turn.staff)
    return None if said is None else (said.phrase.key, said.arguments)
