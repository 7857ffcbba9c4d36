"""How the pre-consultation speaks to a patient: what it understood, one question, the level with reasons, danger in one message.

No disease is named to a patient, except a suspected emergency as the reason to call 120. The tone is conversations.md 1, 2 and 10.
"""

from __future__ import annotations

from bot.channels.outgoing import Choice, Link
from core.intake.commands import IntakeView
from core.intake.urgency import urgency
from nlp.interface.assessment import Assessment, Emergency, Question
from nlp.interface.departments import department
from nlp.interface.urgency import Urgency

UNSIGNED = "(演示·未经临床审定)"
CALL_120 = Link(title="一键拨打 120", url="tel:120")
CALL_110 = Link(title="一键拨打 110", url="tel:110")
CALL_12356 = Link(title="拨打 12356 心理援助热线", url="tel:12356")

_HEADLINES = {
    Urgency.CRITICAL: "请马上打 120",
    Urgency.EMERGENT: "请现在就去医院,不要等",
    Urgency.URGENT: "建议今天就看医生",
    Urgency.ROUTINE: "建议这几天去看医生",
    Urgency.SELF_CARE: "可以先在家观察",
}
NOT_UNDERSTOOD = "我没完全听懂。能换个说法吗?比如:哪里不舒服、多久了、有没有发烧。"
UNCLEAR_AFTER_RESULT = (
    "这句我没听懂,上面的建议没有变。\n有新的不舒服,直接说;要约医生,说「预约」;别的事,发「帮助」看看可以说什么。变重了不要等,去医院或打 **120**。"
)
AFTER_RESULT = (Choice(code="help", label="帮助"), Choice(code="correct", label="重新说"), Choice(code="human", label="转人工"))
WHAT_IS_WRONG = "好的,哪里不对?把对的直接说一遍就行,比如「不是发烧,是咳嗽」「我 62 岁」。想从头来,点「重新说」。"
AFTER_MISTAKE = (Choice(code="correct", label="重新说"), Choice(code="human", label="转人工"))


def understood(view: IntakeView, *, first: bool) -> str:
    """听到了:咳嗽、发烧 38.5℃ …; before it what has to be said first (that no diagnosis is given here)."""
    if not view.understood:
        return view.remark
    heard = "、".join(view.understood)
    said = f"听到了:{heard}。我不是医生,先问几句,好帮您找对医生。" if first else f"记下了:{heard}。"
    return f"{view.remark}\n{said}" if view.remark else said


def choices_of(question: Question) -> tuple[Choice, ...]:
    return tuple(Choice(code=choice.code, label=choice.label) for choice in question.choices)


def emergency(view: IntakeView, assessment: Assessment) -> tuple[str, str]:
    """Everything in one message: 120 (before the number to tap), then what to do now, who was alerted, the one question the hospital needs."""
    danger = assessment.emergency
    if danger is not None and danger.first:
        return _comfort(view, danger, critical=assessment.level is Urgency.CRITICAL)
    first = f"**这可能是{danger.suspected},请马上打 120。**" if danger else "**情况危急,请马上打 120。**"
    lines = measures(danger) if danger is not None else []
    lines.append(_alerted(view))
    lines[-1] += _last_question(view, danger)
    if not view.rules_signed:
        lines.append(UNSIGNED)
    return first, "\n".join(lines)


def _comfort(view: IntakeView, danger: Emergency, *, critical: bool) -> tuple[str, str]:
    """To somebody who thinks of ending his life: kind words first, then who helps, who was told, and one question."""
    lines = [f"{place}. {measure}" for place, measure in enumerate(danger.do_now, 1)]
    lines += danger.do_not
    if view.alert is not None:
        lines.append(_alerted(view))
    elif critical:
        lines.append("请马上叫身边的人过来。")
    if view.question is not None:
        lines.append(f"**{view.question.text}**")
    if not view.rules_signed:
        lines.append(UNSIGNED)
    return f"**{danger.first}**", "\n".join(lines)


def calls(assessment: Assessment) -> tuple[Link, ...]:
    """The numbers to tap: 120, and for somebody in despair the line where people listen and the police."""
    in_despair = assessment.emergency is not None and bool(assessment.emergency.first)
    return (CALL_12356, CALL_110, CALL_120) if in_despair else (CALL_120,)


