"""Numbers with a unit: temperature, blood pressure, pulse, breathing, oxygen, sugar, pain, weight, stools a day."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from nlp.interface.reading import Measurement

from .normal import NormalText
from .numbers import NUMBER, number

UNITS = {
    "temperature": "Cel", "systolic": "mm[Hg]", "diastolic": "mm[Hg]", "heart_rate": "/min", "respiratory_rate": "/min",
    "spo2": "%", "glucose": "mmol/L", "pain": "{score}", "weight": "kg", "stools_per_day": "/d",
}  # fmt: skip
PLAUSIBLE = {
    "temperature": (25.0, 45.0), "systolic": (30.0, 300.0), "diastolic": (15.0, 200.0), "heart_rate": (20.0, 350.0), "respiratory_rate": (4.0, 150.0),
    "spo2": (30.0, 100.0), "glucose": (0.3, 80.0), "pain": (0.0, 10.0), "weight": (0.3, 300.0), "stools_per_day": (1.0, 99.0),
}  # fmt: skip
_LINK = (
    r"(?:是|为|有|只有|大概|大约|在|到|了|量的|量了|测的|测了|一直|最高|最低|都|才|快|左右|现在|今天|早上|刚|"
    r"的话|打分|掉到|降到|升到|飙到|飚到|冲到|窜到|蹿到|涨到|干到|跑到|达|显示|上来|打出来|测出来"
    r"|量出来|夹子|夹上|夹的|夹出来|竟然|居然|又|还|得|打|偏高|偏低|高|低|：|:|=|每分钟|每分|一分钟|一分|空腹|餐后|饭后|约|已经|跳|的)*"
)


def _after(*keys: str) -> str:
    return f"(?:{'|'.join(keys)}){_LINK}"


_NOT_TENTH = "天|次|个|小时|岁|分|周|年|月|片|包|粒"
_TENTH = rf"(?:\d(?!\d|{_NOT_TENTH})|[零一二两三四五六七八九][二三四五六七八九]?(?!{_NOT_TENTH}|[一二三四五六七八九十]))"
_TEMPERATURE = re.compile(rf"(?P<value>{NUMBER})(?:度|渡|肚(?!子)|°c|°|c(?![a-z]))(?P<tenth>{_TENTH})?(?P<half>半)?")
_TEMPERATURE_SAID = re.compile(
    rf"{_after('体温', '烧到', '腋温', '腋下', '耳温', '额温', '耳温枪', '额温枪', '体温计', '体温表', '温度计', '发烧', '高烧', '烧')}"
    rf"(?:(?P<lower>{NUMBER})(?:-"
    rf"|~|到"
    rf"|至))?(?P<value>{NUMBER})(?![\d天次个岁月年小几]|多[天次个岁月年小]|分钟|/|度|渡|°)"
)
_TEMPERATURE_DOWN = re.compile(r"(?:降|退|下)(?:到|至)(?:了)?(?P<value>3[5-9](?:\.\d)?)(?![\d天次个岁月年小]|\.)")
"""吃了美林降到37.4: what it fell to is what it is now."""
_FEVER_TALK = re.compile("烧|体温|温度|热|退烧|美林|布洛芬|量")
_TEMPERATURE_SLIP = re.compile(r"(?:体温|烧到|烧|温度)(?:是|有|到|量的|量了|高达)*(?P<value>3[5-9]\d|4[0-2]\d)(?!\d|\.|天|元|块|ml|毫)")
"""体温385: the point was left out."""
_TEMPERATURE_POINT = re.compile(r"(?<!\d)(?P<whole>3[5-9]|4[0-2])[，。](?P<tenth>\d)(?:度|°|(?!\d|天"
    r"|个|小时|次|岁|月|年|周|点|分|片|号|级|楼|斤|、|，))")
"""38。5, 38,5度: another mark for the point."""
_NO_BODY = re.compile("(?:水温|室温|气温|油温|天气|空调|外面|屋里|烤|水烧|锅|开水|热水|猪|牛|羊|狗|猫|鸡|鸭|鹅|驴|马|骡|羔子|犊)[^，。；！？]{0,8}$")
"""Whose warmth this is: not a person's."""
_TEMPERATURE_THEN = re.compile(rf"(?P<value>{NUMBER})(?:度)?(?:就)?(?:是|才是|指的?是|说的?是)(?:我的|我|他的|孩子的)?(?:体温|温度|发烧的温度)")
_TEMPERATURE_ALONE = re.compile(r"^(?:是|有|就|大概|才)?(?P<value>(?:3[4-9]|4[0-3])\.\d)(?:了)?$")
"""A number alone that can be nothing else: nobody is 38.5 years old."""
_PRESSURE = re.compile(r"(?P<systolic>\d{2,3})/(?P<diastolic>\d{2,3})(?!\d|/|岁|\.)")
_PRESSURE_SAID = re.compile(
    rf"{_after('血压', '血鸭', '雪压', 'bp')}(?P<systolic>{NUMBER})(?:/| |和|到|，|、|-|~|比)*(?P<diastolic>{NUMBER})?(?!岁|天|年)"
)
_THERMOMETER = re.compile("量|测|体温|烧|热|温度")
_TEMPERATURE_LISTED = re.compile(
    r"(?:早上|早晨|上午|中午|下午|晚上|夜里|半夜|凌晨|现在|刚才|刚刚|昨天|昨晚|今天|今早|最高|又|再)"
    r"(?:再|又|量|测|了|是|到|的|体温)*(?P<value>(?:3[5-9]|4[0-2])\.\d)(?!\d|/)"
)
_PRESSURE_LATER = re.compile(
    r"(?:现在|今天|刚才|刚刚|今早|昨天|量的?|测的?|是|有)(?P<systolic>\d{2,3})[ ，](?P<diastolic>\d{2,3})(?!\d|/|岁|\.|天|年|次)"
)
_PRESSURE_PAIR = re.compile(rf"^(?P<systolic>{NUMBER})[ ，、/-](?P<diastolic>{NUMBER})$")
_STOOL = "(?:拉|屙|泻|跑|大便|腹泻|解)(?:了|肚子|稀|水|得|的)*"
_A_DAY = "每天|一天|一日|一夜|一晚上|一上午"
_ABOUT = "要|都|快|有|大概|大约|至少|已经"
_TIMES = rf"(?P<value>十几|十多|几十|{NUMBER}|好几)(?:多|几)?(?:次|回|道|遍|趟)"
_OXYGEN = (
    "血氧饱和度", "血氧夹子夹上", "血氧夹子", "血氧夹",
    "血氧机子?夹的", "血氧机子?", "指头夹的(?:那个)?(?:机子|仪器|东西)", "(?:夹手指|夹指头)的(?:那个)?(?:机子|仪器|东西)?",
    "血氧仪上", "血氧仪只有", "血氧仪", "血氧只有", "血氧", "氧饱和度", "氧饱和", "spo2", "指氧",
)
_SINGLE: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("systolic", re.compile(rf"{_after('高压', '收缩压', '上压')}(?P<value>{NUMBER})")),
    ("systolic", re.compile(rf"(?P<value>{NUMBER})的(?:高压|收缩压|上压)")),
    ("diastolic", re.compile(rf"(?P<value>{NUMBER})的(?:低压|舒张压|下压)")),
    ("diastolic", re.compile(rf"{_after('低压', '舒张压', '下压')}(?P<value>{NUMBER})")),
    ("heart_rate", re.compile(rf"{_after('心率', '心跳', '脉搏', '脉率', '脉', 'hr')}(?P<value>{NUMBER})(?!天|年|小时|个|岁|/)")),
    ("respiratory_rate", re.compile(rf"{_after('呼吸频率', '呼吸', '喘气', '出气', 'rr')}(?P<value>{NUMBER})(?!天|年|小时|个|岁|/)")),
    ("heart_rate", re.compile(rf"(?:一分钟|每分钟|每分|1分钟)(?:大概|能|要|得|都|就|也|心|心脏)*(?:跳"
        rf"|蹦)(?:了|到|个|有|上)*(?P<value>{NUMBER})(?!天|年|小时|个|岁|/)")),
    ("respiratory_rate", re.compile(rf"(?:一分钟|每分钟|每分|1分钟)(?:大概|能|要|得|都|就|也)*(?:喘气"
        rf"|喘|呼吸|出气)(?:了|到|个|有|上)*(?P<value>{NUMBER})(?!天|年|小时|个|岁|/)")),
    ("spo2", re.compile(rf"{_after(*_OXYGEN)}(?:百分之)?(?P<value>{NUMBER})%?(?!天|年|小时|/)")),
    ("glucose", re.compile(rf"{_after('血糖', '餐后血糖', '空腹血糖', '随机血糖')}(?:(?P<lower>{NUMBER})(?:-"
        rf"|~|到|至))?(?P<value>(?!一(?:点点|点儿|些|丢丢|点(?=$|[，。；！？]))){NUMBER})(?!天|年|小时|/)")),
    ("glucose", re.compile(r"血糖[^。！？]{0,24}?(?:现在|这会儿?|复测|再测|再量|后来)"
        r"(?:再|又|量|测|是|到|有|了|的){0,3}(?P<value>\d{1,2}\.\d)(?!度|天|年|\d|片|斤)")),
    ("glucose", re.compile(r"血糖[^。！？]{0,24}?(?:还是|又是|又|有|是|到|成)(?P<value>\d{1,2}\.\d)(?!度|天|年|\d|片|斤)")),
    ("glucose", re.compile(r"血糖[^。！？]{0,24}?(?:现在|这会儿?|这哈|再测|又测|复测|再量|又量|后来)"
        r"(?:再|又|测|量|的|是|就|才|有|涨|升|降|到|上来|了){0,4}"
        r"(?P<value>\d{1,2}\.\d)(?!度|天|年|\d|片|斤)")),
    ("glucose", re.compile(rf"血糖[^。！？]{{0,24}}{_after('餐后', '饭后', '空腹', '睡前')}(?:两小时|2小时|半小时)?"
        rf"(?P<value>{NUMBER})(?!天|年|小时|点(?!\d)|/)")),
    ("pain", re.compile(rf"(?:疼痛|疼|痛)(?:程度|评分|打分)?{_LINK}(?P<value>{NUMBER})分(?!钟)")),
    ("pain", re.compile(rf"(?P<value>{NUMBER})分(?:的)?(?:疼|痛)")),
    ("weight", re.compile(rf"(?:瘦|掉|降|胖|长|减|涨)(?:到|成|得只有|得就剩|得剩)(?:了|只有|只剩|就)*(?P<value>{NUMBER})(?P<unit>公斤|千克|kg|斤)")),
    ("weight", re.compile(rf"(?:体重{_LINK})(?P<value>{NUMBER})(?P<unit>公斤|千克|kg|斤)?")),
    ("weight", re.compile(rf"(?:我|他|她|人|娃儿?|娃娃|娃子|孩子|宝宝|幺儿|体重|现在)"
        rf"(?:才|有|大概|现在|只有|是|重)*(?P<value>{NUMBER})(?P<unit>斤)(?!酒|肉|水|油|米|菜)")),
    ("weight", re.compile(rf"(?P<value>{NUMBER})(?P<unit>斤)重")),
    ("weight", re.compile(rf"(?<!瘦了)(?<!胖了)(?<!喝了)(?<!酒)(?P<value>{NUMBER})(?P<unit>公斤|千克|kg)")),
    ("stools_per_day", re.compile(rf"{_STOOL}(?:{_A_DAY}|今天|昨天|{_ABOUT}|拉|跑){{0,6}}{_TIMES}")),
    ("stools_per_day", re.compile(rf"(?:屎|大便|便便)[，了的]{{0,2}}(?:一天|每天|一日)(?:{_ABOUT})*{_TIMES}")),
    ("stools_per_day", re.compile(rf"(?:{_A_DAY})(?:{_ABOUT})*{_STOOL}{_TIMES}")),
)  # fmt: skip
_SUGAR_BY_MEAL = re.compile(r"(?:空腹|餐后|饭后|餐前|饭前)(?:两小时|2小时|血糖|量|测|的|是|都|在|有)*(?P<value>\d{1,2}(?:\.|点)\d"
    r"|[一二三四五六七八九十]{1,3}点[一二三四五六七八九])(?!度|天|年|分|\d)")
