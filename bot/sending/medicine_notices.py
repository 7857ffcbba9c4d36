"""What is told of prescriptions and emergency doses: what to sign and to review with its checks, never with a name; to the patient what it costs."""

from __future__ import annotations

from bot.channels.outgoing import Button, Card, Link, Menu, Text
from bot.channels.words import cut
from bot.dialogue import safety_facts
from bot.dialogue.medicine_words import (
    SIGNABLE,
    UNREVIEWED,
    finding_line,
    item_line,
    short_note,
    stops_of,
    to_review,
    to_sign,
    whose_turn,
    yuan,
)
from bot.dialogue.own_prescriptions import buttons, page_of
from bot.sending.notice import CardChange, Notice, Renderer
from core.coverage.commands import QuotePrescription, QuoteView
from core.foundation.actor import Actor, Role
from core.foundation.practice import Practice
from core.notifications.models import Notification
from core.people.service import actor_for
from core.prescriptions.commands import PrescriptionView, View
from core.prescriptions.commands_doses import DoseNotGiven, DoseView, ReadDoseNotGiven, ViewDose

_SYSTEM = Actor.system("worker")


async def _to_sign(practice: Practice, row: Notification) -> Notice:
    view = await _view(practice, row)
    if view.state not in SIGNABLE:
        return Notice()
    village = view.state == "PROPOSED"
    shapes = (*to_sign(view, f"sign-{row.id}", village=village), *(safety_facts.questions(view, f"facts-{row.id}") if village else ()))
    shown = {"prescription": view.prescription_id}
    return Notice(shapes, card_ref=view.prescription_id, shown=shown, replaces=(view.prescription_id,))


async def _closed(practice: Practice, row: Notification) -> CardChange | Notice:
    """Who did it stands on the card. A card that asks anew (it was returned and proposed again) is left alone."""
    view = await _view(practice, row)
    asks_village, asks_duty = view.state == "PROPOSED", view.state == "REFERRED"
    actor = await actor_for(str(row.account_id), "wecom_app", practice.clock.now())
    if asks_village or (asks_duty and actor.holds(Role.DUTY_DOCTOR)) or (view.state == "SIGNED" and actor.holds(Role.PHARMACIST)):
        return Notice()
    return CardChange(view.prescription_id, short_note(view))


async def _blocked(practice: Practice, row: Notification) -> Notice:
    """To the expert, as soon as he has proposed what nobody can sign."""
    view = await _view(practice, row)
    stops = stops_of(view)
    if view.state not in SIGNABLE or not stops:
        return Notice()
    lines = [f"处方 **{view.code}**(会诊 {view.consultation_code})现在谁也不能签:", *(finding_line(view, one) for one in stops), whose_turn(stops)]
    if not view.rules_signed:
        lines.append(UNREVIEWED)
    lines.append(f"点下面的页面改,或发「改方 {view.code} 诊断:药 量 次数 天数」。")
    return Notice((Text(text="\n".join(lines)), _change_page(view)), shown={"prescription": view.prescription_id})


def _change_page(view: PrescriptionView) -> Link:
    return Link(title=f"去页面改处方 {view.code}", url=f"page:/h5/desk/case/{view.consultation_id}/", description="改好后村医会再收到。")


async def _referred(practice: Practice, row: Notification) -> Notice:
    view = await _view(practice, row)
    why = ";".join(view.beyond_village)
    told = _told(view, f"已转上级值班医生签名。{why}")
    asks = safety_facts.questions(view, f"facts-{row.id}") if view.state == "REFERRED" else ()
    if not asks:
        return told
    stops = Text(text="\n".join(["他签之前还缺资料:", *(finding_line(view, one) for one in stops_of(view))]))
    page = Link(title=f"去页面填 {view.code}", url=f"page:/h5/doctor/rx/{view.prescription_id}/", description="过敏、正在用的药、怀孕都在里面填。")
    return Notice((*told.shapes, stops, *asks, page), shown=told.shown)


