"""What one message costs on one thread: the whole analysis (read, merge, assess with the next question), its spread, the start and the memory."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one message, one thread

from benchmarks.support.figure import Figure, number, percentile, show
from benchmarks.support.timing import row
from benchmarks.support.versions import versions

ROUNDS = 3
UTTERANCES = sorted((Path(__file__).resolve().parents[1] / "tests" / "nlp").glob("utterances*.jsonl"))
GOALS = {"p50 ms": 2.0, "p99 ms": 8.0, "start s": 1.5, "memory MiB": 250.0}


def measure() -> Figure:
    texts = [json.loads(line)["text"] for file in UTTERANCES for line in file.read_text("utf-8").splitlines()]
    with tempfile.TemporaryDirectory(prefix="huizhen-bench-") as folder:
        first = started("engine", folder)
        later = started("engine", folder)
        cut = started("jieba", folder)
        ours, peer = _times(texts, Path(folder))
    rows = [
        [*row("whole analysis, p50 µs; peer: jieba, cut into words", percentile(ours, 0.5), percentile(peer, 0.5)), number(GOALS["p50 ms"] * 1e3)],
        [*row("whole analysis, p99 µs; peer: the same", percentile(ours, 0.99), percentile(peer, 0.99)), number(GOALS["p99 ms"] * 1e3)],
        [*row("start, s of CPU; peer: jieba alone, from its cache", later["cpu"], cut["cpu"]), number(GOALS["start s"])],
        [*row("the first start of all, s of CPU; peer: the same", first["cpu"], cut["cpu"]), number(GOALS["start s"])],
        [*row("memory at most of both, MiB; peer: the same", max(first["memory"], later["memory"]), cut["memory"]), number(GOALS["memory MiB"])],
    ]
    notes = [
        f"CPU time of one process on each of {len(texts)} labelled utterances of {min(map(len, texts))} to {max(map(len, texts))} characters, "
        f"{ROUNDS} rounds after one that warms up; ours and the peer by turns, utterance by utterance.",
        "Start and memory in a process of its own, from the first import until the first utterance is read; the dictionary with the project's words "
        "is kept in the cache folder from the first start on.",
        "Not the same work: jieba only finds the words; ours reads findings with their scopes, judges them by all rules and chooses a question.",
    ]
    columns = ["", "ours", "peer", "ratio", "goal"]
    return Figure("message", "One message on one thread", columns, rows, notes, versions("jieba", "onnxruntime"))


def _times(texts: list[str], folder: Path) -> tuple[list[float], list[float]]:
    """Microseconds of CPU of every call, ours and the peer's."""
    understand, cut = _engine(folder), _jieba(folder)
    ours: list[float] = []
    peer: list[float] = []
    for turn in range(ROUNDS + 1):
        for text in texts:
            for work, kept in ((understand, ours), (cut, peer)):
                begun = time.process_time_ns()
                work(text)
                if turn:
                    kept.append((time.process_time_ns() - begun) / 1e3)
    return ours, peer


def _engine(folder: Path) -> Callable[[str], object]:
    from nlp.engine import build
    from nlp.interface.assessment import Facts

    engine = build(folder)
    engine.warm()
    return lambda text: engine.assess(engine.merge(Facts(), engine.read(text)))


def _jieba(folder: Path) -> Callable[[str], object]:
    import jieba

    jieba.setLogLevel(logging.ERROR)
    tokenizer: Any = jieba.Tokenizer()
    tokenizer.tmp_dir = str(folder)
    tokenizer.initialize()
    return lambda text: list(tokenizer.cut(text))


def started(what: str, folder: str) -> dict[str, float]:
    """CPU seconds and MiB of a fresh process that starts ``what`` and takes one text."""
    done = subprocess.run([sys.executable, "-m", "benchmarks.message", "--start", what, folder], stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _start(what: str, folder: str) -> None:
    import resource

    {"engine": _engine, "jieba": _jieba}[what](Path(folder))("胸口有点闷,不发烧,有点晕")
    print(json.dumps({"cpu": time.process_time(), "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


if __name__ == "__main__":
    if "--start" in sys.argv:
        _start(*sys.argv[sys.argv.index("--start") + 1 :][:2])
    else:
        show(measure)
