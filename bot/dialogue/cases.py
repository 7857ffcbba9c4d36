"""Consultations in words: asking for one, where it stands, what it still needs, cancelling it. In a group no patient is named."""

from __future__ import annotations

from typing import Any

from bot.channels.outgoing import CardUpdate, Choice, Link, Menu, Outgoing, Text
from bot.dialogue import staff_danger
from bot.dialogue.danger import NOTHING, heard
from bot.dialogue.intake_words import UNSIGNED
from bot.dialogue.state import Asked
from bot.dialogue.turn import Reply, Turn
from core.consultations.commands import CancelConsultation, ConfirmPatient, ConsultationStatus, Progress, StatusList, WaiveMaterial
from core.dispatch.commands import ConsultationRequested, RequestConsultation
from core.dispatch.errors import LockedButTold
from core.foundation.actor import Role
from core.foundation.errors import DomainError, Unavailable
from core.foundation.keys import SubjectLocked
from core.foundation.withheld import in_words
from core.intake.urgency import urgency
from core.people.commands_views import MyPatientList, PatientListView

MISSING = {"patient": "确认病人", "consent": "知情同意书的照片", "material": "心电图或影像(照片也行)"}
_BRINGING = "照片(同意书、心电图、检查单)直接发这里;DICOM 影像在下面的页面里传,或当文件发给「会诊助手」。"
CASES_PAGE = Link(title="拍照片、传影像、看经过", url="page:/h5/doctor/cases/", description="信号不好会自己接着传。")
CANCEL_REASONS = (("better", "病人好转了"), ("moved", "已转院"), ("mistake", "发错了"))
_OPEN = ("DRAFT", "PENDING", "ASSIGNED", "IN_PROGRESS")
_EXAMPLE = "会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急"


async def request(turn: Turn, arguments: dict[str, Any], missing: str) -> Reply:
    """会诊 3号 胸痛2小时 …"""
    if missing == "number":
        return await _not_made(turn, f"请写上病人在您名单里的编号,比如:\n{_EXAMPLE}\n不记得编号,在单独会话里发「我的病人」。")
    if missing == "text":
        return turn.say(f"{arguments['number']}号病人怎么了?请连编号一起再发一遍,比如:\n{_EXAMPLE}")
    order = RequestConsultation(
        number=arguments["number"],
        text=arguments["text"],
        conversation_id=turn.conversation_id if turn.group else None,
        message_id=turn.message_id if turn.group else None,
    )
    try:
        made: ConsultationRequested = await turn.execute(order)
    except SubjectLocked as refusal:
        return await _locked(turn, arguments["number"], refusal)
    except Unavailable:
        raise
    except DomainError as refusal:
        return await _not_made(turn, refusal.message)
    turn.state = turn.state.asking(None).showing("consultation", made.consultation_id)
    reply = _requested(turn, made, arguments["number"])
    if arguments.get("bed"):
        number = arguments["number"]
        bed = Text(text=f"系统里没有床号:您说的 {number} 床,按您名单上的 **{number} 号**办的。不是这位,点「取消」。")
        return Reply((*reply.shapes, bed), reply.state, reply.aside)
    return reply


async def _danger_first(turn: Turn) -> list[str]:
    """120 and what to do now where the line tells of danger: nothing that stands in the way of a case stands before that."""
    hearing = NOTHING if turn.practice.engines.clinical is None else await heard(turn.engine, turn.incoming.text)
    return await staff_danger.now(turn, hearing) if hearing.danger else []


async def _not_made(turn: Turn, why: str) -> Reply:
    return turn.say("\n".join([*await _danger_first(turn), why]))


