"""Whom each part of the text concerns, and what is said of that person: relation, age, sex, pregnancy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from .clauses import Clause
from .lexicon import Kin, alternatives, lexicon
from .normal import NormalText
from .numbers import NUMBER, number

DAYS_A_YEAR, DAYS_A_MONTH = 365.25, 30.4375


@dataclass(frozen=True, slots=True)
class Named:
    """A person named at ``start``."""

    kin: Kin
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Told:
    """Something said of a person: ``what`` is age (days), sex ("male"/"female"), pregnant (bool) or weeks."""

    what: str
    value: float | str | bool
    start: int
    end: int


@cache
def _people() -> re.Pattern[str]:
    return re.compile(alternatives(lexicon().people))


_NO_PERSON = re.compile(
    "妈呀|我的妈|我的娘|好娘|大娘家|姑娘|娘家|孩子他|自己好|他汀|其他|他们|怀孩子|生孩子|怀娃|生娃|怀着孩子|怀了孩子|肚里(?:的)?孩子|肚里(?:的)?娃|刚生完孩子|生完孩子|生了孩子|生了娃|爱人民|新生儿科|小孩子气|孩子在肚子里|娃在肚子里|胎儿|自己好了|宝宝不动|一家人|全家人|我们一家|孕[^，。；！？]{0,6}?(?:娃儿?|孩子|宝宝|毛毛)|(?<!我)(?<!他)(?<!她)自己(?:就|会|也)?(?:好|停|没|缓)|(?:我|俺)(?:们)?(?:村|这里|这边|屋|们)"
    "|(?:姥姥|姥爷|外婆|外公|奶奶|爷爷|舅舅|姑姑|阿姨|姨妈|叔叔|同学|邻居|亲戚|朋友|同事|丈母娘|岳母|婆婆|婶婶)家(?!人|的?(?:娃|孩子|儿子|女儿|小孩|老|狗))"
    "|(?:他|她|娃|孩子)(?:妈妈?|爸爸?|奶奶|爷爷|外婆)(?:说|讲|告诉|打电话)"
    "|(?:爷爷|奶奶|外公|外婆|爸爸?|妈妈?|姥姥|姥爷|大人|别人)的(?:[^，。；！？]{0,4}药|药)"
    "|(?:跟|和|同|与)(?:我)?(?:妈妈?|爸爸?|老公|老婆|婆婆|媳妇|对象|男朋友|女朋友|父母)(?:又|刚|老|总)?(?:吵|闹|打架|生气|离婚)|告诉(?:我)?(?:妈妈?|爸爸?|父母|老师|家里人)"
    "|(?:急|烦|笑|吓|忙|愁)死我"
    "|(?:左边|右边|两边|一边|两个|左|右)的?奶奶|(?:怀孕|怀起|怀了)[^。；！？]{0,14}(?:孩子|娃|宝宝|娃娃|娃儿|崽)[^，。；！？]{0,2}动"
)


def named(text: NormalText) -> list[Named]:
    """The words for people in ``text``, in order; idioms that name nobody are left out."""
    idle = [match.span() for match in _NO_PERSON.finditer(text.text)]
    return [
        Named(lexicon().people[match[0]], match.start(), match.end())
        for match in _people().finditer(text.text)
        if not any(start <= match.start() < end for start, end in idle)
    ]


_YEARS = re.compile(rf"(?P<years>{NUMBER})(?P<more>多|来|几)?(?:周)?岁(?:(?P<half>半)|零?(?P<months>{NUMBER})个?月)?")
_MONTHS = re.compile(rf"(?P<months>{NUMBER})个(?P<half>半)?(?:多)?月")
_CHILD_AFTER = re.compile("^(?:大|的?(?:宝宝|娃|孩子|婴儿|小孩|女儿|儿子|毛毛|男|女|崽|伢|小儿|患儿))")
_CHILD_BEFORE = re.compile(
    "(?:娃|娃儿|孩子|小孩|宝宝|宝贝|娃娃|崽|崽崽|伢子|婴儿|毛毛|儿子|女儿|闺女|孙子|孙女|幺儿|伢|小宝|二宝|小儿|患儿|外孙|外孙女)(?:才|刚|今年|现在|有|已经|快|满|刚满|，)*$"
)
_DAYS = re.compile(
    rf"(?:出生|生下来|生下|出世)(?:才|刚|了|有|后|第)*(?P<days>{NUMBER})天|(?P<alone>{NUMBER})天(?:大)?(?:的)?(?:宝宝|新生儿|婴儿|娃|孩子|毛毛)"
    rf"|(?:新生儿|新生宝宝|月子里的(?:娃|孩子|宝宝))(?:才|刚|了)*(?P<newborn>{NUMBER})天"
)
_YOUNG_CHILD = "宝宝|宝贝|娃|娃儿|娃娃|孩子|小孩|婴儿|毛毛|崽|崽崽|伢子|伢|奶娃|月娃|毛娃|小宝|二宝|孙子|孙女|儿子|女儿|闺女"
_DAYS_OLD = re.compile(
    rf"(?:{_YOUNG_CHILD})(?:今天|现在|还|都|已经|也)*"
    rf"(?:(?:才|刚|满)+(?P<few>{NUMBER})天|(?P<many>{NUMBER})天(?:大|(?=[，。；！？ ]|$)))"
)
"""孩子才四十天, 宝宝四十天,发烧. With neither 才 nor 大 a small number may be the length of an illness (娃三天,一直拉)."""
_LEAST_DAYS = 14
_DAYS_ANSWERED = re.compile(
    r"^(?:孩子|宝宝|娃|娃儿|他|她|今天|现在|才|刚|满|有|出生|生下来|快|已经|大概)*"
    rf"(?P<days>{NUMBER})(?P<unit>天|周|个?星期|个?礼拜)(?:大|了|多)*(?=$|[，。；！？ ])"
)
_WEEKS_OLD = re.compile(rf"(?:出生|生下来)(?:才|刚|了|有)*(?P<weeks>{NUMBER})(?:周|个?星期)")
_NEWBORN = {
    "新生儿": 14.0,
    "刚出生": 2.0,
    "没满月": 20.0,
    "还没满月": 20.0,
    "未满月": 20.0,
    "刚满月": 30.0,
    "满月": 30.0,
    "百天": 100.0,
    "半岁": 183.0,
}
_BARE_AGE = re.compile(
    rf"^(?:我|他|她|今年|年龄|虚岁|快|都|有|已经|是|满)*(?P<years>{NUMBER})(?:多)?(?:了|周岁)?"
    r"(?=$|[，。；！？ ]|有|没|无|糖|高|男|女|都|身|哮|怀|患|血|慢|冠|心)"
)
_AGE_AFTER = re.compile(
    rf"(?:我|他|她|爸爸?|妈妈?|爹|娘|奶奶|爷爷|外公|外婆|公公|婆婆|老公|老婆|媳妇|哥哥?|弟弟?|姐姐?|妹妹?|老汉儿?|老人|父亲|母亲)"
    rf"(?P<this>今年|虚岁|今年都|都|快|已经|有)?(?P<years>{NUMBER})(?:了|多)?(?=$|[，。；！？])"
)
"""我爸七十三: a bare number right after the person."""
_COULD_BE_A_TEMPERATURE = range(34, 44)
_AGE_LABEL = re.compile(rf"年龄(?:是|为|:|：)?(?P<years>{NUMBER})")
_SEX = re.compile(
    r"(?:^|[，。；！？ \d岁])(?P<sex>男|女)(?:性|的|士|，|。|$|\d|,|孩|宝|患)|"
    r"(?P<word>男性|女性|女士|男士|女的|男的|妇女|男人家|小伙|老太婆|老头|大姐(?!家)|大嫂(?!家)|孕妇|月经|例假|怀孕|大姨妈|前列腺|睾丸|阴道|白带)"
)
_FEMALE_WORDS = frozenset(["女性", "女士", "女的", "妇女", "老太婆", "大姐", "大嫂", "孕妇", "月经", "例假", "怀孕", "大姨妈", "阴道", "白带"])
_WEEKS = re.compile(
    rf"(?:怀孕|怀了|怀上|妊娠|孕|怀着|怀|有孕)(?:了|期|有|已经|快|大概|都|我|满|,|，|孩子|到)*(?P<value>{NUMBER})(?:\+\d)?(?P<month>个)?(?:多|半)?(?P<unit>周|月|星期|个星期|个礼拜|礼拜)|(?P<value2>{NUMBER})(?:\+\d)?周(?:的)?(?:孕妇|孕|身孕|胎)"
)
_PREGNANT = re.compile(
    "(?:怀孕|怀了孕|孕妇|有喜了|怀着孩子|怀着娃|怀了孩子|怀了娃|怀上了|孕期|身孕|怀着孕|怀了二胎|怀二胎|有了身孕|孕早期|孕晚期|孕中期|孕\\d|怀起的)"
)
_NOT_PREGNANT = re.compile(
    "(?:没有?|不是|未|没得|不可能|不会|排除|不)(?:有|在|是|想|能)?(?:怀孕|怀着|身孕|孕妇|孕期|怀娃|怀上|怀)|备孕|避孕|怀孕前|怀不上|怀孕以前|验孕没|不孕"
)
_MAYBE_PREGNANT = re.compile("(?:是不是|会不会|可能|怀疑|不知道|不晓得|怕|有没有|不确定)[^，。；！？]{0,6}(?:怀孕|怀上|有了)")


def ages(text: NormalText, *, expecting_age: bool) -> list[Told]:
    """Ages in days with their places; ``expecting_age``: a bare number answers the question for the age."""
    content = text.text
    found: list[Told] = []
    for match in _YEARS.finditer(content):
        value = number(match["years"])
        if value is None or value > 125:
            continue
        days = value * DAYS_A_YEAR + (DAYS_A_YEAR / 2 if match["half"] else 0)
        if match["months"]:
            days += (number(match["months"]) or 0) * DAYS_A_MONTH
        found.append(Told("age", days, match.start(), match.end()))
    for match in _MONTHS.finditer(content):
        value = number(match["months"])
        if value is not None and (
            _CHILD_AFTER.match(content[match.end() :]) or _CHILD_BEFORE.search(content[max(0, match.start() - 6) : match.start()])
        ):
            found.append(Told("age", (value + (0.5 if match["half"] else 0)) * DAYS_A_MONTH, match.start(), match.end()))
        elif value is not None and expecting_age and match.end() >= len(content) - 1:
            found.append(Told("age", value * DAYS_A_MONTH, match.start(), match.end()))
    for expression, factor in ((_DAYS, 1.0), (_WEEKS_OLD, 7.0)):
        for match in expression.finditer(content):
            value = number(next(group for group in match.groups() if group))
            if value is not None and value < 800:
                found.append(Told("age", value * factor, match.start(), match.end()))
    for match in _DAYS_OLD.finditer(content) if not found else ():
        value = number(match["few"] or match["many"])
        if value is not None and value < 800 and (match["few"] or match[0].endswith("大") or value >= _LEAST_DAYS):
            found.append(Told("age", value, match.start("few" if match["few"] else "many"), match.end()))
    if not found and expecting_age and (answer := _DAYS_ANSWERED.match(content)) and (value := number(answer["days"])) is not None and value < 800:
        found.append(Told("age", value * (1.0 if answer["unit"] == "天" else 7.0), answer.start("days"), answer.end()))
    if not found:
        for word, days in sorted(_NEWBORN.items(), key=lambda item: -len(item[0])):
            if (place := content.find(word)) >= 0:
                found.append(Told("age", days, place, place + len(word)))
                break
    if not found:
        found.extend(told for match in _AGE_AFTER.finditer(content) for told in _years(match) if _is_an_age(match))
    if not found and (match_ := _AGE_LABEL.search(content)):
        found.extend(_years(match_))
    if not found and expecting_age and (match_ := _BARE_AGE.match(content)):
        found.extend(_years(match_))
    return found


def _is_an_age(match: re.Match[str]) -> bool:
    years = number(match["years"]) or 0
    return 12 <= years <= 110 and (years not in _COULD_BE_A_TEMPERATURE or match["this"] == "今年")


def _years(match: re.Match[str]) -> list[Told]:
    value = number(match["years"])
    if value is not None and value != int(value):
        return []  # 38.5 is a temperature
    return [Told("age", value * DAYS_A_YEAR, match.start(), match.end("years"))] if value is not None and value <= 125 else []


def told(text: NormalText, *, expecting_age: bool) -> list[Told]:
    """Age, sex and pregnancy said in ``text``, each with its place."""
    content = text.text
    found = ages(text, expecting_age=expecting_age)
    not_pregnant = list(_NOT_PREGNANT.finditer(content))
    for match in _SEX.finditer(content):
        word = match["sex"] or match["word"]
        female = word == "女" or word in _FEMALE_WORDS
        if word == "怀孕" and not_pregnant:
            continue
        found.append(Told("sex", "female" if female else "male", match.start(), match.end()))
    for match in _WEEKS.finditer(content):
        value = number(match["value"] or match["value2"])
        if value is not None:
            weeks = value * DAYS_A_MONTH / 7 if match["unit"] == "月" else value
            if 1 <= weeks <= 44:
                found += [Told("weeks", int(weeks), match.start(), match.end()), Told("pregnant", True, match.start(), match.end())]
    doubtful = {place for match in (*not_pregnant, *_MAYBE_PREGNANT.finditer(content)) for place in range(*match.span())}
    for match in _PREGNANT.finditer(content):
        if match.start() not in doubtful:
            found.append(Told("pregnant", True, match.start(), match.end()))
    for match in not_pregnant:
        if match[0] not in ("备孕", "避孕", "怀孕前", "怀孕以前"):
            found.append(Told("pregnant", False, match.start(), match.end()))
    return found


def carried(text: NormalText, clauses: tuple[Clause, ...], people: list[Named]) -> dict[int, Kin | None]:
    """For each clause the person that earlier clauses left in mind (None: nobody named yet)."""
    result: dict[int, Kin | None] = {}
    current: Kin | None = None
    for clause in clauses:
        result[clause.index] = current
        for person in people:
            if clause.holds(person.start) and person.kin.relation not in ("third",):
                current = person.kin
    return result
