"""A whole running demonstration for the journeys: one for the run, shared; a test that kills processes starts its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.browser import chromium, visiting
from tests.support.demo import Demo, running

__all__ = ["chromium", "visiting"]


@pytest.fixture(scope="session")
def running_demo_house(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest, on_mariadb: bool) -> Iterator[Demo]:
    """The supervisor with all its processes, on SQLite or (HUIZHEN_TEST_DATABASE=mariadb) on MariaDB."""
    environment = {}
    if on_mariadb:
        server = request.getfixturevalue("mariadb")
        environment = {
            "HUIZHEN_DATABASE_URL": server.create_schema("journey_practice"),
            "HUIZHEN_KEYRING_URL": server.create_schema("journey_keyring"),
        }
    with running(Path(tmp_path_factory.mktemp("demo")) / "data", environment=environment) as demo:
        yield demo


@pytest.fixture
def running_demo(running_demo_house: Demo) -> str:
    """The origin of a running demonstration."""
    return running_demo_house.base_url
