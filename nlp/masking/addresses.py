"""Where somebody lives or works, as people write it: 平塘县塘边镇新塘村三组 12 号, 幸福小区 3 栋 2 单元 501."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlp.interface.masking import Kind
from nlp.masking.numbers import Found

_N = r"(?:[0-9]{1,5}|[一二三四五六七八九十百零〇]{1,5})"
_H = r"[\u4e00-\u9fff]"
_PROVINCE = (
    "北京|天津|上海|重庆|河北|河南|云南|辽宁|黑龙江|湖南|安徽|山东|新疆|江苏|浙江|江西|湖北|广西|甘肃|山西|内蒙古|陕西|吉林|福建|贵州|广东|青海|西藏|四川|宁夏|海南|台湾|香港|澳门"
)
_NO_NAME = frozenset(
    "的了在是有我你他她它们这那哪个家住到去来回从就和跟与或及于往把被让给对向不没很都也还又再才说问看走坐下上里外前后过想要能会叫请找送带进出里啊吧呢吗，,。;；:：、!！?？ "  # noqa: E501
    "0123456789本该全各每某同隔贵敝邻旁近远老新旧大小多少几一二三四五六七八九十两\ue000"
)
"""Characters with which no name of a place is written as people write it; 新 大 小 一 … count as part of one only further in."""
_START_TOO = frozenset("老新旧大小一二三四五六七八九十两上下里前后外")
_AREA = re.compile(rf"(?:(?:{_PROVINCE})(?:省|市|(?:壮族|回族|维吾尔)?自治区)?)?")
_UNIT = re.compile(r"自治州|自治县|自治旗|街道|社区|小区|花园|新村|家园|公寓|大道|胡同|大厦|广场|省|市|州|县|区|旗|镇|乡|村|寨|屯|庄|湾|坝|弄|巷|"
    r"街|路|苑|组|队")
_FALSE = re.compile(
    r"(?:我们|你们|他们|咱们?|俺们?|隔壁|邻|同|本|全|外|山|农|乡|城|进|回|去|到|在|每个?|哪个?|这个?|那个?|整个|附近的?|各|市|郊|牧|灾|疫|病|老|新|小|大|某|一个|几个|老家|同一个)"
    r"(?:村|镇|乡|县|市|区|寨|庄|省|街|路|巷|组|队|社区|小区|街道|州)$|"
    r"(?:一路|半路|走路|马路|公路|铁路|高速路|尿路|通路|思路|短路|线路|电路|气路|血路|泪路|胆路|上路|下路|赶路|带路|问路|消化道|门路|出路|迷路|水路|山路|道路|"
    r"病区|疫区|社区|地区|小区|郊区|山区|市区|景区|校区|辖区|院区|牧区|库区|城区|灾区|心前区|前区|头区|区区|腰骶区|肾区|肝区|脾区|胃区|胸区|腹区|枕区|骶区|颞区|额区|乳区|上区|中区|下区|病房区|"
    r"医疗队|小组|一组|两组|三组|分组|对照组|肌组|牙组|化验组|乡村|农村|乡镇|等级区|进村|回村|村村|山村|老村|"
    r"城市|超市|股市|上市|门市|夜市|菜市|集市|都市|本市|城镇|集镇|村镇|乡镇|老乡|下乡|家乡|故乡|同乡|回乡|他乡|县城|县县|村庄|村寨|老庄|茶庄|饭庄|"
    r"上街|逛街|大街|沿街|临街|过街|部队|军队|排队|大队|中队|小队|球队|手臂湾|臂湾|腿湾|堤坝|大坝|水坝|海湾|河湾|手湾|腕湾)$"
)
_NUMBERED = re.compile(
    rf"(?:[ ,，的]{{0,2}}(?:第?{_N}(?:[ ]?[\-－~之][ ]?{_N})*[ ]?(?:号楼|号院|号|栋|幢|座|单元|楼|层|室|户|弄|组|社|队|村民组|巷|里|门|"
    rf"房)(?:[A-Za-z](?:座|栋)?)?|附{_N}号|[A-Za-z][座栋]"
    rf"|{_N}[\-－]{_N}(?:[\-－]{_N})*(?:室|号|房)?))+(?:(?<=[元栋幢座楼])[0-9]{{3,4}}(?![0-9]))?"
)
_LOOSE = re.compile(rf"(?<![0-9.]){_N}[ ]?(?:号楼|栋|幢)[ ]?(?:{_N}[ ]?单元)?[ ]?(?:{_N}[ ]?(?:楼|层))?[ ]?(?:{_N}[ ]?(?:室|号|户|房)?)?(?!天|年|"
    rf"个|次|岁)|{_N}[ ]?单元[ ]?{_N}[ ]?(?:室|号|楼|户)?|(?<![0-9.]){_N}[ ]?组[ ]?{_N}[ ]?号")
_LABELLED = re.compile(
    r"(?:(?:家庭|现|户籍|居住|通讯|联系|工作|单位|详细|收货)?(?:住址|地址)|户籍地?|籍贯|工作单位|单位|现住|家住|住在|家在|住(?=[\u4e00-\u9fff]{2,8}(?:省|市|县|区|镇|乡|村|寨|屯|路|街|组|小区)))"
    r"[ ]?(?:是|为|在)?[ :：]{0,3}([^,，。;；!！?？\n\ue000:：]{2,40})"
)
_HOUSE_KIND = re.compile(r"(?:人民医院|中心医院|中医院|妇幼保健院|附属医院|第[一二三四五六七八九十]医院|卫生院|卫生室|卫生所|诊所|医院|中学|小学|"
    r"幼儿园|敬老院|养老院|有限公司|公司|加工厂|工厂)")
_ANY_HOUSE = re.compile(
    "(?:我们|你们|他们|家|大|小|上级|当地|外地|几个?|两|次|些|私人|[县省市乡镇村]级|三甲|综合|专科|儿童|精神病?|口腔|传染病?|肿瘤|肝病|胃肠|乡镇|乡村|军区|癫痫|公立|正规|民营|普通|治疗|上|本地|附近|社区|保险)$|"
    "最好|因为|治疗|今天|昨天|明天|前天|两天|您好|你好|什么|怎么|哪|好些|一些|专业|权威|检查|所有|很多"
)
"""No house of its own, but any."""
LONGEST = 7
"""Characters of the name of one place, before its kind."""


def addresses(text: str) -> Iterator[Found]:
    for match in _LABELLED.finditer(text):
        said = match[1].rstrip()
        if _UNIT.search(said) or _NUMBERED.search(said) or re.match(_PROVINCE, said) or "址" in match[0]:
            end = _end(said)
            yield Kind.ADDRESS, match.start(1), match.start(1) + end
    units = list(_units(text))
    for start, end in _joined(text, units):
        yield Kind.ADDRESS, start, end
    for match in re.finditer(rf"(?:{_PROVINCE})(?:省|市|(?:壮族|回族|维吾尔)?自治区)", text):
        yield Kind.ADDRESS, *match.span()
    for match in _LOOSE.finditer(text):
        yield Kind.ADDRESS, _name_before(text, match.start(), LONGEST), match.end()
    for match in _HOUSE_KIND.finditer(text):
        start = _name_before(text, match.start(), 12)
        if match.start() - start >= 2 and not _ANY_HOUSE.search(text[start : match.start()]):
            yield Kind.PLACE, start, match.end()


def _end(said: str) -> int:
    """Where an address that was named as one ends: before a clause that no longer belongs to it."""
    stop = re.search(r"[ ](?:电话|手机|联系|身份证|姓名|年龄|男|女|主诉|病|因|于)|(?:电话|手机|联系人|联系方式|身份证|微信|的人|患者|因为|有|，)",
        said)
    return len(said) if stop is None else max(stop.start(), 2)


def _units(text: str) -> Iterator[tuple[int, int]]:
    for match in _UNIT.finditer(text):
        start = _name_before(text, match.start(), LONGEST)
        if match.start() - start < (1 if match[0] in ("自治州", "自治县", "街道", "大道") else 2) and not _after_place(text, start):
            continue
        if _FALSE.search(text[start : match.end()]):
            continue
        if match[0] in ("路", "街", "巷", "弄", "组", "队", "湾", "坝", "屯", "苑", "州", "区", "市", "省", "旗", "庄", "寨") and not _is_named(text,
            start, match):
            continue
        yield start, match.end()


def _is_named(text: str, start: int, match: re.Match[str]) -> bool:
    """Kinds that are part of other words, too, count with something of an address beside them."""
    after, before = text[match.end() : match.end() + 8], text[max(0, start - 3) : start]
    return bool(
        _NUMBERED.match(after) or re.match(rf"{_H}{{2,6}}?(?:县|区|镇|乡|村|街|路|街道|寨|组|屯)",
        after) or re.search(r"(?:住|在|家|省|市|县|区|镇|乡|村|到|址[ :：]?|籍|来自|人)$", before)
        or after[:1] in "人的" or re.match(rf"(?:{_PROVINCE})", text[start:])
    )


def _after_place(text: str, start: int) -> bool:
    return start > 0 and text[start - 1] in "省市县区镇乡村州"


def _name_before(text: str, end: int, longest: int) -> int:
    """Where the name that ends at ``end`` begins."""
    start = end
    while start > 0 and end - start < longest:
        character = text[start - 1]
        if not "\u4e00" <= character <= "\u9fff" or (character in _NO_NAME and character not in _START_TOO):
            break
        start -= 1
    return start


def _joined(text: str, units: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Neighbouring places as one address, with the number of house and room that follows."""
    current: tuple[int, int] | None = None
    for start, end in units:
        if current is not None and start <= current[1] + 1:
            current = (current[0], max(end, current[1]))
            continue
        if current is not None:
            yield _with_number(text, *current)
        current = (start, end)
    if current is not None:
        yield _with_number(text, *current)


def _with_number(text: str, start: int, end: int) -> tuple[int, int]:
    province = re.search(rf"(?:{_PROVINCE})(?:省|市)?$", text[max(0, start - 4) : start])
    if province:
        start -= len(province[0])
    match = _NUMBERED.match(text, end)
    return start, match.end() if match else end