async def _signed(practice: Practice, row: Notification) -> Notice:
    view = await _view(practice, row)
    return _told(view, f"{view.signer}已签名,等药师审方。")


async def _to_review(practice: Practice, row: Notification) -> Notice:
    view = await _view(practice, row)
    if view.state != "SIGNED":
        return Notice()
    shown = {"prescription": view.prescription_id}
    return Notice(to_review(view, f"review-{row.id}"), card_ref=view.prescription_id, shown=shown, replaces=(view.prescription_id,))


async def _returned(practice: Practice, row: Notification) -> Notice:
    """To the expert with the way to change it; to village doctor and signer that it comes back."""
    view = await _view(practice, row)
    if view.state != "RETURNED":
        return Notice()
    said = f"{view.pharmacist}审方退回:{view.return_reason or '请看处方'}。"
    if not (await actor_for(str(row.account_id), "wecom_app", practice.clock.now())).holds(Role.EXPERT):
        return _told(view, f"{said}请专家修改后再签。")
    told = _told(view, f"{said}请您修改:点下面的页面,或发「改方 {view.code} 诊断:药 量 次数 天数」。改好会再请医生签。")
    return Notice((*told.shapes, _change_page(view)), shown=told.shown)


async def _released(practice: Practice, row: Notification) -> Notice:
    view = await _view(practice, row)
    return _told(view, f"{view.pharmacist}审方通过,可以发药。")


async def _ready(practice: Practice, row: Notification) -> Notice:
    view = await _view(practice, row)
    if view.state != "RELEASED":
        return Notice()
    quote: QuoteView = await practice.ask(_SYSTEM, QuotePrescription(prescription_id=view.prescription_id))
    cost = f"共 {yuan(quote.fee_fen)} 元,医保报 {yuan(quote.pays_fen)} 元,您付 **{yuan(quote.own_fen)} 元**。"
    lines = [f"药开好了,药师已审核(处方 {view.code})。{cost}", *(f"· {item_line(one)}" for one in view.items)]
    lines.append("不舒服就停药并告诉村医,严重时打 120。")
    if not view.rules_signed:
        lines.append(UNREVIEWED)
    values = {"code": view.code, "state": "可以取药", "text": f"{len(view.items)} 种药,请到卫生室取"}
    menu = Menu(head="\n".join(lines), choices=buttons(view.prescription_id), menu_id=f"ready-{row.id}")
    shown = {"prescription": view.prescription_id}
    return Notice((menu, page_of(view.prescription_id)), shown=shown, template=("progress", values), page=f"prescription/{view.prescription_id}")


async def _stopped(practice: Practice, row: Notification) -> Notice:
    """To the patient who had been told to fetch it; nothing when it has been released anew meanwhile."""
    view = await _view(practice, row)
    if view.state not in ("RETURNED", "PROPOSED", "REFERRED", "SIGNED", "WITHDRAWN"):
        return Notice()
    withdrawn = view.state == "WITHDRAWN"
    why = "医生撤回了这张处方,还要用药请问村医。" if withdrawn else "药师请医生再看一看,改好会马上告诉您。"
    words = f"这张处方先不要取药(处方 {view.code})。{why}之前的取药码不能用了。不舒服就找村医,严重时打 120。"
    values = {"code": view.code, "state": "先不要取药", "text": "已撤回,请问村医" if withdrawn else "医生在重新看这张处方"}
    return Notice((Text(text=words),), shown={"prescription": view.prescription_id}, template=("progress", values), page="prescriptions")


async def _dispensed(practice: Practice, row: Notification) -> Notice:
    view = await _view(practice, row)
    return _told(view, f"{view.dispensed_by}已把药发出,请按说明服用。" if view.dispensed_by else "药已发出,请按说明服用。")


async def _withdrawn(practice: Practice, row: Notification) -> Notice:
    at_the_counter = (await actor_for(str(row.account_id), "wecom_app", practice.clock.now())).holds(Role.PHARMACIST)
    return _told(await _view(practice, row), "已撤回,不要发药。" if at_the_counter else "已撤回,不用再处理。")


