"""改时间 and 要资料: what expert and village doctor arrange before a consultation begins, in words and by the buttons of the card it came with."""

from __future__ import annotations

import re
from datetime import datetime

from bot.channels.outgoing import Choice, Text
from bot.dialogue import case_meant
from bot.dialogue.cases import tapped
from bot.dialogue.state import Asked
from bot.dialogue.turn import Reply, Turn
from bot.phrases.when import Ambiguous, When, take_when
from core.consultations.commands_arranging import (
    AgreeTime,
    AnswerNoMaterial,
    MaterialRequestView,
    ProposeTime,
    RequestMaterial,
    TimeProposalView,
)
from core.foundation.clock import SHANGHAI, shanghai, spoken
from core.foundation.errors import Invalid

ALONE = "改时间、要资料请在单独会话里说,群里不说病情。"
NO_SUCH = "no_such_material"
NO_SUCH_REASONS = (("cannot", "这里做不了"), ("refuses", "病人不愿意"), ("moved", "已经转走了"))
_NONE_TAKEN = "现在没有接了诊、还没开始的会诊。"
_NONE_RUNNING = "现在没有您接的会诊。"
_STAMP = "%Y%m%d%H%M"
_GONE = re.compile(r"昨|前天|上个?(?:周|星期|礼拜|月)|刚才")
"""Days that are over, left beside an hour that would be today's without them."""


async def time_in_words(turn: Turn, code: str | None, words: str) -> Reply:
    """改时间 C-7K2M 明天下午3点."""
    if turn.group:
        return turn.say(ALONE)
    meant = await case_meant.one(turn, "time_other", code, ("ASSIGNED",), _NONE_TAKEN)
    if isinstance(meant, Reply):
        return meant
    when, rest = take_when(words, turn.practice.clock.now())
    if _GONE.search(rest):
        when = None

    async def look_up() -> str:
        return when.start.isoformat() if isinstance(when, When) and when.exact else ""

    # 半小时后 is another time when the turn is repeated.
    if at := await turn.settle("at", look_up):
        return await propose(turn, meant.consultation_id, datetime.fromisoformat(at))
    if isinstance(when, Ambiguous):
        choices = [one for one in when.choices if one.exact]
        if choices:
            keys = tuple(Choice(code=f"time_to:{meant.consultation_id}:{shanghai(one.start):{_STAMP}}", label=one.spoken) for one in choices)
            return turn.offer(f"会诊 {meant.code} 改到什么时候?", keys)
    said = "请写到几点,不能只写半天。" if when is not None else "这个时间没看懂,或者已经过了。" if words else ""
    return turn.say(f"{said}请写时间,比如:\n改时间 {meant.code} 明天下午3点")


async def other_time(turn: Turn, consultation_id: str) -> Reply:
    """【换个时间】: how to say it."""
    status = await case_meant.by_id(turn, consultation_id)
    code = "C-7K2M" if status is None else status.code
    turn.state = turn.state.showing("consultation", consultation_id)
    return Reply((*tapped(turn, "请写时间"), Text(text=f"请写您方便的时间,比如:\n改时间 {code} 明天下午3点")), turn.state)


async def propose_at(turn: Turn, consultation_id: str, stamp: str) -> Reply:
    """The time of a button: local, to the minute."""
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) == 12):
        raise Invalid
    try:
        at = datetime.strptime(stamp, _STAMP).replace(tzinfo=SHANGHAI)
    except ValueError:
        raise Invalid from None
    return await propose(turn, consultation_id, at)


async def propose(turn: Turn, consultation_id: str, at: datetime) -> Reply:
    view: TimeProposalView = await turn.execute(ProposeTime(consultation_id=consultation_id, at=at))
    return _agreed(turn, view) if view.state == "agreed" else _proposed(turn, view)


