"""A notification as words or a card: what each kind says, from the orders of the practice asked as the system. No channel is known here."""

from __future__ import annotations

from bot.channels.outgoing import Button, Card, Line, Link, Text
from bot.channels.words import THING, cut, whole_clauses
from bot.dialogue import pictures
from bot.dialogue.booking import booked_words
from bot.dialogue.cases import status_line, todo_shapes
from bot.dialogue.deciding import decision_card
from bot.phrases.proposed_dose import proposed_dose
from bot.sending.arranging_notices import ARRANGING_RENDERERS
from bot.sending.audit_notices import AUDIT_RENDERERS
from bot.sending.call_notices import CALL_RENDERERS
from bot.sending.followup_notices import FOLLOWUP_RENDERERS
from bot.sending.medicine_notices import MEDICINE_RENDERERS
from bot.sending.notice import CardChange, Notice, Renderer
from bot.sending.oversight_notices import OVERSIGHT_RENDERERS
from bot.sending.people_notices import PEOPLE_RENDERERS
from bot.sending.session_notices import SESSION_RENDERERS
from bot.sending.staff_notices import STAFF_RENDERERS
from bot.sending.stopped import STOPPED_RENDERERS
from core.appointments.commands import AppointmentView, ViewAppointment
from core.consultations.commands import ConsultationStatus, Status
from core.consultations.commands_opinions import OpinionView, ReadOpinion
from core.dispatch.commands import Alert, AlertView, DeskCase, DeskCaseView, Offer, OfferView
from core.foundation.actor import Actor
from core.foundation.clock import shanghai, spoken
from core.foundation.practice import Practice
from core.imaging.commands import ConflictList, Conflicts, Upload, UploadView
from core.intake.errors import RulesUnsigned
from core.notifications.models import Notification
from core.people.service import actor_for, number_on_list
from core.prescriptions.commands_doses import DoseChoice, DoseChoices, EmergencyDoses

_SYSTEM = Actor.system("worker")
TITLE, DESCRIPTION, VALUE, SUB_TITLE = 26, 30, 26, 110


_STEPS = {
    "created": "会诊已建好。", "asked": "已经在请专家。", "next_wave": "前面的专家没有应答,已经在请下一批。", "accepted": "专家已接诊。",
    "alarmed": "暂时没有专家应答,已经告诉值班调度员,他会直接打电话。", "cancelled": "会诊已取消。", "ready": "资料齐了,马上请专家。",
    "consent_mistaken": "存的那张照片不是知情同意书,已更正。请把签好字的知情同意书拍照补上。",
    "consent_withdrawn": "患者撤回了远程会诊的同意,会诊先停在这里(抢救除外)。请和患者说明;重新签了同意书再拍照上传,或者发「取消会诊」。",
    "not_begun": "已经接诊,会诊还没有开始。请现在联系对方,或者进视频;不能继续就发「退回会诊」。",
    "meets_soon": "约好的会诊快到时间了。", "time_agreed": "时间约好了。", "time_proposed": "专家提议换个时间,村医会和您确认。",
    "reassigned": "值班台已改请别的专家。", "opinion_wanted": "值班台催一下:请写意见,发「意见」加内容。",
    "decision_wanted": "值班台催一下:意见已到,请您决定(同意 / 部分同意 / 不同意)。", "end_wanted": "值班台催一下:意见和决定都有了,请发「完成会诊」。",
    "begun": "会诊开始了。", "returned": "专家不能继续,已经在请别的专家。", "completed": "会诊已完成。欢迎评价。",
}  # fmt: skip


async def render(practice: Practice, row: Notification) -> Notice | CardChange:
    """What ``row`` tells; nothing for a kind that nobody renders. The practice's own error when what it is about is gone."""
    renderer = RENDERERS.get(row.kind)
    return Notice() if renderer is None else await renderer(practice, row)


