"""What it costs to understand a sentence: read, merge and assess, beside jieba cutting the same sentence into words."""

from __future__ import annotations

import logging
import os
import tempfile
import time
from typing import Any

import jieba

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one message, one thread

from benchmarks.support.figure import Figure, number, show
from benchmarks.support.timing import by_turns_plain, row
from benchmarks.support.versions import versions
from nlp.engine import build
from nlp.interface.assessment import Facts

ROUNDS, CALLS = 5, 40
SENTENCES = (
    "我最近总是咳嗽,还发烧,体温38.5度,感觉胸口有点闷",
    "俺爹半拉身子不听使唤,嘴也歪了",
    "孩子8个月,拉肚子三天,一天七八次,没有发烧",
    "肚子疼,右下边,昨天晚上开始的,吃不下饭,还吐了一次",
    "没有胸痛,就是走路的时候有点喘,以前有高血压",
    "会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急",
    "头晕得厉害,站不稳,说话也有点不清楚,大概半个小时了",
    "我妈68岁,糖尿病十来年了,这两天脚肿,小便也少",
    "嗓子疼,流鼻涕,浑身没劲",
    "怀孕34周,头疼,眼睛看东西花,血压150/100",
    "帮助",
    "谢谢医生",
)


def measure() -> Figure:
    begun = time.process_time()
    engine = build()
    engine.warm()
    engine.read(SENTENCES[0])
    starting = time.process_time() - begun
    tokenizer = _tokenizer()
    engine_calls = [lambda text=text: _understand(engine, text) for text in SENTENCES]
    reading_calls = [lambda text=text: engine.read(text) for text in SENTENCES]
    cutting_calls = [lambda text=text: list(tokenizer.cut(text)) for text in SENTENCES]
    whole, reading, cutting = (
        sum(times) / len(times)
        for times in (by_turns_plain(calls, rounds=ROUNDS, calls=CALLS) for calls in (engine_calls, reading_calls, cutting_calls))
    )
    rows = [
        [*row("read, merge and assess; peer: jieba, cut into words", whole, cutting), number(1e6 / whole), number(1e6 / cutting)],
        [*row("read alone; peer: the same", reading, cutting), number(1e6 / reading), number(1e6 / cutting)],
    ]
    notes = [
        f"Microseconds of CPU a sentence on one core, the mean over {len(SENTENCES)} sentences as people write them, {min(map(len, SENTENCES))} to "
        f"{max(map(len, SENTENCES))} characters; {ROUNDS} rounds.",
        "Not the same work. jieba only finds the words; ours reads findings with negation, subject and numbers and judges them by rules.",
        "Word boundaries that were asked for before are remembered, so a sentence never seen costs somewhat more than these.",
        f"Building and warming the engine took {number(starting)} s of CPU.",
    ]
    columns = ["", "ours µs", "peer µs", "ratio", "ours, sentences/s", "peer, sentences/s"]
    return Figure("reading", "Reading a sentence", columns, rows, notes, versions("jieba", "onnxruntime"))


def _understand(engine: Any, text: str) -> object:
    return engine.assess(engine.merge(Facts(), engine.read(text)))


def _tokenizer() -> Any:
    """jieba with its own dictionary; its cache goes to a private folder."""
    jieba.setLogLevel(logging.ERROR)
    tokenizer = jieba.Tokenizer()
    with tempfile.TemporaryDirectory(prefix="huizhen-bench-") as folder:
        tokenizer.tmp_dir = folder
        tokenizer.initialize()
    return tokenizer


if __name__ == "__main__":
    show(measure)
