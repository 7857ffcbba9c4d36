"""随访 in the village doctor's words: begin a plan, list them, record a visit, end one. The patient is named by his number on her list."""

from __future__ import annotations

from typing import get_args

from bot.channels.outgoing import Choice, Menu, Text
from bot.dialogue.cases import tapped
from bot.dialogue.turn import Reply, Turn
from core.followups.commands import EndPlan, ListedPlan, ListedPlans, ListedPlansView, PlanOfferView, PlanView, RecordVisit, StartPlan, TemplateKey
from core.followups.errors import AlreadyFollowed
from core.foundation.clock import spoken
from core.foundation.errors import Invalid
from core.people.commands_views import MyPatientList, PatientListView, PatientView
from core.people.errors import PatientNotListed

ALONE = "随访请在单独会话里办,群里不说病人的病。"
_TITLES: dict[TemplateKey, str] = {"hypertension": "高血压", "diabetes": "糖尿病"}
_END_REASONS = (("finished", "不用再随访"), ("refused", "病人不愿意"), ("moved", "搬走了"), ("mistake", "建错了"))
_HOW = "请写编号和哪种随访,比如:\n随访 3号 高血压"


def offer(view: PlanOfferView, menu_id: str) -> Menu:
    """After a completed consultation: what can be begun with one tap."""
    who = f"{view.number}号病人" if view.number is not None else "这位病人"
    choices = tuple(
        Choice(code=f"follow:{view.patient_id}:{one.template}:{view.consultation_id}", label=f"建{_TITLES[one.template]}随访") for one in view.plans
    )
    return Menu(head=f"会诊 {view.code} 完成了。\n{who}要不要随访?到时间提醒他量,偏高、没回应都会告诉您。", choices=choices, menu_id=menu_id)


async def start_in_words(turn: Turn, number: int | None, template: str | None) -> Reply:
    """随访 3号 高血压; 随访 alone is the list."""
    if turn.group:
        return turn.say(ALONE)
    if number is None:
        return turn.say(f"几号病人?{_HOW}") if template else await listed(turn)
    patient = await _patient(turn, number)
    if template is None:
        choices = tuple(Choice(code=f"follow:{patient.patient_id}:{key}", label=f"{name}随访") for key, name in _TITLES.items())
        return turn.offer(f"{number}号建哪种随访?", choices)
    return await start(turn, patient.patient_id, template, None)


async def start(turn: Turn, patient_id: str, template: str, consultation_id: str | None) -> Reply:
    """【建高血压随访】."""
    key = next((one for one in get_args(TemplateKey) if one == template), None)
    if key is None:
        raise Invalid
    try:
        plan: PlanView = await turn.execute(StartPlan(patient_id=patient_id, template=key, consultation_id=consultation_id))
    except AlreadyFollowed as refusal:
        return Reply((*tapped(turn, "已经在随访"), Text(text=f"{refusal.message}发「随访」看看。")), turn.state.asking(None))
    who = await _who(turn, patient_id)
    lines = [f"{_called(who)}:**{plan.title}**建好了。", *(f"· {due.label}:{spoken(due.due_at)}" for due in plan.due)]
    if who is not None and not who.has_wechat:
        lines.append("他没有微信,提醒发不到他那里,到时间提醒您去量。")
    called = _called(who) or "3号"
    lines.append(f"见过面发「随访记录 {called}」,不用了发「结束随访 {called}」。")
    if not plan.rules_signed:
        lines.append("(演示·未经临床审定)")
    return Reply((*tapped(turn, f"{_TITLES[key]}随访已建"), Text(text="\n".join(lines))), turn.state.asking(None))


async def listed(turn: Turn) -> Reply:
    """随访: who is followed and what comes next."""
    found = await _plans(turn)
    if not found:
        return turn.say(f"您名单上还没有人在随访。{_HOW}")
    return turn.say("\n".join(["在随访的病人:", *(_line(one) for one in found[:20]), "见过面发「随访记录 3号」;建新的发「随访 3号 高血压」。"]))


