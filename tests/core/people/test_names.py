"""Names as certificates have them, as they are shown, and forms of address."""

from __future__ import annotations

import random

import pytest

from core.people.errors import NameInvalid
from core.people.names import called, certificate_name, displayed, short_department, short_hospital, surname


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("李秀英", "李秀英"),
        (" 李 秀英 ", "李秀英"),
        ("李秀英(演示)", "李秀英"),
        ("李秀英\uff08演示\uff09", "李秀英"),
        ("阿卜杜•热合曼", "阿卜杜·热合曼"),
        ("阿卜杜.热合曼", "阿卜杜·热合曼"),
        ("古丽・巴哈尔", "古丽·巴哈尔"),
        ("𠮷田", "𠮷田"),
    ],
)
def test_a_name_is_written_in_one_way(typed: str, name: str):
    assert certificate_name(typed) == name


@pytest.mark.parametrize("typed", ["", "李", "Li Xiuying", "李秀英2", "·李秀英", "李秀英·", "李··英", "李<b>英", "李\x00英", "王" * 31, "(演示)"])
def test_what_is_no_name_is_refused(typed: str):
    with pytest.raises(NameInvalid):
        certificate_name(typed)


def test_noise_gives_a_name_or_the_one_error():
    rng = random.Random(5)
    alphabet = "李秀英欧阳··•.()演示 aZ09\x00\n\u200b\U0001f600\ud7ff㐀龥"
    for _ in range(5_000):
        text = "".join(rng.choice(alphabet) for _ in range(rng.randrange(0, 40)))
        try:
            name = certificate_name(text)
        except NameInvalid:
            continue
        assert certificate_name(name) == name


def test_people_of_the_demonstration_are_marked():
    assert displayed("李秀英", demonstration=True) == "李秀英(演示)"
    assert displayed("李秀英", demonstration=False) == "李秀英"


@pytest.mark.parametrize(
    ("name", "title", "address"),
    [
        ("王志远", "主任医师", "王主任"),
        ("王志远", "副主任医师", "王主任"),
        ("吴秀芳", "乡村医生", "吴医生"),
        ("欧阳文", "主治医师", "欧阳医生"),
        ("陈静", "主管药师", "陈药师"),
        ("刘敏", "", "刘老师"),
        ("阿卜杜·热合曼", "主治医师", "阿卜杜医生"),
    ],
)
def test_how_one_addresses_him(name: str, title: str, address: str):
    assert called(name, title) == address


def test_a_surname_of_two_characters_needs_a_given_name():
    assert surname("欧阳") == "欧"


@pytest.mark.parametrize(("hospital", "short"), [
    ("贵州省人民医院", "省医"), ("贵州省演示医院", "省医"), ("平塘县人民医院", "县医院"), ("贵州医科大学附属医院", "贵州医科大学附属医院"),
    ("塘边镇卫生院", "塘边镇卫生院"),
])  # fmt: skip
def test_a_hospital_is_named_shortly_only_where_there_is_one_of_that_name(hospital: str, short: str) -> None:
    assert short_hospital(hospital) == short


@pytest.mark.parametrize(("department", "short"), [("心血管内科", "心内"), ("神经外科", "神经外"), ("骨科", "骨科"), ("", "")])
def test_a_department_is_named_as_colleagues_say_it(department: str, short: str) -> None:
    assert short_department(department) == short
