"""What one message of an inquiry costs from end to end: read as an answer, merge, judge, weigh the diseases, choose the next question."""

from __future__ import annotations

import os
import random
import resource
import time
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one message, one thread

from benchmarks.message import started
from benchmarks.reading import SENTENCES
from benchmarks.support.figure import Figure, number, percentile, show
from benchmarks.support.versions import versions
from nlp.engine import Engine, build
from nlp.interface.assessment import Facts, Question

ROUNDS = 12
OPENINGS = (
    *SENTENCES[:10], "咳嗽三天", "肚子痛", "头痛三天", "膝盖痛", "身上起疹子很痒", "尿痛", "睡不着", "心慌", "腿肿", "耳朵痛", "月经不调", "孩子发烧",
)  # fmt: skip


def measure() -> Figure:
    with TemporaryDirectory(prefix="huizhen-bench-") as folder:
        started("engine", folder)  # the first start writes the dictionary down; in a process of its own, so that the peak is of one engine
        begun = time.process_time()
        engine = build(Path(folder))
        engine.warm()
        starting = time.process_time() - begun
        first, later, questions = [], [], []
        for round_ in range(ROUNDS):
            for opening in OPENINGS:
                costs = _inquiry(engine, opening, random.Random(f"{round_}{opening}"))  # noqa: S311 - repeats itself
                first.append(costs[0])
                later += costs[1:]
                questions.append(float(len(costs) - 1))
    rows = [
        [name, f"{len(costs):,}", *(number(percentile(costs, share)) for share in (0.5, 0.9, 0.99)), number(max(costs))]
        for name, costs in (("opening", first), ("answer (half of them typed)", later), ("all", first + later))
    ]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    notes = [
        f"Milliseconds of CPU a message on one thread; {ROUNDS} rounds over {len(OPENINGS)} openings, answered by chance to the end.",
        "A message is read, merged into the facts, judged by all rules, weighed against all diseases, and the next question is chosen.",
        f"Questions an inquiry: median {percentile(questions, 0.5):.0f}, most {max(questions):.0f} (random answers end in danger early).",
        f"Building and warming the engine once its modules and the dictionary's cache are there: {number(starting)} s of CPU; peak {peak:,.0f} MB.",
    ]
    columns = ["", "messages", "p50", "p90", "p99", "most"]
    return Figure("inquiry", "One message of an inquiry", columns, rows, notes, versions("numpy", "onnxruntime"))


def heard(engine: Engine, facts: Facts, question: Question | None, text: str, choice: str | None = None) -> tuple[Facts, Question | None, float]:
    """What is known after this message, what is asked next, and the milliseconds of CPU that it took."""
    begun = time.process_time_ns()
    facts = engine.merge(facts, engine.read(text, answering=question, choice=choice), answered=question)
    engine.assess(facts)
    question = engine.next_question(facts)
    return facts, question, (time.process_time_ns() - begun) / 1e6


def _inquiry(engine: Engine, opening: str, chance: random.Random) -> list[float]:
    """Milliseconds of each message."""
    costs: list[float] = []
    facts, question, text, choice = Facts(), None, opening, None
    while True:
        facts, question, cost = heard(engine, facts, question, text, choice)
        costs.append(cost)
        if question is None:
            return costs
        tapped = chance.choice(question.choices)
        text, choice = (tapped.label, None) if chance.random() < 0.5 else ("", tapped.code)


if __name__ == "__main__":
    show(measure)
