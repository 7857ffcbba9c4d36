"""What is looked at before a pattern is searched for never loses a match."""

import json
import re
from pathlib import Path

import pytest

from nlp.language.lexicon import lexicon
from nlp.language.normal import normalise
from nlp.language.required import met, required

HERE = Path(__file__).parent
TEXTS = [json.loads(line)["text"] for file in sorted(HERE.glob("utterances*.jsonl")) for line in file.read_text(encoding="utf-8").splitlines()]
PATTERNS = lexicon().patterns


def test_most_patterns_demand_something() -> None:
    assert sum(bool(required(pattern.source)) for pattern in PATTERNS) > 0.95 * len(PATTERNS)


def test_no_match_is_lost() -> None:
    texts = [normalise(text).text for text in (*TEXTS, *(pattern.example for pattern in PATTERNS))]
    for text in texts:
        possible = {PATTERNS[place] for place in lexicon().demanding.possible(text)}
        assert [pattern.code for pattern in PATTERNS if pattern not in possible and pattern.expression.search(text)] == [], text


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("a?b", "b"), ("(?:ab|c)d", "cd"), ("(?:a|)b", "b"), ("[^a]b", "xb"), ("(?<=x)a", "xa"), ("(?!x)a", "a"),
        (r"\da", "1a"), ("(?>a|b)c", "bc"), ("a{0,2}", ""),
    ],
)
def test_each_form_of_expression(expression: str, text: str) -> None:
    assert re.search(expression, text)
    assert met(required(expression), frozenset(text))


def test_what_cannot_match_is_seen() -> None:
    assert not met(required("(?:头|脑壳)[痛疼]"), frozenset("肚子胀"))
    assert met(required("(?:头|脑壳)[痛疼]"), frozenset("脑壳痛"))