async def _offer_card(practice: Practice, row: Notification) -> Notice:
    offer: OfferView = await practice.ask(_SYSTEM, Offer(offer_id=row.ids["offer_id"]))
    if offer.state not in ("offered", "deferred"):
        return Notice()
    lines = [("生命体征", offer.vitals), ("资料", offer.material), ("编号", offer.code), ("请在", f"{spoken(offer.expires_at)} 前答复")]
    said = [f"为什么找您:{offer.why_you}"]
    if offer.do_now:
        said.insert(0, f"已嘱现场:{cut(offer.do_now[0].strip('。'), 30)}。")
    card = Card(
        task_id=f"offer-{row.id}",
        title=cut(f"会诊邀请 · {offer.urgency_label} · {offer.headline}", TITLE),
        description=cut(f"{offer.patient} · {offer.place}", DESCRIPTION),
        sub_title=cut("\n".join(said), SUB_TITLE),
        lines=tuple(Line(key=key, value=cut(value, VALUE)) for key, value in lines if value),
        buttons=(
            Button(key=f"accept:{offer.offer_id}", label="接诊", style=1),
            Button(key=f"defer:{offer.offer_id}", label="5 分钟后", style=2),
            Button(key=f"decline:{offer.offer_id}", label="请转别人", style=2),
        ),
    )
    return Notice((card,), card_ref=offer.offer_id, shown={"offer": offer.offer_id})


async def _offer_closed(practice: Practice, row: Notification) -> CardChange:
    offer: OfferView = await practice.ask(_SYSTEM, Offer(offer_id=row.ids["offer_id"]))
    notes = {"expired": "已过期", "declined": "已转别人", "accepted": "您已接诊"}
    note = f"{offer.taken_by}已接诊" if offer.taken_by and offer.state != "accepted" else notes.get(offer.state, "不用再处理")
    return CardChange(offer.offer_id, note)


async def _alert_card(practice: Practice, row: Notification) -> Notice:
    alert: AlertView = await practice.ask(_SYSTEM, Alert(alert_id=row.ids["alert_id"]))
    if alert.state == "acknowledged" and alert.taken_by_account == row.account_id:
        where = f"\n在哪里:{alert.where}" if alert.where else ""
        return Notice((Text(text=f"**您接手的病人({alert.urgency_label})又有消息**\n原话:{alert.said}{where}"),))
    if alert.state != "raised":
        return Notice()
    lines = [("怀疑" if alert.critical else "为什么", alert.suspected), ("在哪里", alert.where or "还不知道"), ("时间", spoken(alert.raised_at))]
    card = Card(
        task_id=f"alert-{row.id}",
        title=cut(f"{'危急' if alert.critical else '急症'}提醒 · {alert.urgency_label}", TITLE),
        description="已让病人打 120,请马上联系" if alert.critical else "已让病人现在就去急诊,请联系他,看要不要 120",
        sub_title=cut(f"原话:{alert.said}", SUB_TITLE),
        lines=tuple(Line(key=key, value=cut(value, VALUE)) for key, value in lines if value),
        buttons=(Button(key=f"acknowledge:{alert.alert_id}", label="已接手", style=1),),
    )
    return Notice((card,), card_ref=alert.alert_id, shown={"alert": alert.alert_id}, replaces=(alert.alert_id,))


async def _alert_closed(practice: Practice, row: Notification) -> CardChange:
    alert: AlertView = await practice.ask(_SYSTEM, Alert(alert_id=row.ids["alert_id"]))
    return CardChange(alert.alert_id, f"{alert.taken_by}已接手" if alert.taken_by else "不用再处理")


async def _desk_called(practice: Practice, row: Notification) -> Notice:
    consultation_id = row.ids["consultation_id"]
    case: DeskCaseView = await practice.ask(_SYSTEM, DeskCase(consultation_id=consultation_id))
    card = Card(
        task_id=f"desk-{row.id}",
        title=cut(f"县值班台请留意 · {case.urgency_label}", TITLE),
        description=cut(f"{case.headline} · {case.patient}", DESCRIPTION),
        sub_title=cut(case.next, SUB_TITLE),
        lines=_desk_lines(case),
        buttons=(Button(key=f"progress:{consultation_id}", label="看进度", style=2),),
    )
    return Notice((card,), card_ref=consultation_id, shown={"consultation": consultation_id}, replaces=(consultation_id,))


def _desk_lines(case: DeskCaseView) -> tuple[Line, ...]:
    lines = (("编号", case.code), ("生命体征", case.vitals), ("在哪里", case.place), ("请打给", case.doctor))
    return tuple(Line(key=key, value=cut(value, VALUE)) for key, value in lines if value)


