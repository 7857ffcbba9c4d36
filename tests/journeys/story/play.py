"""The story itself: its steps in order. What one step learns the next ones know."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from tests.journeys.story.cast import Cast
from tests.journeys.story.family import Family
from tests.journeys.story.spine import Spine
from tests.journeys.story.the_call import TheCall
from tests.journeys.story.the_followup import TheFollowup
from tests.journeys.story.the_opinion import TheOpinion
from tests.journeys.story.the_prescription import ThePrescription
from tests.journeys.story.the_record import TheRecord
from tests.journeys.story.transcript import Transcript


class Story:
    def __init__(self, cast: Cast, out: Transcript, rng: random.Random, files: Path) -> None:
        stage: tuple[Cast, Transcript, random.Random, Path, dict[str, Any]] = (cast, out, rng, files, {})
        spine = Spine(*stage)
        self._steps = (
            spine.cough, spine.stroke, spine.booking, spine.call_for_help, Family(*stage).join, spine.answer, spine.nobody_answers, spine.progress,
            TheCall(*stage).hold, TheOpinion(*stage).write, ThePrescription(*stage).write, TheFollowup(*stage).follow, TheRecord(*stage).read,
        )  # fmt: skip

    def play(self) -> None:
        """The whole story."""
        for step in self._steps:
            step()