_SUGAR_TALK = re.compile("糖尿病|血糖|胰岛素|二甲双胍|降糖|格列|消渴")
_PRESSURE_EACH = re.compile(rf"(?:一个|上面|上边|上|高的)(?:是|有"
    rf"|的)?(?P<systolic>{NUMBER})[，、 ]?(?:一个|下面|下边|下|低的)(?:是|有|的)?(?P<diastolic>{NUMBER})")
_DAILY = re.compile(rf"(?:{_A_DAY})(?:{_ABOUT})*{_TIMES}")
_STOOLS = re.compile("就拉(?!黑|着|倒)|拉肚子|拉稀|腹泻|水样便|拉水|稀便|屙|窜稀|跑肚|泻")
_VAGUE = {"十几": 15.0, "十多": 12.0, "好几": 4.0, "几十": 30.0}


def measurements(text: NormalText, expecting: str | None = None) -> list[Measurement]:
    """All measurements of ``text``; of two of the same kind the later stands. ``expecting``: a bare number means this code (an answer)."""
    found: dict[str, Measurement] = {}
    for code, value, start, end in sorted(_all(text, expecting), key=lambda item: (not _earlier(text.text, item[2], item[3]), item[2])):
        low, high = PLAUSIBLE[code]
        if low <= value <= high and not any(start < pause < end and text.text[pause - 1] not in ": " for pause in text.breaks if code != "systolic"):
            found[code] = Measurement(code=code, value=value, unit=UNITS[code], span=text.span(start, end))
    return list(found.values())


