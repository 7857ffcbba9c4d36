"""People as they are named: one, several who are asked back, none; and a surname with another title never for sure."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.phrases.who import Named, read_who, take_who

PROVINCE, COUNTY = "贵州省人民医院", "平塘县人民医院"
PEOPLE = (
    Named("1", "王建国(演示)", "主任医师", "心血管内科", PROVINCE),
    Named("2", "王芳", "主治医师", "儿科", COUNTY),
    Named("3", "李建国", "副主任医师", "骨科", COUNTY),
    Named("4", "欧阳明", "主任医师", "神经内科", PROVINCE),
    Named("5", "王大明", "主任医师", "骨科", COUNTY),
    Named("6", "赵敏", "主管药师", "", COUNTY),
)


@pytest.mark.parametrize(
    ("text", "keys", "rest"),
    [
        ("王主任", "15", ""), ("王医生", "125", ""), ("李建国主任", "3", ""), ("心内科王主任", "1", ""), ("专家王建国", "1", ""), ("老王", "125", ""),
        ("欧阳主任", "4", ""), ("小李", "3", ""), ("省医王主任", "1", ""), ("县医院的王主任 C-7K2M", "5", "C-7K2M"), ("骨科王医生", "5", ""),
        ("明天下午王主任", "15", "明天下午"), ("建国主任", "13", ""), ("赵药师", "6", ""), ("C-7K2M 王芳", "2", "C-7K2M"),
        ("贵州省人民医院的王教授", "1", ""),
    ],
)  # fmt: skip
def test_who_is_meant(text: str, keys: str, rest: str) -> None:
    who = take_who(text, PEOPLE)
    assert "".join(one.key for one in who.people) == keys
    assert who.sure
    assert who.said
    assert who.rest == rest
    assert (who.one is not None) == (len(keys) == 1)


@pytest.mark.parametrize(("text", "keys"), [("李医生", "3"), ("赵主任", "6"), ("儿科王主任", "15"), ("王护士", "125"), ("骨科欧阳主任", "4")])
def test_another_title_or_department_is_found_but_not_for_sure(text: str, keys: str) -> None:
    who = take_who(text, PEOPLE)
    assert "".join(one.key for one in who.people) == keys
    assert who.sure == (text == "李医生")


@pytest.mark.parametrize("text", ["刘主任", "欧主任", "阳主任", "诸葛医生"])
def test_somebody_who_is_not_there(text: str) -> None:
    who = take_who(text, PEOPLE)
    assert who.said == text
    assert who.people == ()
    assert who.one is None


@pytest.mark.parametrize("text", ["看医生", "心血管内科专家", "胸痛两小时", "呼吸内科 明天下午", "", "主任", "找个医生", "请专家"])
def test_nobody_is_named(text: str) -> None:
    assert take_who(text, PEOPLE).said == ""


def test_what_stands_before_an_unknown_name_is_no_part_of_it() -> None:
    assert take_who("心内科刘主任", PEOPLE).said == "刘主任"
    assert take_who("县医院的刘主任", PEOPLE).rest == "县医院"


def test_alone_or_not() -> None:
    read = read_who("请王芳", PEOPLE)
    assert read is not None
    assert read.one == PEOPLE[1]
    assert read_who("王芳 明天", PEOPLE) is None


_PIECES = [*"王李建国芳欧阳主任医生老小的,科心内外", "主任", "骨科", "县医院", "C-7K2M"]


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=20), st.lists(st.sampled_from(_PIECES), max_size=8).map("".join)))
def test_whatever_is_said_nothing_fails(text: str) -> None:
    who = take_who(text, PEOPLE)
    assert set(who.people) <= set(PEOPLE)
    assert bool(who.said) or not who.people
    assert take_who(text, (Named("", ""),)).one is None
