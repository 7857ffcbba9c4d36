"""取消, 返回, 重来 in whatever question is open: what was dropped, and what can be done now.

None of them cancels a consultation or an appointment: where one stands, 取消 asks which is meant. In danger 120 stays on the screen.
"""

from __future__ import annotations

import contextlib

from bot.channels.outgoing import Choice, Outgoing, Text
from bot.dialogue import booking, emergency_dose, patients, reviewing, signing, taking_back
from bot.dialogue import intake_words as words
from bot.dialogue.again import asked_anew, question_before, shapes_before
from bot.dialogue.state import FLAG, Asked
from bot.dialogue.turn import Reply, Turn
from bot.phrases.stopping import Stop
from core.appointments.commands import AppointmentsView, MyAppointments
from core.consultations.commands import Progress, StatusList
from core.foundation.actor import Role
from core.foundation.clock import spoken
from core.foundation.errors import DomainError, NotFound, Unavailable
from core.intake.commands import CurrentIntake, IntakeView

KEEP = Choice(code="keep", label="都不取消")
_OPEN = ("DRAFT", "PENDING", "ASSIGNED", "IN_PROGRESS")
_MOST = 4
_DROPPED = {
    "intake": "刚才的问诊先放下了,没有给出建议", "whose": "刚才那句先不算", "who": "刚才那句先不算", "worse": "先不说加重的事",
    "cancel_reason": "会诊没有取消,照常进行", "decline_reason": "已经转请别的专家,原因没有记", "decision_reason": "决定没有办,意见还在等您决定",
    "rx_reason": "处方没有签名", "rx_confirm": "处方没有签名", "return_reason": "处方没有退回,还在待审", "dose": "这一剂没有下",
    "dose_confirm": "这一剂没有下", "second_factor": "没有签名,动态码不用输了", "ranking": "没有请专家", "resume": "刚才那句先不算",
    "which": "刚才的数字不算", "when": "没有约号", "reassign_reason": "没有改派,还是原来的专家", "no_such_material": "没有答复,专家要的资料还在等您",
}  # fmt: skip
"""What was not done, by the kind of question that was open."""
_SENTENCES = frozenset({
    "decision_reason", "return_reason", "cancel_reason", "decline_reason", "rx_reason", "rx_confirm", "reassign_reason", "no_such_material",
})
_TELLING = frozenset({"intake", "whose", "who", "worse", "resume"})
_PATIENT_NOW = "想看医生说「预约」,哪里不舒服直接说。变重了不要等,马上打 **120**。"
_STAFF_NOW = "要办时再点按钮,或者发「帮助」看怎么说。"
_NOTHING_OPEN = "现在没有正在问您的。"


async def stopped(turn: Turn, stop: Stop) -> Reply:
    """One of the three, said alone."""
    if turn.state.in_danger and not turn.staff:
        return await _in_danger(turn, stop)
    match stop:
        case Stop.CANCEL:
            return await _cancelled(turn)
        case Stop.BACK:
            return await _back(turn)
        case Stop.AGAIN:
            return await _again(turn)


def kept(turn: Turn) -> Reply:
    """【都不取消】."""
    return Reply((Text(text=f"好的,都照旧。{_now(turn)}"),), turn.state.asking(None))


def _now(turn: Turn) -> str:
    if turn.staff:
        return _STAFF_NOW
    # What was said of a red flag holds, whatever is put aside.
    flagged = turn.state.danger is not None and turn.state.danger.startswith(FLAG)
    return f"{'刚才说的要紧的没有变:请现在就去医院。' if flagged else ''}{_PATIENT_NOW}"


async def _in_danger(turn: Turn, stop: Stop) -> Reply:
    """What was said of the danger stands, and so does the question: 120 first. An answer may be taken back; the danger it told may not."""
    answered = taking_back.last_answer_of(turn) if stop is Stop.BACK else None
    if answered is not None and (back := await taking_back.taken_back(turn, answered)) is not None:
        return back
    shapes: tuple[Outgoing, ...] = (Text(text="**还没打 120 的话,请马上打。**"), words.CALL_120)
    with contextlib.suppress(NotFound):
        view: IntakeView = await turn.ask(CurrentIntake())
        if view.assessment is not None:
            first, _ = words.still_emergency(view, view.assessment)
            shapes = (Text(text=first), *words.calls(view.assessment))
    said = "这件事先不能放下。前面说错了,直接把对的说一遍。"
    asked = turn.state.asked
    if asked is None:
        return Reply((*shapes, Text(text=said)), turn.state)
    return asked_anew(turn, asked, await question_before(turn, asked), *shapes, Text(text=said))


