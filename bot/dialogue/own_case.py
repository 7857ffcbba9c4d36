"""上传, 呼叫专家, 病例: the village doctor's cases in words; 病例 also for the expert and whoever else may read it. A group hears no name."""

from __future__ import annotations

from bot.channels.outgoing import Choice, Link, Menu, Outgoing, Text
from bot.dialogue import case_meant, desk
from bot.dialogue.cases import CASES_PAGE, MISSING, status_line, tapped, todo_shapes
from bot.dialogue.turn import Reply, Turn
from core.consultations.commands import ConsultationStatus, Progress, StatusList
from core.consultations.commands_arranging import MaterialRequests, MaterialRequestsView, MaterialRequestView
from core.consultations.commands_case import Case, CaseView
from core.foundation.actor import Role
from core.foundation.clock import spoken

_NONE_OPEN = "现在没有开着的会诊。先请会诊,比如:\n会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急"
_BRING = "同意书、心电图、检查单:拍照发在这里。影像(DICOM):当文件发给「会诊助手」,或在下面的页面里传。"
_IN_CASE = ("DRAFT", "PENDING", "ASSIGNED", "IN_PROGRESS", "COMPLETED")


async def upload_in_words(turn: Turn, code: str | None) -> Reply:
    """上传 C-7K2M: what is missing for which consultation, and how it comes here; the next file goes to that one."""
    meant = await case_meant.one(turn, "upload", code, case_meant.OPEN, _NONE_OPEN)
    return meant if isinstance(meant, Reply) else await upload(turn, meant.consultation_id)


async def upload(turn: Turn, consultation_id: str) -> Reply:
    """【去补】."""
    found: StatusList = await turn.ask(Progress())
    status = next((one for one in found.consultations if one.consultation_id == consultation_id), None)
    if status is None or status.state not in case_meant.OPEN:
        return turn.say("这份会诊已经结束,不能再补资料。发「进度」看看。")
    turn.state = turn.state.showing("consultation", consultation_id)
    wanted = [one for one in await _wanted(turn) if one.consultation_id == consultation_id]
    shapes = _upload_shapes(turn, status, wanted)
    if not turn.group:
        return Reply((*tapped(turn, "看下一条"), *shapes), turn.state)
    return Reply((Text(text=f"{status.code}:补资料的办法已发到您的单独会话。"),), turn.state, aside=shapes)


async def _wanted(turn: Turn) -> tuple[MaterialRequestView, ...]:
    found: MaterialRequestsView = await turn.ask(MaterialRequests())
    return found.requests


def _upload_shapes(turn: Turn, status: ConsultationStatus, wanted: list[MaterialRequestView]) -> tuple[Outgoing, ...]:
    shapes: list[Outgoing] = []
    if wanted:
        lines = [f"会诊 **{status.code}** 专家还要:", *(f"{place}. {one.wanted}({one.expert})" for place, one in enumerate(wanted, 1)), _BRING]
        choices = tuple(
            Choice(code=f"no_such:{one.consultation_id}:{one.request_id}", label=f"没有 {place}" if len(wanted) > 1 else "没有")
            for place, one in enumerate(wanted[:6], 1)
        )
        shapes.append(Menu(head="\n".join(lines), choices=choices, menu_id=turn.menu_id("wanted")))
    if status.missing:
        return (*shapes, *todo_shapes(turn.menu_id("todo"), status))
    if not wanted:
        shapes.append(Text(text=f"会诊 **{status.code}**:要补的都齐了。还要加:{_BRING}\n{status.next}"))
    return (*shapes, CASES_PAGE)


async def call_in_words(turn: Turn, code: str | None) -> Reply:
    """呼叫专家 C-7K2M: presses on with a case that waits, or says what still stands before it."""
    meant = await case_meant.one(turn, "call_experts", code, case_meant.OPEN, _NONE_OPEN)
    return meant if isinstance(meant, Reply) else await call(turn, meant.consultation_id)


async def call(turn: Turn, consultation_id: str) -> Reply:
    status = await case_meant.by_id(turn, consultation_id)
    if status is None:
        return turn.say("没有找到这份会诊,请核对编号。")
    turn.state = turn.state.showing("consultation", consultation_id)
    if status.state == "DRAFT":
        lacks = "、".join(MISSING[item] for item in status.missing)
        worse = f"病人变重了不等资料:重新发「会诊 {status.number or 3}号 病情 紧急」,马上呼叫;危急先打 120。"
        if turn.group:
            return turn.say(f"会诊 **{status.code}** 还差:{lacks},补齐马上呼叫专家(在单独会话里补)。\n{worse}")
        return Reply((*tapped(turn, "还差资料"), Text(text=worse), *todo_shapes(turn.menu_id("todo"), status)), turn.state)
    if status.state == "PENDING":
        return await desk.nudge(turn, consultation_id)
    if status.state in ("ASSIGNED", "IN_PROGRESS"):
        return turn.say(f"会诊 **{status.code}** 已有专家:{status.expert}。\n{status.next}要催他,发「催办 {status.code}」。")
    return turn.say(f"会诊 **{status.code}** {status.state_label}。要再请专家,重新发「会诊」。")


async def case_in_words(turn: Turn, code: str | None) -> Reply:
    """病例 C-7K2M: short, with the page where all of it is. In a group level and step alone."""
    meant = await case_meant.one(turn, "case", code, _IN_CASE, "现在没有和您有关的会诊。")
    return meant if isinstance(meant, Reply) else await case(turn, meant.consultation_id)


async def case(turn: Turn, consultation_id: str) -> Reply:
    if turn.group:
        status = await case_meant.by_id(turn, consultation_id)
        return turn.say("没有找到这份会诊。" if status is None else f"{status_line(status, with_patient=False)}\n病例请在单独会话里看。")
    view: CaseView = await turn.ask(Case(consultation_id=consultation_id))
    who = f"{view.patient.number}号 " if view.patient.number is not None else ""
    lines = [
        f"**{view.code} · {view.urgency_label} · {view.state_label}**", f"{who}{view.patient.name} {view.patient.sex_label} {view.patient.age}",
        f"主诉:{view.complaint[:120]}", f"测量:{' '.join(f'{label} {value}' for label, value in view.vitals)}" if view.vitals else "",
        f"用药安全:{';'.join(f'{label} {value}' for label, value in view.safety_facts[:4])}" if view.safety_facts else "",
        f"资料:影像 {view.images} 份" + (f",还差{'、'.join(MISSING[item] for item in view.missing)}" if view.missing else ""),
        f"专家:{view.expert}" if view.expert else "", f"意见:{view.opinion.advice[:120]}" if view.opinion is not None else "",
        f"{spoken(view.requested_at)} {view.village_doctor}({view.organisation})请", view.next,
    ]
    turn.state = turn.state.showing("consultation", consultation_id)
    return Reply((Text(text="\n".join(filter(None, lines))), *_page(turn, view)), turn.state)


def _page(turn: Turn, view: CaseView) -> tuple[Link, ...]:
    """The page of whoever reads: her own cases, or the desk where experts and duty doctors work."""
    own = view.patient.number is not None
    if not own and not (turn.actor.holds(Role.EXPERT) or turn.actor.holds(Role.DUTY_DOCTOR)):
        return ()
    path = f"/h5/doctor/cases/case/{view.consultation_id}/" if own else f"/h5/desk/case/{view.consultation_id}/"
    return (Link(title=f"打开病例 {view.code}", url=f"page:{path}", description="资料、影像、经过、意见都在里面。"),)
