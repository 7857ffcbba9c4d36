"""What a short answer means while a question is open: a number, 第二个, 最后一个, 是, 不是, 不清楚."""

from __future__ import annotations

from bot.dialogue.state import Asked
from bot.phrases.place import read_place
from bot.phrases.text import tidy
from nlp.interface.departments import department_named

_YES = frozenset({"是", "是的", "对", "对的", "嗯", "嗯嗯", "没错", "有", "yes", "y"})
_AGREED = frozenset({"好", "好的", "可以", "行", "ok", "中", "要得"})
"""Yes to what is proposed; of a symptom it says nothing: 流鼻涕吗?好的 is somebody who did not read the question, and it is asked again."""
_NO = frozenset({"不是", "不", "不对", "没有", "没", "否", "不用", "不行", "错了", "no", "n"})
_UNCLEAR = frozenset({"不清楚", "不知道", "不晓得", "说不清", "说不好", "不确定", "没注意", "晓不得", "不懂"})

UNKNOWN = "unknown"


def _department(asked: Asked, said: str) -> str | None:
    """The option that shows the times of the department that was named in words (呼吸内科)."""
    entry = department_named(said)
    return None if entry is None else next((option for option in asked.options if option.startswith(f"slots:{entry.code}:")), None)


def picked(asked: Asked, text: str) -> str | None:
    """The code of the option that ``text`` picks by its number, or by 不清楚 where that is an option; None for other words."""
    said = tidy(text).lower()
    if said in _UNCLEAR and UNKNOWN in asked.options:
        return UNKNOWN
    if {"yes", "no"} <= set(asked.options):
        if said in _YES or (said in _AGREED and asked.kind != "intake"):
            return "yes"
        if said in _NO:
            return "no"
    place = read_place(said, len(asked.options))
    if place is None:
        return _department(asked, said)
    return asked.options[place - 1] if place else None
