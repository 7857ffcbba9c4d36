"""What a run tells: figures that tests have measured, and failures, whose reports are written with the garbage collector at rest.

Python 3.11 (before 3.11.8) counts the depth of a parse in one place for the whole process: when the collector runs in the middle of one and something
it takes away is told with a traceback, which parses too, the first parse ends with "AST constructor recursion depth mismatch". pytest parses the
source of a failed test for its report; the whole run would end there instead of counting one failure.
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from typing import Any

import pytest

TOLD: list[str] = []
"""What tests have measured and a person is to read: written at the end of the run, whether it failed or not."""


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    was_on = gc.isenabled()
    gc.disable()
    try:
        return (yield)
    finally:
        if was_on:
            gc.enable()