async def _locked(turn: Turn, number: int, refusal: SubjectLocked) -> Reply:
    """The record is only kept, because its person wanted it gone: 120 first where it is urgent and who was told, then how it can be used again.
    No name of the patient."""
    first = await _danger_first(turn)
    if isinstance(refusal, LockedButTold):
        first.append(f"已把您写的告诉 **{refusal.fields['who']}**({refusal.fields['place']}),没有人接会接着往上报。")
    lines: PatientListView = await turn.ask(MyPatientList())
    patient_id = next((one.patient_id for one in lines.locked if one.number == number), "")
    page = Link(
        title=f"{number}号 恢复使用病历", url=f"page:/h5/doctor/patient/{patient_id}/" if patient_id else "page:/h5/doctor/",
        description="本人在您面前要求,才点「本人要求恢复使用」。",
    )  # fmt: skip
    urgent = Link(title="紧急调阅", url="page:/h5/emergency/", description="救人急用:凭身份证号、写明理由打开,四小时内能请会诊。")
    what = f"{number}号的病历已按本人要求锁定,**会诊没有建**:本人要求恢复使用,请打开下面的页面办好,再发一遍会诊;救人急用,打开「紧急调阅」。"
    said = Text(text="\n".join([*first, what]))
    return Reply((said, page, urgent), turn.state.asking(None))


def _requested(turn: Turn, made: ConsultationRequested, number: int) -> Reply:
    lines = measures(made.do_now)
    lines.append(f"会诊 **{made.code}**({number}号)已建({made.urgency_label}),{_called(made)}")
    if made.missing:
        where = "在单独会话里" if turn.group else ""
        lines.append(f"还要{where}补:{'、'.join(MISSING[item] for item in made.missing)}。")
    if made.reasons:
        lines.append(f"为什么:{';'.join(made.reasons[:3])}。")
    if not made.rules_signed:
        lines.append(UNSIGNED)
    choices = (
        Choice(code=f"todo:{made.consultation_id}", label="去补"),
        Choice(code=f"progress:{made.consultation_id}", label="进度"),
        Choice(code=f"cancel:{made.consultation_id}", label="取消"),
    )
    text = Text(text="\n".join(lines))
    return Reply((text, Menu(head=f"会诊 {made.code}", choices=choices, menu_id=turn.menu_id())), turn.state)


def measures(do_now: tuple[str, ...]) -> list[str]:
    """What to do now: the first measure (120 and transport) stands out, the others follow."""
    if not do_now:
        return []
    first, *others = (measure.strip("。!;, ") for measure in do_now)
    return [f"**{first}。**", *([f"现在:{';'.join(others)}。"] if others else [])]


def _called(made: ConsultationRequested) -> str:
    if made.asked == 0 and not made.desk_called:
        return "资料补齐就呼叫专家。" if made.missing else "正在找专家。"
    who = f"{made.department} {made.asked} 位值班专家" if made.asked else ""
    desk = "县值班台" if made.desk_called else ""
    minutes = urgency(made.urgency).minutes_to_expert
    within = "" if minutes is None else f",一般 {minutes} 分钟内有人接"
    return f"{'不等资料先' if made.missing else '已经'}呼叫:{'和'.join(filter(None, (who, desk)))}{within}。"


async def progress(turn: Turn, code: str | None) -> Reply:
    found: StatusList = await turn.ask(Progress(code=code, in_group=turn.group))
    if not found.consultations:
        return turn.say(in_words(found.withheld) or ("没有找到这份会诊,请核对编号。" if code else "现在没有和您有关的会诊。"))
    shown = found.consultations[:6]
    lines = [status_line(status, with_patient=not turn.group) for status in shown]
    if len(found.consultations) > len(shown):
        lines.append(f"还有 {len(found.consultations) - len(shown)} 份,发「进度」加编号可以单独看。")
    return turn.say("\n".join(lines), in_words(found.withheld))


def status_line(status: ConsultationStatus, *, with_patient: bool) -> str:
    who = f" {status.number}号" if status.number is not None else ""
    if with_patient and status.patient:
        who += f" {status.patient}"
    expert = f" · {status.expert}" if status.expert else ""
    return f"**{status.code}**{who} · {status.urgency_label} · {status.state_label}{expert}\n{status.next}"


async def todo(turn: Turn, consultation_id: str | None) -> Reply:
    """【去补】: what is still missing, in the single chat."""
    status = await _one(turn, consultation_id=consultation_id)
    if status is None:
        return await _which(turn, "todo", "现在没有等您补资料的会诊。", want="missing")
    shapes = todo_shapes(turn.menu_id("todo"), status)
    turn.state = turn.state.showing("consultation", status.consultation_id)
    if not turn.group:
        return Reply(tapped(turn, "看下一条") + shapes, turn.state)
    # The group's card keeps its buttons; only she is told, where only she reads.
    here: tuple[Outgoing, ...] = () if turn.incoming.tap is not None else (Text(text=f"{status.code}:已发到您的单独会话。"),)
    return Reply(here, turn.state, aside=shapes)


