"""Places in a list, and numbers of patients."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.phrases.place import Numbered, read_number, read_place, read_places, take_number


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("第二个", (2,)), ("第2位", (2,)), ("2", (2,)), ("二", (2,)), ("最后一个", (3,)), ("倒数第二个", (2,)), ("上面那个", (1,)), ("下面那个",
        (3,)), ("都要", (1, 2, 3)),
        ("前两个", (1, 2)), ("后两个", (2, 3)), ("1和3", (1, 3)), ("第一和第三个", (1, 3)), ("中间那个", (2,)), ("就选第二个吧", (2,)), ("头一个",
        (1,)), ("第六个", ()),
        ("倒数第四个", ()), ("这个", None), ("都没有", None), ("58 有糖尿病", None), ("38.5", None), ("", None), ("头痛", None), ("三天了", None),
        ("下面", None), ("前面", None), ("三次", None), ("两", None), ("第3次", (3,)), ("最后", None),
    ],
)  # fmt: skip
def test_of_three(text: str, places: tuple[int, ...] | None) -> None:
    assert read_places(text, 3) == places


def test_one_place() -> None:
    assert read_place("第二个", 3) == 2
    assert read_place("第九个", 3) == 0
    assert read_place("都要", 3) is None
    assert read_place("就这个", 1) == 1
    assert read_place("第一个", 0) is None


@pytest.mark.parametrize(
    ("text", "number", "bed", "rest"),
    [
        ("3床", 3, True, ""), ("三号床", 3, True, ""), ("3床病人", 3, True, ""), ("3号病人", 3, False, ""), ("3号", 3, False, ""), ("病人3号",
        3, False, ""),
        ("3号 胸痛2小时", 3, False, "胸痛2小时"), ("十二床 胸痛", 12, True, "胸痛"), ("三号的病人 高血压", 3, False, "高血压"),
    ],
)  # fmt: skip
def test_a_patient(text: str, number: int, bed: bool, rest: str) -> None:
    assert take_number(text) == (Numbered(number, bed), rest)
    assert (read_number(text) is None) == bool(rest)


@pytest.mark.parametrize("text", ["3", "卧床三天", "血压90/60", "胸痛", "0号", ""])
def test_no_patient(text: str) -> None:
    assert take_number(text)[0] is None


_SAID = st.lists(st.sampled_from(list("第倒数最后前上下一二三两十0123456789个位号床病人都要和, ")), max_size=8).map("".join)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=20), _SAID), st.integers(0, 12))
def test_whatever_is_said_nothing_fails(text: str, count: int) -> None:
    places = read_places(text, count)
    assert places is None or all(1 <= place <= count for place in places)
    found, _ = take_number(text)
    assert found is None or 1 <= found.number <= 9999
