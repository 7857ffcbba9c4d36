"""开方, 改方 in the expert's words: read, checked at once, shown as it will stand, proposed by 【确认开方】. What cannot be read is named."""

from __future__ import annotations

from bot.channels.outgoing import Choice, Link, Text
from bot.dialogue import prescription_meant
from bot.dialogue.cases import tapped
from bot.dialogue.medicine_words import UNREVIEWED, finding_line, item_line, standing
from bot.dialogue.said_before import words_of
from bot.dialogue.turn import Reply, Turn
from bot.phrases.prescribed import MOST, Written, read_prescribed
from bot.phrases.reader import read_phrase
from core.consultations.commands import Progress, StatusList
from core.foundation.errors import Invalid
from core.prescriptions.commands import Check, CheckView, PrescriptionView, Propose, Revise, View
from core.prescriptions.remedies import changes
from core.prescriptions.remedies import lacks as missing_of

ALONE = "处方请在单独会话里开,群里不说用药。"
_EXAMPLE = "高血压:氨氯地平 5mg 每日一次 7天;辛伐他汀 20mg 每晚一次 7天"
_STATES = ("IN_PROGRESS", "COMPLETED")


async def propose_in_words(turn: Turn, code: str | None, words: str) -> Reply:
    """开方 C-7K2M 高血压:氨氯地平 5mg 每日一次 7天."""
    if turn.group:
        return turn.say(ALONE)
    meant = await _consultation(turn, code)
    if meant is None:
        return turn.say(f"请写会诊编号、诊断和药,比如:\n开方 C-7K2M {_EXAMPLE}")
    consultation_id, named = meant
    return await _shown(turn, words, consultation_id, f"propose:{consultation_id}:{turn.message_id}", f"开方 {named}")


async def revise_in_words(turn: Turn, code: str | None, words: str) -> Reply:
    """改方 R-31 高血压:…, after a return or before the signature."""
    if turn.group:
        return turn.say(ALONE)
    meant = await prescription_meant.one(turn, code, ("RETURNED", "PROPOSED", "REFERRED"))
    if isinstance(meant, Reply):
        return meant
    if meant.state not in ("RETURNED", "PROPOSED", "REFERRED"):
        return turn.say(f"处方 **{meant.code}**:{standing(meant)}")
    key = f"revise:{meant.prescription_id}:{turn.message_id}"
    return await _shown(turn, words, meant.consultation_id, key, f"改方 {meant.code}", meant.prescription_id)


async def _shown(turn: Turn, words: str, consultation_id: str, key: str, phrase: str, revised: str | None = None) -> Reply:
    """The drugs as they were understood, with the check; a button only where somebody could sign it. ``revised``: the prescription they replace."""
    written = read_prescribed(words)
    if (lacks := _lacking(written)) is not None:
        return Reply((Text(text=f"{lacks}\n写法:{phrase} {_EXAMPLE}"), _page(consultation_id)), turn.state)
    found: CheckView = await turn.ask(Check(consultation_id=consultation_id, items=written.items, prescription_id=revised))
    lines = [f"{phrase}\n诊断:{written.diagnosis}", *(f"{place}. {item_line(one)}" for place, one in enumerate(found.items, 1))]
    lines += [finding_line(found, one) for one in found.findings]
    if found.beyond_village:
        lines.append(f"村医不能签,会请上级值班医生签:{';'.join(found.beyond_village)}。")
    if not found.rules_signed:
        lines.append(UNREVIEWED)
    if any(one.action == "B" and one.kind != "facts" for one in found.findings):
        stops = [one for one in found.findings if one.action == "B"]
        change, missing = changes(stops), missing_of(stops)
        asked = f"请{change},重新发一遍。{missing}" if change else f"{missing}补好再发一遍。"
        lines.append(f"**这样开谁也不能签,没有提交。**{asked}")
        return Reply((Text(text="\n".join(lines)), _page(consultation_id)), turn.state.asking(None))
    if any(one.action == "B" for one in found.findings):
        lines.append("缺的资料,村医会先补上再签。")
    lines.append("看过无误请点「确认开方」,签名的医生会收到;要改就重新发一遍。")
    return turn.offer("\n".join(lines), (Choice(code=key, label="确认开方"),))


async def proposed(turn: Turn, consultation_id: str, message_id: str) -> Reply:
    """【确认开方】: the drugs are read again from the message in which they were written."""
    written = await _written(turn, message_id)
    order = Propose(consultation_id=consultation_id, diagnosis=written.diagnosis, items=written.items)
    return await _done(turn, await turn.execute_once(order, message_id))


async def revised(turn: Turn, prescription_id: str, message_id: str) -> Reply:
    written = await _written(turn, message_id)
    order = Revise(prescription_id=prescription_id, diagnosis=written.diagnosis, items=written.items)
    return await _done(turn, await turn.execute_once(order, message_id))


async def _done(turn: Turn, view: PrescriptionView) -> Reply:
    # An old button tapped again gives the answer of then; where the prescription is now is what counts.
    view = await turn.ask(View(prescription_id=view.prescription_id))
    text = f"处方 **{view.code}** 已提交(第 {view.revision} 版),{standing(view)}签不了、被退回,马上告诉您;走到哪一步,发「我的处方」看。"
    return Reply((*tapped(turn, "已提交"), Text(text=text)), turn.state.asking(None))


async def _written(turn: Turn, message_id: str) -> Written:
    said = read_phrase(await words_of(turn, message_id), turn.actor, staff=turn.staff)
    if said is None or said.phrase.key not in ("propose", "revise"):
        raise Invalid
    written = read_prescribed(said.arguments.get("words", ""))
    if _lacking(written) is not None:
        raise Invalid
    return written


def _lacking(written: Written) -> str | None:
    if written.unread:
        unread = ";".join(written.unread[:3])
        return f"这一味没读懂:{unread}。每味药请写目录里的药名、每次的量、每天几次、几天,中间空一格;用法里不要再写数字,要写去页面开。"
    if not written.items:
        return "请写药名、每次的量、每天几次、几天。"
    if len(written.items) > MOST:
        return f"一张处方最多 {MOST} 种药。"
    return "请在最前面写诊断和冒号。" if len(written.diagnosis) < 2 else None


def _page(consultation_id: str) -> Link:
    return Link(title="去会诊台开方", url=f"page:/h5/desk/case/{consultation_id}/", description="目录、用量、检查都在里面。")


async def _consultation(turn: Turn, code: str | None) -> tuple[str, str] | None:
    """Id and code of the one with the code, the only one that runs or is over, or the one last shown."""

    async def look_up() -> list[str] | None:
        found: StatusList = await turn.ask(Progress(code=code))
        fitting = {one.consultation_id: one.code for one in found.consultations if code is not None or one.state in _STATES}
        meant = next(iter(fitting), "") if len(fitting) == 1 else turn.state.shown.get("consultation", "")
        return [meant, fitting[meant]] if meant in fitting else None

    meant: list[str] | None = await turn.settle("consultation", look_up)
    return None if meant is None else (meant[0], meant[1])
