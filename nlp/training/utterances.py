"""Complaints put together from phrases, as people write: who, what, since when, some words around it, a question."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from .phrases import Phrase

CHILD, CHILD_SURGERY, GYNAECOLOGY, OBSTETRICS, OLD_AGE = "07", "08", "05.01", "05.02", "03.10"
_INTERNAL = frozenset(["02", "03.01", "03.02", "03.03", "03.04", "03.05", "03.06", "03.08", "16"])
_CHILD_ALSO = frozenset(["10", "11", "12", "13", "15", "04.07", "20"])
PREVALENCE = {
    "02": 0.6, "03.05": 0.6, "03.08": 0.7, "03.10": 0.3, "04.02": 0.5, "04.05": 0.35, "04.07": 0.4, "05.01": 1.3, "07": 1.4, "08": 0.4, "17": 0.4,
    "19": 0.7, "20": 0.6, "21": 0.35, "27": 0.3, "50": 0.35, "28": 0.0, "32": 0.0,
}  # fmt: skip
"""How often a department is asked for, in coarse grades beside 1.0 (estimated)."""

_CHILDREN = (
    "宝宝", "孩子", "小孩", "娃", "儿子", "女儿", "我家宝宝", "婴儿", "小朋友", "孙子", "外孙", "娃儿", "小儿", "闺女",
)  # fmt: skip
_ADULTS = (
    "我", "我", "我", "本人", "我妈", "我爸", "老公", "老婆", "我母亲", "我父亲", "家里老人", "朋友", "我姐", "男朋友", "俺", "我爱人", "患者",
)  # fmt: skip
_WOMEN = ("我", "我", "本人", "女", "我老婆", "女朋友", "我媳妇", "我姐", "我女友", "患者女")
_OLD = ("我奶奶", "我爷爷", "我外公", "我外婆", "老人", "家里老人", "老母亲", "老父亲", "八十岁的老人", "姥姥")
_COMPLAINT = (
    "{}", "{}", "{}", "{}", "最近{}", "老是{}", "总是{}", "经常{}", "这几天{}", "突然{}", "一直{}", "{}得厉害", "有点{}", "感觉{}", "就是{}",
    "老{}", "开始{}", "早上起来{}", "晚上{}", "{}很严重", "还{}", "时不时{}", "{}反反复复", "动不动就{}", "觉得{}", "出现{}",
)  # fmt: skip
_ILLNESS = (
    "{}", "{}", "得了{}", "有{}", "医生说是{}", "查出{}", "{}怎么办", "{}怎么治", "{}好几年了", "是不是{}", "会不会是{}", "{}能治好吗", "确诊{}",
    "怀疑{}", "{}复发了", "诊断为{}", "{}吃什么药", "{}严重吗", "以前有{}", "检查是{}", "{}需要手术吗", "{}要注意什么", "患{}", "说是{}",
)  # fmt: skip
_CARE = (
    "{}", "{}", "想{}", "要不要{}", "做了{}", "{}多少钱", "{}要注意什么", "一直用{}", "{}没效果", "{}以后", "能不能{}", "医生让{}", "需要{}吗",
    "在{}", "{}可以吗",
)  # fmt: skip
_SINCE = (
    "三天了", "一个星期了", "半个月了", "两个多月", "好几年了", "一年多", "昨天开始", "今天早上开始", "好久了", "几个小时了", "有一段时间了",
    "快一个月", "两三天", "十来天", "从昨晚开始", "断断续续半年", "一个礼拜", "好几天了",
)  # fmt: skip
_ASKING = (
    "怎么办", "请问怎么回事", "要吃什么药", "要不要紧", "该挂什么科", "严重吗", "怎么治疗", "是什么原因", "需要做什么检查", "怎么办啊医生",
    "有什么好办法", "要去医院吗", "求医生解答", "会不会有事", "能自己好吗", "是怎么引起的", "咋整", "该怎么调理", "谢谢医生",
)  # fmt: skip
_JOINS = ("，", "，", "，", "，", " ", "", "，还", "，也", "，而且")


@dataclass(frozen=True)
class Utterance:
    text: str
    department: str


class Composer:
    """Makes utterances from ``phrases``. ``fillers``: clauses in which nothing of illness is said, so that they come to mean nothing."""

    def __init__(self, phrases: list[Phrase], fillers: list[str], chosen: random.Random) -> None:
        self._chosen = chosen
        self._fillers = fillers
        gathered: dict[str, list[tuple[Phrase, float]]] = defaultdict(list)
        for phrase in phrases:
            for code, share in phrase.departments:
                gathered[code].append((phrase, share * phrase.weight))
        self._pools = {
            code: ([phrase for phrase, _ in pool], _running(weight for _, weight in pool))
            for code, pool in sorted(gathered.items())
            if PREVALENCE.get(code, 1.0) > 0
        }
        self._codes = list(self._pools)
        self._codes_running = _running(PREVALENCE.get(code, 1.0) for code in self._codes)

    def utterances(self, count: int) -> Iterator[Utterance]:
        for _ in range(count):
            yield self._one(self._chosen.choices(self._codes, cum_weights=self._codes_running)[0])

    def _phrase(self, code: str) -> Phrase:
        pool, running = self._pools[code]
        return self._chosen.choices(pool, cum_weights=running)[0]

    def _one(self, code: str) -> Utterance:
        chosen = self._chosen
        child = code in (CHILD, CHILD_SURGERY) or (code in _CHILD_ALSO and chosen.random() < 0.12)
        source = code
        if code == CHILD and chosen.random() < 0.5:
            source = chosen.choice([one for one in self._codes if one in _INTERNAL])
        pieces = [self._clause(self._phrase(source)) for _ in range(chosen.choices((1, 2, 3, 4), (35, 35, 20, 10))[0])]
        if len(pieces) > 1 and chosen.random() < 0.25:  # something of another department beside it
            pieces.insert(chosen.randrange(1, len(pieces) + 1), self._clause(self._phrase(chosen.choice(self._codes))))
        if chosen.random() < 0.2:
            denied = self._phrase(chosen.choice(self._codes))
            if denied.kind == "complaint":
                pieces.append(chosen.choice(("没有", "不", "也没有", "没")) + denied.text)
        if chosen.random() < 0.35:
            pieces.insert(chosen.randrange(len(pieces) + 1), chosen.choice(_SINCE))
        for _ in range(chosen.choices((0, 1, 2, 4), (55, 25, 12, 8))[0] if self._fillers else 0):
            pieces.insert(chosen.randrange(len(pieces) + 1), chosen.choice(self._fillers))
        text = pieces[0]
        for piece in pieces[1:]:
            text += chosen.choice(_JOINS) + piece
        text = self._who(code, child) + text
        if chosen.random() < 0.4:
            text += chosen.choice(("，", "", "。")) + chosen.choice(_ASKING)
        return Utterance(text, code)

    def _clause(self, phrase: Phrase) -> str:
        forms = {"complaint": _COMPLAINT, "illness": _ILLNESS, "care": _CARE}[phrase.kind]
        return self._chosen.choice(forms).format(phrase.text)

    def _who(self, code: str, child: bool) -> str:
        chosen = self._chosen
        if child:
            age = chosen.choice(("", "", "0岁", "0个月", "半岁", "0岁半", "一岁", "三岁", "刚满月", "0岁的"))
            named = chosen.random() < 0.85
            return (chosen.choice(_CHILDREN) if named else "") + (age or ("" if named else "两岁")) + chosen.choice(("", "，", "这两天"))
        people = _OLD if code == OLD_AGE else _WOMEN if code in (GYNAECOLOGY, OBSTETRICS) else _ADULTS
        if chosen.random() < 0.45:
            return ""
        age = chosen.choice(("", "", "", "今年0岁", "0岁", "，0岁，", "0多岁了"))
        return chosen.choice(people) + age + chosen.choice(("", "", "，"))


def _running(weights: Iterator[float] | list[float]) -> list[float]:
    total, found = 0.0, []
    for weight in weights:
        total += weight
        found.append(total)
    return found