def todo_shapes(menu_id: str, status: ConsultationStatus) -> tuple[Outgoing, ...]:
    """What a village doctor still has to bring, with a button for what can be done by tapping."""
    if not status.missing:
        return (Text(text=f"会诊 {status.code}:要补的都齐了。\n{status.next}"),)
    who = f"{status.number}号" if status.number is not None else ""
    named = f"{who} {status.patient or ''}".strip()
    lines = [f"会诊 **{status.code}**({status.urgency_label}){named}", "还要补:"]
    lines += [f"· {MISSING[item]}" for item in status.missing]
    by_file = [item for item in status.missing if item in ("consent", "material")]
    if by_file:
        lines.append(_BRINGING)
    choices = []
    if "patient" in status.missing:
        choices.append(Choice(code=f"confirm:{status.consultation_id}", label="是这位病人"))
    if "material" in status.missing:
        choices.append(Choice(code=f"no_material:{status.consultation_id}", label="没有影像"))
    choices.append(Choice(code=f"cancel:{status.consultation_id}", label="取消会诊"))
    menu = Menu(head="\n".join(lines), choices=tuple(choices), menu_id=menu_id)
    return (menu, CASES_PAGE) if by_file else (menu,)


def tapped(turn: Turn, note: str) -> tuple[Outgoing, ...]:
    """The change of the card that was tapped, if a card it was; also of the one whose button waited for the 动态码 that was typed now."""
    if turn.pressed_in:
        return (CardUpdate(note=note[:20], pressed_in=turn.pressed_in),)
    tap = turn.incoming.tap
    return (CardUpdate(note=note[:20]),) if tap is not None and tap.source == "card" else ()


async def confirm(turn: Turn, *, code: str | None = None, consultation_id: str | None = None) -> Reply:
    if turn.group:
        return turn.say("确认病人请在单独会话里做,群里不说病人是谁。")
    chosen = await _chosen(turn, code, consultation_id, "patient")
    if chosen is None:
        return await _which(turn, "confirm", "没有等您确认病人的会诊。", want="patient")
    status: ConsultationStatus = await turn.execute(ConfirmPatient(consultation_id=chosen))
    return Reply((*tapped(turn, "病人已确认"), *_after(turn, "病人确认好了。", status)), turn.state)


async def waive(turn: Turn, code: str | None) -> Reply:
    """没有影像, in words."""
    chosen = await _chosen(turn, code, None, "material")
    if chosen is None:
        return await _which(turn, "no_material", "没有在等影像的会诊。", want="material")
    return await waive_material(turn, chosen)


async def waive_material(turn: Turn, consultation_id: str) -> Reply:
    status: ConsultationStatus = await turn.execute(WaiveMaterial(consultation_id=consultation_id))
    said, *left = _after(turn, "记下了:没有影像。", status)
    if turn.group:  # what is left names the patient: for her own chat
        return Reply((*tapped(turn, "没有影像"), said), turn.state, aside=tuple(left))
    return Reply((*tapped(turn, "没有影像"), said, *left), turn.state)


def _after(turn: Turn, done: str, status: ConsultationStatus) -> tuple[Outgoing, ...]:
    """What was done, and what is left with its buttons: those of the card that was pressed are gone."""
    left = todo_shapes(turn.menu_id("todo"), status) if status.missing else ()
    return (Text(text=f"{done}\n{status.code}:{status.next}"), *left)


