"""Every kind of notification: what people call it, and how much it may override of what they asked for. Data.

Three classes, from the issue's "priority classes":

* ``EMERGENCY``: somebody may die or lose an organ while it waits. Ignores 停止提醒, the night, the pace at which a platform takes messages, and what
  is otherwise kept of a customer-service window; goes out in a lane of its own and by SMS where nothing else arrives.
* ``CARE``: about a consultation that is running, or the answer to what the person has just done. Ignores 停止提醒, the night and the pace.
* ``ROUTINE``: reminders and news. Ignores nothing.

The class of a kind is the least it has: whoever tells may raise ``ROUTINE`` to ``CARE`` for one case (``tell(urgent=True)``), never to ``EMERGENCY``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Priority(StrEnum):
    EMERGENCY = "emergency"
    CARE = "care"
    ROUTINE = "routine"


class Limit(StrEnum):
    """What may hold a notification back."""

    OPT_OUT = "opt_out"
    """停止提醒 of the account."""
    NIGHT = "night"
    """21:00 to 8:00 in China."""
    PACE = "pace"
    """Room that is kept of what WeCom delivers to one member in a minute."""
    WINDOW = "window"
    """Messages that are kept of an open customer-service window, for replies."""


IGNORES: dict[Priority, frozenset[Limit]] = {
    Priority.EMERGENCY: frozenset(Limit),
    Priority.CARE: frozenset({Limit.OPT_OUT, Limit.NIGHT, Limit.PACE}),
    Priority.ROUTINE: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """``label``: what a list of what was sent calls it: no word of an illness, for it also stands where nothing was sent."""

    label: str
    priority: Priority = Priority.ROUTINE


_E, _C = Priority.EMERGENCY, Priority.CARE

KINDS: dict[str, Kind] = {
    "alert.card": Kind("急症提醒", _E),
    "alert.closed": Kind("急症提醒有人接手", _E),
    "desk.called": Kind("值班台呼叫", _E),
    "desk.alarm": Kind("会诊无人应答", _E),
    "emergency_dose.ordered": Kind("急救用药", _E),
    "emergency_dose.not_given": Kind("急救用药", _E),
    "emergency_dose.closed": Kind("急救用药", _E),
    "offer.card": Kind("会诊邀请", _C),
    "offer.closed": Kind("会诊邀请结束", _C),
    "opinion.given": Kind("专家意见", _C),
    "decision.made": Kind("村医的决定", _C),
    "decision.closed": Kind("村医的决定", _C),
    "call.invite": Kind("视频会诊", _C),
    "call.phone": Kind("请打电话联系", _C),
    "consultation.taken_back": Kind("会诊转请", _C),
    "consultation.group": Kind("会诊进度", _C),
    "consultation.todo": Kind("会诊还缺资料", _C),
    "upload.accepted": Kind("影像已收到", _C),
    "upload.refused": Kind("影像没收下", _C),
    "image.arrived": Kind("影像到了", _C),
    "image.conflict": Kind("影像编号有误", _C),
    "picture.arrived": Kind("患者或专家发来照片", _C),
    "picture.refused": Kind("照片没收下", _C),
    "material.requested": Kind("专家要资料", _C),
    "material.not_there": Kind("专家要的资料没有", _C),
    "time.proposed": Kind("会诊改时间", _C),
    "channel.trouble": Kind("通道故障", _C),
    "appointment.booked": Kind("预约", _C),
    "followup.trend": Kind("趋势图", _C),
    "followup.offer": Kind("随访建议", _C),
    "consultation.progress": Kind("会诊进度"),
    "consultation.progress_patient": Kind("会诊进度"),
    "appointment.cancelled": Kind("预约取消"),
    "helper.asked": Kind("病人请您联系"),
    "followup.reminder": Kind("随访提醒"),
    "followup.due": Kind("随访提醒"),
    "followup.high": Kind("随访请留意"),
    "followup.danger": Kind("随访请马上联系"),
    "followup.low": Kind("随访请留意"),
    "followup.lost": Kind("随访请留意"),
    "followup.worse": Kind("随访请马上联系"),
    "claim.settled": Kind("报销"),
    "claim.refused": Kind("报销"),
    "claim.reversed": Kind("报销"),
    "prescription.to_sign": Kind("处方请签名"),
    "prescription.closed": Kind("处方"),
    "prescription.blocked": Kind("处方"),
    "prescription.referred": Kind("处方"),
    "prescription.signed": Kind("处方"),
    "prescription.to_review": Kind("处方请审核"),
    "prescription.returned": Kind("处方退回"),
    "prescription.released": Kind("处方"),
    "prescription.ready": Kind("可以取药"),
    "prescription.stopped": Kind("先不要取药"),
    "prescription.dispensed": Kind("处方"),
    "prescription.withdrawn": Kind("先不要取药"),
    "prescription.expired": Kind("处方"),
    "relation.ended": Kind("家人代办"),
    "relation.granted": Kind("家人代办"),
    "people.real_name_mismatch": Kind("实名核对"),
    "people.join_review": Kind("账号核对"),
    "people.listed": Kind("病人名单"),
    "people.listed_too": Kind("病人名单"),
    "people.listed_review": Kind("病人名单"),
    "break_glass.patient": Kind("档案紧急调阅"),
    "break_glass.tell_patient": Kind("档案紧急调阅"),
    "break_glass.to_review": Kind("调阅审查"),
    "break_glass.overdue": Kind("调阅审查"),
    "break_glass.reviewed": Kind("调阅审查"),
    "break_glass.unjustified": Kind("档案紧急调阅"),
    "deidentification.in_your_name": Kind("去标识副本"),
    "deidentification.none_made": Kind("去标识副本"),
    "session.new_device": Kind("新设备登录"),
    "session.reused": Kind("登录异常"),
    "factor.enrolled": Kind("动态码"),
    "factor.reset": Kind("动态码"),
    "factor.locked": Kind("动态码"),
    "licence.expiring": Kind("执业证到期"),
    "licence.expiring_own": Kind("执业证到期"),
    "role.granted": Kind("岗位变动"),
    "role.ended": Kind("岗位变动"),
    "staff.deactivated": Kind("岗位变动"),
    "audit.anchor_failing": Kind("审计"),
    "audit.anchor_contradicts": Kind("审计"),
    "audit.tree_damaged": Kind("审计"),
    "backup.too_old": Kind("备份"),
    "candidates.moved": Kind("候选诊断"),
    "record.unreadable": Kind("数据打不开"),
    "erasure.asked": Kind("删除申请"),
    "erasure.kept": Kind("删除申请"),
    "erasure.done": Kind("删除申请"),
    "erasure.unlocked": Kind("档案解锁"),
    "retention.record": Kind("到期销毁"),
    "retention.process": Kind("到期销毁"),
}
OTHER = Kind("通知")


def kind_of(kind: str) -> Kind:
    return KINDS.get(kind, OTHER)


def priority_of(kind: str, *, urgent: bool = False) -> Priority:
    """The class of one notification: that of its kind, or ``CARE`` where whoever tells has raised it."""
    least = kind_of(kind).priority
    return Priority.CARE if urgent and least is Priority.ROUTINE else least


def kinds_that_ignore(limit: Limit) -> frozenset[str]:
    """The kinds whose class ignores ``limit`` whatever is told."""
    return frozenset(name for name, kind in KINDS.items() if limit in IGNORES[kind.priority])
