"""急用一剂: named by the opinion or asked for in words; each contraindication a question of its own, then signed. The pharmacist's 已阅 afterwards.

Which were answered stands in the conversation's state. An answer counts for the question that is open and for no other; only what was answered is
signed as ruled out.
"""

from __future__ import annotations

from bot.channels.outgoing import Choice, Text
from bot.dialogue.cases import tapped
from bot.dialogue.state import Asked
from bot.dialogue.turn import Reply, Turn
from bot.phrases.proposed_dose import proposed_dose, stem
from core.consultations.commands import Progress, StatusList
from core.consultations.commands_opinions import OpinionView, ReadOpinion
from core.foundation.errors import Conflict, DomainError, Invalid
from core.intake.errors import RulesUnsigned
from core.prescriptions.commands_doses import (
    AcknowledgeDose,
    CheckDose,
    DeclineDose,
    DoseCheckView,
    DoseChoice,
    DoseChoices,
    DoseView,
    EmergencyDoses,
    OrderDose,
    ViewDose,
)
from core.prescriptions.errors import ContraindicationsOpen, DoseGiven, DoseRefused

QUESTION, CONFIRM = "dose", "dose_confirm"
UNREVIEWED = "(演示·未经临床审定)"
_STOP = (
    "这一剂没有下医嘱,已告诉专家是哪一条。请马上在视频里或打电话听他的下一步;病人变重先打 120。\n"
    "专家改了意见,会再请您决定;看错了要重新核对,发「急用一剂」。"
)


_OLD = "这个按钮是前面的。请答现在这一条:"
_AGAIN = "要先一条一条核对过禁忌才能签。请答:"


async def asked_for(turn: Turn, opinion: OpinionView) -> Reply | None:
    """The dose that the words of the opinion ask for, with what must be ruled out; None where they ask for none."""
    try:
        found: DoseChoices = await turn.ask(EmergencyDoses())
    except RulesUnsigned:
        return None
    dose = proposed_dose(opinion.advice, found.doses)
    return None if dose is None else await _ask(turn, dose, opinion.consultation_id, found.rules_signed)


async def in_words(turn: Turn, code: str | None, words: str) -> Reply:
    """急用一剂 C-7K2M 阿司匹林, or the list."""
    if turn.group:
        return turn.say("急用药请在单独会话里下,群里不说用药。")
    consultation_id = await _consultation(turn, code)
    if consultation_id is None:
        return turn.say("请写会诊编号,比如:急用一剂 C-7K2M 阿司匹林。要先有专家意见和您签名的决定。")
    found: DoseChoices = await turn.ask(EmergencyDoses())
    named = [dose for dose in found.doses if words and stem(dose.name) in words]
    if not named and not words:
        opinion = await _opinion(turn, consultation_id)
        asked = None if opinion is None else proposed_dose(opinion.advice, found.doses)
        named = [] if asked is None else [asked]
    if len(named) == 1:
        return await _ask(turn, named[0], consultation_id, found.rules_signed)
    choices = tuple(Choice(code=f"dose:{dose.code}:{consultation_id}", label=stem(dose.name)) for dose in found.doses)
    lines = [f"· {dose.name} {dose.amount}:{dose.when}" for dose in found.doses]
    return turn.offer("\n".join(["要下哪一剂?", *lines]), choices)


async def look(turn: Turn, code: str, consultation_id: str) -> Reply:
    """One of the list was chosen, or is to be ruled out again."""
    dose, signed = await _dose(turn, code)
    return await _ask(turn, dose, consultation_id, signed)


