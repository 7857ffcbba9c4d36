"""How long an emergency opens a record, what counts as a reason, and by when somebody looks at it. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from core.oversight.errors import WordsEmpty

OPEN_FOR = timedelta(hours=4)
"""Domain time: long enough for a rescue and the way to the next hospital, too short to come back out of curiosity."""
MOST_UNREVIEWED = 3
"""Openings of one doctor that nobody has reviewed yet; with so many he opens no further record."""
REVIEW_WITHIN = timedelta(hours=72)
REMIND_EVERY = timedelta(hours=24)
SHORTEST = 8
"""Characters of the doctor's own words."""
_DIFFERENT = 5

Reason = Literal["unconscious", "rescue", "transferred", "poisoning", "inquiry"]
REASONS: dict[str, str] = {
    "unconscious": "昏迷或说不清病史",
    "rescue": "正在抢救",
    "transferred": "转来时原医生联系不上",
    "poisoning": "疑似中毒或过敏,要查用药",
    "inquiry": "监管或司法机关依法要求(只限已锁定的病历)",
}
REASON_WORDS: dict[str, Reason] = {
    "昏迷": "unconscious", "抢救": "rescue", "转来": "transferred", "中毒": "poisoning", "过敏": "poisoning", "监管": "inquiry",
}
"""By which word a reason is named in a chat."""
Verdict = Literal["justified", "unjustified"]
VERDICTS: dict[Verdict, str] = {"justified": "合理", "unjustified": "不合理"}


def check_words(words: str) -> None:
    """:class:`WordsEmpty` unless somebody who reads them later can judge by them: long enough, and no single key held down."""
    bare = "".join(words.split())
    if len(bare) < SHORTEST or len(set(bare)) < _DIFFERENT:
        raise WordsEmpty(shortest=SHORTEST)


def first_free(taken: set[str], practitioner_id: str) -> str | None:
    """A slot for one more opening that nobody has reviewed; None when all are taken."""
    slots = (f"{practitioner_id}:{number}" for number in range(1, MOST_UNREVIEWED + 1))
    return next((slot for slot in slots if slot not in taken), None)
