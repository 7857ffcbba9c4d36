"""How the pre-consultation speaks to a patient: what it understood, one question, the level with reasons, danger in one message.

No disease is named to a patient, except a suspected emergency as the reason to call 120. The tone is conversations.md 1, 2 and 10.
"""

from __future__ import annotations

from bot.channels.outgoing import Choice, Link
from core.intake.commands import AlertTold, IntakeView
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
UNCLEAR_AFTER_RESULT = "这句我没听懂,上面的建议没有变。\n有新的不舒服,直接说就行。变重了不要等,去医院或打 **120**。"
HEARD_AFTER_RESULT = "好的,就照上面说的做。\n下一步点下面的就行;有新的不舒服,直接说。变重了不要等,去医院或打 **120**。"
LISTENING_AFTER_RESULT = "您说,我在听。哪里不舒服、有什么变化,直接说;问能不能吃什么药、是什么病,要问医生。下面这些也可以点。"
WHAT_IS_WRONG = "好的,哪里不对?把对的直接说一遍就行,比如「不是发烧,是咳嗽」「我 62 岁」。想从头来,点「重新说」。"
BACK = Choice(code="back", label="返回上一题")
"""Under every question but the first; in danger it is not offered, and understood where it is typed."""
AFTER_MISTAKE = (Choice(code="correct", label="重新说"), Choice(code="human", label="转人工"))


def understood(view: IntakeView, *, first: bool) -> str:
    """听到了:咳嗽、发烧 38.5℃ …; before it what has to be said first (that no diagnosis is given here)."""
    if not view.understood:
        return f"{view.remark}\n{FETCH_SOMEBODY}".strip() if first and view.child_speaking else view.remark
    heard = "、".join(view.understood)
    said = f"记下了:{heard}。"
    if first:
        who = "" if view.remark else "我不是医生,"
        said = f"听到了:{heard}。" + (FETCH_SOMEBODY if view.child_speaking else f"{who}先问几句,好帮您找对医生。")
    return f"{view.remark}\n{said}" if view.remark else said


FETCH_SOMEBODY = (
    "我是助手,不是医生。**你先去叫一个大人来**:打电话给爸爸妈妈,或者喊爷爷奶奶、邻居、老师。大人没到之前,我先问你几句,知道多少说多少。"
)
"""To a child that writes itself."""


def red_flag(view: IntakeView, assessment: Assessment) -> str:
    """Said before the next question where a red flag stands: what to do now, and who was told."""
    now, *further = assessment.advice or (f"{_HEADLINES[Urgency.EMERGENT]}。",)
    lines = [f"**先说要紧的:{now}**", *further[:_FURTHER]]
    if view.alert is not None:
        lines.append(_alerted(view))
    if not view.rules_signed:
        lines.append(UNSIGNED)
    return "\n".join(lines)


_FURTHER = 4
"""So many lines of what to do and what not; all of them stand in the result."""
AT_THE_SAME_TIME = "一边准备动身,一边再答我几句,医院好有准备。"


def choices_of(question: Question) -> tuple[Choice, ...]:
    return tuple(Choice(code=choice.code, label=choice.label) for choice in question.choices)


def emergency(view: IntakeView, assessment: Assessment) -> tuple[str, str]:
    """Everything in one message: 120 (before the number to tap), then what to do now, who was alerted, the one question the hospital needs."""
    danger = assessment.emergency
    if danger is not None and danger.first:
        return _comfort(view, danger, critical=assessment.level is Urgency.CRITICAL)
    lines = [danger.comfort] if danger is not None and danger.comfort else []
    lines += measures(danger) if danger is not None else []
    lines.append(_alerted(view))
    lines[-1] += _last_question(view, danger)
    if not view.rules_signed:
        lines.append(UNSIGNED)
    return f"**{_headline(danger)}**", "\n".join(lines)


def _headline(danger: Emergency | None) -> str:
    if danger is None:
        return "情况危急,请马上打 120。"
    return danger.headline or f"这可能是{danger.suspected},请马上打 120。"


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


_NUMBERS = {"120": CALL_120, "110": CALL_110, "12356": CALL_12356}
_IN_DESPAIR = ("12356", "110", "120")


def calls(assessment: Assessment) -> tuple[Link, ...]:
    """The numbers to tap: 120; for somebody in despair the line where people listen and the police too."""
    danger = assessment.emergency
    numbers = ("120",) if danger is None else _IN_DESPAIR if danger.first else danger.calls
    return tuple(_NUMBERS[number] for number in numbers if number in _NUMBERS)


def still_emergency(view: IntakeView, assessment: Assessment) -> tuple[str, str]:
    """Later in the same danger: still 120 first, then what was taken down and the next thing the hospital needs."""
    danger = assessment.emergency
    if danger is not None and danger.first:
        return _still_there(view, critical=assessment.level is Urgency.CRITICAL)
    heard = f"记下了:{'、'.join(view.understood)}。" if view.understood else "记下了。"
    told = f"我已经告诉{view.alert.who}。" if view.alert is not None else ""
    here = "我在这儿,不会走开。" if danger is not None and danger.comfort else ""
    goes = danger is not None and bool(danger.headline) and assessment.level is not Urgency.CRITICAL
    first = danger.headline if danger is not None and goes else "还没打 120 的话,请马上打。"
    asks = _last_question(view, None) or (_till_he_is_there(danger) if goes else _till_help_comes(view, danger))
    return f"**{first}**", f"{view.remark or heard}{'' if view.remark else told}{here}{asks}"


