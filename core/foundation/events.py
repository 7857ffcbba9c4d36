"""Events: what happened, told after the commit. A listener belongs to a topic and runs in a worker; it must bear being called twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from core.foundation.practice import Practice

CHAT_LANE = "chat"
"""Messages of people waiting for an answer."""
SEND_LANE = "send"
"""Everything that talks to slow outside systems."""
ALARM_LANE, CARE_LANE = "alarm", "care"
"""What is told people of an emergency, and of a running consultation: neither waits behind a thousand reminders in ``SEND_LANE``."""
SENDING_LANES = (ALARM_LANE, CARE_LANE, SEND_LANE)
IMAGE_LANE = "image"
"""Large files and pictures: seconds of work each, for which no chat waits."""


@dataclass(frozen=True, slots=True)
class Event:
    """``id`` is the outbox row's: receivers de-duplicate by it. ``body`` holds ids only."""

    id: str
    topic: str
    key: str
    body: dict[str, str]
    tries: int


Listener = Callable[["Practice", Event], Awaitable[None]]
L = TypeVar("L", bound=Callable[..., Awaitable[None]])

_LISTENERS: dict[str, list[Listener]] = {}


def listens(topic: str) -> Callable[[L], L]:
    """Registers ``(practice, event) -> None`` for ``topic``."""

    def register(listener: L) -> L:
        _LISTENERS.setdefault(topic, []).append(listener)
        return listener

    return register


def listeners_of(topic: str) -> tuple[Listener, ...]:
    return tuple(_LISTENERS.get(topic, ()))


_CHAT_TOPICS = frozenset({"message.received"})
_IMAGE_TOPICS = frozenset({"upload.received", "frame.asked", "transfer.complete", "file.dropped", "files.swept", "recording.stopped"})


def lane_of(topic: str) -> str:
    """The lane of a topic. Known without loading the listener, because the process that emits is often not the one that listens."""
    if topic in _IMAGE_TOPICS:
        return IMAGE_LANE
    return CHAT_LANE if topic in _CHAT_TOPICS else SEND_LANE
