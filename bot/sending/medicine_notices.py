"""What is told of prescriptions and emergency doses: codes and next steps for staff, the drugs themselves to the patient alone."""

from __future__ import annotations

from bot.channels.outgoing import Text
from bot.channels.words import cut
from bot.sending.notice import Notice, Renderer
from core.coverage.commands import QuotePrescription, QuoteView
from core.foundation.actor import Actor
from core.foundation.practice import Practice
from core.notifications.models import Notification
from core.prescriptions.commands import DoseView, ItemView, PrescriptionView, View, ViewDose

_SYSTEM = Actor.system("worker")
UNREVIEWED = "(演示·未经临床审定)"


async def _to_sign(practice: Practice, row: Notification) -> Notice:
    view = await _view(practice, row)
    if view.state not in ("PROPOSED", "REFERRED"):
        return Notice()
    stops, hints = (sum(one.action == action for one in view.findings) for action in ("B", "W"))
    checked = f"检查发现 {stops} 条不能签、{hints} 条提醒" if stops or hints else "检查没有发现问题"
    return _told(view, f"{view.expert}开的处方等您签名({view.age},{len(view.items)} 种药)。{checked}。", view.rules_signed)


async def _referred(practice: Practice, row: Notification) -> Notice:
    view = await _view(practice, row)
    why = ";".join(view.beyond_village)
    return _told(view, f"已转上级值班医生签名。{why}")


async def _signed(practice: Practice, row: Notification) -> Notice:
    view = await _view(practice, row)
    return _told(view, f"{view.signer}已签名,等药师审方。")


async def _to_review(practice: Practice, row: Notification) -> Notice:
    view = await _view(practice, row)
    if view.state != "SIGNED":
        return Notice()
    hint = f"带 {len(view.overrides)} 条提醒签的,请看理由。" if view.overrides else ""
    return _told(view, f"等您审方({view.age},{len(view.items)} 种药,{view.signer}签)。{hint}", view.rules_signed)


async def _returned(practice: Practice, row: Notification) -> Notice:
    view = await _view(practice, row)
    return _told(view, f"{view.pharmacist}审方退回:{view.return_reason or '请看处方'}。请专家修改后再签。")


async def _released(practice: Practice, row: Notification) -> Notice:
    return _told(await _view(practice, row), "药师审方通过,可以发药。")


async def _ready(practice: Practice, row: Notification) -> Notice:
    view = await _view(practice, row)
    text = f"您的处方 {view.code} 药师已审过,可以取药:\n" + "\n".join(_line(one) for one in view.items)
    quote: QuoteView = await practice.ask(_SYSTEM, QuotePrescription(prescription_id=view.prescription_id))
    text += f"\n{quote.reason}" if quote.pays_fen else f"\n药费 {_yuan(view.fee_fen)} 元。{quote.reason}"
    text += "".join(f"\n· {line.name}:{line.reason}" for line in quote.lines if quote.pays_fen)
    text += f"\n{quote.note}\n不舒服就停药并告诉村医,严重时打 120。"
    if not view.rules_signed:
        text += UNREVIEWED
    values = {"character_string1": view.code, "phrase2": "可以取药", "thing3": cut(f"{len(view.items)} 种药,请到卫生室取", 20)}
    return Notice((Text(text=text),), shown={"prescription": view.prescription_id}, template=("progress", values))


async def _dispensed(practice: Practice, row: Notification) -> Notice:
    view = await _view(practice, row)
    return _told(view, "药已发出,请按说明服用。")


async def _withdrawn(practice: Practice, row: Notification) -> Notice:
    return _told(await _view(practice, row), "已撤回,不用再处理。")


async def _expired(practice: Practice, row: Notification) -> Notice:
    return _told(await _view(practice, row), "签名后三天没有取药,已过期;还需要用药请专家重新开。")


async def _dose_ordered(practice: Practice, row: Notification) -> Notice:
    dose: DoseView = await practice.ask(_SYSTEM, ViewDose(dose_id=row.ids["dose_id"]))
    what = f"{dose.name} {dose.amount},{dose.directions}"
    text = f"会诊 **{dose.consultation_code}**:{dose.ordered_by}已下急用一剂,{what}。禁忌已逐条排除,请药师事后查阅。"
    return Notice((Text(text=text),), shown={"dose": dose.dose_id})


def _told(view: PrescriptionView, words: str, rules_signed: bool = True) -> Notice:
    text = f"处方 **{view.code}**(会诊 {view.consultation_code}):{words}{'' if rules_signed else UNREVIEWED}"
    return Notice((Text(text=text),), shown={"prescription": view.prescription_id})


def _line(one: ItemView) -> str:
    directions = f",{one.directions}" if one.directions else ""
    return f"{one.name}({one.form}):每次 {one.amount},每天 {one.times_per_day} 次,{one.days} 天,{one.route}{directions};{one.packs} {one.pack}"


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


async def _view(practice: Practice, row: Notification) -> PrescriptionView:
    view: PrescriptionView = await practice.ask(_SYSTEM, View(prescription_id=row.ids["prescription_id"]))
    return view


MEDICINE_RENDERERS: dict[str, Renderer] = {
    "prescription.to_sign": _to_sign,
    "prescription.referred": _referred,
    "prescription.signed": _signed,
    "prescription.to_review": _to_review,
    "prescription.returned": _returned,
    "prescription.released": _released,
    "prescription.ready": _ready,
    "prescription.dispensed": _dispensed,
    "prescription.withdrawn": _withdrawn,
    "prescription.expired": _expired,
    "emergency_dose.ordered": _dose_ordered,
}
