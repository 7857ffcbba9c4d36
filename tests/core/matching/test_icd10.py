"""The hierarchy of ICD-10: categories, blocks, chapters."""

from __future__ import annotations

import pytest

from core.matching.expected import BY_DEPARTMENT, BY_FINDING, expected_spans
from core.matching.icd10 import Nearness, NotAnIcdCode, chapter_of, nearness, parse
from nlp.interface.departments import DEPARTMENTS


def test_a_finer_code_belongs_to_its_category() -> None:
    assert parse("I21.4") == parse("I21") == parse(" i21 ")
    assert str(parse("I20-I25")) == "I20–I25" == str(parse("I20–I25"))
    assert str(parse("J44")) == "J44"


@pytest.mark.parametrize("text", ["", "I", "I2", "21I", "I25-I20", "胸痛", "I20-", "I20-I25-I30", "I200"])
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(NotAnIcdCode):
        parse(text)


@pytest.mark.parametrize(
    ("expertise", "wanted", "near"),
    [
        ("I21", "I21", Nearness.CATEGORY), ("I20-I25", "I21", Nearness.BLOCK), ("I21", "I20-I25", Nearness.BLOCK),
        ("I20-I25", "I20-I25", Nearness.BLOCK), ("I00-I99", "I20-I25", Nearness.WIDER), ("I60-I69", "I20-I25", Nearness.CHAPTER),
        ("I10", "I10.9", Nearness.CATEGORY), ("J44", "I20-I25", Nearness.NONE), ("T36-T78", "S00-S09", Nearness.CHAPTER),
    ],
)
def test_how_near(expertise: str, wanted: str, near: Nearness) -> None:
    assert nearness(parse(expertise), parse(wanted)) is near


def test_chapters_hold_their_blocks() -> None:
    assert chapter_of(parse("I20-I25")) == "IX"
    assert chapter_of(parse("S40-T14")) == "XIX"
    assert chapter_of(parse("I20-J44")) is None


def test_every_department_of_the_list_has_an_entry_and_every_block_is_a_code() -> None:
    assert set(BY_DEPARTMENT) == {entry.code for entry in DEPARTMENTS}
    for blocks in (*BY_DEPARTMENT.values(), *BY_FINDING.values()):
        for block in blocks:
            assert chapter_of(parse(block)) is not None or block in ("C00-D48",), block


def test_a_finding_is_more_telling_than_the_department() -> None:
    spans = expected_spans("03.01", ["chest_pain", "cough"])
    assert str(spans[0]) == "I20–I25"
    assert len(spans) == len(set(spans))


def test_the_findings_named_are_those_of_the_language_engine() -> None:
    import csv
    from pathlib import Path

    import nlp

    lexicon = Path(nlp.__file__).parent / "language" / "lexicon" / "findings.csv"
    with lexicon.open(encoding="utf-8") as file:
        codes = {row["code"] for row in csv.DictReader(file)}
    assert set(BY_FINDING) <= codes
