"""Whether a call is recorded: who may ask, who must agree, what ends it at once, and what its chapters are. Pure.

Nothing is recorded unless somebody who treats asked, everybody in the call said yes for himself, and the patient's own consent stands. Sources:
个人信息保护法 articles 14–16 (informed, of one's own will, taken back as easily as given; care does not hang on it), 29 (what is sensitive
separately), 31 (under 14 a guardian); 民法典 articles 1019 and 1023 (one's picture and voice), 1226 (a patient's confidence);
互联网诊疗监管细则(试行) 2022 (sound and picture of the course stay at least three years).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

State = Literal["asked", "running", "stopped", "stored", "nothing", "gone"]
"""stopped: the dumps wait to be put together; stored: there are files; nothing: nothing was recorded; gone: disposed of."""
Reason = Literal["refused", "taken_back", "newcomer", "withdrawn", "over"]
Cause = Literal["disk_full", "disk", "slow", "lost"]
"""Why one ended: by whom or what in the call, or by what on our side."""

KIND = "recording"
"""Kind of the subject under whose key a recording lies, named by its id: it can go for good when its time is over, and nothing else with it."""
MAY_ASK = frozenset({"village_doctor", "expert"})
OPEN: frozenset[State] = frozenset({"asked", "running"})

REASONS: dict[str, str] = {
    "refused": "有人不同意,没有录像",
    "taken_back": "有人要求停止,录像已停",
    "newcomer": "有人新进来,录像已停;要接着录,请重新征求同意",
    "withdrawn": "患者撤回了录像的同意,录像已停",
    "over": "视频结束,录像已停",
    "disk_full": "存储空间不够,录像已停,视频不受影响",
    "disk": "录像写不进去,已停,视频不受影响",
    "slow": "录像写得太慢,已停,视频不受影响",
    "lost": "录像中断,已停,视频不受影响",
}
ENTRY_LABELS: dict[str, str] = {
    "call.recording.asked": "征求录像同意",
    "call.recording.started": "全体同意,开始录像",
    **{f"call.recording.stopped.{reason}": words for reason, words in REASONS.items()},
    "call.recording.stored": "录像已加密保存,保存 {years} 年",
    "call.recording.nothing": "没有录到内容",
}
CHAPTERS: dict[str, str] = {
    **{f"call.shown.{seat}": "看影像" for seat in ("patient", "village_doctor", "expert")},
    "material.arrived": "影像到了",
    "picture.arrived": "照片到了",
    "opinion.given": "专家意见",
}
"""Kinds of timeline entries that a recording has a chapter for."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who sits in the call: an answer holds for one account on one seat."""

    account_id: str
    seat: str


@dataclass(frozen=True, slots=True)
class Answered:
    """`agreed`: he said yes and has not taken it back."""

    person: Person
    agreed: bool


def agreed(answers: Iterable[Answered]) -> frozenset[Person]:
    """Those whose yes stands."""
    return frozenset(one.person for one in answers if one.agreed)


def unanswered(seated: Iterable[Person], answers: Iterable[Answered]) -> tuple[Person, ...]:
    """Those in the call whose yes is still wanted, in their order."""
    yes = agreed(answers)
    return tuple(one for one in seated if one not in yes)


def may_start(seated: Iterable[Person], answers: Iterable[Answered], *, patient_consents: bool) -> bool:
    """Everybody who is there said yes, somebody is there, and the patient's own consent to recording stands, in the call or not."""
    there = tuple(seated)
    return bool(there) and patient_consents and not unanswered(there, answers)


def after_answer(state: State, seated: Iterable[Person], answers: Iterable[Answered], *, patient_consents: bool) -> tuple[State, Reason | None]:
    """What an asked or running recording is after the newest answer, and why it ended."""
    known = tuple(answers)
    there = tuple(seated)
    if any(not one.agreed and one.person in there for one in known):
        return "stopped", "refused" if state == "asked" else "taken_back"
    if state == "asked" and may_start(there, known, patient_consents=patient_consents):
        return "running", None
    return state, None


def after_entry(state: State, newcomer: Person, answers: Iterable[Answered]) -> tuple[State, Reason | None]:
    """Somebody came in: who comes back and had agreed goes on being recorded; anybody else ends it before he is seen or heard in it."""
    if state == "running" and newcomer not in agreed(answers):
        return "stopped", "newcomer"
    return state, None


def chapter_time(at: datetime, *, started: datetime, started_really: datetime) -> int:
    """Microseconds since 1970, real time, of what happened at domain time ``at``."""
    return int((started_really + (at - started)).timestamp() * 1_000_000)
