"""What is told of follow-up and of coverage: reminders and the trend to the patient, who needs a look to the village doctor, money to the patient."""

from __future__ import annotations

from bot.channels.outgoing import Choice, Menu, Text
from bot.channels.words import whole_clauses
from bot.dialogue import following
from bot.sending.notice import Notice, Picture, Renderer
from core.coverage.commands import ClaimView, ReadClaim
from core.coverage.rules import yuan
from core.followups.commands import OccurrenceView, PlanOffer, PlanOfferView, PlanView, ReadOccurrence, ReadPlan, Trend, TrendView
from core.foundation.actor import Actor
from core.foundation.practice import Practice
from core.notifications.models import Notification
from core.people.service import actor_for, number_on_list

_SYSTEM = Actor.system("worker")
_DOCTOR = {
    "followup.due": "该做面对面随访了,请安排。",
    "followup.high": "一周内第 3 次偏高,请联系他。",
    "followup.danger": "**刚测的值到了危险界值**,请马上联系他,必要时转诊。",
    "followup.low": "刚量的血压偏低,请今天联系他,看看降压药和进食进水。",
    "followup.lost": "连续 3 次提醒没有回应,请联系他。",
    "followup.worse": "**说自己加重了**,助手正在问诊,请留意并联系他。",
}


async def _reminder(practice: Practice, row: Notification) -> Notice:
    due: OccurrenceView = await practice.ask(_SYSTEM, ReadOccurrence(occurrence_id=row.ids["occurrence_id"]))
    if due.state != "reminded":
        return Notice()
    values = {"code": "-", "state": "到时间了", "text": whole_clauses(due.reminder)}
    return Notice((Text(text=f"{due.reminder}\n不想收,说「停止提醒」。"),), template=("reminder", values), page=f"followup?patient={due.patient_id}")


async def _trend(practice: Practice, row: Notification) -> Notice:
    trend: TrendView = await practice.ask(_SYSTEM, Trend(reading_id=row.ids["reading_id"]))
    if trend.blob_id is None:
        return Notice()
    return Notice((Text(text=trend.caption),), picture=Picture(blob_id=trend.blob_id, patient_id=trend.patient_id, name="trend.png"))


async def _to_doctor(practice: Practice, row: Notification) -> Notice:
    """The patient by the number on the list of the doctor who is told, no name: her chat may lie open."""
    plan: PlanView = await practice.ask(_SYSTEM, ReadPlan(plan_id=row.ids["plan_id"]))
    doctor = (await actor_for(str(row.account_id), "wecom_app", practice.clock.now())).practitioner_id
    number = None if doctor is None else await number_on_list(doctor, plan.patient_id)
    who = f"{number} 号病人" if number is not None else "一位病人"
    mark = "" if plan.rules_signed else "(演示·未经临床审定)"
    text = f"随访 · {who}({plan.title}):{_DOCTOR[row.kind]}{mark}"
    if row.kind != "followup.due" or not plan.running:
        return Notice((Text(text=text),))
    return Notice((Menu(head=text, choices=(Choice(code=f"visit:{plan.plan_id}:{row.id}", label="已随访,记下"),), menu_id=f"visit-{row.id}"),))


async def _offer(practice: Practice, row: Notification) -> Notice:
    view: PlanOfferView = await practice.ask(_SYSTEM, PlanOffer(consultation_id=row.ids["consultation_id"]))
    return Notice((following.offer(view, f"follow-{row.id}"),)) if view.plans else Notice()


async def _claim(practice: Practice, row: Notification) -> Notice:
    claim: ClaimView = await practice.ask(_SYSTEM, ReadClaim(claim_id=row.ids["claim_id"]))
    lines = [f"报销 **{claim.code}** {claim.state_label}:{claim.next}"]
    lines += [f"{line.name}:{line.reason}" for line in claim.lines if claim.state == "settled"]
    figures = f"医保报 {yuan(claim.pays_fen)},您付 {yuan(claim.own_fen)}"
    said = figures if claim.state == "settled" else claim.next
    values = {"code": claim.code, "state": claim.state_label, "text": whole_clauses(said)}
    return Notice((Text(text="\n".join([*lines, "(演示数据)"])),), template=("progress", values), page="prescriptions")


FOLLOWUP_RENDERERS: dict[str, Renderer] = {
    "followup.reminder": _reminder,
    "followup.trend": _trend,
    **dict.fromkeys(_DOCTOR, _to_doctor),
    "followup.offer": _offer,
    "claim.settled": _claim,
    "claim.refused": _claim,
    "claim.reversed": _claim,
}
