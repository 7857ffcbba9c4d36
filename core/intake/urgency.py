"""The one table of urgency: label, level, the words people type, and both clocks.

Desk times 0/10/30 minutes: 急诊预检分诊专家共识, 中华急诊医学杂志 2018;27(6):599-604 (levels and times as restated; open the original before
release). Fifteen minutes to the expert, wave sizes and offer seconds: this project's own proposal, to be signed by the hospital.
"""

from __future__ import annotations

from dataclasses import dataclass

from nlp.interface.urgency import Urgency, more_severe


@dataclass(frozen=True, slots=True)
class UrgencyEntry:
    """``minutes_to_human``: None = same day or later. ``minutes_to_expert``: the other clock. A wave of ``wave_size`` experts is asked at once for
    ``offer_s`` seconds; ``desk_at_once`` also calls the duty desk; after ``waves`` waves without an answer the duty scheduler is alarmed."""

    code: Urgency
    label: str
    level: str
    typed: tuple[str, ...]
    minutes_to_human: int | None
    minutes_to_expert: int | None
    wave_size: int
    offer_s: int
    waves: int
    desk_at_once: bool
    starts_at_once: bool
    working_hours_only: bool


URGENCIES: tuple[UrgencyEntry, ...] = (
    UrgencyEntry(Urgency.CRITICAL, "危急", "Ⅰ级", ("危急", "特急", "抢救", "濒危"), 0, 2, 3, 60, 3, True, True, False),
    UrgencyEntry(Urgency.EMERGENT, "急重", "Ⅱ级", ("紧急", "急重", "加急"), 10, 15, 2, 120, 3, False, True, False),
    UrgencyEntry(Urgency.URGENT, "急", "Ⅲ级", ("急", "较急", "尽快"), 30, 15, 1, 180, 4, False, False, False),
    UrgencyEntry(Urgency.ROUTINE, "普通", "Ⅳ级", ("普通", "不急", "常规", "一般"), None, None, 1, 7200, 4, False, False, True),
    UrgencyEntry(Urgency.SELF_CARE, "自我护理", "", ("自我护理",), None, None, 0, 0, 0, False, False, True),
)

_BY_CODE = {entry.code: entry for entry in URGENCIES}
_BY_WORD = {word: entry.code for entry in URGENCIES for word in entry.typed}


def urgency(code: str) -> UrgencyEntry:
    """The entry of ``code``; ValueError for anything else."""
    return _BY_CODE[Urgency(code)]


def urgency_typed(word: str) -> Urgency | None:
    """What a person means by ``word``, or None."""
    return _BY_WORD.get(word)


def combined(typed: str | None, computed: str | None) -> Urgency:
    """The more severe of what a person typed and what was computed; routine when neither says anything."""
    said = [Urgency(code) for code in (typed, computed) if code is not None]
    return more_severe(said) if said else Urgency.ROUTINE
