"""A person as people name him: 王主任, 李建国主任, 心内科王主任, 省医的王教授, 专家王建国, 老王. Looked for among people whom the caller gives.

Conventions: 主任 is said to 主任医师 and 副主任医师 (core.people.names), 药师 and 护士 to those who are; 医生, 大夫, 教授,
专家, 老师, 院长 to anybody.
Surnames of two letters (欧阳, 司马) are whole: 欧主任 is not 欧阳主任. Who has the surname and another title is found, but not for sure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.phrases.text import tidy
from core.people.names import short_department, short_hospital, surname
from nlp.interface.departments import DEPARTMENTS, department_named

_TITLES = "副?主任医师|主治医师|住院医师|副?主任|主治|医师|医生|大夫|教授|院长|专家|老师|药师|护士长?|主管药师"
_HAN = r"[\u3400-\u4dbf\u4e00-\u9fff]"
_NOBODY = re.compile(rf"(?:老(?={_HAN}(?!{_HAN})))?(?P<name>(?![科院室内外省县医的]){_HAN}{{1,2}}?)(?:{_TITLES})")
_NOT_NAMED = frozenset("找约请的个位名看要换改跟给向让叫那这哪某好新")
_TITLE = re.compile(rf"^\s*(?:{_TITLES})")
_BEFORE = re.compile(r"(?:专家|医生|大夫|医师)$")
_DEPARTMENTS = sorted({name for entry in DEPARTMENTS for name in (entry.name, *entry.local)}, key=len, reverse=True)
_DEPARTMENT = re.compile("|".join(map(re.escape, _DEPARTMENTS)) + "|心内|神经内|神经外")
_MARK = re.compile(r"[((]演示[))]$")
_LINKS = " ,。、;:的"


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody who may be meant. ``key``: the caller's own name for him (an id). ``department``: as shown or as in the list of departments."""

    key: str
    name: str
    title: str = ""
    department: str = ""
    organisation: str = ""

    @property
    def bare(self) -> str:
        """The name without the mark of the demonstration."""
        return _MARK.sub("", self.name.strip())

    @property
    def spoken(self) -> str:
        """As he is shown where one of several is chosen: 王建国 主任医师 心血管内科."""
        return " ".join(part for part in (self.name, self.title, self.department) if part)


@dataclass(frozen=True, slots=True)
class Who:
    """``said``: how somebody was named, empty when nobody was. ``people``: who fits, in the caller's order: none, one, several (ask which).
    ``sure``: False where only the surname fits, not the title or the department: ask before acting. ``rest``: the text without it."""

    said: str
    people: tuple[Named, ...]
    sure: bool
    rest: str

    @property
    def one(self) -> Named | None:
        """The only one who can be meant."""
        return self.people[0] if len(self.people) == 1 and self.sure else None


def take_who(text: str, people: Iterable[Named]) -> Who:
    """The person named in ``text`` among ``people``. Never raises."""
    said, everybody = tidy(text), tuple(people)
    found = _by_full_name(said, everybody) or _by_surname(said, everybody)
    if found is None:
        unknown = next((one for one in _NOBODY.finditer(said) if _is_name(said, one)), None)
        return Who("", (), False, said) if unknown is None else Who(unknown[0], (), False, _without(said, *unknown.span()))
    start, end, fitting, sure = found
    start, end, fitting, sure = _narrowed(said, start, end, fitting, sure)
    return Who(said[start:end].strip(_LINKS), fitting, sure, _without(said, start, end))


def read_who(text: str, people: Iterable[Named]) -> Who | None:
    """The same where the text names somebody and says nothing else; None otherwise."""
    found = take_who(re.sub(r"^(?:就|请|要|找|选|约|叫|换|指派给?|改派给?|派给?|给)+|(?:吧|呀|啊|来|好了|就行|可以)+$", "", tidy(text)), people)
    return found if found.said and not found.rest else None


_Found = tuple[int, int, tuple[Named, ...], bool]


