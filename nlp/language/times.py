"""How long something has lasted, in hours: 四天了, 半个月前, 2小时, 从昨天."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .normal import NormalText
from .numbers import NUMBER, number

_HOURS = {
    "秒": 1 / 3600, "分钟": 1 / 60, "分把钟": 1 / 60, "刻钟": 0.25, "小时": 1.0, "钟头": 1.0, "天": 24.0, "日": 24.0, "晚上": 24.0, "周": 168.0,
    "星期": 168.0, "礼拜": 168.0, "月": 730.0, "年": 8766.0,
}  # fmt: skip
_LENGTH = re.compile(
    rf"(?P<number>{NUMBER}|半|几|好几|十几|几十|十来|十多|一两)(?P<more>多|来)?(?:个)?(?P<half>半)?(?:多)?(?P<unit>分钟|分把钟|刻钟|小时|钟头|天|日|晚上|周|星期|礼拜|月|年)(?!大|龄|纪|前怀|次|到晚|到黑)(?P<plus>半|多)?"
)
_VAGUE = {"半": 0.5, "几": 3.0, "好几": 4.0, "十几": 13.0, "几十": 30.0, "十来": 10.0, "十多": 12.0, "一两": 2.0}
_MOMENTS = {
    "大前天": 72.0, "前天": 60.0, "昨天": 36.0, "昨日": 36.0, "昨早": 36.0, "昨晚": 24.0, "昨夜": 24.0, "半夜": 16.0, "夜里": 16.0, "凌晨": 16.0,
    "今天": 16.0, "今早": 14.0, "今晨": 14.0, "清早": 14.0, "早上": 14.0, "上午": 12.0, "中午": 10.0, "下午": 8.0, "今晚": 4.0,
    "刚才": 0.5, "刚刚": 0.3, "刚": 0.3, "上周": 168.0, "上个星期": 168.0, "上个月": 730.0, "上星期": 168.0,
    "这几天": 72.0, "这两天": 48.0,
    "好久": 720.0, "前几天": 96.0,
}  # fmt: skip
"""The longest that a word can mean, said at any hour of the day: for the rules, where longer may raise a level; it is never shown."""
MOMENT = re.compile("(?:(?:今天|昨天|前天)(?:的)?)?(?:" + "|".join(sorted(_MOMENTS, key=lambda word: (-len(word), word))) + ")")
"""A word for when something began (早上, 昨天, 今天早上)."""
_SINCE = re.compile("(?:自?从|打)$")
_ONWARD = re.compile("^(?:就|开始|起|到现在|以来)")
_SEVERAL = re.compile("[一二两三四五六七八][二两三四五六七八九]")
_RATE = re.compile(r"^(?:[^，。；！？]{0,6}?)" + NUMBER + r"(?:多|几)?(?:次|回|趟|遍|道|顿|粒|片|包|斤|碗)")
_RATE_AFTER = re.compile(
    r"^(?:左右|多)?(?:就)?(?:一次|一回|一趟|就好|就过去|自己就好|自己好|才停|就停|停了|自己停|就没事|能好|缓过来)"
    r"|^[^，。；！？]{0,3}?" + NUMBER + "(?:几|多|来)?(?:下|次)"
)
_IDIOM = re.compile("[前这那]两(?:天|日|周|月|年)|[前这那]几(?:天|日|周|年)")
"""前两天 is some days ago, not two."""
_SINCE_BEFORE = re.compile("(?:歇|休息|躺|坐|缓|等|熬|揉|按|停|产后|术后|饭后|餐后|生完|出院|刚满)(?:了|有|个|差不多|大概)*$")
_OTHER_BEFORE = re.compile("(?:周加|周零|周又|怀孕|怀|孕|出生|满|每|抽烟|喝酒|烟龄|吃药|吃了|服药|打了针|输了|开了|住院)(?:了|已经|快|有)?$")


@dataclass(frozen=True, slots=True)
class Length:
    """``words``: how the person said it, where that is no plain number (从早上起, 半天)."""

    hours: float
    start: int
    end: int
    exact: bool
    """False for a moment (昨天) rather than a length (三天)."""
    words: str | None = None


def lengths(text: NormalText, taken: list[tuple[int, int]]) -> list[Length]:
    """Lengths of time in ``text`` outside ``taken`` (ages, weeks of pregnancy), in order of place."""
    found: list[Length] = []
    content = text.text
    for match in _LENGTH.finditer(content):
        if _overlaps(match.start(), match.end(), taken) or any(match.start() < pause < match.end() for pause in text.breaks):
            continue
        if match["number"] in ("一", "1", "几") and _RATE.match(content[match.end() : match.end() + 12]):
            continue  # 一天七八次 is a rate
        if _SINCE_BEFORE.search(content[max(0, match.start() - 5) : match.start()]):
            continue  # how long he rested
        if match["unit"] in ("分钟", "小时", "钟头") and _RATE_AFTER.match(content[match.end() : match.end() + 12]):
            continue  # 十分钟一次, 一分钟四十下, 五分钟就好
        if _OTHER_BEFORE.search(content[max(0, match.start() - 5) : match.start()]):
            continue
        value = _VAGUE.get(match["number"]) or number(match["number"])
        near = content[max(0, match.start() - 1) : match.start()] in ("近", "这")  # 近一月 is a length, 8月 a date
        if value is None or (match["unit"] in ("月", "日") and "个" not in match[0] and match["number"] != "半" and not near):
            continue  # 8月 is a date
        if match["half"] or match["plus"] == "半":
            value += 0.5
        vague = match["number"] in _VAGUE or match["more"] or match["plus"] == "多" or _SEVERAL.search(match["number"])
        vague = vague or _IDIOM.match(content, max(0, match.start() - 1))
        found.append(Length(value * _HOURS[match["unit"]], match.start(), match.end(), True, match[0] if vague else None))
    if not found:
        found = [_moment(content, match) for match in MOMENT.finditer(content) if not _overlaps(match.start(), match.end(), taken)]
    return found


def _moment(content: str, match: re.Match[str]) -> Length:
    hours = max(hours for word, hours in _MOMENTS.items() if word in match[0]) if match[0] not in _MOMENTS else _MOMENTS[match[0]]
    since = _SINCE.search(content[: match.start()]) or _ONWARD.match(content[match.end() :])
    return Length(hours, match.start(), match.end(), False, f"从{match[0]}起" if since else match[0])


def _overlaps(start: int, end: int, taken: list[tuple[int, int]]) -> bool:
    return any(start < other_end and other_start < end for other_start, other_end in taken)
