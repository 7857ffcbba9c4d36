"""A county with enough heart experts for several waves, and the steps every test of dispatch takes."""

from __future__ import annotations

import pytest

from core.foundation.practice import Practice
from tests.core.dispatch.ward import Ward, open_ward


@pytest.fixture
async def ward(practice: Practice) -> Ward:
    return await open_ward(practice)