def _by_full_name(said: str, people: tuple[Named, ...]) -> _Found | None:
    """王建国, or 建国 with a title; the longest name wins: who is called 王建国 is not 王建."""
    names = {one.bare for one in people if len(one.bare) >= 2 and one.bare in said}
    for name in sorted(names, key=len, reverse=True):
        start = said.index(name)
        title = _TITLE.match(said[start + len(name) :])
        return start, start + len(name) + (title.end() if title else 0), tuple(one for one in people if one.bare == name), True
    for one in people:
        given = one.bare.removeprefix(surname(one.bare)) if one.bare else ""
        at = said.find(given) if len(given) >= 2 else -1
        if at >= 0 and (title := _TITLE.match(said[at + len(given) :])) is not None:
            return at, at + len(given) + title.end(), tuple(other for other in people if other.bare.endswith(given)), True
    return None


def _by_surname(said: str, people: tuple[Named, ...]) -> _Found | None:
    """王主任, 老王: the longest surname first, so that 欧阳主任 is no 阳主任."""
    for family in sorted({surname(one.bare) for one in people if one.bare}, key=len, reverse=True):
        found = re.search(rf"(?:老|小)?{re.escape(family)}(?P<title>{_TITLES})|(?:老|小){re.escape(family)}(?!{_HAN})", said)
        if found is None:
            continue
        fitting = tuple(one for one in people if surname(one.bare) == family)
        titled = tuple(one for one in fitting if _fits(found["title"] or "", one.title))
        return found.start(), found.end(), titled or fitting, bool(titled)
    return None


def _fits(called: str, title: str) -> bool:
    """Whether one with ``title`` is addressed as ``called``."""
    if called in ("主任", "副主任"):
        return title in ("主任医师", "副主任医师")
    if called == "主治":
        return title == "主治医师"
    if "药师" in called:
        return "药师" in title
    if called.startswith("护士"):
        return "护" in title
    return called == title if called.endswith("医师") and called != "医师" else True


def _narrowed(said: str, start: int, end: int, fitting: tuple[Named, ...], sure: bool) -> _Found:
    """With the department, the hospital and 专家 that stand before the name."""
    while True:
        before = said[:start].rstrip(_LINKS)
        if (role := _BEFORE.search(before)) is not None:
            start = role.start()
        elif (name := _last(_DEPARTMENT, before)) is not None:
            start, (fitting, sure) = name.start(), _only(fitting, sure, [_same_department(name[0], one.department) for one in fitting])
        elif (house := _house(before, fitting)) is not None:
            names = [(one.organisation, short_hospital(one.organisation)) for one in fitting]
            start, (fitting, sure) = len(before) - len(house), _only(fitting, sure, [house in known for known in names])
        else:
            return start, end, fitting, sure


def _last(pattern: re.Pattern[str], before: str) -> re.Match[str] | None:
    return next((found for found in pattern.finditer(before) if found.end() == len(before)), None)


def _only(fitting: tuple[Named, ...], sure: bool, keep: list[bool]) -> tuple[tuple[Named, ...], bool]:
    kept = tuple(one for one, stays in zip(fitting, keep, strict=True) if stays)
    return kept or fitting, sure and bool(kept)


def _same_department(said: str, department: str) -> bool:
    entry, other = department_named(said), department_named(department)
    return short_department(said) == short_department(department) or (entry is not None and entry == other)


def _house(before: str, fitting: tuple[Named, ...]) -> str | None:
    """The hospital that stands last in ``before``: its name, or 省医 and 县医院."""
    names = {name for one in fitting for name in (one.organisation, short_hospital(one.organisation)) if name} | {"省医", "县医院"}
    return next((name for name in sorted(names, key=len, reverse=True) if before.endswith(name)), None)


def _is_name(said: str, found: re.Match[str]) -> bool:
    """刘主任, not 心内科主任 or 看医生."""
    return not (set(found["name"]) & _NOT_NAMED) and not found["name"].endswith(("科", "院", "主", "治", "内", "外", "家"))


def _without(said: str, start: int, end: int) -> str:
    return tidy(f"{said[:start]} {said[end:]}").strip(_LINKS)
