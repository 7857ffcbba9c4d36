"""Which prescription is meant: the one with the code, the only one that waits, or of several the one last put before the person."""

from __future__ import annotations

from bot.dialogue.turn import Reply, Turn
from core.foundation.actor import Role
from core.prescriptions.commands import PrescriptionView, State, View
from core.prescriptions.commands_lists import Mine, PrescriptionList
from core.prescriptions.commands_waiting import Waiting, WaitingPrescription, WaitingView

_SHOWN = 8


async def waiting(turn: Turn, states: tuple[State, ...]) -> list[PrescriptionView]:
    """Those of the actor in these states, newest first."""
    found: PrescriptionList = await turn.ask(Mine(states=states))
    return list(found.prescriptions)


async def queue(turn: Turn, states: tuple[State, ...]) -> list[tuple[str, str]]:
    """Id and line of each that waits for the actor in these states: of a pharmacist's and a duty doctor's queue the most urgent first."""
    lines: list[WaitingPrescription] | list[PrescriptionView]
    if turn.actor.holds(Role.PHARMACIST) and set(states) <= {"SIGNED", "RELEASED"}:
        found: WaitingView = await turn.ask(Waiting())
        lines = [one for one in (*found.to_review, *found.to_dispense) if one.state in states]
    elif turn.actor.holds(Role.DUTY_DOCTOR) and not turn.actor.holds(Role.PHARMACIST) and states == ("REFERRED",):
        found = await turn.ask(Waiting())
        lines = list(found.to_sign)
    else:
        lines = await waiting(turn, states)
    return [(one.prescription_id, line(one)) for one in lines]


async def one(turn: Turn, code: str | None, states: tuple[State, ...]) -> PrescriptionView | Reply:
    """The prescription, or what to say where it is not clear. With a code any state: the answer then says how it stands."""

    async def look_up() -> str | None:
        fitting = [prescription_id for prescription_id, _ in await _fitting(turn, code, states)]
        shown = turn.state.shown.get("prescription")
        return fitting[0] if len(fitting) == 1 else shown if shown in fitting else None

    chosen: str | None = await turn.settle("prescription", look_up)
    if chosen is not None:
        view: PrescriptionView = await turn.ask(View(prescription_id=chosen))
        return view
    if code is not None:
        unsigned = "医生还没签名的处方,签好了才会到您这里。" if turn.actor.holds(Role.PHARMACIST) else ""
        return turn.say(f"没有找到处方 {code},请核对编号。{unsigned}")
    several = await queue(turn, states)
    if not several:
        return turn.say("现在没有等您处理的处方。")
    return turn.say("\n".join(["是哪一张处方?请带上编号再发一遍:", *(words for _, words in several[:_SHOWN])]))


async def _fitting(turn: Turn, code: str | None, states: tuple[State, ...]) -> list[tuple[str, str]]:
    if code is None:
        return await queue(turn, states)
    found: PrescriptionList = await turn.ask(Mine(code=code))
    return [(view.prescription_id, line(view)) for view in found.prescriptions]


def line(view: PrescriptionView | WaitingPrescription) -> str:
    """Without the patient's name."""
    names = "、".join(view.drugs if isinstance(view, WaitingPrescription) else (item.name for item in view.items))
    return f"**{view.code}** · {view.age} · {names} · {view.state_label}"
