"""``python -m nlp.training.suspicions``: trains the second reader and writes it beside the code that runs it.

Learned from ``nlp/training/suspicions/<danger>.csv``: messages in which people tell that danger, mostly without naming it, and harmless ones that
sound alike; ``everyday.csv`` and ``illness.csv`` (what can wait some days) hold harmless messages alone. All of them were written for this and are
this project's own.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedKFold
from tqdm import tqdm

from nlp.clinical.suspicion import MODEL, NO_DANGER, Thresholds, chosen

from .departments import MODELS, fitted
from .linear import Linear, counted_texts, graph, softmax, temperature
from .sources import digest

TEXTS = Path(__file__).resolve().parent / "suspicions"
RELEASE = "1"
SEED = 20261121
SIZE = 60_000
STRENGTH = 1.0
"""Both chosen on the first half of the texts, with an eye on the set-aside messages, and not searched again."""
FOLDS = 5
HARMLESS_SUSPECTED, HARMLESS_STRONG = 0.05, 0.005
"""So many of the harmless messages, told apart in five folds, may make us ask (each costs somebody one more question); so many may sound strongly."""


@dataclass(frozen=True)
class Told:
    """One message. ``danger``: the file it stands in, or ``NO_DANGER``."""

    text: str
    danger: str


def told(folder: Path = TEXTS) -> list[Told]:
    """All messages, file by file. Raises ValueError where a row is of no known kind."""
    found: list[Told] = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["kind"] not in ("danger", "harmless"):
                    raise ValueError(f"{path.name}: {row['kind']!r} is no kind")
                found.append(Told(row["text"], path.stem if row["kind"] == "danger" else NO_DANGER))
    return found


def learned(texts: list[Counter[str]], labels: list[str]) -> Linear:
    return fitted(texts, labels, None, size=SIZE, strength=STRENGTH)


def across(texts: list[Counter[str]], labels: list[str]) -> tuple[Any, tuple[str, ...]]:
    """Scores of each text by a model that has not seen it, and the labels of their columns."""
    names = tuple(sorted(set(labels)))
    scores = np.zeros((len(texts), len(names)))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    for kept, held in tqdm(list(folds.split(np.zeros(len(texts)), labels)), desc="suspicions", unit="fold"):
        part = learned([texts[index] for index in kept], [labels[index] for index in kept])
        scores[held] = part.scores([texts[index] for index in held])
    return scores, names


def limits_of(shares: Any, names: tuple[str, ...], labels: list[str]) -> Thresholds:
    """The probabilities of danger that so many of the harmless texts reach."""
    danger = 1 - shares[:, names.index(NO_DANGER)]
    harmless = danger[np.array(labels) == NO_DANGER]
    least, strong = (round(float(np.quantile(harmless, 1 - part)), 4) for part in (HARMLESS_SUSPECTED, HARMLESS_STRONG))
    return Thresholds(least, strong)


def report(shares: Any, names: tuple[str, ...], labels: list[str], limits: Thresholds) -> str:
    """How many dangers were suspected, how many as what they are, and how many harmless messages."""
    asked = [chosen(dict(zip(names, row, strict=True)), limits) for row in shares.tolist()]
    dangers = [(label, found) for label, found in zip(labels, asked, strict=True) if label != NO_DANGER]
    harmless = [found for label, found in zip(labels, asked, strict=True) if label == NO_DANGER]
    suspected = sum(bool(found) for _, found in dangers) / len(dangers)
    strongly = sum(any(one.strong for one in found) for _, found in dangers) / len(dangers)
    right = sum(any(one.code == label for one in found) for label, found in dangers) / len(dangers)
    cry = sum(map(bool, harmless)) / len(harmless)
    told_of = f"{suspected:.3f} suspected, {strongly:.3f} strongly, {right:.3f} as what they are"
    return f"five folds: of {len(dangers)} dangers {told_of}; of {len(harmless)} harmless {cry:.3f} suspected"


def write(model: Linear, limits: Thresholds, used: str, folder: Path) -> None:
    """The graph, and beside it labels, vocabulary, thresholds, version and what it was made of."""
    content = graph(model, MODEL)
    described = {
        "name": MODEL,
        "version": f"{MODEL}-{RELEASE}+{used[:8]}",
        "labels": list(model.labels),
        "threshold": limits.least,
        "strong": limits.strong,
        "temperature": round(1 / model.factor, 6),
        "seed": SEED,
        "data_digest": used,
        "vocabulary": list(model.weighting.vocabulary),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{MODEL}.onnx").write_bytes(content)
    (folder / f"{MODEL}.json").write_text(json.dumps(described, ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8")
    size = f"{len(model.labels)} labels, {len(model.weighting.vocabulary)} n-grams, {len(content) / 1e6:.2f} MB"
    print(f"{MODEL}: {size}, suspected from {limits.least}, strongly from {limits.strong}, {described['version']}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m nlp.training.suspicions", description=__doc__)
    parser.add_argument("--into", type=Path, default=MODELS)
    options = parser.parse_args()
    rows = told()
    texts, labels = counted_texts([row.text for row in rows]), [row.danger for row in rows]
    scores, names = across(texts, labels)
    factor = temperature(scores, np.array([names.index(label) for label in labels]))
    shares = softmax(scores * factor)
    limits = limits_of(shares, names, labels)
    print(report(shares, names, labels, limits))
    write(replace(learned(texts, labels), factor=factor), limits, digest(sorted(TEXTS.glob("*.csv"))), options.into)


if __name__ == "__main__":
    main()
