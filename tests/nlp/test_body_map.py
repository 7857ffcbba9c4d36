"""人体图 of the mini program: whatever can be tapped is understood, on both sides, and leads to a level or a question."""

import json
from pathlib import Path

import pytest

from nlp.engine import Engine
from nlp.interface.reading import Status

MAP = json.loads((Path(__file__).resolve().parents[2] / "miniprogram_api" / "pages" / "mini" / "body_map.json").read_text(encoding="utf-8"))
SAYS = sorted({f"{place['side']}{words}" for place in MAP["places"] for part in place["parts"] for words in part["says"]})


@pytest.mark.parametrize("words", SAYS)
def test_what_is_tapped_is_understood(engine: Engine, words: str) -> None:
    step = engine.begin(f"{words},疼痛6分,从昨天开始的")
    assert any(finding.status is Status.PRESENT and finding.subject == "patient" for finding in step.facts.findings)
    assert step.question is not None or step.assessment.level is not None


def test_places_have_one_code_and_lie_within_the_picture() -> None:
    codes = [place["code"] for place in MAP["places"]]
    assert len(set(codes)) == len(codes)
    for place in MAP["places"]:
        shape = place["shape"]
        assert shape["x"] >= 0
        assert shape["x"] + shape["width"] <= MAP["size"]["width"], place["code"]
        assert shape["y"] + shape["height"] <= MAP["size"]["height"], place["code"]