def _line(one: ListedPlan) -> str:
    due = one.plan.due[0] if one.plan.due else None
    coming = "" if due is None else f":{spoken(due.due_at)} {due.label}"
    missed = f"(连续 {one.plan.missed_in_row} 次没回应)" if one.plan.missed_in_row else ""
    last = "" if one.last is None else f",上次 {one.last}({one.last_level})"
    return f"· {one.number}号 {one.plan.title}{coming}{last}{missed}"


async def visit_in_words(turn: Turn, number: int | None, template: str | None) -> Reply:
    """随访记录 3号."""
    meant = await _meant(turn, number, template, "visit", "随访记录 3号")
    return meant if isinstance(meant, Reply) else await visited(turn, meant)


async def visited(turn: Turn, plan_id: str, asked_by: str = "") -> Reply:
    """``asked_by``: the notification or message under which the button stands; tapped again, it is the same visit."""
    order = RecordVisit(plan_id=plan_id)
    plan: PlanView = await (turn.execute_once(order, asked_by) if asked_by else turn.execute(order))
    who = await _who(turn, plan.patient_id)
    again = next((spoken(due.due_at) for due in plan.due if due.task == "visit"), "")
    text = f"记下了:{_called(who)}{plan.title}面对面做过了。下一次:{again}。"
    return Reply((*tapped(turn, "已记下"), Text(text=text)), turn.state.asking(None))


async def end_in_words(turn: Turn, number: int | None, template: str | None) -> Reply:
    """结束随访 3号: the reason is chosen."""
    meant = await _meant(turn, number, template, "end_follow", "结束随访 3号")
    return meant if isinstance(meant, Reply) else await end(turn, meant, "")


async def end(turn: Turn, plan_id: str, reason: str) -> Reply:
    if not reason:
        return turn.offer("为什么结束随访?", tuple(Choice(code=f"end_follow:{plan_id}:{key}", label=label) for key, label in _END_REASONS))
    plan: PlanView = await turn.execute(EndPlan.model_validate({"plan_id": plan_id, "reason": reason}))
    text = f"{_called(await _who(turn, plan.patient_id))}:{plan.title}已结束,不再提醒他。"
    return Reply((*tapped(turn, "随访已结束"), Text(text=text)), turn.state.asking(None))


async def _meant(turn: Turn, number: int | None, template: str | None, verb: str, example: str) -> str | Reply:
    """The plan of the patient with the number; of two, the one named, or which is asked."""
    if turn.group:
        return turn.say(ALONE)
    if number is None:
        return turn.say(f"请写病人编号,比如:{example}")

    async def look_up() -> list[str]:
        return [one.plan.plan_id for one in await _plans(turn) if one.number == number and template in (None, one.plan.template)]

    found: list[str] = await turn.settle("plans", look_up)
    if not found:
        return turn.say(f"{number}号没有在做的随访。发「随访」看看。")
    if len(found) == 1:
        return found[0]
    once = f":{turn.message_id}" if verb == "visit" else ""
    choices = tuple(
        Choice(code=f"{verb}:{one.plan.plan_id}{once}", label=one.plan.title) for one in await _plans(turn) if one.plan.plan_id in found
    )
    return turn.offer(f"{number}号的哪一种?", choices)


async def _plans(turn: Turn) -> tuple[ListedPlan, ...]:
    found: ListedPlansView = await turn.ask(ListedPlans())
    return found.plans


async def _patient(turn: Turn, number: int) -> PatientView:
    found: PatientListView = await turn.ask(MyPatientList())
    patient = next((one for one in found.patients if one.number == number), None)
    if patient is None:
        raise PatientNotListed(number=number)
    return patient


async def _who(turn: Turn, patient_id: str) -> PatientView | None:
    found: PatientListView = await turn.ask(MyPatientList())
    return next((one for one in found.patients if one.patient_id == patient_id), None)


def _called(who: PatientView | None) -> str:
    return f"{who.number}号" if who is not None else ""
