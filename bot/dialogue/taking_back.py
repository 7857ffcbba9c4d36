"""返回 in the pre-consultation: the answer given last is taken back, and the question before it asked again; as far as the first sentence.

A danger that was heard stays told. Whoever mistyped hears so plainly, with 120 first.
"""

from __future__ import annotations

from bot.channels.outgoing import Text
from bot.dialogue import patients
from bot.dialogue.again import asked_anew, question_before
from bot.dialogue.resuming import TWO_WEEKS, about
from bot.dialogue.state import Asked
from bot.dialogue.turn import Reply, Turn
from core.foundation.clock import ago
from core.intake.commands import IntakeView, TakeBack, TakenBack
from core.intake.errors import IntakeClosed, IntakeUnknown, NothingToTakeBack
from core.intake.rules import SILENT
from nlp.interface.urgency import Urgency

_ECHOED = 12
"""A longer sentence is not said back."""
_BEGINNING = "这是第一个问题,前面没有了。说错了,把对的直接说一遍就行;想全部重说,发「重来」;先不说了,发「取消」。\n刚才问的是:"
_GONE = "刚才的问诊已经放下了。哪里不舒服,直接说就行;变重了不要等,马上打 **120**。"
_TELL = "请接着说:哪里不舒服,多久了?"
_RED_FLAG = "**要紧的话听到过,不能当没有:请现在就去医院。**变重了马上打 **120**。"
_DANGER = "好的,上一句不算。可是要紧的话听到过,不能当没有:上面说的照样要办。"
_DESPAIR = "好的,上一句不算。您说过的难处,我还放在心上。"


def last_answer_of(turn: Turn) -> Asked | None:
    """The question of the pre-consultation that 返回 is about: the open one, or the last one where only its result stands after it."""
    asked, before = turn.state.asked, turn.state.before
    if asked is not None and asked.kind == "actions" and before is not None and before.kind == "intake" and before.ref == turn.state.intake_id:
        return before
    return asked if asked is not None and asked.kind == "intake" else None


async def taken_back(turn: Turn, asked: Asked) -> Reply | None:
    """One answer less, and what is asked now; None in danger where nothing can be taken back: that is never put aside."""
    age = None if asked.at is None else turn.practice.clock.now() - asked.at
    if age is not None and age > TWO_WEEKS and not turn.state.in_danger:
        await patients.close(turn, "changed_subject")
        return Reply((Text(text=f"那是{ago(age)}的问诊,没问完,先放下了。哪里不舒服,直接说就行。"),), turn.state.asking(None))
    try:
        back: TakenBack = await turn.execute(TakeBack(intake_id=asked.ref))
    except NothingToTakeBack:
        return None if turn.state.in_danger else await _beginning(turn)
    except (IntakeClosed, IntakeUnknown):
        if turn.state.in_danger:
            return None
        turn.state = turn.state.model_copy(update={"asked": None, "intake_id": None, "danger": None})
        return turn.say(_GONE)
    turn.state = turn.state.asking(None)
    view = back.view
    if _in_emergency(view):
        return _emergency(turn, view)
    last_time = "" if age is None or age <= SILENT else f"上次说到{about(turn, view)}({ago(age)})。\n"
    return _goes_on(turn, back, f"{last_time}{_dropped(back)}")


def _in_emergency(view: IntakeView) -> bool:
    return view.assessment is not None and (view.assessment.emergency is not None or view.assessment.level is Urgency.CRITICAL)


def _emergency(turn: Turn, view: IntakeView) -> Reply:
    """120 first, as ever in danger; then that the sentence does not count, and that the danger does."""
    danger = None if view.assessment is None else view.assessment.emergency
    remark = _DESPAIR if danger is not None and danger.first else _DANGER
    return patients.emergency_of(turn, view.model_copy(update={"remark": remark}))


def _goes_on(turn: Turn, back: TakenBack, head: str) -> Reply:
    view = back.view
    if view.question is not None:
        return patients.question_of(turn, view, head, back=back.more)
    if view.assessment is not None and view.assessment.level is not None:
        return patients.result_of(turn, view, view.assessment, head)
    return turn.say(f"{head}{_TELL}")


def _dropped(back: TakenBack) -> str:
    said = " ".join(back.said.split()).replace("**", "")
    dropped = f"好的,「{said}」不算了。" if len(said) <= _ECHOED else "好的,上一句不算了。"
    return f"{dropped}\n{_RED_FLAG}" if back.danger_stands else dropped


async def _beginning(turn: Turn) -> Reply:
    """At the first question: it stays open, and whoever wants more knows how to say it."""
    asked = turn.state.asked
    if asked is None:
        return turn.say(_BEGINNING)
    return asked_anew(turn, asked, await question_before(turn, asked), Text(text=_BEGINNING))