async def _desk_alarm(practice: Practice, row: Notification) -> Notice:
    status = await _status(practice, row, "desk")
    text = f"没有专家应答,请您直接打电话找人。{status.next}"
    alert_id = row.ids.get("alert_id")
    if alert_id is None:
        return Notice((Text(text=f"**会诊 {status.code}({status.urgency_label})**\n{text}"),))
    case: DeskCaseView = await practice.ask(_SYSTEM, DeskCase(consultation_id=row.ids["consultation_id"]))
    card = Card(
        task_id=f"alarm-{row.id}",
        title=cut(f"无人应答 · {status.urgency_label} · {status.code}", TITLE),
        description=cut(f"{case.headline} · {case.patient}", DESCRIPTION),
        sub_title=cut(text, SUB_TITLE),
        lines=_desk_lines(case),
        buttons=(Button(key=f"acknowledge:{alert_id}", label="已接手", style=3),),
    )
    return Notice((card,), card_ref=alert_id, shown={"alert": alert_id}, replaces=(alert_id, row.ids["consultation_id"]))


async def _todo(practice: Practice, row: Notification) -> Notice:
    status = await _status(practice, row, "village_doctor")
    return Notice(todo_shapes(f"todo-{row.id}", status), shown={"consultation": status.consultation_id})


async def _progress(practice: Practice, row: Notification) -> Notice:
    status = await _status(practice, row, "village_doctor")
    step = row.ids.get("step", "")
    said = "资料齐了。" if step == "ready" and status.expert else _STEPS.get(step, "")
    text = f"{said}\n{status_line(status, with_patient=True)}".strip()
    return Notice((Text(text=text),), shown={"consultation": status.consultation_id})


_IN_SHORT = {"ASSIGNED": "专家已接诊,村医会带您一起会诊", "COMPLETED": "会诊已完成,点开看医生的决定"}
"""Where the sentence begins with a name that takes the whole field."""
_OPENED = ("created", "asked")
"""The steps by which a patient hears that there is a consultation now."""


async def _progress_patient(practice: Practice, row: Notification) -> Notice:
    status = await _status(practice, row, "patient")
    step = row.ids.get("step", "")
    said = f"{status.expert}已接诊。" if status.expert and step == "accepted" else _STEPS.get(step, "")
    text = f"您的会诊 {status.code}:{said}\n{status.next}\n变重了不要等,马上打 120。"
    short = _of_time(status, step) or _IN_SHORT.get(status.state) or whole_clauses(status.next)
    values = {"code": status.code, "state": "会诊进度", "text": short}
    photos = None
    if step in _OPENED and row.account_id is not None:
        photos = await pictures.offered(row.account_id, status.consultation_id, text, practice.clock.real_now(), f"photos-{row.id}")
    return Notice((photos or Text(text=text),), template=("progress", values), page=f"consultation/{status.consultation_id}")


def _of_time(status: ConsultationStatus, step: str) -> str:
    """What a template message says of another time, within its twenty characters."""
    if step == "time_proposed":
        return "专家想换时间,村医会和您确认"
    return f"约好{spoken(status.meets_at)}" if step == "time_agreed" and status.meets_at is not None else ""


async def _group(practice: Practice, row: Notification) -> Notice:
    status = await _status(practice, row, "group")
    who = f"{status.expert}已接诊。" if status.expert and row.ids.get("step") == "accepted" else _STEPS.get(row.ids.get("step", ""), "")
    number = f"({status.number}号)" if status.number is not None else ""
    return Notice((Text(text=f"会诊 **{status.code}**{number}:{who}\n{status.next}"),))


async def _upload(practice: Practice, row: Notification) -> Notice:
    upload: UploadView = await practice.ask(_SYSTEM, Upload(upload_id=row.ids["upload_id"]))
    status: ConsultationStatus = await practice.ask(_SYSTEM, Status(consultation_id=upload.consultation_id, reader="village_doctor"))
    if upload.state == "refused":
        return Notice((Text(text=f"会诊 {status.code} 的影像没有收下:{upload.refusal or '文件读不出来,请重新导出再发。'}"),))
    return Notice((Text(text=f"会诊 **{status.code}** 的影像检查过了,专家能看到。\n{status.next}"),))


