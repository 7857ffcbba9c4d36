"""The tables from which a county's organisations and practitioners are taken in: CSV as Excel writes it, read line by line. Pure.

Columns by their Chinese headings, in any order; UTF-8 or GB18030. What is wrong is told with the line as the file counts them, all at once.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from core.foundation.actor import ROLE_LABELS, Role
from core.foundation.errors import DomainError
from core.people.administrators import NO_LICENCE_UNTIL
from core.people.names import certificate_name
from core.people.practitioners import SCOPE_LABELS, TITLES, covers, scope_of_title
from core.people.regions import check_region
from core.people.roles import LICENSED
from core.people.rules import GRANTABLE, check_expertise
from nlp.interface.departments import department

LARGEST = 10 << 20
"""Bytes."""
MOST = 20_000
"""Lines."""
KINDS = {"省级医院": "provincial_hospital", "县级医院": "county_hospital", "乡镇卫生院": "township_centre", "村卫生室": "village_clinic"}
SEXES = {"男": "male", "女": "female"}
ROLES = {ROLE_LABELS[role]: role for role in Role if role in GRANTABLE}
SCOPES = {label: code for code, label in SCOPE_LABELS.items()}
ORGANISATION_COLUMNS = ("名称", "类别", "区划代码", "地区", "上级机构")
ORGANISATION_EXTRAS = ("纬度", "经度", "电话")
"""Columns that may be left out; so may each cell."""
PRACTITIONER_COLUMNS = (
    "姓名", "性别", "机构", "岗位", "职称", "执业范围", "执业证号", "有效期至", "科室代码", "专长", "从业年限", "企业微信账号",
)
L = TypeVar("L")
V = TypeVar("V")
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", re.ASCII)
_USERID = re.compile(r"[A-Za-z0-9_\-@.]{1,64}")
_DEGREES = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,10})?")
_PHONE = re.compile(r"(?:[0-9]{3,4}-?[0-9]{7,8}|1[0-9]{10}|[0-9]{5,8})?")
_SEVERAL = re.compile(r"[;;、,,\s]+")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in ``line`` (the heading is line 1; 0: the whole file)."""

    line: int
    sentence: str

    def __str__(self) -> str:
        return f"第 {self.line} 行:{self.sentence}" if self.line else self.sentence


@dataclass(frozen=True, slots=True)
class OrganisationLine:
    line: int
    name: str
    kind: str
    region_code: str
    region_name: str
    parent: str
    latitude: float | None = None
    longitude: float | None = None
    phone: str = ""


@dataclass(frozen=True, slots=True)
class PractitionerLine:
    line: int
    name: str
    sex: str
    organisation: str
    roles: tuple[Role, ...]
    title_name: str
    scope: str | None
    licence_number: str
    licence_valid_until: date
    department_code: str | None
    expertise: tuple[str, ...]
    years: int
    userid: str


class _Wrong(Exception):
    """What a person reads about a line."""


def read_organisations(data: bytes) -> tuple[list[OrganisationLine], list[Problem]]:
    """The lines that can be understood, and what is wrong with the others."""
    return _read(data, ORGANISATION_COLUMNS, _organisation, ORGANISATION_EXTRAS)


def read_practitioners(data: bytes) -> tuple[list[PractitionerLine], list[Problem]]:
    """The lines that can be understood, and what is wrong with the others."""
    return _read(data, PRACTITIONER_COLUMNS, _practitioner)


def _read(
    data: bytes, columns: tuple[str, ...], understood: Callable[[int, dict[str, str]], L], extras: tuple[str, ...] = ()
) -> tuple[list[L], list[Problem]]:
    text = _text(data)
    if text is None:
        return [], [Problem(0, "文件读不出来:请在表格软件里另存为 CSV(UTF-8),不超过 10 MB。")]
    lines: list[L] = []
    problems: list[Problem] = []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        head = [one.strip() for one in next(reader, [])]
        missing = [one for one in columns if one not in head]
        if missing or len(set(head)) != len(head):
            return [], [Problem(1, f"表头要有这些列(顺序不限,不能重复):{'、'.join(columns)}。" + (f"缺:{'、'.join(missing)}。" if missing else ""))]
        for cells in reader:
            if not any(one.strip() for one in cells):
                continue
            if len(lines) + len(problems) >= MOST:
                return [], [Problem(0, f"一次最多导入 {MOST} 行,请分成几个文件。")]
            try:
                if len(cells) > len(head):
                    raise _Wrong("这一行的格子比表头多,请检查逗号和引号。")
                values = dict(zip(head, (*cells, *[""] * (len(head) - len(cells))), strict=True))
                lines.append(understood(reader.line_num, {name: values.get(name, "").strip() for name in (*columns, *extras)}))
            except _Wrong as wrong:
                problems.append(Problem(reader.line_num, str(wrong)))
    except csv.Error:
        problems.append(Problem(max(reader.line_num, 1), "引号没有成对,后面的行读不出来。"))
    if not lines and not problems:
        problems.append(Problem(0, "文件里没有内容。"))
    return lines, problems