def _earlier(content: str, start: int, end: int) -> bool:
    """Whether it was measured before today (昨天量是39.1, 平时130/80): what was measured since stands, in whichever order they are told."""
    return _BEFORE_TODAY.search(content[max(0, start - 8) : end]) is not None


_BEFORE_TODAY = re.compile("(?:昨天|昨日|昨晚|昨夜|前天|大前天|前儿个?|昨儿个?|夜来|上次|上回|上周"
    "|上个?月|以前|之前|原来|平时|平常|往常|过去|头回|先前)[^，。；！？今现刚]*$")
_Found = tuple[str, float, int, int]


def _all(text: NormalText, expecting: str | None) -> Iterator[_Found]:
    content = text.text
    yield from _temperatures(content)
    yield from _pressures(content, expecting)
    for code, expression in _SINGLE:
        for match in expression.finditer(content):
            value = _value(match["value"])
            if value is not None:
                yield code, _converted(code, value, match), match.start(), match.end()
    if _STOOLS.search(content):
        for match in _DAILY.finditer(content):
            value = _value(match["value"])
            if value is not None and not re.search("吐|咳|尿|喂|吃", content[max(0, match.start() - 4) : match.start()]):
                yield "stools_per_day", value, match.start(), match.end()
    if _THERMOMETER.search(content):
        for match in _TEMPERATURE_LISTED.finditer(content):
            yield "temperature", float(match["value"]), match.start(), match.end()
    if _SUGAR_TALK.search(content):
        for match in _SUGAR_BY_MEAL.finditer(content):
            if (value := number(match["value"])) is not None:
                yield "glucose", value, match.start(), match.end()
    if "压" in content:
        for match in _PRESSURE_EACH.finditer(content):
            upper, lower = number(match["systolic"]), number(match["diastolic"])
            if upper is not None and lower is not None and _is_pressure(upper, lower) and upper >= _LEAST_UPPER:
                yield "systolic", upper, match.start(), match.end()
                yield "diastolic", lower, match.start(), match.end()
    if "血压" in content:
        for match in _PRESSURE_LATER.finditer(content):
            yield "systolic", float(match["systolic"]), match.start(), match.end()
            yield "diastolic", float(match["diastolic"]), match.start(), match.end()
    if expecting not in UNITS and (alone := _TEMPERATURE_ALONE.match(content)):
        yield "temperature", float(alone["value"]), alone.start(), alone.end()
    if expecting in UNITS and (
        bare := re.match(rf"^(?:大概|大约|有|是|就|快)*(?P<value>{NUMBER})(?:度|分|次|%)?(?:左右|多|吧|了)*(?=$|[，。；！？ ])", content)
    ):
        value = _value(bare["value"])
        if value is not None:
            yield expecting, value, bare.start(), bare.end()


