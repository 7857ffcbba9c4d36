"""How long something has lasted, in hours: 四天了, 半个月前, 2小时, 从昨天."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .normal import NormalText
from .numbers import NUMBER, number

_HOURS = {
    "秒": 1 / 3600, "分钟": 1 / 60, "分把钟": 1 / 60, "刻钟": 0.25, "小时": 1.0, "钟头": 1.0, "种头": 1.0, "中头": 1.0, "时辰": 2.0, "点把钟": 1.0,
    "钟": 1.0, "分中": 1 / 60, "昼夜": 24.0, "宿": 12.0, "天": 24.0, "日": 24.0, "晚上": 24.0, "周": 168.0,
    "星期": 168.0, "礼拜": 168.0, "月": 730.0, "年": 8766.0,
}  # fmt: skip
_LENGTH = re.compile(
    rf"(?P<number>{NUMBER}|半|几|好几|十几|几十|十来|十多|一两|大半|小半|老半|好些|老些)(?P<more>多|来)?(?P<one>个)?(?P<half>半)?(?:多|来)?"
    r"(?P<unit>分钟|分中|(?<=个)钟(?![头点表声情])|分把钟|刻钟|小时|钟头|种头|中头|时辰|昼夜|宿|天|日|晚上|周|星期|礼拜|月|年)(?!大"
    r"|龄|纪|前怀|次|到晚|到黑|级|生|出生|属|的(?:老?兵|人|生)|[好坏]|比一)(?P<plus>半|多)?"
)
_ABOUT_ONE = re.compile("(?:(?P<each>个把)|(?P<piece>点把|块把))(?P<unit>月|星期|礼拜|钟头|小时|钟)"
    "|(?<![一-龥])?(?P<short>天|月|年)把(?:两[天月年])?(?![握手柄])")
"""个把月, 点把钟, 年把: about one."""
_VAGUE = {
    "大半": 0.75, "小半": 0.4, "老半": 0.5, "好些": 5.0, "老些": 5.0,
    "半": 0.5, "几": 3.0, "好几": 4.0, "十几": 13.0, "几十": 30.0, "十来": 10.0, "十多": 12.0, "一两": 2.0,
}  # fmt: skip
_MOMENTS = {
    "大前天": 72.0, "前天": 60.0, "昨天": 36.0, "昨日": 36.0, "昨早": 36.0, "昨晚": 24.0, "昨夜": 24.0, "半夜": 16.0, "夜里": 16.0, "凌晨": 16.0,
    "今天": 16.0, "今早": 14.0, "今晨": 14.0, "清早": 14.0, "早上": 14.0, "上午": 12.0, "中午": 10.0, "下午": 8.0, "今晚": 4.0,
    "刚才": 0.5, "刚刚": 0.3, "刚": 0.3, "上周": 168.0, "上个星期": 168.0, "上个月": 730.0, "上星期": 168.0,
    "这几天": 72.0, "这两天": 48.0,
    "好久": 720.0, "前几天": 96.0,
    "夜来": 36.0, "夜个": 36.0, "夜儿个": 36.0, "夜儿": 36.0, "夜黑": 24.0, "夜黑个": 24.0, "夜隔": 36.0, "昨儿": 36.0, "昨儿个": 36.0, "昨个": 36.0,
    "昨儿黑": 24.0, "昨黑": 24.0,
    "昨黑里": 24.0, "昨宿": 24.0, "昨下午": 30.0, "昨上午": 36.0, "前儿": 60.0, "前儿个": 60.0, "前日": 60.0, "前个儿": 60.0,
    "前晚": 48.0, "前晌": 12.0, "后晌": 8.0, "头晌": 12.0, "今儿": 16.0, "今儿个": 16.0, "今日": 16.0, "今朝": 16.0, "今个": 16.0, "清起": 14.0,
    "一早": 14.0, "今下午": 8.0, "琴日": 36.0, "寻日": 36.0, "尋日": 36.0, "昨暗": 24.0, "昨埋": 36.0, "后半夜": 12.0, "前半夜": 16.0, "五更": 16.0,
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
_SINCE_BEFORE = re.compile(
    "(?:歇|休息|躺|坐|缓|等|熬|揉|按|停|产后|术后|饭后|餐后|生完|出院|刚满|站|走|跑|忙|晒|泡|干|干活"
    "|坐车|开车|蹲|弯|走路|打牌|逛|爬|步行|住了|住)(?:了|完|有|个|上|差不多|大概|它)*$"
    "|生(?:完|了|过|咧|哒)(?:娃儿?|孩子|崽|小孩|宝宝|头胎|二胎)(?:才|刚)+$|睡(?:了|上|个|过)?$"
    "|(?:离|距|距离|路程|车程|开车要|坐车要|走路要|赶路要)[^，。；！？]{0,8}$"
    "|(?:观察|等|先|再|隔|歇|请假|还要|还得|需要|打算|过|养|休|停|再等|敷|吃(?!了|过)|用(?!了"
    "|过))(?:上|个)?$|(?:闹钟|提前|每隔|每过|间隔|保质期|过期)[^，。；！？]{0,3}$"
    "|(?:药|片|针|美林|布洛芬|退烧药|水|液|奶)(?:下去|吃下去|吃了|吃完|喝完|打完|用完)?(?:才|刚|不到|没过|过了|管|能管|顶)+$"
)
_OTHER_BEFORE = re.compile("(?:周加|周零|周又|怀孕|怀|孕|出生|满|每|抽烟|喝酒|烟龄|酒龄|工龄|结婚"
    "|婚龄|吃药|吃了|服药|打了针|输了|开了|住院|差|还有|还剩|剩)(?:了|已经|快|有)?$")
_OTHER_AFTER = re.compile("^(?:的?(?:路|车|火车|汽车|高铁|山路|疗程|药|量|工龄|烟|夜班|班|假|保修)"
    "|以?内(?!疼|痛)|之内|下来(?!一直)|换|喂|吃一|打一|一换|一喂|一片)")
_NTH = re.compile("第(?:几|多少)?$")
_NEXT = re.compile("(?:完|后|过)[^，。；！？]{0,8}第$|(?:^|[，。；！？])第$")
"""吃完第二天 names the day after, not two days of illness."""
_CLOCK = re.compile(
    rf"(?P<part>凌晨|清早|早上|早晨|上午|中午|下午|后晌|傍晚|晚上|夜里|半夜|今早|昨晚"
    rf"|昨夜)(?P<hour>{NUMBER})点(?:(?P<half>半)|(?P<minute>{NUMBER})分?)?"
)
_UNTIL = re.compile("^[^。！？]{0,12}?(?:到|至|现在|这会儿?)[^。！？]{0,6}$")
_AFTERNOON = frozenset(["下午", "后晌", "傍晚", "晚上", "昨晚"])


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
        if _OTHER_AFTER.match(content[match.end() : match.end() + 5]):
            continue
        before = content[max(0, match.start() - 10) : match.start()]
        if _NTH.search(before) and (match["number"] in ("一", "1") or _NEXT.search(before)):
            continue
        value = _VAGUE.get(match["number"]) or number(match["number"])
        near = content[max(0, match.start() - 1) : match.start()] in ("近", "这", "了", "咗", "哒", "足")  # 近一月 is a length, 8月 a date
        if value is None or (match["unit"] in ("月", "日") and "个" not in match[0] and match["number"] not in ("半", "俩", "仨") and not near):
            continue  # 8月 is a date
        if match["half"] or match["plus"] == "半":
            value += 0.5
        vague = match["number"] in _VAGUE or match["more"] or match["plus"] == "多" or _SEVERAL.search(match["number"])
        vague = vague or _IDIOM.match(content, max(0, match.start() - 1))
        found.append(Length(value * _HOURS[match["unit"]], match.start(), match.end(), True, match[0] if vague else None))
    found += _about_one(content, taken)
    if (span := _between_clocks(content)) is not None:
        found.append(span)
    found.sort(key=lambda length: length.start)
    if not found:
        found = [_moment(content, match) for match in MOMENT.finditer(content) if not _overlaps(match.start(), match.end(), taken)]
    return found


def _about_one(content: str, taken: list[tuple[int, int]]) -> list[Length]:
    found = []
    for match in _ABOUT_ONE.finditer(content):
        unit = match["unit"] or match["short"]
        another = match["short"] and content[max(0, match.start() - 1) : match.start()] in tuple("今明昨前后每当一两几白整")
        if not another and not _overlaps(match.start(), match.end(), taken):
            hours = 1.0 if unit == "钟" else _HOURS[unit]
            found.append(Length(hours, match.start(), match.end(), True, match[0]))
    return found


def _between_clocks(content: str) -> Length | None:
    """从下午四点睡到夜里十一点: two times of the clock, subtracted."""
    times = list(_CLOCK.finditer(content))
    if len(times) != 2 or not _UNTIL.match(content[times[0].end() : times[1].start()]):
        return None
    first, second = (_hour(match) for match in times)
    if first is None or second is None or (length := (second - first) % 24) == 0:
        return None
    return Length(round(length, 2), times[0].start(), times[1].end(), True)


def _hour(match: re.Match[str]) -> float | None:
    """The hour of the day, or None where the words make none (早上二十五点)."""
    hour = number(match["hour"])
    minutes = 30.0 if match["half"] else number(match["minute"] or "") or 0.0
    if hour is None or hour != int(hour) or hour > 24 or minutes > 59:
        return None
    late = match["part"] in _AFTERNOON or (match["part"] == "中午" and hour <= 3) or (match["part"] in ("夜里", "半夜", "昨夜") and hour >= 8)
    return (hour + (12 if late and hour < 12 else 0) + minutes / 60) % 24


def _moment(content: str, match: re.Match[str]) -> Length:
    hours = max(hours for word, hours in _MOMENTS.items() if word in match[0]) if match[0] not in _MOMENTS else _MOMENTS[match[0]]
    since = _SINCE.search(content[: match.start()]) or _ONWARD.match(content[match.end() :])
    return Length(hours, match.start(), match.end(), False, f"从{match[0]}起" if since else match[0])


def _overlaps(start: int, end: int, taken: list[tuple[int, int]]) -> bool:
    return any(start < other_end and other_start < end for other_start, other_end in taken)
