"""Sanic works out the same for each app of a test: the parts of its paths, the search among them as source, read, written out and compiled, and what
each handler returns, from its source: a fifth of what the tests of HTTP and of the simulator cost. Within one run it is worked out once."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest


@pytest.fixture(autouse=True, scope="session")
def routes_are_compiled_once() -> Iterator[None]:
    """The same source gives the same tree and the same code; nothing of an app is kept in either."""
    from sanic.mixins.routes import RouteMixin
    from sanic_routing.utils import path_to_parts

    determine = RouteMixin._determine_error_format
    known: dict[Any, str] = {}

    def format_of(self: Any, handler: Callable[..., Any]) -> str:
        code = getattr(inspect.unwrap(handler), "__code__", None)
        if code is None:
            return determine(self, handler)
        if code not in known:
            known[code] = determine(self, handler)
        return known[code]

    once = {"parse": cache(ast.parse), "fix_missing_locations": cache(ast.fix_missing_locations), "unparse": lambda tree: ""}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sanic_routing.router.ast", SimpleNamespace(**{**vars(ast), **once}))
        patch.setattr("sanic_routing.router.compile", cache(compile), raising=False)
        for module in ("router", "route"):
            patch.setattr(f"sanic_routing.{module}.path_to_parts", cache(path_to_parts))
        patch.setattr(RouteMixin, "_determine_error_format", format_of)
        yield