def _value(said: str) -> float | None:
    return _VAGUE.get(said, number(said))


def _converted(code: str, value: float, match: re.Match[str]) -> float:
    if code == "weight" and "unit" in match.re.groupindex and match["unit"] == "斤":
        return value / 2
    if code == "glucose" and value >= 40:
        return round(value / 18, 1)  # mg/dL
    return value


def _temperatures(content: str) -> Iterator[_Found]:
    for match in _TEMPERATURE.finditer(content):
        value = number(match["value"])
        if value is None or not 30 <= value <= 45 or _NO_BODY.search(content[: match.start()]):
            continue
        if match["tenth"] and value == int(value):
            value += (number(match["tenth"]) or 0) / 10
        elif match["half"]:
            value += 0.5
        yield "temperature", round(value, 1), match.start(), match.end()
    for match in (*_TEMPERATURE_SAID.finditer(content), *_TEMPERATURE_THEN.finditer(content)):
        value = number(match["value"])
        if value is not None and 34 <= value <= 43 and not _NO_BODY.search(content[: match.start()]):
            yield "temperature", value, match.start(), match.end()
    for match in _TEMPERATURE_DOWN.finditer(content):
        if _FEVER_TALK.search(content, 0, match.start()) and not _NO_BODY.search(content[: match.start()]):
            yield "temperature", float(match["value"]), match.start(), match.end()
    for match in _TEMPERATURE_SLIP.finditer(content):
        yield "temperature", float(match["value"]) / 10, match.start(), match.end()
    if _THERMOMETER.search(content):
        for match in _TEMPERATURE_POINT.finditer(content):
            yield "temperature", float(f"{match['whole']}.{match['tenth']}"), match.start(), match.end()


def _pressures(content: str, expecting: str | None) -> Iterator[_Found]:
    expressions: list[tuple[re.Pattern[str], Callable[[float, float], bool]]] = [(_PRESSURE, _is_pressure), (_PRESSURE_SAID, _is_pressure)]
    if expecting in (None, "systolic"):
        expressions.append((_PRESSURE_PAIR, _is_pressure))
    for expression, plausible in expressions:
        for match in expression.finditer(content):
            upper, lower = number(match["systolic"]), number(match["diastolic"] or "")
            if upper is None:
                continue
            if lower is None:
                if expression is _PRESSURE_SAID and 50 <= upper <= 300:
                    yield "systolic", upper, match.start(), match.end()
                continue
            if plausible(upper, lower):
                yield "systolic", upper, match.start(), match.end()
                yield "diastolic", lower, match.start(), match.end()


_WIDEST = 200
"""The widest pressure of the pulse that is believed."""
_LEAST_UPPER = 70
"""Of two bare numbers beside 血压 the upper is at least this."""


def _is_pressure(upper: float, lower: float) -> bool:
    return 40 <= upper <= 300 and 15 <= lower <= 200 and 0 < upper - lower <= _WIDEST
