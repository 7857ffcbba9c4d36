"""The simulator's state on disk: one SQLite file, written through before anything is acknowledged.

Everything here is synchronous and short; a transaction never spans an await, so one connection serves the process.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, conversation TEXT NOT NULL, at REAL NOT NULL,
  origin TEXT NOT NULL CHECK (origin IN ('person', 'service')), author TEXT NOT NULL, body TEXT NOT NULL, exchange TEXT);
CREATE INDEX IF NOT EXISTS messages_by_conversation ON messages (conversation, seq);
CREATE TABLE IF NOT EXISTS exchanges (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (
  id INTEGER PRIMARY KEY AUTOINCREMENT, exchange TEXT NOT NULL, channel TEXT NOT NULL, kind TEXT NOT NULL, person TEXT NOT NULL,
  conversation TEXT NOT NULL, plain TEXT NOT NULL, context TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
  allowed INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'pending');
CREATE INDEX IF NOT EXISTS deliveries_by_state ON deliveries (state);
CREATE TABLE IF NOT EXISTS streams (
  id INTEGER PRIMARY KEY AUTOINCREMENT, stream TEXT NOT NULL, seq INTEGER NOT NULL, person TEXT NOT NULL, exchange TEXT NOT NULL,
  origin TEXT NOT NULL, started_at REAL NOT NULL, state TEXT NOT NULL DEFAULT 'open');
CREATE TABLE IF NOT EXISTS tokens (
  token TEXT PRIMARY KEY, account TEXT NOT NULL, kind TEXT NOT NULL, made_at REAL NOT NULL, expires_at REAL NOT NULL,
  revoked INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS codes (
  code TEXT PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL, expires_at REAL NOT NULL, used INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS counters (name TEXT NOT NULL, window INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (name, window));
CREATE TABLE IF NOT EXISTS allowances (openid TEXT NOT NULL, kind TEXT NOT NULL, remaining INTEGER NOT NULL, expires_at REAL NOT NULL,
  PRIMARY KEY (openid, kind));
CREATE TABLE IF NOT EXISTS subscriptions (openid TEXT NOT NULL, template TEXT NOT NULL, remaining INTEGER NOT NULL, PRIMARY KEY (openid, template));
CREATE TABLE IF NOT EXISTS cards (
  scope TEXT NOT NULL, task_id TEXT NOT NULL, seq INTEGER NOT NULL, userid TEXT NOT NULL, PRIMARY KEY (scope, task_id, seq));
CREATE TABLE IF NOT EXISTS media (
  id TEXT PRIMARY KEY, account TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, content_type TEXT NOT NULL, created_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS groups (chatid TEXT PRIMARY KEY, name TEXT NOT NULL, owner TEXT NOT NULL, members TEXT NOT NULL, robot INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Store:
    """The connection; rows come as sqlite3.Row."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._depth = 0
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(SCHEMA)

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; a nested use joins the outer one."""
        if self._depth:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        self._depth = 1
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        else:
            self._connection.execute("COMMIT")
        finally:
            self._depth = 0

    def run(self, statement: str, *values: Any) -> int:
        """Execute a change; the number of rows it touched."""
        return self._connection.execute(statement, values).rowcount

    def insert(self, statement: str, *values: Any) -> int:
        """Execute an insert; the new row's number."""
        return int(self._connection.execute(statement, values).lastrowid or 0)

    def row(self, statement: str, *values: Any) -> sqlite3.Row | None:
        found: sqlite3.Row | None = self._connection.execute(statement, values).fetchone()
        return found

    def rows(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        return self._connection.execute(statement, values).fetchall()

    def fact(self, name: str, default: Any = None) -> Any:
        """A single remembered value, kept as JSON."""
        found = self.row("SELECT value FROM facts WHERE name = ?", name)
        return default if found is None else json.loads(found["value"])

    def remember(self, name: str, value: Any) -> None:
        self.run("INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, dump(value))

    def count(self, name: str, now: float, seconds: int) -> int:
        """Count one more use in the running window of that many seconds; the count including this one."""
        window = int(now // seconds)
        self.run("DELETE FROM counters WHERE name = ? AND window < ?", name, window)
        self.run("INSERT INTO counters VALUES (?, ?, 1) ON CONFLICT (name, window) DO UPDATE SET count = count + 1", name, window)
        found = self.row("SELECT count FROM counters WHERE name = ? AND window = ?", name, window)
        return int(found["count"]) if found else 1


def dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
