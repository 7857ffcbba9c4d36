"""What happens at once when an intake shows danger. The room above that alerts people registers itself here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from core.foundation.work import Work
from core.intake.commands import AlertTold
from core.intake.models import Intake

Alerting = Callable[[Work, Intake], Awaitable[AlertTold | None]]
Hearing = Callable[[Work, Intake], Awaitable[None]]

_ALERTING: list[Alerting] = []
_HEARING: list[Hearing] = []


def raises_alert(alerting: Alerting) -> Alerting:
    """Registers who is called, in the transaction of the sentence, when danger stands or becomes critical; it tells whom it alerted."""
    _ALERTING.append(alerting)
    return alerting


def hears_place(hearing: Hearing) -> Hearing:
    """Registers who is called when the speaker said where the patient is (``intake.place``)."""
    _HEARING.append(hearing)
    return hearing


async def on_danger(work: Work, intake: Intake) -> AlertTold | None:
    """Alert; the first answer that names somebody is the one told to the patient."""
    told: AlertTold | None = None
    for alerting in _ALERTING:
        answer = await alerting(work, intake)
        told = told or answer
    return told


async def on_place(work: Work, intake: Intake) -> None:
    for hearing in _HEARING:
        await hearing(work, intake)
