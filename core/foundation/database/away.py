"""What a database raises that cannot answer now: the driver's errors as Tortoise passes them on, and those that reach us past it (a pool
that gets no connection)."""

from __future__ import annotations

from asyncmy.errors import MySQLError
from tortoise.exceptions import DBConnectionError, OperationalError

AWAY: tuple[type[Exception], ...] = (OperationalError, DBConnectionError, MySQLError, ConnectionError)
