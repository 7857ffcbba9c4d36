"""A county's register from tables: every line is checked first, nothing is made where one is wrong, the same table again changes nothing."""

from __future__ import annotations

import argparse
import csv
import io
import random
from datetime import date

import pytest

from core.foundation.actor import Role
from core.foundation.practice import Practice
from core.people.models import Organisation, Practitioner, RoleHeld
from core.people.register_files import (
    LARGEST,
    MOST,
    ORGANISATION_COLUMNS,
    PRACTITIONER_COLUMNS,
    Problem,
    read_organisations,
    read_practitioners,
)
from core.people.service import actor_for
from miniprogram_api.app.register_import import Imported, NotImported, import_organisations, import_practitioners
from miniprogram_api.cli import imports

pytestmark = pytest.mark.storage

CORP = "wwtest"
HOUSES = (
    ("新塘村卫生室", "村卫生室", "522727102201", "平塘县塘边镇新塘村", "塘边镇卫生院"),
    ("平塘县人民医院", "县级医院", "522727", "平塘县", ""),
    ("塘边镇卫生院", "乡镇卫生院", "522727102", "平塘县塘边镇", "平塘县人民医院"),
)
PEOPLE = (
    ("吴秀芳", "女", "新塘村卫生室", "村医", "乡村医生", "", "520000001", "2030-06-30", "", "", "12", "wu01"),
    ("张建国", "男", "平塘县人民医院", "值班医生;专家", "主治医师", "临床", "520000002", "2030/6/30", "03.04", "I20-I25、J44", "9", "zhang01"),
    ("何平", "男", "平塘县人民医院", "管理员", "", "", "", "", "", "", "5", "heping"),
)


def table(columns: tuple[str, ...], lines: tuple[tuple[str, ...], ...], encoding: str = "utf-8-sig") -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([columns, *lines])
    return text.getvalue().encode(encoding)


def houses(*lines: tuple[str, ...]) -> bytes:
    return table(ORGANISATION_COLUMNS, lines or HOUSES)


def people(*lines: tuple[str, ...]) -> bytes:
    return table(PRACTITIONER_COLUMNS, lines or PEOPLE)


async def take_in(practice: Practice, data: bytes) -> Imported:
    lines, problems = read_organisations(data)
    assert problems == []
    return await import_organisations(practice, lines, lambda done: None)


async def take_in_people(practice: Practice, data: bytes) -> Imported:
    lines, problems = read_practitioners(data)
    assert problems == []
    return await import_practitioners(practice, lines, CORP, lambda done: None)


async def test_a_county_from_two_tables_and_again(practice: Practice) -> None:
    done: list[int] = []
    lines, _ = read_organisations(houses())
    assert await import_organisations(practice, lines, done.append) == Imported(3, 0)
    assert sum(done) == 3
    assert await take_in_people(practice, people()) == Imported(3, 0)
    clinic = await Organisation.get(name="新塘村卫生室")
    centre = await Organisation.get(name="塘边镇卫生院")
    assert clinic.parent_id == centre.id
    doctor = await Practitioner.get(organisation_id=clinic.id)
    assert (doctor.scope, doctor.licence_valid_until) == ("village", date(2030, 6, 30))
    assert (await actor_for(doctor.account_id, "wecom_app", practice.clock.now())).holds(Role.VILLAGE_DOCTOR)
    assert sorted(await RoleHeld.all().values_list("role", flat=True)) == ["administrator", "duty_doctor", "expert", "village_doctor"]
    before = [row.version for row in await Organisation.all().order_by("id")]
    assert await take_in(practice, table(ORGANISATION_COLUMNS, HOUSES, "gb18030")) == Imported(0, 3)
    assert await take_in_people(practice, table(PRACTITIONER_COLUMNS, PEOPLE, "gb18030")) == Imported(0, 3)
    assert [row.version for row in await Organisation.all().order_by("id")] == before


