"""The process that others are forked from. A run has one, and it imports beforehand what every user of it asked for: each that named its own modules
to `multiprocessing` would take those of the others away, whose processes then import for seconds."""

from __future__ import annotations

import multiprocessing
from multiprocessing.context import ForkServerContext

_context = multiprocessing.get_context("forkserver")
_wanted: list[str] = []


def forked_from(module: str) -> ForkServerContext:
    """Makes processes that find ``module`` imported. To be called while tests are collected: the server begins with the first process."""
    if module not in _wanted:
        _wanted.append(module)
    _context.set_forkserver_preload(list(_wanted))
    return _context
