from __future__ import annotations

import pytest

from core.credentials import predicates
from tests.core.credentials.people import Holder, county_keys, open_county


@pytest.fixture
def quick_keys(monkeypatch, clock):
    """Keys from a file, a small registry, and a wallet that goes by the test's clock."""
    monkeypatch.setattr(predicates, "set_up", county_keys)
    monkeypatch.setattr(predicates, "CAPACITY", 4)
    monkeypatch.setattr("sd_jwt.holder.time", lambda: clock.real_now().timestamp())


@pytest.fixture
async def holder(practice, quick_keys) -> Holder:
    return await open_county(practice)
