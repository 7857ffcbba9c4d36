"""A peer (software that no one here wrote) that is missing is a failure under CI and a skip by name elsewhere."""

from __future__ import annotations

import os

import pytest


def need(present: bool, name: str) -> None:
    """Go on if ``present``; else fail under CI, skip elsewhere."""
    if not present:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{name} is not installed")
        pytest.skip(f"{name} is not installed")
