"""The second factor in tests that are not about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from core.foundation import signing_keys
from core.foundation.work import Work


async def _given(work: Work, practitioner_id: str) -> str:
    return "session+totp"


@contextmanager
def factor_given() -> Iterator[None]:
    """Everybody has just given his code, wherever he is. The tests marked ``second_factor`` do without."""
    before = list(signing_keys._UNLOCKING)
    signing_keys._UNLOCKING[:] = [_given]
    try:
        yield
    finally:
        signing_keys._UNLOCKING[:] = before