def _proposed(turn: Turn, view: TimeProposalView) -> Reply:
    other = "村医" if view.by == "expert" else "专家"
    text = f"会诊 **{view.code}** 提议改到 **{spoken(view.at)}**,已经告诉{other}{'和患者' if view.by == 'expert' else ''},等{other}确认。"
    return Reply((*tapped(turn, "已提议"), Text(text=text)), turn.state.asking(None).showing("consultation", view.consultation_id))


async def agree(turn: Turn, consultation_id: str, proposal_id: str) -> Reply:
    """【就这个时间】."""
    return _agreed(turn, await turn.execute(AgreeTime(consultation_id=consultation_id, proposal_id=proposal_id)))


def _agreed(turn: Turn, view: TimeProposalView) -> Reply:
    text = f"约好了:会诊 **{view.code}**,**{spoken(view.at)}** 开始。对方和患者都会收到,到时间前 15 分钟提醒您。病人变重不要等,马上打 120。"
    return Reply((*tapped(turn, "就这个时间"), Text(text=text)), turn.state.asking(None).showing("consultation", view.consultation_id))


async def material_in_words(turn: Turn, code: str | None, words: str) -> Reply:
    """要资料 C-7K2M 心电图、血糖."""
    if turn.group:
        return turn.say(ALONE)
    meant = await case_meant.one(turn, "ask_material", code, ("ASSIGNED", "IN_PROGRESS"), _NONE_RUNNING)
    if isinstance(meant, Reply):
        return meant
    if len(words) < 2:
        return how_to_ask(turn, meant.consultation_id, meant.code)
    view: MaterialRequestView = await turn.execute(RequestMaterial(consultation_id=meant.consultation_id, wanted=words[:200]))
    return turn.say(f"会诊 **{view.code}** 要的资料已经告诉村医:{view.wanted}。有了或者没有,都会告诉您。")


def how_to_ask(turn: Turn, consultation_id: str, code: str) -> Reply:
    turn.state = turn.state.showing("consultation", consultation_id)
    return turn.say(f"请写要什么,比如:\n要资料 {code} 心电图、血糖")


async def ask_material(turn: Turn, consultation_id: str) -> Reply:
    """One of several was chosen."""
    status = await case_meant.by_id(turn, consultation_id)
    return how_to_ask(turn, consultation_id, "C-7K2M" if status is None else status.code)


async def no_such(turn: Turn, consultation_id: str, request_id: str, reason: str) -> Reply:
    """【没有】: why not, by a button or in words."""
    if reason:
        label = dict(NO_SUCH_REASONS).get(reason)
        if label is None:
            raise Invalid
        return await _answered(turn, consultation_id, request_id, label)
    if turn.group:
        return turn.say(ALONE)
    choices = tuple(Choice(code=f"no_such:{consultation_id}:{request_id}:{key}", label=label) for key, label in NO_SUCH_REASONS)
    asked = Asked(kind=NO_SUCH, ref=request_id, detail={"consultation": consultation_id})
    reply = turn.offer("为什么没有?(也可以直接写一句)", choices, asked=asked)
    return Reply((*tapped(turn, "请选原因"), *reply.shapes), reply.state)


async def no_such_reason(turn: Turn, asked: Asked, words: str) -> Reply:
    """Why there is none, in words."""
    if len(words) < 2:
        return turn.say("请多写几个字,专家要知道为什么没有。")
    return await _answered(turn, asked.detail.get("consultation", ""), asked.ref, words[:200])


async def _answered(turn: Turn, consultation_id: str, request_id: str, reason: str) -> Reply:
    order = AnswerNoMaterial(consultation_id=consultation_id, request_id=request_id, reason=reason)
    view: MaterialRequestView = await turn.execute(order)
    text = f"会诊 **{view.code}**:已告诉{view.expert}没有这项资料({view.wanted}),原因:{view.answer}。"
    return Reply((*tapped(turn, "已答复"), Text(text=text)), turn.state.asking(None))
