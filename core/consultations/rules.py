"""What a consultation still needs, and the one sentence that says what happens next, for each reader. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from core.consultations.workflow import State

Requirement = Literal["patient", "consent", "material"]

REQUIREMENT_LABELS: dict[Requirement, str] = {"patient": "确认病人", "consent": "知情同意", "material": "影像资料"}


class Reader(StrEnum):
    """For whom a sentence is meant. ``GROUP``: the village doctors' group, where nobody is named."""

    VILLAGE_DOCTOR = "village_doctor"
    PATIENT = "patient"
    EXPERT = "expert"
    DESK = "desk"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the sentence depends on. ``dispatched_early``: dispatch began before everything was there (the emergency is the reason)."""

    state: State
    missing: tuple[Requirement, ...]
    experts_asked: int
    alarmed: bool
    expert: str | None
    minutes_to_expert: int | None
    meets: str | None = None
    """The agreed time, as people read it."""


def missing_of(*, patient_confirmed: bool, consented: bool, material: bool) -> tuple[Requirement, ...]:
    """What must still come, in the order in which it is asked for."""
    missing: list[Requirement] = []
    if not patient_confirmed:
        missing.append("patient")
    if not consented:
        missing.append("consent")
    if not material:
        missing.append("material")
    return tuple(missing)


def next_sentence(standing: Standing, reader: Reader) -> str:
    """What happens next, in one sentence for ``reader``."""
    if standing.state is State.DRAFT:
        return _next_of_draft(standing, reader)
    if standing.state is State.PENDING:
        return _next_of_pending(standing, reader)
    if standing.state is State.ASSIGNED:
        return _next_of_assigned(standing, reader)
    if standing.state is State.IN_PROGRESS:
        return "会诊正在进行。" if reader is not Reader.PATIENT else "专家和村医正在会诊,有结果马上告诉您。"
    if standing.state is State.COMPLETED:
        return "会诊已完成,意见和决定都已存档。"
    return "会诊已取消。需要时可以重新发起。"


def _next_of_draft(standing: Standing, reader: Reader) -> str:
    wanted = "、".join(REQUIREMENT_LABELS[one] for one in standing.missing)
    if reader in (Reader.VILLAGE_DOCTOR, Reader.GROUP):
        return f"还差:{wanted}。补齐后马上找专家。" if standing.missing else "资料已齐,马上找专家。"
    if reader is Reader.PATIENT:
        return "村医正在准备会诊资料,备齐后马上找专家。"
    return f"等待村医补齐:{wanted}。" if standing.missing else "资料已齐,马上找专家。"


def _next_of_pending(standing: Standing, reader: Reader) -> str:
    if standing.alarmed:
        if reader is Reader.DESK:
            return "问过的专家都没能接,请您马上联系专家。"
        return "暂时没有专家应答,已通知县值班台人工联系专家,请保持电话畅通。"
    within = "" if standing.minutes_to_expert is None else f",一般 {standing.minutes_to_expert} 分钟内有人接"
    asking = f"已请 {standing.experts_asked} 位专家{within}" if standing.experts_asked else "正在安排专家,工作时间(8:00–18:00)内发出邀请"
    if reader is Reader.EXPERT:
        return "等待专家接诊。"
    if standing.missing and reader in (Reader.VILLAGE_DOCTOR, Reader.GROUP):
        wanted = "、".join(REQUIREMENT_LABELS[one] for one in standing.missing)
        return f"{asking};请在单独会话里补:{wanted}。"
    return f"{asking}。"


def _next_of_assigned(standing: Standing, reader: Reader) -> str:
    who = standing.expert or "专家"
    if standing.meets is not None:
        return f"{'您' if reader is Reader.EXPERT else who}已接诊,约好 {standing.meets} 开始。"
    if reader is Reader.EXPERT:
        return "您已接诊,请看资料,准备与村医联系。"
    if reader is Reader.PATIENT:
        return f"{who}已接诊,村医会带您一起会诊。"
    if standing.missing and reader in (Reader.VILLAGE_DOCTOR, Reader.GROUP):
        wanted = "、".join(REQUIREMENT_LABELS[one] for one in standing.missing)
        return f"{who}已接诊,请准备会诊;还差:{wanted}。"
    return f"{who}已接诊,请准备会诊。"


ENTRY_LABELS: dict[str, str] = {
    "requested": "发起会诊",
    "urgency.from_intake": "按患者自己的预问诊定为{label}",
    "patient.confirmed": "病人已确认",
    "consent.attached": "知情同意书已补",
    "consent.added": "又存了一张知情同意书的照片",
    "consent.on_record": "知情同意已有记录",
    "consent.withdrawn": "患者撤回了知情同意",
    "consent.mistaken": "更正:那张照片不是知情同意书",
    "material.arrived": "影像已到",
    "material.refused": "一份影像没有收下",
    "material.conflict": "一份影像与已有的编号相同、内容不同,已留给管理员核对",
    "material.conflict_settled": "管理员已核对那份编号相同的影像",
    "material.waived": "村医说明没有影像资料",
    "requirements.reminded": "第 {count} 次提醒村医补资料",
    "desk.told_of_waiting": "资料一直没有补齐,已请县值班台问一下",
    "begin.reminded": "接诊后还没有开始,已提醒双方",
    "desk.told_not_begun": "一直没有开始,已请县值班台问一下",
    "requirements.complete": "资料已齐",
    "dispatch": "开始找专家",
    "dispatch.emergency": "情况紧急,不等资料先找专家",
    "wave.asked": "第 {wave} 轮,请了 {count} 位专家",
    "offer.replaced": "又请了 {count} 位专家",
    "offers.expired": "{count} 位专家没有应答",
    "offer.declined": "一位专家请转别人",
    "offer.deferred": "一位专家 5 分钟后可以接",
    "accept": "已接诊",
    "return": "退回,重新找专家",
    "time.proposed": "提议改到 {at}",
    "time.agreed": "约好 {at} 开始",
    "time.void": "约好的时间不算了",
    "material.requested": "专家还要资料",
    "material.not_there": "村医说明没有这项资料",
    "offer.declined_why": "一位专家说明了原因",
    "reassigned": "值班台改请别的专家",
    "nudged": "催办:{about}",
    "begin": "会诊开始",
    "opinion.given": "专家签署意见(第 {revision} 版)",
    "decision.made": "村医签署决定:{choice}",
    "rated": "已评价",
    "facts.recorded": "用药安全资料已记录",
    "prescription.proposed": "专家开出处方 {code}",
    "prescription.revised": "专家修改处方 {code}",
    "prescription.referred": "处方 {code} 转上级医生签名",
    "prescription.signed": "处方 {code} 已签名",
    "prescription.released": "处方 {code} 药师审方通过",
    "prescription.returned": "处方 {code} 药师退回",
    "prescription.dispensed": "处方 {code} 已发药",
    "prescription.withdrawn": "处方 {code} 已撤回",
    "prescription.expired": "处方 {code} 已过期",
    "dose.ordered": "急用一剂已下医嘱",
    "dose.not_given": "急用一剂没有用",
    "dose.seen": "药师已阅急用医嘱",
    "complete": "会诊完成",
    "cancel": "会诊取消",
    "desk.called": "同时呼叫了县值班台",
    "desk.alarmed": "没有专家应答,已呼叫县值班台",
    "desk.acknowledged": "值班台已接手",
    "search.repaired": "系统检查发现下一步没有安排,已补上",
}
"""What happened, in one sentence; names of fields in braces come from the entry's ids."""


TOLD_WITH_WORDS = {"dose.ordered", "dose.not_given", "material.requested", "material.not_there"}
"""Entries whose words are part of the sentence, for those who treat the patient and for himself: which drug it was, what is still wanted."""

DECISION_LABELS: dict[str, str] = {"agree": "同意", "partly": "部分同意", "disagree": "不同意"}


def word_entries(labels: dict[str, str], *, with_words: Iterable[str] = ()) -> None:
    """The sentences of what rooms above enter on the timeline; of ``with_words`` the words are part of the sentence."""
    ENTRY_LABELS.update(labels)
    TOLD_WITH_WORDS.update(with_words)


def entry_label(kind: str, ids: dict[str, str]) -> str:
    """The sentence of a timeline entry."""
    return ENTRY_LABELS[kind].format(**ids) if kind in ENTRY_LABELS else kind