def _text(data: bytes) -> str | None:
    if len(data) > LARGEST or b"\x00" in data:
        return None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _organisation(line: int, values: dict[str, str]) -> OrganisationLine:
    name = _between("名称", values["名称"], 2, 60)
    kind = _one_of("类别", values["类别"], KINDS)
    _checked(lambda: check_region(values["区划代码"], kind))
    region_name, parent = (_between(one, values[one], 0, 60) for one in ("地区", "上级机构"))
    latitude, longitude = _degrees("纬度", values["纬度"], 3, 54), _degrees("经度", values["经度"], 73, 136)
    if (latitude is None) != (longitude is None):
        raise _Wrong("纬度和经度要么都填,要么都不填。")
    if _PHONE.fullmatch(values["电话"]) is None:
        raise _Wrong("电话要写成 0854-4821234 或 13800000000 这样。")
    return OrganisationLine(line, name, kind, values["区划代码"], region_name, parent, latitude, longitude, values["电话"])


def _degrees(what: str, text: str, least: int, most: int) -> float | None:
    if not text:
        return None
    if _DEGREES.fullmatch(text) is None or not least <= float(text) <= most:
        raise _Wrong(f"{what}要写成 {least} 到 {most} 的小数,比如 {'25.8301' if what == '纬度' else '107.3201'}(国内地图的坐标)。")
    return float(text)


def _practitioner(line: int, values: dict[str, str]) -> PractitionerLine:
    name = _checked(lambda: certificate_name(_between("姓名", values["姓名"], 2, 30)))
    roles = tuple(dict.fromkeys(_one_of("岗位", one, ROLES) for one in _several(values["岗位"])))
    if not roles:
        raise _Wrong(f"岗位没有填,可选:{'、'.join(ROLES)}。")
    title = values["职称"]
    if title not in TITLES:
        raise _Wrong(f"职称「{title[:10]}」不在列表里,可选:{'、'.join(one for one in TITLES if one)};不需要职称的留空。")
    scope = _one_of("执业范围", values["执业范围"], SCOPES) if values["执业范围"] else scope_of_title(title)
    licence, licensed = _between("执业证号", values["执业证号"], 0, 30), [role for role in roles if role in LICENSED]
    if licensed and not licence:
        raise _Wrong("医生和药师的岗位要填执业证号。")
    for role in licensed:
        if not covers(scope, title, role):
            raise _Wrong(f"执业范围或职称不包括「{ROLE_LABELS[role]}」这个岗位。")
    expertise = tuple(_several(values["专长"]))
    _checked(lambda: check_expertise(expertise))
    if _USERID.fullmatch(values["企业微信账号"]) is None:
        raise _Wrong("企业微信账号没有填或格式不对。")
    sex, house = _one_of("性别", values["性别"], SEXES), _between("机构", values["机构"], 2, 60)
    until, where, years = _day(values["有效期至"], needed=bool(licence)), _department(values["科室代码"]), _years(values["从业年限"])
    return PractitionerLine(line, name, sex, house, roles, title, scope, licence, until, where, expertise, years, values["企业微信账号"])


def _between(what: str, text: str, least: int, most: int) -> str:
    if not least <= len(text) <= most or not text.isprintable():
        raise _Wrong(f"{what}要 {least} 到 {most} 个字。" if least else f"{what}最多 {most} 个字。")
    return text


def _one_of(what: str, text: str, known: Mapping[str, V]) -> V:
    found = known.get(text)
    if found is None:
        raise _Wrong(f"{what}「{text[:10]}」不认识,可选:{'、'.join(known)}。" if text else f"{what}没有填,可选:{'、'.join(known)}。")
    return found


def _several(text: str) -> list[str]:
    return [one for one in _SEVERAL.split(text) if one]


def _day(text: str, *, needed: bool) -> date:
    if not text and not needed:
        return NO_LICENCE_UNTIL
    found = _DATE.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        raise _Wrong("有效期至要写成 2028-06-30 这样。") from None


def _department(text: str) -> str | None:
    if not text:
        return None
    try:
        return department(text).code
    except KeyError:
        raise _Wrong("科室代码不对,请按诊疗科目名录填写,例如 03.04。") from None


def _years(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 2 and int(text) <= 60):
        raise _Wrong("从业年限填 0 到 60 的整数。")
    return int(text)


def _checked(check: Callable[[], V]) -> V:
    try:
        return check()
    except DomainError as refusal:
        raise _Wrong(refusal.message) from None
