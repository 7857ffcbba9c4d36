"""What the first seeding decided, on disk: whoever was cut off goes on exactly there."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path


@dataclass(slots=True)
class SeedNote:
    """``seed`` and ``today`` (the day from which ages are counted) of the county; slots are open up to ``slots_until``, and being opened up to
    ``opening_until``."""

    path: Path
    seed: int
    today: date
    slots_until: date
    opening_until: date

    @staticmethod
    def of(path: Path, seed: int, today: date) -> SeedNote:
        """The note at ``path``, written now if there is none."""
        if path.exists():
            told = json.loads(path.read_text("utf-8"))
            days = {name: date.fromisoformat(told[name]) for name in ("today", "slots_until", "opening_until")}
            return SeedNote(path, int(told["seed"]), **days)
        note = SeedNote(path, seed, today, today, today)
        path.parent.mkdir(parents=True, exist_ok=True)
        note._write()
        return note

    def begin_range(self, today: date, days: int) -> bool:
        """Note that slots are opened up to ``days`` days after ``today``, unless a range is under way; False when there is nothing to open."""
        if self.opening_until == self.slots_until:
            until = today + timedelta(days=days)
            if until <= self.slots_until:
                return False
            self.slots_until = max(self.slots_until, today)
            self.opening_until = until
            self._write()
        return True

    def end_range(self) -> None:
        self.slots_until = self.opening_until
        self._write()

    def _write(self) -> None:
        days = {name: getattr(self, name).isoformat() for name in ("today", "slots_until", "opening_until")}
        temporary = self.path.with_suffix(".part")
        with temporary.open("w", encoding="utf-8") as file:
            file.write(json.dumps({"seed": self.seed, **days}) + "\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(self.path)