async def _cancelled(turn: Turn) -> Reply:
    asked = turn.state.asked
    dropped = "" if asked is None else _DROPPED.get(asked.kind, "")
    now = _now(turn)
    if asked is not None and asked.kind == "intake":
        await patients.close(turn, "changed_subject")
    turn.state = turn.state.asking(None)
    if dropped:
        return turn.say(f"好的,{dropped}。{now}")
    standing = await _cancellable(turn)
    if standing:
        head = "好的,刚才的没有办。您是要取消下面的哪一个吗?" if asked is not None else "要取消哪一个?"
        return turn.offer(head, (*standing, KEEP))
    return turn.say(f"{'好的,刚才的没有办。' if asked is not None else _NOTHING_OPEN}{now}")


async def _cancellable(turn: Turn) -> tuple[Choice, ...]:
    """What he could cancel: his appointments, or the consultations that he asked for."""
    if not turn.staff:
        mine: AppointmentsView = await turn.ask(MyAppointments())
        booked = [one for one in mine.appointments if one.state == "booked"][:_MOST]
        labels = [f"取消预约 {spoken(one.slot.starts_at)} {one.slot.department}" for one in booked]
        return tuple(Choice(code=f"cancel_appointment:{one.appointment_id}", label=label) for one, label in zip(booked, labels, strict=True))
    if not turn.actor.holds(Role.VILLAGE_DOCTOR):
        return ()
    found: StatusList = await turn.ask(Progress(in_group=turn.group))
    running = [one for one in found.consultations if one.state in _OPEN][:_MOST]
    return tuple(Choice(code=f"cancel:{one.consultation_id}", label=f"取消会诊 {one.code}") for one in running)


async def _back(turn: Turn) -> Reply:
    """To the question before the open one; in the pre-consultation the answer to it is taken back."""
    asked, before = turn.state.asked, turn.state.before
    if asked is None:
        return turn.say(f"{_NOTHING_OPEN}{_now(turn)}")
    answered = taking_back.last_answer_of(turn)
    if answered is not None and (back := await taking_back.taken_back(turn, answered)) is not None:
        return back
    if before is not None and before.kind != "intake" and (shapes := await shapes_before(turn, before)):
        return asked_anew(turn, before, shapes, Text(text=f"好的,{_dropped(asked)}回到上一步:"))
    turn.state = turn.state.asking(None)
    return turn.say(f"好的,{_dropped(asked)}前面没有别的问题了。{_now(turn)}")


def _dropped(asked: Asked) -> str:
    told = _DROPPED.get(asked.kind, "")
    return f"{told}," if told else ""


async def _again(turn: Turn) -> Reply:
    """From the beginning of what is being done."""
    asked = turn.state.asked
    telling = turn.state.intake_id is not None or (asked is not None and asked.kind in _TELLING)
    if not turn.staff and telling and (asked is None or not _books(asked)):
        return await patients.put_away(turn, "wrong")
    if asked is None:
        return turn.say(f"{_NOTHING_OPEN}{_now(turn)}")
    try:
        begun = await _begun_anew(turn, asked)
    except Unavailable:
        raise
    except DomainError as refusal:
        # It went on meanwhile (signed, returned, taken by somebody else): there is nothing to begin with any more.
        turn.state = turn.state.asking(None)
        return turn.say(refusal.message)
    if begun is not None:
        return Reply((Text(text="好的,从头来。"), *begun.shapes), begun.state, begun.aside)
    shapes = await question_before(turn, asked)
    if shapes and asked.kind in _SENTENCES:
        return asked_anew(turn, asked, shapes, Text(text="好的,刚才的不算,重新来:"))
    turn.state = turn.state.asking(None)
    return turn.say(f"好的,{_DROPPED.get(asked.kind, '刚才的没有办')}。{_now(turn)}")


def _books(asked: Asked) -> bool:
    return asked.kind == "actions" and any(option.startswith(("book:", "slots:")) for option in asked.options)


async def _begun_anew(turn: Turn, asked: Asked) -> Reply | None:
    """The first step of what ``asked`` is a step of; None where it has none."""
    match asked.kind:
        case "actions" if not turn.staff and _books(asked):
            return await booking.slots(turn, None)
        case "dose" | "dose_confirm" if asked.detail.get("dose"):
            return await emergency_dose.look(turn, asked.detail["dose"], asked.ref)
        case "rx_reason" | "rx_confirm":
            return await signing.begin(turn, asked.ref, None)
        case "return_reason":
            return await reviewing.ask_reason(turn, asked.ref)
        case _:
            return None
