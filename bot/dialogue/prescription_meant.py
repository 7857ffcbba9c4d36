"""Which prescription is meant: the one with the code, the only one that waits, or of several the one last put before the person."""

from __future__ import annotations

from bot.dialogue.turn import Reply, Turn
from core.prescriptions.commands import Mine, PrescriptionList, PrescriptionView

_SHOWN = 8


async def waiting(turn: Turn, states: tuple[str, ...]) -> list[PrescriptionView]:
    """Those of the actor in these states, newest first."""
    found: PrescriptionList = await turn.ask(Mine())
    return [one for one in found.prescriptions if one.state in states]


async def one(turn: Turn, code: str | None, states: tuple[str, ...]) -> PrescriptionView | Reply:
    """The prescription, or what to say where it is not clear. With a code any state: the answer then says how it stands."""

    async def look_up() -> str | None:
        found: PrescriptionList = await turn.ask(Mine())
        fitting = [view.prescription_id for view in found.prescriptions if (view.code == code if code else view.state in states)]
        shown = turn.state.shown.get("prescription")
        return fitting[0] if len(fitting) == 1 else shown if shown in fitting else None

    chosen: str | None = await turn.settle("prescription", look_up)
    found: PrescriptionList = await turn.ask(Mine())
    view = next((view for view in found.prescriptions if view.prescription_id == chosen), None)
    if view is not None:
        return view
    if code is not None:
        return turn.say(f"没有找到处方 {code},请核对编号。")
    several = [view for view in found.prescriptions if view.state in states]
    if not several:
        return turn.say("现在没有等您处理的处方。")
    return turn.say("\n".join(["是哪一张处方?请带上编号再发一遍:", *(line(view) for view in several[:_SHOWN])]))


def line(view: PrescriptionView) -> str:
    names = "、".join(item.name for item in view.items)
    return f"**{view.code}** · {view.age} · {names} · {view.state_label}"
