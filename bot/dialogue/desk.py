"""待分配, 指派, 改派, 催办: the duty desk's words. Experts are named as people name them; what speaks against one is said before he is asked."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.channels.outgoing import Choice, Menu, Outgoing, Text
from bot.dialogue import case_meant
from bot.dialogue.cases import MISSING, tapped
from bot.dialogue.said_before import words_of
from bot.dialogue.state import Asked
from bot.dialogue.turn import Reply, Turn
from bot.phrases.reader import read_phrase
from bot.phrases.who import Named, Who, take_who
from core.consultations.commands import ConsultationStatus
from core.dispatch.commands import AskExpert
from core.dispatch.commands_desk import (
    ExpertNow,
    ExpertsNow,
    ExpertsNowView,
    NudgeConsultation,
    Nudged,
    ReassignConsultation,
    Reassigned,
    WaitingCase,
    WaitingCases,
    WaitingView,
)
from core.foundation.orders import Done
from core.foundation.withheld import in_words

ALONE = "待分配、指派、改派请在单独会话里做。"
REASON = "reassign_reason"
_LINES, _BUTTONS = 10, 6
_NONE_WAITS = "现在没有在等专家的会诊。"
_NONE_TAKEN = "现在没有专家已接、还没开始的会诊。"
_LONGEST = 200
_STOPS = " ,。.;:、" + "\uff0c\uff1b\uff1a"


async def waiting(turn: Turn) -> Reply:
    """待分配: the most dangerous first, with how long it waits, who was asked, and a button for what can be done."""
    if turn.group:
        return turn.say(ALONE)
    found: WaitingView = await turn.ask(WaitingCases())
    if not found.cases:
        return turn.say(_NONE_WAITS, in_words(found.withheld))
    shown = found.cases[:_LINES]
    lines = [f"待分配 {len(found.cases)} 份,最急的在前:", *(f"{place}. {_line(one)}" for place, one in enumerate(shown, 1))]
    lines += [f"还有 {len(found.cases) - len(shown)} 份没有列出。"] if len(found.cases) > len(shown) else []
    lines.append("写法:指派 C-7K2M 王主任;催办 C-7K2M。")
    text = Text(text="\n".join(filter(None, [*lines, in_words(found.withheld)])))
    ready = [one for one in shown if one.state == "PENDING"]
    assign = [Choice(code=f"assign:{one.consultation_id}", label=f"指派 {one.code}") for one in ready[: _BUTTONS // 2]]
    nudge = [Choice(code=f"nudge:{one.consultation_id}", label=f"催办 {one.code}") for one in shown[: _BUTTONS - len(assign)]]
    return _with_text(text, turn.offer("要办哪一份?", (*assign, *nudge)))


def _line(one: WaitingCase) -> str:
    asked = ";".join(f"{each.expert} {each.outcome}" for each in one.asked[-4:]) or "还没问过专家"
    lacks = f"\n   还差:{'、'.join(MISSING[item] for item in one.missing)}" if one.missing else ""
    alarmed = " · **没有人应答**" if one.alarmed else ""
    head = f"**{one.code} · {one.urgency_label} · {one.headline}**{alarmed}"
    return f"{head}\n   {one.patient} · {one.place} · 等了{_long(one.waited_s)}\n   {asked}{lacks}"


def _long(seconds: int) -> str:
    minutes = seconds // 60
    if minutes < 1:
        return "不到 1 分钟"
    if minutes < 60:
        return f" {minutes} 分钟"
    return f" {minutes // 60} 小时 {minutes % 60} 分钟" if minutes < 24 * 60 else f" {minutes // (24 * 60)} 天"


def _with_text(text: Text, offered: Reply) -> Reply:
    return Reply((text, *offered.shapes), offered.state)


async def assign_in_words(turn: Turn, code: str | None, words: str) -> Reply:
    """指派 C-7K2M 王主任; without a name the list of who could be asked."""
    if turn.group:
        return turn.say(ALONE)
    meant = await case_meant.one(turn, "assign", code, ("PENDING",), _NONE_WAITS)
    if isinstance(meant, Reply):
        return meant
    experts = await _experts(turn, meant.consultation_id)
    who = _who(words, experts)
    if not who.said:
        return _listed(turn, "assign", meant.consultation_id, experts, "" if not words else f"没看出要请谁:「{words[:20]}」。")
    return await _named_one(turn, "assign", meant, experts, who)


async def assign(turn: Turn, consultation_id: str, practitioner_id: str) -> Reply:
    """【指派 C-7K2M】: who could be asked; 【王主任】: he is."""
    if turn.group:
        return turn.say(ALONE)
    experts = await _experts(turn, consultation_id)
    if not practitioner_id:
        return _listed(turn, "assign", consultation_id, experts, "")
    return await _asked(turn, consultation_id, practitioner_id, experts)


async def _asked(turn: Turn, consultation_id: str, practitioner_id: str, experts: ExpertsNowView) -> Reply:
    done: Done = await turn.execute(AskExpert(consultation_id=consultation_id, practitioner_id=practitioner_id))
    who = next((one for one in experts.experts if one.practitioner_id == practitioner_id), None)
    name = who.introduced if who is not None else "这位专家"
    why = f"\n理由:{','.join(who.reasons[:3])}。" if who is not None and who.reasons else ""
    said = f"会诊 **{experts.code}** 已经请{name},有答复马上告诉您。{why}"
    if not done.done:
        said = f"{name}已经在请了,还没有答复。要催,发「催办 {experts.code}」。"
    return Reply((*tapped(turn, f"已请{name}"), Text(text=said)), turn.state.asking(None).showing("consultation", consultation_id))


async def _experts(turn: Turn, consultation_id: str) -> ExpertsNowView:
    found: ExpertsNowView = await turn.ask(ExpertsNow(consultation_id=consultation_id))
    return found


def _named(experts: ExpertsNowView) -> list[Named]:
    return [Named(one.practitioner_id, one.full_name, one.title_name, one.department, one.organisation) for one in experts.experts]


def _who(words: str, experts: ExpertsNowView) -> Who:
    """Who is named, in the first words where they name somebody: in 李主任 王主任上手术了 the second name is part of the reason."""
    named = _named(experts)
    first = re.match(r"[^\s,。.;:、,;:]+", words)
    who = take_who(first[0] if first is not None else "", named)
    if first is None or not who.said:
        return take_who(words, named)
    return replace(who, rest=" ".join(filter(None, (who.rest, words[first.end() :].strip(_STOPS)))))


async def _named_one(turn: Turn, verb: str, meant: ConsultationStatus, experts: ExpertsNowView, named: Who, tail: str = "") -> Reply:
    """The one who was named: asked for where he must be chosen or weighed first. ``tail``: what the button carries beside the expert.

    Who it is and whether to weigh it is settled: when the turn is repeated he has been asked, which would speak against asking him.
    """

    async def look_up() -> list[str]:
        people = [one for one in experts.experts if one.practitioner_id in {each.key for each in named.people}]
        clear = len(people) == 1 and named.sure and people[0].excluded is None and not people[0].cautions
        return ["clear" if clear else "", *(one.practitioner_id for one in people)]

    clear, *keys = await turn.settle("expert", look_up)
    people = [one for one in experts.experts if one.practitioner_id in keys]
    if not people:
        return _listed(turn, verb, meant.consultation_id, experts, f"专家名单里没有「{named.said}」。", tail)
    if not clear and (len(people) > 1 or not named.sure):
        return _listed(turn, verb, meant.consultation_id, experts.model_copy(update={"experts": tuple(people)}), f"「{named.said}」是哪一位?", tail)
    who = people[0]
    if not clear and who.excluded is not None:
        others = experts.model_copy(update={"experts": tuple(one for one in experts.experts if one.excluded is None)})
        return _listed(turn, verb, meant.consultation_id, others, f"**不能请{who.introduced}:{who.excluded}。**", tail)
    if not clear and who.cautions:
        head = f"{who.introduced}:{';'.join(who.cautions)}。\n{_for(who)}仍然请他吗?"
        still = Choice(code=_key(verb, meant.consultation_id, who, tail), label="仍然请他")
        return turn.offer(head, (still, Choice(code=f"{verb}:{meant.consultation_id}", label="换一位")))
    if verb == "assign":
        return await _asked(turn, meant.consultation_id, who.practitioner_id, experts)
    return await reassign(turn, meant.consultation_id, who.practitioner_id, tail)


def _key(verb: str, consultation_id: str, who: ExpertNow, tail: str) -> str:
    return ":".join(filter(None, (verb, consultation_id, who.practitioner_id, tail)))


def _for(who: ExpertNow) -> str:
    return f"合适的地方:{','.join(who.reasons[:3])}。\n" if who.reasons else ""


def _listed(turn: Turn, verb: str, consultation_id: str, experts: ExpertsNowView, head: str, tail: str = "") -> Reply:
    """Who could be asked, best first, each with what speaks for and against him; a number or a tap chooses."""
    free = [one for one in experts.experts if one.excluded is None][:_LINES]
    out = [f"不能请 {one.introduced}:{one.excluded}" for one in experts.experts if one.excluded is not None][:3]
    if not free:
        return turn.say("\n".join(filter(None, [head, f"会诊 {experts.code} 现在没有可请的专家,请直接打电话联系。", *out])))
    lines = [f"{place}. {one.introduced} {one.score:g} 分:{','.join(one.reasons[:3])}{_against(one)}" for place, one in enumerate(free, 1)]
    keys = tuple(_key(verb, consultation_id, one, tail) for one in free)
    asked = Asked(kind="actions", ref=consultation_id, options=keys, menu_id=turn.menu_id())
    choices = tuple(Choice(code=key, label=f"{place} {one.called}") for place, (key, one) in enumerate(zip(keys, free, strict=True), 1))[:_BUTTONS]
    title = f"会诊 **{experts.code}** {'改派给谁' if verb == 'reassign' else '请哪一位'}?"
    text = Text(text="\n".join(filter(None, [head, title, *lines, *out])))
    shapes: tuple[Outgoing, ...] = (text, Menu(head="请选:", choices=choices, menu_id=turn.menu_id()))
    return Reply((*tapped(turn, "请选专家"), *shapes), turn.state.asking(asked).showing("consultation", consultation_id))


def _against(one: ExpertNow) -> str:
    return f"(注意:{';'.join(one.cautions)})" if one.cautions else ""


async def reassign_in_words(turn: Turn, code: str | None, words: str) -> Reply:
    """改派 C-7K2M 李主任 突发手术: the name and then the reason; whichever is missing is asked for."""
    if turn.group:
        return turn.say(ALONE)
    meant = await case_meant.one(turn, "reassign", code, ("ASSIGNED",), _NONE_TAKEN)
    if isinstance(meant, Reply):
        return meant
    experts = await _experts(turn, meant.consultation_id)
    who = _who(words, experts)
    if not who.said:
        return _listed(turn, "reassign", meant.consultation_id, experts, "" if not words else f"没看出改派给谁:「{words[:20]}」。")
    return await _named_one(turn, "reassign", meant, experts, who, tail=turn.message_id if who.rest else "")


async def reassign(turn: Turn, consultation_id: str, practitioner_id: str, message_id: str) -> Reply:
    """【李主任】: done where the reason stands in ``message_id``, else it is asked for."""
    if turn.group:
        return turn.say(ALONE)
    experts = await _experts(turn, consultation_id)
    if not practitioner_id:
        return _listed(turn, "reassign", consultation_id, experts, "")
    reason = await _reason_in(turn, message_id, experts) if message_id else ""
    if reason:
        return await _reassigned(turn, consultation_id, practitioner_id, reason)
    who = next((one.introduced for one in experts.experts if one.practitioner_id == practitioner_id), "这位专家")
    asked = Asked(kind=REASON, ref=consultation_id, detail={"practitioner": practitioner_id})
    text = Text(text=f"会诊 **{experts.code}** 改派给{who}:为什么?请直接写一句原因,双方和经过里都会看到。")
    return Reply((*tapped(turn, "请写原因"), text), turn.state.asking(asked))


async def _reason_in(turn: Turn, message_id: str, experts: ExpertsNowView) -> str:
    """What stands behind the name in the message that asked for it: the same when it is shown and when it is done."""
    text = turn.incoming.text if message_id == turn.message_id else await words_of(turn, message_id)
    said = read_phrase(text.strip(), turn.actor, staff=turn.staff)
    words = said.arguments.get("words", "") if said is not None and said.phrase.key == "reassign" else ""
    return _who(words, experts).rest[:_LONGEST]


async def reason_given(turn: Turn, asked: Asked, words: str) -> Reply:
    """The reason for which a case goes to another expert."""
    return await _reassigned(turn, asked.ref, asked.detail.get("practitioner", ""), words[:_LONGEST])


async def _reassigned(turn: Turn, consultation_id: str, practitioner_id: str, reason: str) -> Reply:
    order = ReassignConsultation(consultation_id=consultation_id, practitioner_id=practitioner_id, reason=reason)
    done: Reassigned = await turn.execute(order)
    text = f"会诊 **{done.code}** 已从{done.taken_from}转请{done.asked},两位和村医都已告诉。他不应答,会接着请别的专家。"
    return Reply((*tapped(turn, "已改派"), Text(text=text)), turn.state.asking(None).showing("consultation", consultation_id))


async def nudge_in_words(turn: Turn, code: str | None) -> Reply:
    """催办 C-7K2M."""
    meant = await case_meant.one(turn, "nudge", code, case_meant.OPEN, "现在没有进行中的会诊。")
    return meant if isinstance(meant, Reply) else await nudge(turn, meant.consultation_id)


async def nudge(turn: Turn, consultation_id: str) -> Reply:
    """【催办】: whoever is to act next is told again."""
    done: Nudged = await turn.execute(NudgeConsultation(consultation_id=consultation_id))
    return Reply((*tapped(turn, "已催办"), Text(text=f"会诊 **{done.code}** 已催 {'、'.join(done.told)}:{done.about}。")), turn.state.asking(None))
