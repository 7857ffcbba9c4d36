"""照此签名: what stands in the way is said, each warning takes a reason in words, then it is signed. What is blocked nobody signs.

Between the reasons and the signature only ids of the messages in which they were written are kept.
"""

from __future__ import annotations

from bot.channels.outgoing import Choice, Outgoing, Text
from bot.dialogue import prescription_meant
from bot.dialogue.cases import tapped
from bot.dialogue.medicine_words import SIGNABLE, described, finding_line, hints_of, short_note, standing, stops_of, to_sign, whose_turn
from bot.dialogue.said_before import words_of
from bot.dialogue.state import Asked
from bot.dialogue.turn import Reply, Turn
from core.foundation.actor import Role
from core.prescriptions.commands import PrescriptionView, Refer, Sign, State, View
from core.prescriptions.errors import OutsideLicence, PrescriptionBlocked, ReasonMissing
from core.prescriptions.signing import RevisionReplaced
from core.prescriptions.workflow import IllegalStep

REASON, CONFIRM = "rx_reason", "rx_confirm"
ALONE = "处方请在单独会话里签,群里不说用药。"
_REVISION = "revision"
_SHORTEST, _LONGEST = 2, 500


async def in_words(turn: Turn, code: str | None) -> Reply:
    """签处方 R-31: everything as it stands, to be signed."""
    if turn.group:
        return turn.say(ALONE)
    meant = await prescription_meant.one(turn, code, _waits_for(turn))
    return meant if isinstance(meant, Reply) else await begin(turn, meant.prescription_id, None)


async def begin(turn: Turn, prescription_id: str, revision: int | None) -> Reply:
    """【照此签名】: what was on the card in ``revision``, or in words without one."""
    view = await _view(turn, prescription_id)
    if (other := _not_yours_now(turn, view)) is not None:
        return other
    turn.state = turn.state.showing("prescription", prescription_id)
    if revision not in (None, view.revision):
        text = Text(text=f"专家刚刚改过处方,请看第 {view.revision} 版再签。")
        shapes = to_sign(view, turn.menu_id("rx"), village=view.state == "PROPOSED")
        return Reply((*tapped(turn, "请看最新的一张"), text, *_pages(shapes)), turn.state.asking(None))
    if stops_of(view):
        return _blocked(turn, view)
    asked = Asked(kind=REASON, ref=prescription_id, detail={_REVISION: str(view.revision)})
    before = (Text(text=described(view)),) if revision is None else ()
    reply = _next(turn, view, asked)
    return Reply((*before, *reply.shapes), reply.state)


async def reason_given(turn: Turn, asked: Asked, words: str) -> Reply:
    """The reason for the warning that was asked about; then the next one, or the confirmation."""
    view = await _view(turn, asked.ref)
    if (other := _not_yours_now(turn, view)) is not None:
        return other
    if asked.detail.get(_REVISION) != str(view.revision):
        return await begin(turn, asked.ref, 0)
    if stops_of(view):
        return _blocked(turn, view)
    if len(words) < _SHORTEST:
        return turn.say("理由太短了,请写清楚为什么这样用。")
    open_ones = [one for one in hints_of(view) if one.key not in asked.detail]
    if open_ones:
        asked = asked.model_copy(update={"detail": {**asked.detail, open_ones[0].key: turn.message_id}})
    return _next(turn, view, asked, {turn.message_id: words})


def _next(turn: Turn, view: PrescriptionView, asked: Asked, written: dict[str, str] | None = None) -> Reply:
    hints = hints_of(view)
    open_ones = [one for one in hints if one.key not in asked.detail]
    if open_ones:
        place = len(hints) - len(open_ones) + 1
        count = f"({place}/{len(hints)})" if len(hints) > 1 else ""
        otherwise = "不这样签,点【请镇卫生院医生签】。" if view.state == "PROPOSED" else "不这样签,请和专家商量。"
        text = f"{finding_line(view, open_ones[0])}\n要这样签,请写理由{count},直接发一句话。{otherwise}"
        return Reply((Text(text=text),), turn.state.asking(asked))
    reasons = f"\n带 {len(hints)} 条提醒,理由已写。" if hints else ""
    last = f"\n理由:{next(iter(written.values()))}" if written and len(hints) == 1 else reasons
    head = f"将签处方 **{view.code}**({len(view.items)} 种药:{'、'.join(one.name for one in view.items)})。{last}\n看过无误请点「确认签名」。"
    choices = (Choice(code=f"sign_rx:{view.prescription_id}:{view.revision}", label="确认签名"),)
    return turn.offer(head, choices, asked=Asked(kind=CONFIRM, ref=asked.ref, detail=asked.detail))