async def _image_conflict(practice: Practice, row: Notification) -> Notice:
    found: ConflictList = await practice.ask(_SYSTEM, Conflicts(conflict_id=row.ids["conflict_id"]))
    if not found.conflicts or found.conflicts[0].settled_at is not None:
        return Notice()
    conflict = found.conflicts[0]
    status: ConsultationStatus = await practice.ask(_SYSTEM, Status(consultation_id=conflict.consultation_id, reader="desk"))
    what = "和库里一份影像编号相同、内容不同" if conflict.kind == "content" else "编号已经属于另一位病人的影像"
    text = f"会诊 **{status.code}** 传来的一份影像{what}。没有收进来,也没有覆盖。请联系村医核对是哪位病人、哪次检查,再请她从设备上重新导出。"
    return Notice((Text(text=text),))


async def _appointment(practice: Practice, row: Notification) -> Notice:
    made: AppointmentView = await practice.ask(_SYSTEM, ViewAppointment(appointment_id=row.ids["appointment_id"]))
    slot, local = made.slot, shanghai(made.slot.starts_at)
    gone = row.kind == "appointment.cancelled"
    text = f"预约 {made.code} 已取消:{spoken(slot.starts_at)} {slot.department}。" if gone else booked_words(made)
    values = {
        "code": made.code,
        "state": "已取消" if gone else "已预约",
        "text": cut(f"{slot.department} {slot.practitioner}", THING),
        "time": f"{local.year}年{local.month}月{local.day}日 {local.hour:02d}:{local.minute:02d}",
    }
    return Notice((Text(text=text),), shown={row.kind: made.appointment_id}, template=("appointment", values), echo=True, page="appointments")


async def _image_arrived(practice: Practice, row: Notification) -> Notice:
    status = await _status(practice, row, "expert")
    text = f"会诊 **{status.code}** 的影像到了,请在会诊资料里看。\n{status.next}"
    return Notice((Text(text=text),), shown={"consultation": status.consultation_id})


async def _picture_arrived(practice: Practice, row: Notification) -> Notice:
    """To the village doctor and the expert: no name, her chat may lie open."""
    status = await _status(practice, row, "desk")
    who = {"family": "家属", "expert": "专家"}.get(row.ids.get("sent_as", ""), "患者")
    text = f"会诊 **{status.code}**:{who}发来照片,请在会诊资料里看(标着「{who}发来的照片」)。"
    return Notice((Text(text=text),), shown={"consultation": status.consultation_id})


async def _picture_refused(practice: Practice, row: Notification) -> Notice:
    upload: UploadView = await practice.ask(_SYSTEM, Upload(upload_id=row.ids["upload_id"]))
    return Notice((Text(text=upload.refusal or "照片没有收下。请重新拍一张再发。"),)) if upload.state == "refused" else Notice()


async def _taken_back(practice: Practice, row: Notification) -> Notice:
    status = await _status(practice, row, "group")
    return Notice((Text(text=f"会诊 **{status.code}** 已由值班台转请别的专家,不用再处理。谢谢您。"),))


def _words_of(opinion: OpinionView) -> tuple[tuple[str, str], ...]:
    diagnoses = "、".join(one.spoken for one in opinion.diagnoses)
    return ("诊断", diagnoses), ("判断", opinion.assessment), ("建议", opinion.advice), ("留意", opinion.watch_for)


async def _opinion_given(practice: Practice, row: Notification) -> Notice:
    opinion: OpinionView = await practice.ask(_SYSTEM, ReadOpinion(consultation_id=row.ids["consultation_id"]))
    lines = [f"会诊 **{opinion.code}**:{opinion.expert}的意见(第 {opinion.revision} 版,已签名)"]
    lines += [f"{label}:{words}" for label, words in _words_of(opinion) if words]
    if opinion.decision is not None:
        return Notice((Text(text="\n".join(lines)),), shown={"consultation": opinion.consultation_id})
    if (await _status(practice, row, "village_doctor")).urgency == "critical":
        lines.insert(0, "**危急:还没叫 120 的,现在就叫,边看意见边准备转运。**")
    if (dose := await _dose_asked_for(practice, opinion)) is not None:
        lines.append(f"**急救单次用药 {dose.name} {dose.amount}**:您决定后,马上请您核对禁忌再下医嘱。")
    lines.append("意见供参考,由您决定:同意 / 部分同意 / 不同意。")
    shown = {"consultation": opinion.consultation_id, "opinion": opinion.opinion_id}
    page = Link(title=f"去页面看会诊 {opinion.code}", url=f"page:/h5/doctor/cases/case/{opinion.consultation_id}/", description="意见、资料和决定。")
    shapes = (Text(text="\n".join(lines)), page, decision_card(opinion, f"decide-{row.id}"))
    return Notice(shapes, card_ref=opinion.consultation_id, shown=shown, replaces=(opinion.consultation_id,))


