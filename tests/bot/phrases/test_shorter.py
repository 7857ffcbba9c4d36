"""The shorter forms of 长辈模式: each of a sentence that is really said, shorter, and never of one that names 120; nothing countable is lost."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from bot.phrases.guidance import guidance_for
from bot.phrases.help import help_in_short, help_text
from bot.phrases.reader import read_phrase
from bot.phrases.shorter import HELP, MORE, SHORTER, shorter
from bot.phrases.stopping import stop_said
from core.foundation.actor import Actor, HeldRole, Role

ROOT = Path(__file__).resolve().parents[3]
LONGEST = 20
"""Chinese characters of one sentence."""
PATIENT = Actor("a", (HeldRole(Role.PATIENT, ""),), "official_account")


def sentences(text: str) -> list[str]:
    return [part for part in re.split(r"[。!?;:()\n]", text) if part.strip()]


def length(sentence: str) -> int:
    return len(re.findall(r"[\u4e00-\u9fff]", sentence))


@cache
def said() -> tuple[str, ...]:
    """Every text that stands in the source, but for the table itself."""
    paths = [path for package in ("bot", "core") for path in sorted((ROOT / package).rglob("*.py")) if path.name != "shorter.py"]
    trees = [ast.parse(path.read_text()) for path in paths if "/migrations/" not in str(path)]
    return tuple(node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))


@pytest.mark.parametrize("usual", SHORTER)
def test_each_stands_for_a_sentence_that_is_said(usual: str) -> None:
    assert any(usual in text for text in said()), "said no more, or in other words: its shorter form says nothing now"


@pytest.mark.parametrize(("usual", "short"), SHORTER.items())
def test_each_is_shorter_and_keeps_what_counts(usual: str, short: str) -> None:
    assert max(length(one) for one in sentences(short)) <= LONGEST
    assert max(length(one) for one in sentences(usual)) > LONGEST or length(short) < length(usual)
    assert not re.search(r"120|110|12356|\d ?(?:剂|片|毫克|点|分)|mg", usual), "danger and doses have one form for everybody"
    assert re.findall(r"\d+", short) == re.findall(r"\d+", usual)
    assert set(re.findall(r"「(预约|重来|取消|重新说|会诊助手)」", usual)) >= set(re.findall(r"「(重来|取消|重新说)」", short))
    for asks in re.findall(r"喘不上气|胸痛|叫不醒|大出血|手脚没力", usual):
        assert asks in short


def test_nothing_is_made_shorter_twice() -> None:
    for short in SHORTER.values():
        assert shorter(short) == short


def test_help_shows_what_is_said_most_and_120_whole() -> None:
    short, whole = help_in_short(), help_text(PATIENT, staff=False, group=False)
    assert len(HELP) <= 6
    assert short.splitlines()[-1] == whole.splitlines()[-1] == "喘不上气、剧烈胸痛、叫不醒、大出血,请马上打 **120**。"
    assert len(short.splitlines()) == len(HELP) + 3
    for one, _ in (*HELP, MORE):
        assert read_phrase(one, PATIENT, staff=False) or guidance_for(one) or stop_said(one), one
    more = read_phrase(MORE[0], PATIENT, staff=False)
    assert more is not None
    assert more.phrase.key == "more"
    assert "· 更多" not in whole, "who sees all of it is not led to it"
