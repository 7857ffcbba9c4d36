"""What every step of the story has: the cast, the transcript, the seed's small decisions, and what was learnt in the steps before."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from tests.journeys.story.cast import Cast, Person, StepFailed
from tests.journeys.story.transcript import Transcript

GROUP = "group:village-doctors"
OA, APP = "official_account", "wecom_app"
CHINA = timezone(timedelta(hours=8))


@dataclass
class Scene:
    """``notes``: what the story remembers from step to step; one dictionary for all of them."""

    cast: Cast
    out: Transcript
    rng: random.Random
    files: Path
    notes: dict[str, Any] = field(default_factory=dict)

    def _pick(self, role: str, besides: Iterable[str] = ()) -> str:
        return self.rng.choice([key for key in self.cast.of_role(role) if key not in besides])

    def _need(self, holds: bool, what: str) -> None:
        if not holds:
            raise StepFailed(what)

    def _answered(self, answer: dict[str, Any], status: int, what: str) -> Any:
        """The body of an answer that must have this status."""
        self._need(answer["status"] == status, f"{what}: {answer['status']} {answer['body']}")
        return answer["body"]

    def _sign_in(self, person: Person, path: str) -> None:
        """Open a page of WeCom as his phone does: through the platform's sign-in."""
        page = person.do("open_page", path=path)
        self._need(page["status"] == 200, f"{person.name} opens {path}: {page['status']} {page['url']}")

    def _first_told(self, role: str, marks: dict[str, int]) -> Person:
        """The first of ``role`` whose single chat got something since ``marks``."""
        return self.cast.person(self.cast.who_got(role, APP, marks, 1)[0])

    def _until(self, hour: int, minute: int = 0, days: int = 0) -> None:
        """Move the clock to this time of day in China, ``days`` later; the next day where it is past today."""
        now = self.cast.now().astimezone(CHINA)
        wanted = now.replace(hour=hour, minute=minute, second=0, microsecond=0) + timedelta(days=days)
        if wanted <= now:
            wanted += timedelta(days=1)
        self.cast.clock(advance_s=round((wanted - now).total_seconds()))

    @staticmethod
    def _pause(tenths: int = 2) -> None:
        time.sleep(tenths / 10)


def moment(text: str) -> datetime:
    """A time as the API writes it."""
    return datetime.fromisoformat(text)


def undemonstrated(name: str) -> str:
    """A name without the mark of the demonstration."""
    return re.sub(r"[((]演示[))]", "", name)


def citizen_number(first: str) -> str:
    """A citizen number (GB 11643) from its first seventeen characters."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return first + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(first, weights, strict=True)) % 11]
