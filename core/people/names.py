"""Names of people: as they stand on the certificate, as they are shown, and how one addresses a doctor."""

from __future__ import annotations

import re
import unicodedata

from core.people.errors import NameInvalid

DEMONSTRATION_MARK = "(演示)"
_MARK = re.compile(r"\(演示\)$")
_DOTS = re.compile("[•‧∙・･・．.]")
_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af\u3007"
_NAME = re.compile(rf"[{_HAN}]+(?:·[{_HAN}]+)*")
_COMPOUND = frozenset({
    "欧阳", "太史", "端木", "上官", "司马", "东方", "独孤", "南宫", "万俟", "闻人", "夏侯", "诸葛", "尉迟", "公羊",
    "赫连", "澹台", "皇甫", "宗政", "濮阳", "公冶", "太叔", "申屠", "公孙", "慕容", "仲孙", "钟离", "长孙", "宇文",
    "司徒", "鲜于", "司空", "令狐", "百里", "呼延", "东郭", "南门", "西门", "第五",
})


def certificate_name(text: str) -> str:
    """``text`` as the certificate writes it: no spaces, one kind of dot, without the mark of the demonstration.

    :class:`NameInvalid` unless it is 2 to 30 Chinese characters, with dots only between them.
    """
    name = _MARK.sub("", re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)))
    name = _DOTS.sub("·", name)
    if not 2 <= len(name) <= 30 or _NAME.fullmatch(name) is None or len(name.replace("·", "")) < 2:
        raise NameInvalid
    return name


def displayed(name: str, *, demonstration: bool) -> str:
    """``name`` as shown: a person of the demonstration is marked."""
    return f"{name}{DEMONSTRATION_MARK}" if demonstration else name


def surname(name: str) -> str:
    """The family name; of a name with dots the part before the first one."""
    if "·" in name:
        return name.split("·", 1)[0]
    return name[:2] if len(name) > 2 and name[:2] in _COMPOUND else name[:1]


_INNER = re.compile("(?<=[内外])科$")


def short_hospital(name: str) -> str:
    """省医 for 贵州省人民医院, 县医院 for 平塘县人民医院 (there is one of each that is called so); any other hospital by its own name."""
    if re.fullmatch(rf"[{_HAN}]{{2,3}}省(?:人民|演示)?医院", name):
        return "省医"
    return "县医院" if re.fullmatch(rf"[{_HAN}]{{1,6}}县(?:人民|演示)?医院", name) else name


def short_department(name: str) -> str:
    """心内 for 心血管内科, 神经外 for 神经外科, 骨科 as it is."""
    return _INNER.sub("", name.replace("心血管", "心"))


def called(name: str, title_name: str) -> str:
    """How one addresses him: 王主任, 吴医生, 陈药师; 刘老师 for those without a medical title."""
    if title_name in ("主任医师", "副主任医师"):
        return f"{surname(name)}主任"
    if "药师" in title_name:
        return f"{surname(name)}药师"
    return f"{surname(name)}{'医生' if '医' in title_name else '老师'}"
