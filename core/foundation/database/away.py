"""What a database raises that cannot answer now: the driver's errors as Tortoise passes them on, and those that reach us past it (a pool
that gets no connection)."""

from __future__ import annotations

from asyncmy.errors import MySQLError
from tortoise.exceptions import DBConnectionError, OperationalError

MOVED = (1290, 1836)
"""MySQL's numbers of a server that takes no writes any more: another one does, and this one goes on answering whoever is still connected to it."""
PASSING = (1213, 1205, 1020, 2006, 2013, *MOVED)
"""MySQL's numbers: deadlock, lock wait, record changed since last read, server gone (two), moved."""


def is_passing(error: BaseException) -> bool:
    """Whether the same may succeed when tried again at once: one of :data:`PASSING`, or SQLite's lock."""
    cause = error.args[0] if error.args else error
    return _number(error) in PASSING or "locked" in str(cause)


def has_moved(error: BaseException | None) -> bool:
    """Whether the server said that it takes no writes: its connections lead nowhere any more."""
    return error is not None and _number(error) in MOVED


def _number(error: BaseException) -> object:
    """MySQL's number of the driver's error, or of the one inside Tortoise's; None for others."""
    cause = error.args[0] if error.args else None
    if isinstance(cause, BaseException):
        return cause.args[0] if cause.args else None
    return cause if isinstance(error, MySQLError) else None


AWAY: tuple[type[Exception], ...] = (OperationalError, DBConnectionError, MySQLError, ConnectionError)