async def _ask(turn: Turn, dose: DoseChoice, consultation_id: str, rules_signed: bool, answered: tuple[str, ...] = ()) -> Reply:
    """The first contraindication that is not ruled out; after the last one, what will be signed."""
    codes = tuple(dose.contraindications)
    detail = {"dose": dose.code, "ruled_out": ",".join(answered)}
    code = next((code for code in codes if code not in answered), None)
    if code is None:
        return await _to_confirm(turn, dose, consultation_id, detail)
    lines = [f"{len(answered) + 1}/{len(codes)} 病人有没有:**{dose.contraindications[code]}**"]
    if not answered:
        head = [f"急用一剂:**{_spoken(dose)}**({dose.when})", f"用法:{dose.directions}", *([f"请看:{dose.watch}"] if dose.watch else [])]
        lines = [*head, "请逐条核对,一条一条答:", *lines]
        lines += [] if rules_signed else [UNREVIEWED]
    no = Choice(code=f"dose_clear:{dose.code}:{code}:{consultation_id}", label="没有")
    yes = Choice(code=f"dose_hit:{dose.code}:{code}:{consultation_id}", label="有")
    skip = Choice(code=f"dose_skip:{dose.code}:{consultation_id}", label="不用这一剂")
    return turn.offer("\n".join(lines), (no, yes, skip), asked=Asked(kind=QUESTION, ref=consultation_id, detail=detail))


async def _to_confirm(turn: Turn, dose: DoseChoice, consultation_id: str, detail: dict[str, str]) -> Reply:
    """What will be signed, with what is on record against it; what forbids it outright is said instead."""
    known: DoseCheckView = await turn.ask(CheckDose(consultation_id=consultation_id, dose=dose.code))
    if known.refused:
        await turn.execute(DeclineDose(consultation_id=consultation_id, dose=dose.code, why="on_record"))
        text = f"{DoseRefused(what=';'.join(known.refused)).message}这一剂没有下,已告诉专家。"
        return Reply((Text(text=text),), turn.state.asking(None))
    ruled_out = ";".join(dose.contraindications.values())
    lines = [f"将下医嘱:**{_spoken(dose)}**,{dose.directions}。", *(f"⚠ 提醒:{one}" for one in known.warnings)]
    lines += [f"给药时:{dose.watch}"] if dose.watch else []
    lines += [f"您已逐条排除:{ruled_out}。", "看过无误请点「确认签名」,签了就可以给药,药师会收到。"]
    sign = Choice(code=f"sign_dose:{dose.code}:{consultation_id}", label="确认签名")
    choices = (sign, Choice(code=f"dose_skip:{dose.code}:{consultation_id}", label="不用这一剂"))
    return turn.offer("\n".join(lines), choices if known.warnings else choices[:1], asked=Asked(kind=CONFIRM, ref=consultation_id, detail=detail))


def _answered(turn: Turn, kind: str, dose: str, consultation_id: str) -> tuple[str, ...] | None:
    """What was ruled out so far, where this dose is what is being asked about; None behind an old button."""
    asked = turn.state.asked
    if asked is None or (asked.kind, asked.ref, asked.detail.get("dose")) != (kind, consultation_id, dose):
        return None
    return tuple(filter(None, asked.detail.get("ruled_out", "").split(",")))


async def cleared(turn: Turn, code: str, contraindication: str, consultation_id: str) -> Reply:
    """【没有】 to one contraindication: the next one. To another than the one that is open it is no answer: that is asked (again)."""
    dose, rules_signed = await _dose(turn, code)
    answered = _answered(turn, QUESTION, code, consultation_id)
    asked_now = None if answered is None else next((one for one in dose.contraindications if one not in answered), None)
    if answered is None or contraindication != asked_now:
        again = await _ask(turn, dose, consultation_id, rules_signed, answered or ())
        return Reply((Text(text=_OLD), *again.shapes), again.state)
    reply = await _ask(turn, dose, consultation_id, rules_signed, (*answered, contraindication))
    return Reply((*tapped(turn, "没有"), *reply.shapes), reply.state)


async def hit(turn: Turn, code: str, contraindication: str, consultation_id: str) -> Reply:
    """【有】: it is not ordered, and the expert hears why."""
    order = DeclineDose(consultation_id=consultation_id, dose=code, why="contraindicated", contraindication=contraindication)
    await turn.execute(order)
    return Reply((*tapped(turn, "有禁忌,不用"), Text(text=_STOP)), turn.state.asking(None))


