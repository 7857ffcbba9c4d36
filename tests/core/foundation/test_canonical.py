"""The canonical form: one text for one document, and nothing that has two."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta, timezone

import pytest

from core.foundation.canonical import NotCanonical, canonical, moment


def test_the_form_is_that_of_the_standard() -> None:
    """The string of RFC 8785 section 3.2.2.2, with integers in place of its floats; keys of the sample that are ASCII, sorted."""
    document = {"string": '€$\u000f\nA\'B"\\\\"/', "literals": [None, True, False], "a": {"z": 1, "B": -2}}
    assert canonical(document).decode() == (
        '{"a":{"B":-2,"z":1},"literals":[null,true,false],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


@pytest.mark.parametrize("value", [0.1, float("nan"), 2**53, {"键": 1}, {1: "a"}, "\ud800", b"bytes", {"a": [{"b": 1.5}]}])
def test_what_has_no_one_form_is_refused(value: object) -> None:
    with pytest.raises(NotCanonical):
        canonical({"value": value})


def test_order_of_writing_does_not_matter_and_reading_gives_it_back() -> None:
    rng = random.Random(8785)
    for _ in range(300):
        pairs = [("".join(rng.choices("abcXYZ09_", k=5)), _value(rng)) for _ in range(6)]
        document = dict(pairs)
        shuffled = list(document.items())
        rng.shuffle(shuffled)
        assert canonical(document) == canonical(dict(shuffled))
        assert json.loads(canonical(document)) == document


def _value(rng: random.Random) -> object:
    return rng.choice([None, True, rng.randrange(-(10**9), 10**9), "".join(chr(rng.randrange(1, 0xD7FF)) for _ in range(8)), [1, "x"], {"k": 2}])


def test_a_time_is_named_in_utc_to_the_second() -> None:
    there = datetime(2026, 11, 20, 10, 0, 1, 999_999, tzinfo=timezone(timedelta(hours=8)))
    assert moment(there) == "2026-11-20T02:00:01+00:00"
