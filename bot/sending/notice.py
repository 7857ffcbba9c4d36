"""What a rendered notification is: something to send, or a change to a card sent earlier."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bot.channels.outgoing import Outgoing
from core.foundation.practice import Practice
from core.notifications.models import Notification


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture kept under a patient's key, to be sent before the words where the channel takes one."""

    blob_id: str
    patient_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What to send. ``card_ref``: a card is sent about it and may have to change later. ``shown``: what 接诊 or 已接手 in words then means.

    ``template``: name and values (by meaning, ``bot.sending.templates``) of what goes as template or subscription message, where the ladder says so.
    Empty ``shapes``: nothing left to tell.
    ``page``: what the template message opens, a page of the mini program by its route (``privacy?at=looked``): values of a template hold no link.
    """

    shapes: tuple[Outgoing, ...] = ()
    card_ref: str = ""
    shown: dict[str, str] = field(default_factory=dict)
    template: tuple[str, dict[str, str]] | None = None
    page: str = ""
    echo: bool = False
    """What a person has just done by chat was answered there: when the chat has ``shown`` already, this is not said twice."""
    replaces: tuple[str, ...] = ()
    """Earlier cards about these things are closed with a word that there is a newer one: one open card a case."""
    picture: Picture | None = None


@dataclass(frozen=True, slots=True)
class CardChange:
    """A card sent earlier about ``ref`` gets ``note`` in place of its buttons."""

    ref: str
    note: str


Renderer = Callable[[Practice, Notification], Awaitable[Notice | CardChange]]
