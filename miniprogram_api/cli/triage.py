"""`huizhen triage --jsonl`: a case a line in, what is known of it a line out.

In: ``id``, ``text``, optional ``age`` (years; ``age_unit`` y, m or d), ``sex``, ``vitals`` (codes and units of nlp.language.measures). Out: see
``case_lines.told``. A bad line is answered by one line with ``error`` and its number, the next is taken; the status is then 1.
"""

from __future__ import annotations

import argparse
import sys
from typing import BinaryIO

from nlp.interface.engine import ClinicalEngine

from . import case_lines
from .json_lines import BadLine, lines, named, parsed, refusal, tell


def run(given: argparse.Namespace) -> int:
    """Status 0 when every line could be used, else 1; 2 without --jsonl."""
    if not given.jsonl:
        print("请写 huizhen triage --jsonl:每行一个 JSON,从标准输入读。", file=sys.stderr)
        return 2
    from nlp.engine import build

    try:
        return answer_all(sys.stdin.buffer, sys.stdout.buffer, build())
    except BrokenPipeError:
        sys.stderr.close()  # who read went away: nothing more to say, and no complaint at exit
        return 1


def answer_all(source: BinaryIO, out: BinaryIO, engine: ClinicalEngine) -> int:
    """Every line of ``source`` answered on ``out``; 1 when one could not be used."""
    status = 0
    for number, line in lines(source):
        found = None
        try:
            found = parsed(line)
            name, facts = case_lines.opened(found, engine)
            tell(case_lines.told(name, facts, engine), out)
        except BadLine as error:
            status = 1
            tell(refusal(number, error, named(found)), out)
    return status
