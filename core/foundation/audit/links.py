"""Rows that some act must have left together with its audit entry, and that name it: what completeness is checked against."""

from __future__ import annotations

from dataclasses import dataclass

RECEIVED = frozenset({"message.received"})
"""Events of the outbox that no act tells: a message came in; the acts are what is then made of it."""


@dataclass(frozen=True, slots=True)
class Link:
    """``table`` has ``entry_id``; ``what`` is its column that says what the row is; ``without_act``: values of it that need no entry."""

    table: str
    what: str
    without_act: frozenset[str] = frozenset()


_LINKS: dict[str, Link] = {"outbox_event": Link("outbox_event", "topic", RECEIVED)}


def names_its_entry(table: str, what: str) -> None:
    """Declares that every row of ``table`` names the audit entry of the act that wrote it."""
    _LINKS[table] = Link(table, what)


def links() -> tuple[Link, ...]:
    return tuple(_LINKS.values())
