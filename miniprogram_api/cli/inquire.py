"""`huizhen inquire --jsonl`: a dialogue by lines, one after another.

    in   {"id": "1", "text": "胸口有点闷", "age": 58, "sex": "male"}       the opening, as for `huizhen triage`
    out  {"id": "1", "type": "question", "turn": 1, "finding": …, "text": …, "choices": [{"code", "label", "finding"}, …], …}
    in   {"answer": "yes"}                                               or "no", "unknown", free text, the code of a choice; a bare "yes" does too
    …
    out  {"id": "1", "type": "assessment", "turns": 4, "seed": 0, …}     as `huizhen triage` tells it; the next line opens the next case

{"stop": true} in place of an answer ends the dialogue with what is known; so does the end of the input, and ``--turns``. A bad line is answered by
one line with ``error`` and its number, and the question stays open; the status is then 1. The engine draws nothing by lot: the same lines give the
same dialogue, and the seed, which is told with the assessment, is there for engines that do.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from typing import Any, BinaryIO

from nlp.interface.assessment import Facts, Question
from nlp.interface.engine import ClinicalEngine

from . import case_lines
from .json_lines import BadLine, lines, named, parsed, refusal, tell

_YES, _NO = "有", "没有"
_UNKNOWN = "unknown"


def run(given: argparse.Namespace) -> int:
    """Status 0 when every line could be used, else 1; 2 without --jsonl."""
    if not given.jsonl or given.turns < 0:
        print("请写 huizhen inquire --jsonl [--turns 问题数] [--seed 数]:每行一个 JSON,从标准输入读。", file=sys.stderr)
        return 2
    from nlp.engine import build

    try:
        return Dialogues(build(), sys.stdout.buffer, given.turns, given.seed).run(sys.stdin.buffer)
    except BrokenPipeError:
        sys.stderr.close()
        return 1


@dataclass
class _Open:
    """A dialogue that waits for an answer."""

    name: str | int
    facts: Facts
    question: Question
    turns: int


@dataclass
class Dialogues:
    """Leads one dialogue after another on ``out``; ``turns``: questions at most in one."""

    engine: ClinicalEngine
    out: BinaryIO
    turns: int = 20
    seed: int = 0
    _open: _Open | None = None

    def run(self, source: BinaryIO) -> int:
        """Take every line of ``source``; 1 when one could not be used. A dialogue that the input leaves open is assessed as it stands."""
        status = 0
        for number, line in lines(source):
            found: Any = None
            try:
                found = parsed(line)
                self._take(found)
            except BadLine as error:
                status = 1
                name = named(found)
                tell(refusal(number, error, self._open.name if name is None and self._open else name), self.out)
        if self._open:
            self._assess(self._open.name, self._open.facts, self._open.turns - 1)
        return status

    def _take(self, line: Any) -> None:
        if self._open is None:
            self._next(*case_lines.opened(line, self.engine), 0)
            return
        waiting = self._open
        said = _answer(line, waiting)
        if said is None:
            self._assess(waiting.name, waiting.facts, waiting.turns - 1)
            return
        words, choice = said
        reading = self.engine.read(words, answering=waiting.question, choice=choice)
        self._next(waiting.name, self.engine.merge(waiting.facts, reading, answered=waiting.question), waiting.turns)

    def _next(self, name: str | int, facts: Facts, asked: int) -> None:
        """The next question, or the end; ``asked``: how many were asked so far."""
        question = self.engine.next_question(facts) if asked < self.turns else None
        if question is None:
            self._assess(name, facts, asked)
            return
        self._open = _Open(name, facts, question, asked + 1)
        tell({"id": name, "type": "question", "turn": asked + 1, **case_lines.asked(question, self.engine)}, self.out)

    def _assess(self, name: str | int, facts: Facts, turns: int) -> None:
        self._open = None
        tell({**case_lines.told(name, facts, self.engine), "type": "assessment", "turns": turns, "seed": self.seed}, self.out)


def _answer(line: Any, waiting: _Open) -> tuple[str, str | None] | None:
    """The words and the choice that were answered; None to stop. BadLine for what is no answer to the open question."""
    if isinstance(line, str):
        line = {"answer": line}
    if not isinstance(line, dict):
        raise BadLine('要一个回答,例如 {"answer": "yes"};也可以是 no、unknown 或一句话')
    if "text" in line:
        raise BadLine('上一个问题还没有回答:先写 {"answer": …},或用 {"stop": true} 结束')
    if unknown := sorted(line.keys() - {"id", "answer", "stop"}):
        raise BadLine(f"不认识的字段:{'、'.join(word[:40] for word in unknown[:5])};可用:id、answer、stop")
    if "id" in line and line["id"] != waiting.name:
        raise BadLine("id 不是正在问的这一位")
    if "stop" in line:
        if line["stop"] is not True or "answer" in line:
            raise BadLine('结束请写 {"stop": true}')
        return None
    said = line.get("answer")
    if not isinstance(said, str) or not said.strip():
        raise BadLine("answer 要写 yes、no、unknown 或一句话")
    if len(said) > case_lines.LONGEST_TEXT:
        raise BadLine(f"answer 最多 {case_lines.LONGEST_TEXT} 个字")
    if said in {choice.code for choice in waiting.question.choices}:
        return "", said
    if said == _UNKNOWN:
        return "", _UNKNOWN
    return {"yes": _YES, "no": _NO}.get(said, said), None
