"""Drugs in an expert's words: read exactly, or named as not understood; never guessed."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.phrases.prescribed import read_prescribed


@pytest.mark.parametrize(("text", "drug", "dose", "times", "days", "directions"), [
    ("高血压:氨氯地平 5mg 每日一次 7天", "amlodipine", "5", 1, 7, ""),
    ("高血压:氨氯地平片 1片 每天1次 早上服 两周", "amlodipine", "5", 1, 14, "早上服"),
    ("高血压:氨氯地平 每次半片 每天一次 七天 早饭后", "amlodipine", "2.5", 1, 7, "早饭后"),
    ("感染:克拉霉素0.25g 一日两次 共7天", "clarithromycin", "250", 2, 7, ""),
    ("血脂高:阿托伐他汀 20mg qn 28天", "atorvastatin", "20", 1, 28, ""),
    ("血脂高:辛伐他汀 20mg 每晚一次 7天", "simvastatin", "20", 1, 7, "晚上"),
])
def test_what_is_read(text: str, drug: str, dose: str, times: int, days: int, directions: str) -> None:
    written = read_prescribed(text)
    assert written.unread == ()
    (item,) = written.items
    assert (item.drug, str(item.dose), item.times_per_day, item.days, item.directions) == (drug, dose, times, days, directions)


@pytest.mark.parametrize("part", [
    "魔法药 5mg 每日一次 7天", "氨氯地平 5mg 每日一次", "氨氯地平 每日一次 7天", "氨氯地平 5mg 7天", "氨氯地平 5mg 每日一次 10mg 7天",
    "硝苯地平 10mg 每日两次 7天", "氨氯地平 5000000000000mg 每日一次 7天", "氨氯地平 0mg 每日一次 7天", "平 5mg 每日一次 7天",
])
def test_what_is_named_as_not_understood(part: str) -> None:
    written = read_prescribed(f"高血压:氯沙坦 50mg 每日一次 7天;{part}")
    assert written.diagnosis == "高血压"
    assert [item.drug for item in written.items] == ["losartan"]
    assert written.unread == (part,)


@pytest.mark.parametrize("part", [
    "氨氯地平 .5mg 每日一次 7天", "氨氯地平.5mg 每日一次 7天", "氨氯地平 0,5mg 每日一次 7天",
    "氨氯地平 0·5mg 每日一次 7天", "氨氯地平 2. 5mg 每日一次 7天", "氨氯地平 2 .5mg 每日一次 7天", "氨氯地平 . 5mg 每日一次 7天",
    "氨氯地平 1/2片 每日一次 7天", "氨氯地平 ½片 每日一次 7天", "氨氯地平 1 ½片 每日一次 7天", "氨氯地平 二分之一片 每日一次 7天",
    "氨氯地平 2.5-5mg 每日一次 7天", "氨氯地平 2.5–5mg 每日一次 7天", "氨氯地平 5~10mg 每日一次 7天", "氨氯地平 5到10mg 每日一次 7天",
    "氨氯地平 1片半 每日一次 7天", "氨氯地平 1片 半 每日一次 7天", "氨氯地平 一片半 每日一次 7天", "氨氯地平 十二片 每日一次 7天",
    "氨氯地平 2,500mg 每日一次 7天", "氨氯地平 25mg每公斤 每日一次 7天", "氨氯地平 25mg 每公斤 每日一次 7天", "氨氯地平 25mg/kg 每日一次 7天",
    "氨氯地平 5mg 每日一次 128天", "氨氯地平 5mg 每日一次 第3天复查 7天", "氨氯地平 5mg 每21天2次 7天", "氨氯地平 5mg 每 7天 一次",
    "氨氯地平 5mg 每日一次 疼时每日三次 7天", "氨氯地平 2ml 每日一次 7天", "氨氯地平 5mg 每日一次 七天后复查", "氨氯地平 5mg 每日一次 隔日服 7天",
    "氨氯地平 5mg 每日12次 7天", "氨氯地平 5mg 每天早 晚 7天", "氨氯地平 5mg 每日一次 早上 晚上 7天", "氨氯地平 每日总量 10mg 每日两次 7天",
    "氨氯地平 5mg 每日一次 或两次 7天", "氨氯地平 5mg 每日一次 首剂加倍 7天", "氨氯地平 5mg 1片 每日一次 7天", "氨氯地平 约5mg 每日一次 7天",
    "氨氯地平 5mg 每日一次 7天 饭后30分钟", "氨氯地平 5mg 每日一次 7天 两周", "氨氯地平 -5mg 每日一次 7天", "氨氯地平 1揿 每日一次 7天",
    "葡萄糖 2ml 每日一次 1天", "布洛芬 1片 每日一次 3天", "氨氯地平 ٥mg 每日一次 7天", "氨氯地平 5mg bid tid 7天", "氨氯地平 停 5mg 每日一次 7天",
    "氨氯地平 三日一次 5mg 每日一次", "氨氯地平 一周一次 5mg 每日一次", "氨氯地平 05mg 每日一次 7天", "氨氯地平 最多 5mg 每日一次 7天",
])
def test_an_amount_that_could_mean_another_one_is_never_taken(part: str) -> None:
    written = read_prescribed(f"高血压:{part}")
    assert written.items == ()
    assert len(written.unread) == 1


@pytest.mark.parametrize(("part", "dose", "times", "days"), [
    ("布洛芬 5ml 每日三次 3天 饭后", "100", 3, 3),
    ("沙丁胺醇气雾剂 2揿 每日四次 14天", "200", 4, 14),
    ("口服补液盐Ⅲ 5.125g 每日三次 2天", "5.125", 3, 2),
    ("氨氯地平,5 mg,每天 1 次,共 7 天,嚼服", "5", 1, 7),
    ("氨氯地平5mg每日一次7天", "5", 1, 7),
    ("左甲状腺素钠 25μg qd 28天 空腹", "25", 1, 28),
    ("氨氯地平 一日两次 一次1片 7天 必要时 晨起", "5", 2, 7),
    ("左甲状腺素 25µg qd 28天", "25", 1, 28),
])
def test_what_is_still_read(part: str, dose: str, times: int, days: int) -> None:
    written = read_prescribed(f"诊断:{part}")
    assert written.unread == ()
    (item,) = written.items
    assert (str(item.dose), item.times_per_day, item.days) == (dose, times, days)


_NUMERALS = "0123456789零〇一二两三四五六七八九十百千万半几数俩仨双廿"
_LINES = st.tuples(
    st.sampled_from(["2.5mg", "5mg", "1片", "半片", "一片", "10 mg"]), st.sampled_from(["每日一次", "每天2次", "bid", "每晚一次", "一日三次"]),
    st.sampled_from(["7天", "十天", "两周", "共 28天"]), st.sampled_from(["", "早上服", "饭后"]),
).flatmap(st.permutations).map(" ".join)
_NOISE = st.text(alphabet=_NUMERALS + ".,·/~-–到或每次公斤kg半天日周 片m早晚", min_size=1, max_size=3)


@given(_LINES, st.lists(st.tuples(st.integers(0, 60), _NOISE, st.booleans()), max_size=3))
def test_no_numeral_and_no_unit_is_ever_left_in_the_directions(line: str, edits: list[tuple[int, str, bool]]) -> None:
    for place, noise, replaces in edits:
        line = line[:place] + noise + line[place + (len(noise) if replaces else 0) :]
    for item in read_prescribed(f"高血压:氨氯地平 {line}").items:
        assert not any(unicodedata.numeric(letter, None) is not None or letter in _NUMERALS for letter in item.directions)
        assert not any(word in item.directions for word in ("次", "公斤", "kg", "每"))


@given(
    st.sampled_from(["0.5", "2.5", "5", "10"]), st.integers(1, 4), st.integers(1, 28),
    st.lists(st.tuples(st.integers(0, 30), st.text(alphabet="0123456789.,·/~-– ", min_size=1, max_size=2), st.booleans()), max_size=2),
)
def test_every_figure_that_is_written_is_one_of_the_three_that_are_read(
    dose: str, times: int, days: int, edits: list[tuple[int, str, bool]]
) -> None:
    line = f" {dose}mg 每日{times}次 {days}天"
    for place, noise, replaces in edits:
        line = line[:place] + noise + line[place + (len(noise) if replaces else 0) :]
    assume("mg" in line and "每日" in line)  # written over, they leave grams and 1日1次, read as such
    for item in read_prescribed(f"高血压:氨氯地平{line}").items:
        # A full stop or a comma behind the last word is no figure.
        figures = [figure for run in re.findall(r"[0-9.,·/~–-]+", line) if any(map(str.isdigit, figure := run.strip(",")))]
        assert sorted(map(Decimal, figures)) == sorted([item.dose, Decimal(item.times_per_day), Decimal(item.days)])


@given(st.text(alphabet="氨氯地平辛伐他汀:;每日天一次两周片半0123456789.mg ", max_size=50) | st.text(max_size=80))
def test_no_text_breaks_it(text: str) -> None:
    read_prescribed(text)
