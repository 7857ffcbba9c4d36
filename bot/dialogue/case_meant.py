"""Which consultation is meant: the one with the code, the only one that fits, or of several the one last put before the person. Else it is asked."""

from __future__ import annotations

from bot.channels.outgoing import Choice
from bot.dialogue.turn import Reply, Turn
from core.consultations.commands import ConsultationStatus, Progress, StatusList

OPEN = ("DRAFT", "PENDING", "ASSIGNED", "IN_PROGRESS")
_SHOWN = 6


async def one(turn: Turn, verb: str, code: str | None, states: tuple[str, ...], nothing: str) -> ConsultationStatus | Reply:
    """The consultation, or what to say where it is not clear: ``verb`` is the button that goes on with the one that is chosen.

    With a code any state: the practice itself then says what is wrong with it.
    """

    async def look_up() -> str | None:
        fitting = [status.consultation_id for status in await _fitting(turn, code, states)]
        shown = turn.state.shown.get("consultation")
        return fitting[0] if len(fitting) == 1 else shown if shown in fitting else None

    chosen: str | None = await turn.settle("consultation", look_up)
    everything: StatusList = await turn.ask(Progress(code=code, in_group=turn.group))
    # Whatever state it is in now: when the turn is repeated, what it did has changed that.
    meant = next((status for status in everything.consultations if status.consultation_id == chosen), None)
    if meant is not None:
        turn.state = turn.state.showing("consultation", meant.consultation_id)
        return meant
    found = _of(everything, code, states)
    if not found:
        return turn.say(nothing)
    lines = [f"{place}. {status.code} · {status.urgency_label} · {status.state_label}" for place, status in enumerate(found[:_SHOWN], 1)]
    choices = tuple(Choice(code=f"{verb}:{status.consultation_id}", label=status.code) for status in found[:_SHOWN])
    return turn.offer("\n".join(["是哪一份会诊?", *lines]), choices)


async def by_id(turn: Turn, consultation_id: str) -> ConsultationStatus | None:
    """The one that a button names, as far as it concerns the person."""
    found: StatusList = await turn.ask(Progress(in_group=turn.group))
    return next((status for status in found.consultations if status.consultation_id == consultation_id), None)


async def open_ones(turn: Turn) -> list[ConsultationStatus]:
    """All that are open and concern the person."""
    return await _fitting(turn, None, OPEN)


async def _fitting(turn: Turn, code: str | None, states: tuple[str, ...]) -> list[ConsultationStatus]:
    return _of(await turn.ask(Progress(code=code, in_group=turn.group)), code, states)


def _of(found: StatusList, code: str | None, states: tuple[str, ...]) -> list[ConsultationStatus]:
    return [status for status in found.consultations if code or status.state in states]