async def skipped(turn: Turn, code: str, consultation_id: str) -> Reply:
    await turn.execute(DeclineDose(consultation_id=consultation_id, dose=code, why="not_used"))
    shapes = turn.offer("好的,不下这一剂,已告诉专家。都办完了,点「完成会诊」。", (Choice(code=f"complete:{consultation_id}", label="完成会诊"),))
    return Reply((*tapped(turn, "不用这一剂"), *shapes.shapes), shapes.state)


async def signed(turn: Turn, code: str, consultation_id: str) -> Reply:
    """【确认签名】: ordered on the strength of the decision, with what was answered and nothing more."""
    dose, rules_signed = await _dose(turn, code)
    answered = _answered(turn, CONFIRM, code, consultation_id) or ()
    order = OrderDose(consultation_id=consultation_id, dose=dose.code, ruled_out=answered, confirm=True)
    try:
        given: DoseView = await turn.execute(order)
    except DoseGiven as refusal:
        return Reply((*tapped(turn, "已经下过"), Text(text=refusal.message)), turn.state.asking(None))
    except ContraindicationsOpen:
        reply = await _ask(turn, dose, consultation_id, rules_signed)
        return Reply((Text(text=_AGAIN), *reply.shapes), reply.state)
    weighed = "".join(f"\n⚠ {one}" for one in given.warnings)
    watch = f"\n{given.watch}。" if given.watch else ""
    text = (
        f"**现在给药:{given.name} {given.amount},{given.directions}。**{weighed}{watch}\n"
        f"会诊 {given.consultation_code} 的急用一剂已签名下医嘱,马上告诉药师和专家。\n"
        "**这一剂不代替转运:还没叫 120 的,现在就叫。**给药后守着病人,留意反应。"
    )
    reply = turn.offer("都办完了,点「完成会诊」。", (Choice(code=f"complete:{consultation_id}", label="完成会诊"),))
    return Reply((*tapped(turn, "医嘱已签名"), Text(text=text), *reply.shapes), reply.state)


async def seen(turn: Turn, dose_id: str) -> Reply:
    """【已阅】 of a pharmacist: whoever is first stands in the record."""
    before: DoseView = await turn.ask(ViewDose(dose_id=dose_id))
    try:
        view: DoseView = await turn.execute(AcknowledgeDose(dose_id=dose_id))
    except Conflict:
        before = view = await turn.ask(ViewDose(dose_id=dose_id))
    by = f"{view.seen_by}已经阅过,不用再看。" if before.seen_by is not None else "已记下您看过,谢谢您。"
    return Reply((*tapped(turn, f"{view.seen_by}已阅"), Text(text=f"会诊 {view.consultation_code} 的急用医嘱:{by}")), turn.state)


def _spoken(dose: DoseChoice) -> str:
    return f"{dose.name} {dose.amount}"


async def _dose(turn: Turn, code: str) -> tuple[DoseChoice, bool]:
    found: DoseChoices = await turn.ask(EmergencyDoses())
    dose = next((one for one in found.doses if one.code == code), None)
    if dose is None:
        raise Invalid
    return dose, found.rules_signed


async def _consultation(turn: Turn, code: str | None) -> str | None:
    """The consultation with the code, or the only one that runs."""

    async def look_up() -> str | None:
        found: StatusList = await turn.ask(Progress(code=code))
        fitting = [one.consultation_id for one in found.consultations if code is not None or one.state == "IN_PROGRESS"]
        shown = turn.state.shown.get("consultation")
        return fitting[0] if len(fitting) == 1 else shown if shown in fitting else None

    meant: str | None = await turn.settle("consultation", look_up)
    return meant


async def _opinion(turn: Turn, consultation_id: str) -> OpinionView | None:
    try:
        view: OpinionView = await turn.ask(ReadOpinion(consultation_id=consultation_id))
    except DomainError:
        return None
    return view
