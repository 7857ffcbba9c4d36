"""Forbids tasks created inside a transaction.

A task created there inherits the transaction's connection and goes on using it after the commit: on SQLite its writes land in somebody
else's transaction and vanish with that one's roll-back, without an error. The loop's task factory refuses our own coroutines while a
handler runs; libraries' internal tasks (time-outs of a driver) are let through.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

_inside: ContextVar[bool] = ContextVar("inside_transaction", default=False)
_ROOT = Path(__file__).resolve().parents[2]
_OURS = tuple(str(_ROOT / package) for package in ("core", "bot", "miniprogram_api", "nlp", "media", "tests"))


class TaskInTransaction(RuntimeError):
    """A handler tried to start a task; it must emit an event or schedule due work instead."""


@contextmanager
def transaction_guard() -> Iterator[None]:
    """While this is open, creating a task of ours raises :class:`TaskInTransaction`."""
    token = _inside.set(True)
    try:
        yield
    finally:
        _inside.reset(token)


def install_guard(loop: asyncio.AbstractEventLoop) -> None:
    """Make ``loop`` refuse our tasks inside a transaction. Idempotent."""

    def factory(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **options: Any) -> asyncio.Task[Any]:
        code = getattr(coroutine, "cr_code", None)
        if _inside.get() and code is not None and code.co_filename.startswith(_OURS):
            coroutine.close()
            raise TaskInTransaction(code.co_qualname if hasattr(code, "co_qualname") else code.co_name)
        return asyncio.Task(coroutine, loop=loop, **options)

    loop.set_task_factory(factory)  # type: ignore[arg-type]
