"""紧急调阅 and 调阅审查 in chat: the reason said, what follows shown, then one tap; the reviewer's list and verdict."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.channels.outgoing import Choice, Link, Text
from bot.dialogue.cases import tapped
from bot.dialogue.said_before import words_of
from bot.dialogue.turn import Reply, Turn
from bot.phrases.reader import read_phrase
from core.consultations.commands_case import Case, CaseView
from core.foundation.clock import spoken
from core.foundation.errors import Invalid
from core.foundation.withheld import CANNOT_OPEN
from core.foundation.withheld import in_words as withheld_words
from core.oversight.commands import (
    BreakGlassesToReview,
    BreakGlassView,
    BreakTheGlass,
    ReadBreakGlass,
    ReviewBreakGlass,
    ReviewList,
    ReviewView,
)
from core.oversight.errors import BreakGlassUnknown
from core.oversight.rules import REASON_WORDS, REASONS, VERDICTS, Reason, Verdict, check_words
from core.prescriptions.commands_lists import CaseMedicines, CaseMedicinesView, PatientPrescriptions, PrescriptionList

ALONE = "紧急调阅请在单独会话里做,群里不说病人。"
_HOW = (
    "请写清病人、理由和情况,比如:\n紧急调阅 C-7K2M 昏迷 病人送来时叫不醒,要查用药史\n"
    "病人写会诊编号或身份证号码;理由写「昏迷」「抢救」「转来」「中毒」或「过敏」。"
)
OPEN_PAGE = Link(title="在页面里紧急调阅", url="page:/h5/emergency/", description="填编号、理由和情况,打开后看会诊和处方。")
REVIEW_PAGE = Link(title="调阅审查", url="page:/h5/emergency/", description="谁紧急调阅过、为什么、看了什么,写结论。")
_ID_NUMBER = re.compile(r"^(\d{17}[\dXx])(?!\d)[\s,,。]*")
_STOPS = " ,。.;:、"
_SHOWN, _PRESCRIPTIONS = 8, 3


@dataclass(frozen=True, slots=True)
class _Meant:
    code: str | None
    id_number: str | None
    reason: Reason
    words: str

    def order(self) -> BreakTheGlass:
        return BreakTheGlass(consultation_code=self.code, id_number=self.id_number, reason=self.reason, words=self.words)


def _meant(code: str | None, words: str) -> _Meant | None:
    """Whom and why, out of what was said; None when something of it is missing."""
    number = None if code is not None else _ID_NUMBER.match(words)
    if code is None and number is None:
        return None
    rest = words if number is None else words[number.end() :]
    named = next((word for word in REASON_WORDS if rest.startswith(word)), None)
    if named is None:
        return None
    return _Meant(code, None if number is None else number[1].upper(), REASON_WORDS[named], rest[len(named) :].strip(_STOPS)[:500])


async def in_words(turn: Turn, code: str | None, words: str) -> Reply:
    """What will happen, to be confirmed. Nothing of the patient is shown before that, not even whether there is such a record."""
    if turn.group:
        return turn.say(ALONE)
    meant = _meant(code, words)
    if meant is None:
        return Reply((Text(text=_HOW), OPEN_PAGE), turn.state)
    check_words(meant.words)
    text = (
        f"**紧急调阅**({REASONS[meant.reason]})\n打开后您能看这位病人的档案 4 小时。"
        "本人和家属**马上收到通知**,写明是谁、什么理由;县里的审计员会逐次审查。只为救治才点「确认」。"
    )
    return turn.offer(text, (Choice(code=f"break_glass:{turn.message_id}", label="确认紧急调阅"),))


async def opened(turn: Turn, message_id: str) -> Reply:
    """【确认紧急调阅】: the record in a few lines, the rest on the pages while it is open."""
    if turn.group:
        return turn.say(ALONE)
    said = read_phrase(await words_of(turn, message_id), turn.actor, staff=turn.staff)
    if said is None or said.phrase.key != "break_glass":
        raise Invalid
    meant = _meant(said.arguments.get("code"), said.arguments.get("words", ""))
    if meant is None:
        raise Invalid
    view: BreakGlassView = await turn.execute_once(meant.order(), message_id)
    if not view.live or view.until <= turn.practice.clock.now():
        return Reply((*tapped(turn, "已经过期"), Text(text=f"紧急调阅 {view.code} 的 4 小时已过。还要看,请重新发一次「紧急调阅」。")), turn.state)
    head = f"紧急调阅 **{view.code}** 已打开,到 {spoken(view.until)}。病人一方已收到通知。"
    return Reply((*tapped(turn, "已打开"), Text(text="\n".join([head, *await _record(turn, view)]))), turn.state.asking(None))


async def _record(turn: Turn, view: BreakGlassView) -> list[str]:
    """What matters in an emergency: what was given already, who, allergies and drugs, the last case; and which other cases there are."""
    lines = await _given(turn, view)
    if view.cases:
        case: CaseView = await turn.ask(Case(consultation_id=view.cases[0].consultation_id))
        lines.append(f"{case.patient.name} {case.patient.sex_label} {case.patient.age}")
        lines += [f"{label}:{value}" for label, value in (*case.safety_facts, *case.labs)]
        vitals = " ".join(f"{label} {value}" for label, value in case.vitals)
        lines.append(f"最近的会诊 {case.code}({case.state_label},{spoken(case.requested_at)}):{case.complaint}")
        lines += [vitals] if vitals else []
        lines += [f"意见:{case.opinion.advice}"] if case.opinion is not None else []
    medicines: PrescriptionList = await turn.ask(PatientPrescriptions(patient_id=view.patient_id))
    for one in medicines.prescriptions[:_PRESCRIPTIONS]:
        lines.append(f"处方 {one.code}({one.state_label}):{'、'.join(item.name for item in one.items)}")
    more = len(medicines.prescriptions) - _PRESCRIPTIONS
    lines += [f"另有处方 {more} 张,在页面里看。"] if more > 0 else []
    lines += filter(None, [withheld_words(medicines.withheld)])
    others = [one.code for one in view.cases[1:]]
    lines += [f"以前的会诊:{'、'.join(others)}"] if others else []
    return lines or ["档案里还没有会诊和处方。"]


async def _given(turn: Turn, view: BreakGlassView) -> list[str]:
    """The single doses ordered on the spot, which are no prescriptions: whoever does not read of them gives a second one."""
    lines = []
    for one in view.cases:
        try:
            found: CaseMedicinesView = await turn.ask(CaseMedicines(consultation_id=one.consultation_id))
        except CANNOT_OPEN:
            lines.append(f"**会诊 {one.code} 的用药无法读取**,已用过什么请问原来的医生。")
            continue
        if (dose := found.dose) is not None:
            lines.append(f"**已下急用一剂:{dose.name} {dose.amount}**({spoken(dose.ordered_at)},{dose.ordered_by},会诊 {dose.consultation_code})")
    return lines


async def review(turn: Turn, code: str | None, words: str) -> Reply:
    """调阅审查: the list, one opening, or the verdict on it."""
    if turn.group:
        return turn.say(ALONE)
    found: ReviewList = await turn.ask(BreakGlassesToReview())
    if code is None:
        return Reply((Text(text=_listed(found)), *((REVIEW_PAGE,) if found.openings else ())), turn.state)
    one = next((each for each in found.openings if each.code == code), None)
    if one is None:
        raise BreakGlassUnknown
    verdict = next((key for key in sorted(VERDICTS, key=lambda key: -len(VERDICTS[key])) if words.startswith(VERDICTS[key])), None)
    if verdict is None:
        return turn.say(_told(await turn.ask(ReadBreakGlass(break_glass_id=one.break_glass_id))))
    return await _judged(turn, one, verdict, words[len(VERDICTS[verdict]) :].strip(_STOPS))


async def _judged(turn: Turn, one: ReviewView, verdict: Verdict, why: str) -> Reply:
    if len(why) < 2:
        return turn.say(f"请写一句说明,比如:调阅审查 {one.code} {VERDICTS[verdict]} 急诊记录能对上")
    done: ReviewView = await turn.execute(ReviewBreakGlass(break_glass_id=one.break_glass_id, verdict=verdict, words=why[:500]))
    told = "病人一方已收到通知,档案已关上。" if verdict == "unjustified" else ""
    return turn.say(f"紧急调阅 **{done.code}** 已审查:{done.verdict_label}。{told}{done.doctor}已收到结论。")


def _listed(found: ReviewList) -> str:
    waiting = [one for one in found.openings if one.reviewed_at is None]
    if not waiting:
        return "现在没有要审查的紧急调阅。"
    lines = [f"要审查的紧急调阅 {found.unreviewed} 次,发「调阅审查 J-…」看一次:"]
    for one in waiting[:_SHOWN]:
        late = " · **超过 72 小时**" if one.overdue else ""
        lines.append(f"{one.code} {one.doctor} · {one.reason_label} · {spoken(one.opened_at)} · 看了 {one.read_count} 次{late}")
    return "\n".join(lines)


def _told(one: ReviewView) -> str:
    lines = [
        f"紧急调阅 **{one.code}**({one.verdict_label})", f"{one.role_label} {one.doctor} 调阅 {one.patient}", f"{spoken(one.opened_at)} 打开",
        f"理由:{one.reason_label}。{one.words}", f"看了 {one.read_count} 次:" if one.read_count else "打开后没有看。",
    ]
    counted: dict[str, int] = {}
    for read in one.reads:
        what = f"{read.title} {read.about}".strip()
        counted[what] = counted.get(what, 0) + 1
    lines += [f"· {what}" + (f" × {times}" if times > 1 else "") for what, times in counted.items()]
    if one.reviewed_at is None:
        lines.append(f"审查请发:调阅审查 {one.code} 合理(或不合理)加一句说明")
    else:
        lines.append(f"{one.reviewed_by or '同事'}审查:{one.verdict_label}。{one.verdict_words}")
    return "\n".join(lines)
