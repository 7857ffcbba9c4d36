"""The transcripts of conversations.txt, line by line."""

from pathlib import Path

import pytest

from nlp.clinical.inquiry import base_code
from nlp.engine import Engine
from nlp.interface.assessment import Facts, Question

LEVELS = {"危急": "critical", "急重": "emergent", "急": "urgent", "普通": "routine", "自我护理": "self_care"}


def transcripts() -> list[tuple[str, list[tuple[str, str]]]]:
    found: list[tuple[str, list[tuple[str, str]]]] = []
    for line in Path(__file__).with_name("conversations.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("=="):
            found.append((line.strip("= "), []))
        elif line and not line.startswith("#"):
            kind, _, said = line.partition(": ")
            found[-1][1].append((kind, said))
    return found


@pytest.mark.parametrize(("title", "lines"), transcripts(), ids=[title for title, _ in transcripts()])
def test_transcript(engine: Engine, title: str, lines: list[tuple[str, str]]) -> None:
    facts, question = Facts(), None
    for kind, said in lines:
        assessment = engine.assess(facts)
        match kind:
            case "患者":
                choice = said.strip("【】") if said.startswith("【") else None
                facts = engine.merge(facts, engine.read("" if choice else said, answering=question, choice=choice), answered=question)
                question = engine.next_question(facts)
            case "助手":
                assert _code(question) == said
            case "结果":
                assert assessment.level == LEVELS[said]
            case "科室":
                assert assessment.departments[0].code == said
            case "为什么":
                reasons = "、".join(reason.text for reason in assessment.reasons)
                assert all(word in reasons for word in said.split("、")), reasons
            case "可能是":
                assert assessment.emergency is not None
                assert said in assessment.emergency.suspected
                assert assessment.emergency.do_now[0].startswith("打 120")
            case "说的":
                assert facts.urgency_said == said
            case _:
                pytest.fail(f"unknown line {kind}")


def _code(question: Question | None) -> str:
    return base_code(question.code) if question else "-"
