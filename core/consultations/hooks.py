"""What rooms above do at a consultation's turning points, in the same transaction: they register, this room calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from core.consultations.models import Consultation
from core.foundation.work import Work

Hook = Callable[[Work, Consultation], Awaitable[None]]
Rescue = Callable[[Work, Consultation], Awaitable[bool]]
Involvement = Callable[[Work], Awaitable[set[str]]]


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What a room above knows of the patient of a case, in words for those who treat him: ``safety`` and ``labs`` as label and value,
    ``measured`` as time, label and value."""

    safety: tuple[tuple[str, str], ...] = ()
    labs: tuple[tuple[str, str], ...] = ()
    measured: tuple[tuple[datetime, str, str], ...] = ()


Telling = Callable[[Work, Consultation], Awaitable[CaseFacts]]
Finding = Callable[[str, str], Awaitable[bool]]
H = TypeVar("H", bound=Hook)
R = TypeVar("R", bound=Rescue)
F = TypeVar("F", bound=Involvement)
T = TypeVar("T", bound=Telling)
G = TypeVar("G", bound=Finding)

_READY: list[Hook] = []
_CLOSED: list[Hook] = []
_FORGOTTEN: list[Rescue] = []
_RETURNED: list[Hook] = []
_ASSIGNED: list[Hook] = []
_INVOLVED: list[Involvement] = []
_TELLINGS: list[Telling] = []
_IMAGES: list[Finding] = []


def when_ready(hook: H) -> H:
    """``hook`` is called when a draft has got everything that dispatch needs."""
    _READY.append(hook)
    return hook


def when_closed(hook: H) -> H:
    """``hook`` is called when a consultation is completed or cancelled."""
    _CLOSED.append(hook)
    return hook


def when_forgotten(rescue: R) -> R:
    """``rescue`` is called when a draft still lacks something, or a taken one has not begun, after the last reminder; it says whether
    somebody was told."""
    _FORGOTTEN.append(rescue)
    return rescue


def when_assigned(hook: H) -> H:
    """``hook`` is called when an expert has taken the consultation."""
    _ASSIGNED.append(hook)
    return hook


def when_returned(hook: H) -> H:
    """``hook`` is called when the expert gave the consultation back; the row is pending again and has no expert."""
    _RETURNED.append(hook)
    return hook


def involves(finder: F) -> F:
    """``finder`` gives further consultations that concern the actor (those he is asked about), for 进度."""
    _INVOLVED.append(finder)
    return finder


def tells_of_case(telling: T) -> T:
    """``telling`` adds what its room knows of the patient to the case as those who treat him read it."""
    _TELLINGS.append(telling)
    return telling


def knows_images(finding: G) -> G:
    """``finding`` says of a consultation's id and an image's id whether that image is shown in that consultation."""
    _IMAGES.append(finding)
    return finding


async def has_image(consultation_id: str, image_id: str) -> bool:
    """Whether the image is one of the consultation."""
    return any([await finding(consultation_id, image_id) for finding in _IMAGES])


async def call_ready(work: Work, consultation: Consultation) -> None:
    for hook in _READY:
        await hook(work, consultation)


async def call_closed(work: Work, consultation: Consultation) -> None:
    for hook in _CLOSED:
        await hook(work, consultation)


async def call_forgotten(work: Work, consultation: Consultation) -> bool:
    told = [await rescue(work, consultation) for rescue in _FORGOTTEN]
    return any(told)


async def call_assigned(work: Work, consultation: Consultation) -> None:
    for hook in _ASSIGNED:
        await hook(work, consultation)


async def call_returned(work: Work, consultation: Consultation) -> None:
    for hook in _RETURNED:
        await hook(work, consultation)


async def involved_otherwise(work: Work) -> set[str]:
    """Ids of consultations that rooms above say concern the actor."""
    found: set[str] = set()
    for finder in _INVOLVED:
        found |= await finder(work)
    return found


async def told_of_case(work: Work, consultation: Consultation) -> CaseFacts:
    """What all rooms above tell, one after the other."""
    told = [await telling(work, consultation) for telling in _TELLINGS]
    return CaseFacts(
        safety=tuple(line for one in told for line in one.safety), labs=tuple(line for one in told for line in one.labs),
        measured=tuple(line for one in told for line in one.measured),
    )
