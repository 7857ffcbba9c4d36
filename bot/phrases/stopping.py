"""取消, 返回, 重来 and what else means them, said alone: to be understood wherever a question is open."""

from __future__ import annotations

import re
from enum import StrEnum

from bot.phrases.text import tidy


class Stop(StrEnum):
    CANCEL = "cancel"
    BACK = "back"
    AGAIN = "again"


_SOFT = r"(?:请|我要|我想|我|那就?|先|都|就|还是|给我|帮我|嗯|哦|不|不用了?)?"
_END = r"(?:吧|了|啊|呀|呢|嘛|哈)*"
_NOT_NOW = r"(?:算|取消(?:操作|这个|这一步|掉)?|(?:先|暂时)?不(?:弄|办|搞|做|填|问|要|用|想弄|想办|想说|说|继续)|退出|停下|先放着|先这样|不了)"
_CANCEL = re.compile(rf"{_SOFT}{_NOT_NOW}{_END}(?:[\s,]*{_SOFT}{_NOT_NOW}{_END})?")
_BACK = re.compile(
    rf"{_SOFT}(?:返回(?:上一步|上一题|上一个|上一级|去|上去)?|上一步|上一题|上一个(?:问题)?|退回去"
    r"|退回(?:到)?上一(?:步|题|个)|回到?上一(?:步|题|个)(?:问题)?"
    r"|后退|退一步|倒回去)"
    rf"{_END}"
)
_AGAIN = re.compile(
    rf"{_SOFT}(?:重来(?:一次|一遍)?|从头来(?:过|一遍)?|从头开始|重头(?:来|开始)|重新来(?:过|一次|一遍)?|从新(?:来|开始)|再来一(?:次|遍)|推倒重来)"
    rf"{_END}"
)
_MENTION = re.compile("^[@\uff20]\\S+\\s*")
_ANOTHER = frozenset({"不用", "不要", "不", "不说", "不用了", "不要了", "不想说"})
"""没有 and 不用 answer questions too: they are no 取消."""


def stop_said(text: str) -> Stop | None:
    """Which of the three ``text`` says and nothing besides; None for everything else. Never raises."""
    said = tidy(_MENTION.sub("", text.strip()))
    if not said or len(said) > 16 or said in _ANOTHER:
        return None
    for stop, pattern in ((Stop.AGAIN, _AGAIN), (Stop.BACK, _BACK), (Stop.CANCEL, _CANCEL)):
        if pattern.fullmatch(said):
            return stop
    return None