async def test_one_wrong_line_and_nothing_is_made(practice: Practice) -> None:
    wrong = (
        *HOUSES, ("白云村卫生室", "村卫生室", "522728102201", "", "塘边镇卫生院"), ("平塘县人民医院", "县级医院", "522727", "平塘县", ""),
        ("乐康村卫生室", "村卫生室", "522727102203", "", "没有这家"), ("塘边镇卫生院二", "乡镇卫生院", "522727104", "", "新塘村卫生室"),
    )
    with pytest.raises(NotImported) as refused:
        await take_in(practice, houses(*wrong))
    assert [one.line for one in refused.value.problems] == [5, 6, 7, 8]
    assert str(refused.value.problems[1]) == "第 6 行:和第 3 行是同一家机构。"
    assert not await Organisation.exists()

    await take_in(practice, houses())
    await take_in_people(practice, people())
    clashing = (
        ("马兰", "女", "没有的机构", "村医", "乡村医生", "", "520000009", "2030-06-30", "", "", "1", "ma01"),
        ("马兰", "女", "新塘村卫生室", "村医", "乡村医生", "", "520000001", "2030-06-30", "", "", "1", "ma02"),
        ("马兰", "女", "新塘村卫生室", "村医", "乡村医生", "", "520000010", "2030-06-30", "", "", "1", "wu01"),
        ("马兰", "女", "新塘村卫生室", "村医", "乡村医生", "", "520000011", "2030-06-30", "", "", "1", "ma03"),
        ("马兰", "女", "新塘村卫生室", "村医", "乡村医生", "", "520000011", "2030-06-30", "", "", "1", "ma04"),
        ("马兰", "女", "新塘村卫生室", "村医", "乡村医生", "", "520000012", "2030-06-30", "", "", "1", "ma03"),
    )
    count = await Practitioner.all().count()
    with pytest.raises(NotImported) as refused:
        await take_in_people(practice, people(*clashing))
    assert [one.line for one in refused.value.problems] == [2, 3, 4, 6, 7]
    assert await Practitioner.all().count() == count


@pytest.mark.parametrize(("place", "value", "told"), [
    (0, "A", "姓名"), (1, "?", "性别「?」不认识"), (2, "", "机构要"), (3, "神仙", "岗位「神仙」不认识"), (3, "", "岗位没有填"),
    (4, "神医", "职称「神医」"), (5, "玄学", "执业范围「玄学」"), (5, "药学", "执业范围或职称不包括「村医」"), (6, "", "执业证号"),
    (7, "明年", "有效期至"), (7, "2030-02-30", "有效期至"),
    (8, "99", "科室代码"), (9, "心脏", "ICD-10"), (10, "很多", "从业年限"), (10, "61", "从业年限"), (11, "", "企业微信账号"),
])
def test_each_wrong_cell_is_told_in_words(place: int, value: str, told: str) -> None:
    cells = list(PEOPLE[0])
    cells[place] = value
    lines, problems = read_practitioners(people(PEOPLE[1], tuple(cells)))
    assert [one.userid for one in lines] == ["zhang01"]
    assert len(problems) == 1
    assert problems[0].line == 3
    assert told in problems[0].sentence


def test_files_that_are_no_table() -> None:
    headings = ("名称,类别\n甲,乙\n".encode(), "名称,名称,类别,区划代码,地区,上级机构\n".encode())
    for data in (b"", b"\x00\x01", b"\xff\xff\xff", b"a" * (LARGEST + 1), *headings):
        lines, problems = read_organisations(data)
        assert lines == []
        assert len(problems) == 1
    many = table(ORGANISATION_COLUMNS, (HOUSES[1],) * (MOST + 1))
    assert read_organisations(many) == ([], [Problem(0, f"一次最多导入 {MOST} 行,请分成几个文件。")])
    assert read_organisations(houses() + '"没有关的引号'.encode())[1][-1].line == 5


def test_whatever_the_file_holds_each_line_is_understood_or_told() -> None:
    chance = random.Random(44)
    whole = people().decode("utf-8-sig")
    for _ in range(1500):
        text = list(whole)
        for _ in range(chance.randrange(1, 12)):
            place = chance.randrange(len(text))
            match chance.randrange(3):
                case 0:
                    text[place] = chance.choice(',"\n\r;、0A一\u202e\u0661 ')
                case 1:
                    del text[place]
                case _:
                    text.insert(place, chance.choice(',"\n吴9-'))
        data = "".join(text).encode("utf-8")
        if chance.random() < 0.1:
            data = data[: chance.randrange(len(data))]
        for read in (read_practitioners, read_organisations):
            lines, problems = read(data)
            assert lines or problems
            assert all(problem.sentence.endswith(("。", "类目,例如 J44 或 I20-I25。")) for problem in problems)
            assert all(one.line >= 2 for one in lines)


def test_the_heading_is_printed_for_whoever_makes_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert imports.run(argparse.Namespace(what="organisations", file="-")) == 0
    assert capsys.readouterr().out.strip() == "名称,类别,区划代码,地区,上级机构"
