"""Plain words after the advice was given: that it was heard, what to do now, that there is another question. None of them may lead nowhere."""

from __future__ import annotations

import re
from enum import StrEnum

from bot.phrases.text import tidy


class After(StrEnum):
    HEARD = "heard"
    WHAT_NOW = "what_now"
    MORE = "more"


_HEARD = re.compile(
    "(?:好|好的|好吧|好嘞|行|行吧|可以|嗯+|哦+|噢|知道了?|晓得了?|明白了?|收到|了解了?|ok|听懂了|记住了|没问题|那行|那好)[的吧啊呀哦嘞哈了]*"
)
_WHAT_NOW = re.compile(
    "(?:怎么|咋个?|怎样|如何|啷个)(?:办|整|做|弄)|(?:现在|接下来|下一步|然后|那|后面)(?:我)?(?:该|要|应该|得|能|可以)?(?:做|干)(?:点|些)?(?:什么|啥|么子)"
    "|(?:下一步|接下来|然后)(?:呢|怎么|是什么|做)|^然后呢?$|去哪(?:里|儿)?看|要不要(?:去|紧)|该去哪|看哪个(?:科|医生)"
)
_MORE = re.compile(
    "(?:还有|再|想)(?:一?个|点|些|几个)?(?:问|事|问题)|(?:问|请教)(?:一下|个|你|您)|还想(?:问|说)|我(?:还)?有(?:个|一个|点)?(?:问题|事)"
)


def after_advice(text: str) -> After | None:
    """What ``text`` wants after the advice; None for everything else."""
    said = tidy(text).lower()
    if _WHAT_NOW.search(said):
        return After.WHAT_NOW
    if _HEARD.fullmatch(said):
        return After.HEARD
    return After.MORE if _MORE.search(said) else None