async def _expired(practice: Practice, row: Notification) -> Notice:
    return _told(await _view(practice, row), "签名后三天没有取药,已过期;还需要用药请专家重新开。")


async def _dose_ordered(practice: Practice, row: Notification) -> Notice:
    """To the pharmacist with 【已阅】, to the expert as it is."""
    dose: DoseView = await practice.ask(_SYSTEM, ViewDose(dose_id=row.ids["dose_id"]))
    what = f"{dose.name} {dose.amount},{dose.directions}"
    mark = "" if dose.rules_signed else UNREVIEWED
    weighed = "".join(f"⚠ {one}。" for one in dose.warnings)
    told = f"已下急用一剂,{what}。{weighed}已逐条排除:{';'.join(dose.ruled_out)}。{mark}"
    text = Text(text=f"会诊 **{dose.consultation_code}**:{dose.ordered_by}{told}")
    shown = {"dose": dose.dose_id}
    if dose.seen_by is not None or not (await actor_for(str(row.account_id), "wecom_app", practice.clock.now())).holds(Role.PHARMACIST):
        return Notice((text,), shown=shown)
    card = Card(
        task_id=f"dose-{row.id}", title=cut(f"急用一剂 · {dose.name}", 26),
        description=cut(f"会诊 {dose.consultation_code} · {dose.ordered_by}下", 30),
        sub_title="已经用了,请药师事后查阅。", buttons=(Button(key=f"dose_seen:{dose.dose_id}", label="已阅", style=1),),
    )
    return Notice((text, card), card_ref=dose.dose_id, shown=shown)


async def _dose_not_given(practice: Practice, row: Notification) -> Notice:
    """To the expert; nothing where it was given after all meanwhile."""
    told: DoseNotGiven = await practice.ask(_SYSTEM, ReadDoseNotGiven(consultation_id=row.ids["consultation_id"]))
    if told.given_since:
        return Notice()
    next_step = f"请马上告诉村医下一步;要改意见,发「意见 {told.consultation_code} …」。"
    text = f"会诊 **{told.consultation_code}**:{told.said_by}**没有用**急用一剂 {told.words}。{next_step}"
    return Notice((Text(text=text),), shown={"consultation": told.consultation_id})


async def _dose_closed(practice: Practice, row: Notification) -> CardChange:
    dose: DoseView = await practice.ask(_SYSTEM, ViewDose(dose_id=row.ids["dose_id"]))
    return CardChange(dose.dose_id, f"{dose.seen_by}已阅" if dose.seen_by else "不用再处理")


def _told(view: PrescriptionView, words: str, rules_signed: bool = True) -> Notice:
    text = f"处方 **{view.code}**(会诊 {view.consultation_code}):{words}{'' if rules_signed else UNREVIEWED}"
    return Notice((Text(text=text),), shown={"prescription": view.prescription_id})


async def _view(practice: Practice, row: Notification) -> PrescriptionView:
    view: PrescriptionView = await practice.ask(_SYSTEM, View(prescription_id=row.ids["prescription_id"]))
    return view


MEDICINE_RENDERERS: dict[str, Renderer] = {
    "prescription.to_sign": _to_sign,
    "prescription.closed": _closed,
    "prescription.blocked": _blocked,
    "prescription.referred": _referred,
    "prescription.signed": _signed,
    "prescription.to_review": _to_review,
    "prescription.returned": _returned,
    "prescription.released": _released,
    "prescription.ready": _ready,
    "prescription.stopped": _stopped,
    "prescription.dispensed": _dispensed,
    "prescription.withdrawn": _withdrawn,
    "prescription.expired": _expired,
    "emergency_dose.ordered": _dose_ordered,
    "emergency_dose.not_given": _dose_not_given,
    "emergency_dose.closed": _dose_closed,
}
