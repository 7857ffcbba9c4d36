"""Is the name the one that belongs to the ID number? A port to whoever may say so, and the strict local answer of the demonstration.

The port is asked outside every transaction. Where it is away, or none is connected, registration goes on as "not yet verified" and the question
is put again by due work. What is handed over is name and number, nothing else; nothing of it is logged.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from core.foundation.practice import Practice
from core.people.errors import IdNumberInvalid, NameInvalid
from core.people.id_numbers import read_id_number
from core.people.names import certificate_name

logger = logging.getLogger("huizhen.people")

ANSWERS_WITHIN_S = 4.0
"""Who registers waits no longer; the answer is then asked for again."""


class RealName(StrEnum):
    """As the patient's row holds it."""

    MATCH = "match"
    MISMATCH = "mismatch"
    AWAY = "away"
    UNCHECKED = "unchecked"


REAL_NAME_LABELS = {
    RealName.MATCH: "已实名核验",
    RealName.MISMATCH: "姓名和身份证号对不上",
    RealName.AWAY: "还没核验,系统会自动再核验",
    RealName.UNCHECKED: "还没核验",
}


class RealNameAway(Exception):
    """Whoever is asked cannot be reached. Holds no data."""


class RealNameCheck(Protocol):
    """``provider``: under which name the answer is recorded, at most 30 characters."""

    provider: str

    async def check(self, full_name: str, id_number: str, today: date) -> bool:
        """Whether they belong together; :class:`RealNameAway` when it cannot be told now."""
        ...


class LocalRealName:
    """The demonstration's: the form of name and number is checked strictly (checksum, birth date, province), and two given names that nobody
    has stand for the two other answers, as payment systems' test cards do: 王待核 is away, 王不符 is somebody else's number."""

    provider = "local"
    AWAY, SOMEBODY_ELSES = "待核", "不符"

    async def check(self, full_name: str, id_number: str, today: date) -> bool:
        try:
            read_id_number(id_number, today)
            named = certificate_name(full_name)
        except (IdNumberInvalid, NameInvalid):
            return False
        if named.endswith(self.AWAY):
            raise RealNameAway
        return named == full_name and not named.endswith(self.SOMEBODY_ELSES)


_CONNECTED: list[Callable[[Practice], RealNameCheck] | None] = [None]


def connect_real_name(make: Callable[[Practice], RealNameCheck] | None) -> None:
    """The composition names who is asked. None: the demonstration asks itself, a practice in earnest asks nobody and says so."""
    _CONNECTED[0] = make


def real_name_of(practice: Practice) -> RealNameCheck | None:
    make = _CONNECTED[0]
    if make is not None:
        return make(practice)
    return LocalRealName() if practice.demo else None


@dataclass(frozen=True, slots=True)
class Answered:
    state: RealName
    provider: str


async def ask_real_name(practice: Practice, full_name: str, id_number: str, today: date) -> Answered:
    """The answer, or AWAY: also when it takes too long, or when the provider fails in a way of its own."""
    check = real_name_of(practice)
    if check is None:
        return Answered(RealName.AWAY, "")
    try:
        matches = await asyncio.wait_for(check.check(full_name, id_number, today), ANSWERS_WITHIN_S)
    except (RealNameAway, TimeoutError, OSError):
        return Answered(RealName.AWAY, check.provider)
    except Exception as error:
        # A stranger's bug must not keep a patient from being registered. Its text may hold what was asked: the type alone is told.
        logger.error("real-name check by %s failed: %s", check.provider, type(error).__name__)
        return Answered(RealName.AWAY, check.provider)
    return Answered(RealName.MATCH if matches else RealName.MISMATCH, check.provider)
