"""A command as an operator types it: in a new Python, or in a process that is forked from one that has imported what commands import.

What a command needs to import, and that it finds it, only a new Python shows: each command has one. For whatever else is typed the fork is the same,
and takes hundredths of the seconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support.forked import Forked

HUIZHEN = "miniprogram_api.cli.main"
ROOT = Path(__file__).resolve().parents[2]


def nobodys_settings() -> dict[str, str]:
    """This machine's environment without any setting of a house."""
    return {name: value for name, value in os.environ.items() if not name.startswith("HUIZHEN_")}


async def begun(environment: Mapping[str, str], *line: str) -> tuple[int | None, str]:
    """Typed, in a new Python: its status, and all that it said and complained of."""
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", HUIZHEN, *line, cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await running.communicate()
    return running.returncode, said.decode()


async def forked(environment: Mapping[str, str], *line: str) -> tuple[int | None, str]:
    """Typed, in a process that is forked: its status, and all that it said and complained of."""
    running = await Forked.begin("tests.support.operator_process", json.dumps(dict(environment)), HUIZHEN, *line, complaints=True)
    said = await running.rest()
    return await running.end(), said