async def signed(turn: Turn, prescription_id: str, revision: int) -> Reply:
    """【确认签名】: the reasons are read again from the messages in which they were written."""
    asked = turn.state.asked
    ids: dict[str, str] = {}
    if asked is not None and asked.kind == CONFIRM and asked.ref == prescription_id and asked.detail.get(_REVISION) == str(revision):
        ids = {key: message_id for key, message_id in asked.detail.items() if key != _REVISION}
    reasons = {key: (await words_of(turn, message_id))[:_LONGEST] for key, message_id in ids.items()}
    try:
        view: PrescriptionView = await turn.execute(
            Sign(prescription_id=prescription_id, revision=revision, reasons=reasons, confirm=True)
        )
    except (IllegalStep, PrescriptionBlocked, ReasonMissing, RevisionReplaced):
        # Somebody was faster, or what the reasons were for has changed: what holds now.
        return await begin(turn, prescription_id, revision)
    except OutsideLicence as refusal:
        reply = turn.offer(refusal.message, (Choice(code=f"rx_refer:{prescription_id}", label="请镇卫生院医生签"),))
        return Reply((*tapped(turn, "超出您的权限"), *reply.shapes), reply.state)
    text = f"处方 **{view.code}** 已签名,等药师审方。审过或被退回都会告诉您。"
    return Reply((*tapped(turn, "已签名"), Text(text=text)), turn.state.asking(None))


async def refer_in_words(turn: Turn, code: str | None) -> Reply:
    if turn.group:
        return turn.say(ALONE)
    meant = await prescription_meant.one(turn, code, ("PROPOSED",))
    return meant if isinstance(meant, Reply) else await refer(turn, meant.prescription_id)


async def refer(turn: Turn, prescription_id: str) -> Reply:
    """【请镇卫生院医生签】."""
    try:
        view: PrescriptionView = await turn.execute(Refer(prescription_id=prescription_id))
    except IllegalStep:
        view = await _view(turn, prescription_id)
        return _as_it_stands(turn, view)
    text = f"处方 **{view.code}** 已转上级值班医生签名。签好、审过会告诉您。"
    return Reply((*tapped(turn, "已转上级医生签"), Text(text=text)), turn.state.asking(None))


def _waits_for(turn: Turn) -> tuple[State, ...]:
    return ("REFERRED",) if turn.actor.holds(Role.DUTY_DOCTOR) and not turn.actor.holds(Role.VILLAGE_DOCTOR) else SIGNABLE


def _not_yours_now(turn: Turn, view: PrescriptionView) -> Reply | None:
    """What holds now where this doctor has nothing to sign (any more)."""
    role = {"PROPOSED": Role.VILLAGE_DOCTOR, "REFERRED": Role.DUTY_DOCTOR}.get(view.state)
    return None if role is not None and turn.actor.holds(role) else _as_it_stands(turn, view)


def _as_it_stands(turn: Turn, view: PrescriptionView) -> Reply:
    return Reply((*tapped(turn, short_note(view)), Text(text=f"处方 **{view.code}**:{standing(view)}")), turn.state.asking(None))


def _blocked(turn: Turn, view: PrescriptionView) -> Reply:
    stops = stops_of(view)
    lines = [f"处方 **{view.code}** 不能签:", *(finding_line(view, one) for one in stops), whose_turn(stops)]
    return Reply((Text(text="\n".join(lines)),), turn.state.asking(None))


def _pages(shapes: tuple[Outgoing, ...]) -> tuple[Outgoing, ...]:
    return tuple(shape for shape in shapes if shape.shape != "link")


async def _view(turn: Turn, prescription_id: str) -> PrescriptionView:
    view: PrescriptionView = await turn.ask(View(prescription_id=prescription_id))
    return view