def still_emergency(view: IntakeView, assessment: Assessment) -> tuple[str, str]:
    """Later in the same danger: still 120 first, then what was taken down and the next thing the hospital needs."""
    if assessment.emergency is not None and assessment.emergency.first:
        return _still_there(view, critical=assessment.level is Urgency.CRITICAL)
    heard = f"记下了:{'、'.join(view.understood)}。" if view.understood else "记下了。"
    told = f"我已经告诉{view.alert.who}。" if view.alert is not None else ""
    asks = _last_question(view, None) or "守在他身边,有变化马上告诉 120。"
    return "**还没打 120 的话,请马上打。**", f"{view.remark or heard}{'' if view.remark else told}{asks}"


def _still_there(view: IntakeView, *, critical: bool) -> tuple[str, str]:
    told = f"我已经告诉{view.alert.who}。" if view.alert is not None else ""
    asks = view.question.text if view.question is not None else "请一直有人陪着,农药、药、绳子、刀都拿远。想说什么随时跟我说,想找人说话打 12356。"
    first = "**我在这儿。怕出事就马上打 110 或 120。**" if critical else "**我在这儿,听您说。**"
    return first, f"{view.remark}{told}{asks}"


def measures(danger: Emergency) -> list[str]:
    """What to do now besides calling 120, and what not."""
    now = [measure for measure in danger.do_now if not measure.strip("。! ").endswith("打 120")]
    lines = [f"现在:{_listed(tuple(now))}"] if now else []
    if danger.do_not:
        dont = _listed(danger.do_not)
        lines.append(dont if dont.startswith(("不", "别")) else f"不要:{dont}")
    return lines


def _last_question(view: IntakeView, danger: Emergency | None) -> str:
    if view.question is not None:
        return view.question.text
    return (danger.ask_next or "") if danger is not None else ""


def _alerted(view: IntakeView) -> str:
    if view.alert is None:
        return "请一边打电话,一边叫上身边的人。"
    place = f"({view.alert.place})" if view.alert.place else ""
    return f"我已经通知{view.alert.who}{place}。"


def assessed(assessment: Assessment, *, signed: bool) -> str:
    """Level, reasons in the patient's own words, department, and the signs that mean 120."""
    level = assessment.level or Urgency.ROUTINE
    lines = [f"**{_HEADLINES[level]}**(紧急程度:{urgency(level).label})。"]
    if assessment.reasons:
        lines.append(f"为什么:{_listed(tuple(reason.text for reason in assessment.reasons[:4]))}")
    if assessment.departments:
        lines.append(f"建议科室:{assessment.departments[0].name}。")
    lines += list(assessment.advice)
    if not signed:
        lines.append(UNSIGNED)
    return "\n".join(lines)


def next_steps(view: IntakeView, assessment: Assessment) -> tuple[Choice, ...]:
    """【预约呼吸内科】【请村医一起看】【为什么这样建议】【说错了,改一改】"""
    steps = []
    best = next((one for one in assessment.departments if department(one.code).bookable), None)
    if best is not None and assessment.level not in (Urgency.CRITICAL, Urgency.EMERGENT):  # who must go now is offered no later time
        steps.append(Choice(code=f"slots:{best.code}:{view.intake_id}", label=f"预约{best.name}"))
    steps += [
        Choice(code="village_doctor", label="请村医一起看"),
        Choice(code="why", label="为什么这样建议"),
        Choice(code="correct", label="说错了,改一改"),
    ]
    return tuple(steps)


def why(assessment: Assessment | None, *, signed: bool) -> str:
    """Every reason with the source it rests on."""
    if assessment is None or not assessment.reasons:
        return "现在还没有给出建议。您先把情况说完,我再说为什么。"
    lines = [f"{place}. {reason.text}(依据:{reason.source})" for place, reason in enumerate(assessment.reasons, 1)]
    return "\n".join(["这样建议,是因为:", *lines, "" if signed else UNSIGNED]).strip()


def _listed(parts: tuple[str, ...]) -> str:
    return ";".join(part.rstrip("。; ") for part in parts) + "。"
