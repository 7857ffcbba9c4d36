"""A prescription in words: its drugs, what the check found with its source, who has it now. Money from fen."""

from __future__ import annotations

from bot.channels.outgoing import Button, Card, Link, Outgoing, Text
from bot.channels.words import cut
from core.prescriptions.commands import CheckView, ItemView, PrescriptionView, State
from core.prescriptions.items import Finding
from core.prescriptions.remedies import changes, lacks

UNREVIEWED = "(演示·未经临床审定)"
TITLE, SUB_TITLE = 26, 110
_PAGE = "病人资料、检查和来源都在里面。"
SIGNABLE: tuple[State, ...] = ("PROPOSED", "REFERRED")


def patient_line(one: ItemView) -> str:
    """As a patient counts: tablets first, milligrams beside."""
    each = f"{one.pieces}({one.amount})" if one.pieces else one.amount
    directions = f",{one.directions}" if one.directions else ""
    return f"{one.name}:每次 {each},每天 {one.times_per_day} 次,{one.days} 天,{one.route}{directions};共 {one.packs} {one.pack}"


def item_line(one: ItemView) -> str:
    directions = f",{one.directions}" if one.directions else ""
    return f"{one.name}({one.form}):每次 {one.amount},每天 {one.times_per_day} 次,{one.days} 天,{one.route}{directions};{one.packs} {one.pack}"


def stops_of(view: PrescriptionView) -> list[Finding]:
    return [one for one in view.findings if one.action == "B"]


def hints_of(view: PrescriptionView) -> list[Finding]:
    return [one for one in view.findings if one.action == "W"]


def unreasoned(view: PrescriptionView) -> list[Finding]:
    """Warnings that came after the signature: they stop the release until the signer has given a reason."""
    given = {one.key for one in view.overrides}
    return [one for one in hints_of(view) if one.key not in given]


def finding_line(view: PrescriptionView | CheckView, one: Finding) -> str:
    """What stands against it, what to do, where that is written."""
    mark = "✕ 不能签" if one.action == "B" else "⚠ 提醒"
    advice = f",{one.advice}" if one.advice else ""
    return f"{mark}:{one.text}{advice}(来源:{source_title(view, one)})"


def source_title(view: PrescriptionView | CheckView, one: Finding) -> str:
    return next((source.title for source in view.sources if source.code == one.source), one.source)


def whose_turn(stops: list[Finding]) -> str:
    """Who must change what before anybody can sign."""
    change, missing = changes(stops), lacks(stops)
    return f"请专家{change};改好会再请您签。{missing}" if change else f"{missing}补好就能签。"


def to_give_back(view: PrescriptionView) -> str:
    """What a pharmacist who cannot release it asks for, by what stands against it."""
    change, missing = changes(stops_of(view)), lacks(stops_of(view))
    asked = [f"请专家{change}。" if change else "", missing, "新出现的提醒要签名的医生补理由。" if unreasoned(view) else ""]
    return f"请点【退回,写理由】:{''.join(asked)}"


def described(view: PrescriptionView) -> str:
    """Lines and checks, without the patient's name."""
    lines = [f"处方 **{view.code}**(会诊 {view.consultation_code},{view.age},{view.expert}开)", f"诊断:{view.diagnosis}"]
    lines += [f"{place}. {item_line(one)}" for place, one in enumerate(view.items, 1)]
    if view.note:
        lines.append(f"嘱咐:{view.note}")
    lines += [finding_line(view, one) for one in view.findings] or ["检查没有发现问题。"]
    lines += [f"带提醒签的理由:{one.text} → {one.reason}" for one in view.overrides]
    if not view.rules_signed:
        lines.append(UNREVIEWED)
    return "\n".join(lines)


def to_sign(view: PrescriptionView, task_id: str, *, village: bool) -> tuple[Outgoing, ...]:
    """What the signing doctor gets: everything in words, then the card; the page beside it."""
    address = f"page:/h5/{'doctor' if village else 'sign'}/rx/{view.prescription_id}/"
    page = Link(title=f"去页面看处方 {view.code}", url=address, description=_PAGE)
    stops, hints = stops_of(view), hints_of(view)
    if stops:
        return (Text(text=f"{described(view)}\n**这张处方现在不能签。**{whose_turn(stops)}"), page)
    said = f"有 {len(hints)} 条提醒,签时逐条写理由。" if hints else "检查没有发现问题。"
    buttons = [Button(key=f"rx_sign:{view.prescription_id}:{view.revision}", label="照此签名", style=1)]
    if village:
        buttons.append(Button(key=f"rx_refer:{view.prescription_id}", label="请镇卫生院医生签", style=2))
    card = Card(
        task_id=task_id, title=cut(f"处方 {view.code} 等您签名", TITLE), description=_about(view), sub_title=cut(said, SUB_TITLE),
        buttons=tuple(buttons),
    )
    return (Text(text=described(view)), card, page)


def to_review(view: PrescriptionView, task_id: str) -> tuple[Outgoing, ...]:
    """What the pharmacist gets."""
    hint = f"带 {len(view.overrides)} 条提醒签的,请看理由。" if view.overrides else ""
    card = Card(
        task_id=task_id, title=cut(f"处方 {view.code} 待审", TITLE), description=_about(view),
        sub_title=cut(f"{view.signer}签。{hint}", SUB_TITLE),
        buttons=(
            Button(key=f"rx_pass:{view.prescription_id}", label="通过", style=1),
            Button(key=f"rx_back:{view.prescription_id}:{view.revision}", label="退回,写理由", style=2),
        ),
    )
    page = Link(title=f"去页面审处方 {view.code}", url=f"page:/h5/pharmacy/rx/{view.prescription_id}/", description=_PAGE)
    return (Text(text=described(view)), card, page)


def _about(view: PrescriptionView) -> str:
    return f"会诊 {view.consultation_code} · {view.age} · {len(view.items)} 种药"


def standing(view: PrescriptionView) -> str:
    """Where it is now and by whom, one sentence."""
    match view.state:
        case "PROPOSED":
            return "在等村医签名。"
        case "REFERRED":
            return "已转上级,在等值班医生签名。"
        case "SIGNED":
            return f"{view.signer}已签名,在等药师审方。"
        case "RETURNED":
            return f"{view.pharmacist}已退回:{view.return_reason or '请看处方'}。等专家修改。"
        case "RELEASED":
            return f"{view.pharmacist}已审方通过,可以发药。"
        case "DISPENSED":
            return f"{view.dispensed_by}已发药。" if view.dispensed_by else "已发药。"
        case _:
            return f"{view.state_label}。"


def short_note(view: PrescriptionView) -> str:
    """For a card that is closed."""
    match view.state:
        case "SIGNED":
            return f"{view.signer}已签名"
        case "RELEASED" | "DISPENSED":
            return f"{view.pharmacist}已通过"
        case "RETURNED":
            return f"{view.pharmacist}已退回"
        case "REFERRED":
            return "已转上级医生签"
        case _:
            return view.state_label


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"
