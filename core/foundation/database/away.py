"""What a database raises that cannot answer now: the driver's errors as Tortoise passes them on, and those that reach us past it (a pool
that gets no connection)."""

from __future__ import annotations

from asyncmy.errors import MySQLError
from tortoise.exceptions import DBConnectionError, OperationalError

PASSING = (1213, 1205, 1020, 2006, 2013)
"""MySQL's numbers: deadlock, lock wait, record changed since last read, server gone (two)."""


def is_passing(error: Exception) -> bool:
    """Whether the same may succeed when tried again at once: one of :data:`PASSING`, or SQLite's lock."""
    cause = error.args[0] if error.args else error
    number = cause.args[0] if isinstance(cause, Exception) and cause.args else None
    return number in PASSING or "locked" in str(cause)


AWAY: tuple[type[Exception], ...] = (OperationalError, DBConnectionError, MySQLError, ConnectionError)