async def _dose_asked_for(practice: Practice, opinion: OpinionView) -> DoseChoice | None:
    try:
        found: DoseChoices = await practice.ask(_SYSTEM, EmergencyDoses())
    except RulesUnsigned:
        return None
    return proposed_dose(opinion.advice, found.doses)


async def _decision_closed(practice: Practice, row: Notification) -> CardChange | Notice:
    opinion: OpinionView = await practice.ask(_SYSTEM, ReadOpinion(consultation_id=row.ids["consultation_id"]))
    if opinion.decision is None:
        return Notice()
    return CardChange(opinion.consultation_id, f"您已决定:{opinion.decision.choice_label}")


async def _decision_made(practice: Practice, row: Notification) -> Notice:
    opinion: OpinionView = await practice.ask(_SYSTEM, ReadOpinion(consultation_id=row.ids["consultation_id"]))
    if opinion.decision is None:
        return Notice()
    reason = f"理由:{opinion.decision.reason}" if opinion.decision.reason else ""
    text = f"会诊 **{opinion.code}**:{opinion.decision.decided_by}{opinion.decision.choice_label}您的意见。{reason}"
    return Notice((Text(text=text),), shown={"consultation": opinion.consultation_id})


async def _helper_asked(practice: Practice, row: Notification) -> Notice:
    """The patient by the doctor's own number, no name: her chat may lie open."""
    doctor = (await actor_for(str(row.account_id), "wecom_app", practice.clock.now())).practitioner_id
    number = None if doctor is None else await number_on_list(doctor, row.ids["patient_id"])
    if number is None:
        return Notice()
    text = f"**{number}号病人**(或他的家人)在服务号里请您联系他。请打个电话或去看看;要请专家,发「会诊 {number}号 病情」。"
    return Notice((Text(text=text),))


async def _status(practice: Practice, row: Notification, reader: str) -> ConsultationStatus:
    order = Status.model_validate({"consultation_id": row.ids["consultation_id"], "reader": reader})
    status: ConsultationStatus = await practice.ask(_SYSTEM, order)
    return status


RENDERERS: dict[str, Renderer] = {
    "offer.card": _offer_card,
    "offer.closed": _offer_closed,
    "alert.card": _alert_card,
    "alert.closed": _alert_closed,
    "desk.called": _desk_called,
    "desk.alarm": _desk_alarm,
    "consultation.todo": _todo,
    "consultation.progress": _progress,
    "consultation.progress_patient": _progress_patient,
    "consultation.group": _group,
    "consultation.taken_back": _taken_back,
    "opinion.given": _opinion_given,
    "decision.made": _decision_made,
    "decision.closed": _decision_closed,
    "helper.asked": _helper_asked,
    "upload.accepted": _upload,
    "upload.refused": _upload,
    "image.arrived": _image_arrived,
    "picture.arrived": _picture_arrived,
    "picture.refused": _picture_refused,
    "image.conflict": _image_conflict,
    "appointment.booked": _appointment,
    "appointment.cancelled": _appointment,
    **ARRANGING_RENDERERS,
    **AUDIT_RENDERERS,
    **CALL_RENDERERS,
    **MEDICINE_RENDERERS,
    **FOLLOWUP_RENDERERS,
    **STAFF_RENDERERS,
    **OVERSIGHT_RENDERERS,
    **SESSION_RENDERERS,
    **STOPPED_RENDERERS,
    **PEOPLE_RENDERERS,
}
GROUP_STEPS = frozenset({"accepted", "alarmed", "cancelled", "completed"})
"""The robot may speak once more in a group about one message: it is kept for what ends the waiting."""