async def cancel(turn: Turn, *, code: str | None = None, consultation_id: str | None = None, reason: str = "") -> Reply:
    chosen = await _chosen(turn, code, consultation_id, "")
    if chosen is None:
        return await _which(turn, "cancel", "没有可以取消的会诊。", want="open")
    if turn.group and not reason:
        return Reply((), turn.state, aside=_cancel_menu(turn, chosen))
    if not reason:
        choices = tuple(Choice(code=f"cancel:{chosen}:{name}", label=label) for name, label in CANCEL_REASONS)
        asked = Asked(kind="cancel_reason", ref=chosen)
        reply = turn.offer("为什么取消?(也可以直接写原因)", choices, asked=asked)
        return Reply((*tapped(turn, "请选原因"), *reply.shapes), reply.state)
    words = dict(CANCEL_REASONS).get(reason, reason)
    status: ConsultationStatus = await turn.execute(CancelConsultation(consultation_id=chosen, reason=words[:200]))
    turn.state = turn.state.asking(None)
    return Reply((*tapped(turn, "会诊已取消"), Text(text=f"会诊 {status.code} 已取消。{status.next}")), turn.state)


def _cancel_menu(turn: Turn, consultation_id: str) -> tuple[Outgoing, ...]:
    choices = tuple(Choice(code=f"cancel:{consultation_id}:{name}", label=label) for name, label in CANCEL_REASONS)
    return (Menu(head="为什么取消这次会诊?", choices=choices, menu_id=turn.menu_id("cancel")),)


async def patients(turn: Turn) -> Reply:
    if turn.group:
        return turn.say("病人名单只在单独会话里看。请在单独会话里发「我的病人」。")
    found: PatientListView = await turn.ask(MyPatientList())
    if not found.patients:
        return turn.say("您的名单上还没有病人。请在村医页面登记签约病人。", in_words(found.withheld))
    lines = [
        f"{one.number}号 {one.full_name} {'男' if one.sex == 'male' else '女'} {one.age_years}岁{'' if one.has_wechat else '(没有微信)'}"
        for one in found.patients[:60]
    ]
    return turn.say("\n".join(filter(None, ["您的病人:", *lines, in_words(found.withheld), f"请会诊时写编号,比如:{_EXAMPLE}"])))


async def _one(turn: Turn, *, consultation_id: str | None = None, code: str | None = None) -> ConsultationStatus | None:
    found: StatusList = await turn.ask(Progress(code=code, in_group=turn.group))
    return next((status for status in found.consultations if code or status.consultation_id == consultation_id), None)


async def _chosen(turn: Turn, code: str | None, consultation_id: str | None, want: str) -> str | None:
    """The consultation that is meant: the tapped one, the one with the code, or the only one that fits."""
    if consultation_id is not None:
        return consultation_id

    async def look_up() -> str | None:
        found: StatusList = await turn.ask(Progress(code=code, in_group=turn.group))
        fitting = [status for status in found.consultations if code or _fits(status, want or "open")]
        return fitting[0].consultation_id if len(fitting) == 1 else None

    chosen: str | None = await turn.settle("consultation", look_up)
    return chosen


def _fits(status: ConsultationStatus, want: str) -> bool:
    if status.state not in _OPEN:
        return False
    return want == "open" or (want == "missing" and bool(status.missing)) or want in status.missing


async def _which(turn: Turn, verb: str, nothing: str, *, want: str) -> Reply:
    """Several fit: 哪一份?"""
    found: StatusList = await turn.ask(Progress(in_group=turn.group))
    fitting = [status for status in found.consultations if _fits(status, want)][:6]
    if not fitting:
        return turn.say(nothing)
    choices = tuple(Choice(code=f"{verb}:{status.consultation_id}", label=status.code) for status in fitting)
    return turn.offer("是哪一份会诊?", choices)


async def consultation_lacking(turn: Turn, what: str) -> tuple[str | None, int]:
    """The doctor's own consultation that lacks ``what``: the one last put before her, or the only one; and how many do. Settled: when the turn is
    begun again, something else may have been put before her."""

    async def look_up() -> dict[str, Any]:
        found: StatusList = await turn.ask(Progress())
        fitting = [status.consultation_id for status in found.consultations if _fits(status, what)]
        shown = turn.state.shown.get("consultation")
        return {"chosen": shown if shown in fitting else fitting[0] if len(fitting) == 1 else None, "fitting": len(fitting)}

    if not turn.actor.holds(Role.VILLAGE_DOCTOR):
        return None, 0
    meant = await turn.settle(f"lacks_{what}", look_up)
    return meant["chosen"], meant["fitting"]


