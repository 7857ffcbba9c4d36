"""Shapes as JSON text: how replies are kept between the process that thinks and the one that answers."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import TypeAdapter

from bot.channels.outgoing import Outgoing

_SHAPES: TypeAdapter[tuple[Outgoing, ...]] = TypeAdapter(tuple[Outgoing, ...])

NOTHING = "[]"


def written(shapes: Sequence[Outgoing]) -> str:
    """``shapes`` as a JSON list."""
    return _SHAPES.dump_json(tuple(shapes)).decode()


def read(text: str) -> tuple[Outgoing, ...]:
    """The shapes of a JSON list; none for an empty text."""
    return _SHAPES.validate_json(text) if text else ()
