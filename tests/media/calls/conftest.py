"""Servers that engines need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.janus import Janus, running_janus


@pytest.fixture(scope="session")
def janus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Janus]:
    """One Janus for all tests that do no harm to it."""
    with running_janus(tmp_path_factory.mktemp("janus")) as running:
        yield running
