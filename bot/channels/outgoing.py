"""What goes out, before any channel has rendered it, and what each channel can show.

Texts are plain; `**so**` marks emphasis, which channels without it leave out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from bot.channels.message import Frozen

TASK_ID = r"^[0-9A-Za-z_\-@]{1,128}$"
KEY_LIMIT = 1024
"""Bytes of a button's key."""

TaskId = Annotated[str, StringConstraints(pattern=TASK_ID)]


class Text(Frozen):
    """A sentence or several."""

    shape: Literal["text"] = "text"
    text: Annotated[str, Field(repr=False)]


class Choice(Frozen):
    """One thing to tap: `code` comes back, `label` is read."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    label: Annotated[str, StringConstraints(min_length=1)]


class Menu(Frozen):
    """A question with things to tap. `menu_id` tells a late tap from one that answers the present question."""

    shape: Literal["menu"] = "menu"
    head: Annotated[str, Field(repr=False)]
    choices: tuple[Choice, ...]
    tail: Annotated[str, Field(repr=False)] = ""
    menu_id: TaskId | Literal[""] = ""

    @model_validator(mode="after")
    def _codes_differ(self) -> Menu:
        if len({choice.code for choice in self.choices}) != len(self.choices):
            raise ValueError("the codes of a menu's choices must differ")
        return self


class Button(Frozen):
    """A card's button. `style`: 1 blue, 2 grey on white, 3 red, 4 blue on white, as WeCom counts them."""

    key: Annotated[str, StringConstraints(min_length=1, max_length=KEY_LIMIT)]
    label: Annotated[str, StringConstraints(min_length=1)]
    style: Annotated[int, Field(ge=1, le=4)] = 1


class Line(Frozen):
    """One line of a card: what it is and its value."""

    key: str
    value: Annotated[str, Field(repr=False)]


class Card(Frozen):
    """A card to act upon. `task_id` is unique in the app and names the card for good."""

    shape: Literal["card"] = "card"
    task_id: TaskId
    title: Annotated[str, Field(repr=False)]
    description: Annotated[str, Field(repr=False)] = ""
    sub_title: Annotated[str, Field(repr=False)] = ""
    lines: tuple[Line, ...] = ()
    buttons: tuple[Button, ...] = ()
    url: Annotated[str, Field(repr=False)] = ""

    @model_validator(mode="after")
    def _keys_differ(self) -> Card:
        if len({button.key for button in self.buttons}) != len(self.buttons):
            raise ValueError("the keys of a card's buttons must differ")
        return self


class CardUpdate(Frozen):
    """Change a card that is already on a screen: only its buttons (`note` stands in their place) or all of it.

    `pressed_in`: the message in which it was pressed, where that is an earlier one than the one that is answered."""

    shape: Literal["card_update"] = "card_update"
    note: Annotated[str, StringConstraints(min_length=1)]
    card: Card | None = None
    everyone: bool = False
    pressed_in: str = ""


class Image(Frozen):
    """A picture the platform already has (`media_id`) or that anybody may fetch (`url`)."""

    shape: Literal["image"] = "image"
    media_id: str = ""
    url: str = ""
    caption: Annotated[str, Field(repr=False)] = ""


class Link(Frozen):
    """A page to open or a number to dial (``tel:``). Pages of ours are named as ``own_pages`` says."""

    shape: Literal["link"] = "link"
    title: str
    url: Annotated[str, Field(repr=False)]
    description: Annotated[str, Field(repr=False)] = ""
    picture_url: str = ""


class Stream(Frozen):
    """The whole text so far of an answer still being written (robot); elsewhere only the finished one is shown."""

    shape: Literal["stream"] = "stream"
    text: Annotated[str, Field(repr=False)]
    finish: bool
    stream_id: str = ""


Outgoing = Annotated[Text | Menu | Card | CardUpdate | Image | Link | Stream, Field(discriminator="shape")]


def keys_of(shapes: Sequence[Outgoing]) -> tuple[str, ...]:
    """The keys of what can be tapped, in the order in which it is numbered where it is numbered."""
    menus = [[choice.code for choice in shape.choices] for shape in shapes if isinstance(shape, Menu)]
    cards = [[button.key for button in shape.buttons] for shape in shapes if isinstance(shape, Card)]
    return tuple(next((keys for keys in (*menus, *cards) if keys), ()))


class Capability(Frozen):
    """What a channel can do. Times in seconds, lengths in bytes; 0 buttons means that choices are numbered."""

    deadline_seconds: float
    max_text_bytes: int
    max_buttons: int
    cards: bool
    edits: bool
    streams: bool
    markdown: bool
    group: bool
    pushes: bool


class Reply(Frozen):
    """An HTTP answer to a callback. `rest` did not fit into it and has to be pushed."""

    body: bytes
    content_type: str
    rest: tuple[Outgoing, ...] = ()


_EMPHASIS = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)


def without_emphasis(text: str) -> str:
    """The text as channels without bold letters show it."""
    return _EMPHASIS.sub(r"\1", text)