def _till_he_is_there(danger: Emergency | None) -> str:
    """To who must go himself: company, and the ambulance when it turns or nobody can take him."""
    if danger is not None and danger.alone:
        return "叫人送您去;没人送就打 120,大门打开,坐着或躺着等。"
    return "路上有人陪着,变重了马上打 120。"


def _till_help_comes(view: IntakeView, danger: Emergency | None) -> str:
    if danger is not None and danger.alone:
        return "大门打开,电话开免提放在手边,坐着或躺着等,别自己走动;喊邻居过来。有变化马上告诉 120。"
    if view.child_speaking:
        return "和大人待在一起等,有变化马上告诉大人、告诉 120。"
    return f"{'身边要一直有人' if view.relation in (None, 'self') else '守在他身边'},有变化马上告诉 120。"


def _still_there(view: IntakeView, *, critical: bool) -> tuple[str, str]:
    told = f"我已经告诉{view.alert.who}。" if view.alert is not None else ""
    asks = view.question.text if view.question is not None else "请一直有人陪着,农药、药、绳子、刀都拿远。想说什么随时跟我说,想找人说话打 12356。"
    first = "**我在这儿。怕出事就马上打 110 或 120。**" if critical else "**我在这儿,听您说。**"
    return first, f"{view.remark}{told}{asks}"


def measures(danger: Emergency) -> list[str]:
    """What to do now besides calling 120, and what not."""

    def said_first(measure: str) -> bool:
        return measure.strip("。! ").endswith("打 120") or (bool(danger.headline) and measure.startswith("打 120:"))

    now = [measure for measure in danger.do_now if not said_first(measure)]
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
        alone = view.assessment is not None and view.assessment.emergency is not None and view.assessment.emergency.alone
        return "请一边打电话,一边喊邻居过来。" if alone else "请一边打电话,一边叫上身边的人。"
    return _told_whom(view.alert)


def _told_whom(alert: AlertTold) -> str:
    return f"我已经通知{alert.who}{f'({alert.place})' if alert.place else ''}。"


_REASONS = 4
_CAN_WAIT = (Urgency.ROUTINE, Urgency.SELF_CARE)


def assessed(assessment: Assessment, *, signed: bool, to_child: bool = False, alert: AlertTold | None = None, brief: bool = False) -> str:
    """Level, reasons in the patient's own words, department, and the signs that mean 120.

    ``brief``: of what can wait the first reason is enough; all of them stand behind 为什么这样建议.
    """
    level = assessment.level or Urgency.ROUTINE
    reasons = assessment.reasons[: 1 if brief and level in _CAN_WAIT and not assessment.red_flag else _REASONS]
    lines = [f"**{_HEADLINES[level]}**(紧急程度:{urgency(level).label})。"]
    if to_child:
        lines.append("把这些给大人看,请大人带你去,别自己一个人去。")
    if reasons:
        lines.append(f"为什么:{_listed(tuple(reason.text for reason in reasons))}")
    if assessment.departments:
        lines.append(f"建议科室:{assessment.departments[0].name}。")
    lines += list(assessment.advice)
    if assessment.red_flag and alert is not None:
        lines.append(_told_whom(alert))
    if not signed:
        lines.append(UNSIGNED)
    return "\n".join(lines)


def next_steps(view: IntakeView, assessment: Assessment) -> tuple[Choice, ...]:
    """【预约呼吸内科】【请村医一起看】【为什么这样建议】【说错了,改一改】"""
    steps = list(_booking(view, assessment))
    steps += [
        Choice(code="village_doctor", label="请村医一起看"),
        Choice(code="why", label="为什么这样建议"),
        Choice(code="correct", label="说错了,改一改"),
    ]
    return tuple(steps)


def steps_again(view: IntakeView, assessment: Assessment) -> tuple[Choice, ...]:
    """What can be done whatever was said after the advice: book, the village doctor, a person, all anew."""
    return (
        *_booking(view, assessment),
        Choice(code="village_doctor", label="请村医一起看"),
        Choice(code="human", label="转人工"),
        Choice(code="correct", label="重新说"),
        Choice(code="help", label="帮助"),
    )


def _booking(view: IntakeView, assessment: Assessment) -> tuple[Choice, ...]:
    best = next((one for one in assessment.departments if department(one.code).bookable), None)
    if best is None or assessment.level in (Urgency.CRITICAL, Urgency.EMERGENT):  # who must go now is offered no later time
        return ()
    return (Choice(code=f"slots:{best.code}:{view.intake_id}", label=f"预约{best.name}"),)


def why(assessment: Assessment | None, *, signed: bool) -> str:
    """Every reason with the source it rests on."""
    if assessment is None or not assessment.reasons:
        return "现在还没有给出建议。您先把情况说完,我再说为什么。"
    lines = [f"{place}. {reason.text}(依据:{reason.source})" for place, reason in enumerate(assessment.reasons, 1)]
    return "\n".join(["这样建议,是因为:", *lines, "" if signed else UNSIGNED]).strip()


def _listed(parts: tuple[str, ...]) -> str:
    return ";".join(part.rstrip("。; ") for part in parts) + "。"
