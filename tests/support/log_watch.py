"""Watches what the whole run logs: nothing that is sealed in the database, and nothing that opens a session, may stand in a log.

In this process every record is looked at as production would write it (`miniprogram_api.app.logging`); a demonstration's log folder is read when it
has ended. Forbidden are: the names, phone numbers, ID numbers and codes that any order of the run carried, the people of each demonstration, and what
looks like a phone or ID number, a token, or an address with a query. The run fails at its end, whatever its tests said.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from miniprogram_api.app.logging import Lines
from tests.support.reports import TOLD

PATTERNS = {
    "a citizen number": re.compile(r"(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z])"),
    "a phone number": re.compile(r"(?<![0-9A-Za-z.])1[3-9]\d{9}(?![0-9A-Za-z])"),
    "an access token": re.compile(r"eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{20,}"),
    "a refresh token or code": re.compile(r"(?<![0-9A-Za-z])[0-9A-HJKMNP-TV-Z]{26}(?:[0-9A-HJKMNP-TV-Z]{43}|[0-9A-F]{64})(?![0-9A-Za-z])"),
    "a secret": re.compile(r"(?<![0-9A-Za-z])[0-9A-HJKMNP-TV-Z]{43}(?![0-9A-Za-z])"),
    "a bearer token": re.compile(r"(?i)bearer\s+[\w.-]{8}"),
    "an address with a query": re.compile(r"(?i)[\w/.]\?[a-z_]+="),
    "a parameter with a secret": re.compile(r"(?i)\b(code|secret|openid|userid|access_token|corpsecret|session_key|msg_signature|token)=[^\s\"]"),
}
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_NAME = re.compile(r"[\u4e00-\u9fff·]{2,20}")
_CARRIED = ("full_name", "relative_name", "claim_code", "dispensing_code")
_DURATION = re.compile(r'"ms": [0-9.]+')
SHOWN = 20


class LogWatch(logging.Handler):
    """``found``: what was found and in which line, without repeating it in full."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(Lines("test"))
        self.found: set[str] = set()
        self.names: set[str] = set()
        self._chinese: set[tuple[str, str]] = set()
        self.lines = 0

    def emit(self, record: logging.LogRecord) -> None:
        # A library's information lines are not written in production either.
        if record.levelno >= logging.WARNING or record.name.startswith("huizhen"):
            self.look(self.format(record), f"logger {record.name}")

    def look(self, line: str, where: str) -> None:
        self.lines += 1
        line = _DURATION.sub("", line)
        for what, pattern in PATTERNS.items():
            if pattern.search(line):
                self.found.add(f"{what} in {where}: {line[:240]}")
        if _CHINESE.search(line):
            self._chinese.add((line, where))

    def carried(self, order: Any) -> None:
        """What an order carries of a person is not to be read in any log."""
        for field in _CARRIED:
            value = getattr(order, field, None)
            if isinstance(value, str) and _NAME.fullmatch(value):
                self.names.add(value)

    def read_house(self, data_dir: Path) -> None:
        """The logs of a demonstration that has ended, and what its operator saw."""
        try:
            people = json.loads((data_dir / "simulator" / "people.json").read_text("utf-8"))["people"]
        except (FileNotFoundError, ValueError):
            people = []
        names = {re.sub(r"[((]演示[))]", "", person["name"]) for person in people}
        self.names |= {name for name in names if _NAME.fullmatch(name)}
        for file in [*sorted((data_dir / "logs").glob("*.log*")), data_dir / "supervisor.out"]:
            if file.exists():
                for line in file.read_text("utf-8", errors="replace").splitlines():
                    self.look(line, file.name)

    def told(self) -> list[str]:
        """Everything that should not have been logged."""
        if self.names and self._chinese:
            forbidden = re.compile("|".join(re.escape(name) for name in sorted(self.names, key=len, reverse=True)))
            self.found |= {f"a name in {where}: {line[:240]}" for line, where in self._chinese if forbidden.search(line)}
        return sorted(self.found)


WATCH = LogWatch()


def read_house(data_dir: Path) -> None:
    """For whoever stops a demonstration."""
    WATCH.read_house(data_dir)


def pytest_configure(config: pytest.Config) -> None:
    from core.foundation.practice import Practice

    logging.getLogger().addHandler(WATCH)
    house = logging.getLogger("huizhen")
    if house.level == logging.NOTSET:
        house.setLevel(logging.INFO)
    execute = Practice.execute

    async def watched(self: Practice, actor: Any, command: Any, **options: Any) -> Any:
        WATCH.carried(command)
        return await execute(self, actor, command, **options)

    Practice.execute = watched  # type: ignore[method-assign]


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if WATCH.told():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    _write(terminalreporter, TOLD)
    told = WATCH.told()
    if told:
        terminalreporter.section("in the logs, where it must not be")
        _write(terminalreporter, told)


def _write(terminalreporter: Any, told: Iterable[str]) -> None:
    lines = list(told)
    for line in lines[:SHOWN]:
        terminalreporter.write_line(line)
    if len(lines) > SHOWN:
        terminalreporter.write_line(f"… and {len(lines) - SHOWN} more")
