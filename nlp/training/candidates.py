"""``python -m nlp.training.candidates``: counts what recorded cases can tell, and compiles the tables of candidate diseases to ONNX.

The tables are the model: published or estimated numbers, each beside its source. Labelled cases exist for pneumonia in children alone; with
HUIZHEN_DATA set they are counted anew (train files only) and measured (``--measure``), without it the counts of the repository are compiled as
they stand.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from nlp.clinical.candidates import rules
from nlp.clinical.candidates.model import NAME
from nlp.evaluate.figures import Figure, calibration_error

from .gates import compiled
from .sources import data_folder, json_lines

MODELS = Path(__file__).resolve().parents[1] / "clinical" / "models"
COUNTED = Path(__file__).resolve().parents[1] / "clinical" / "knowledge" / "candidates" / "counted.csv"
RELEASE = "1"
SEED = 20261121
SETS = ("dxy", "mz10")
LABELS = frozenset(["肺炎", "小儿支气管肺炎"])
DISEASE = "pneumonia_child"
SPOKEN = {
    "cough": ("咳嗽", "干咳", "咳喘"),
    "fever": ("发热", "发烧", "高热", "中等度热", "低热"),
    "phlegm": ("痰", "咳痰", "痰鸣音"),
    "dyspnoea": ("呼吸困难", "气喘", "喘憋", "呼吸急促", "喘气"),
    "runny_nose": ("鼻流涕", "流涕"),
    "diarrhoea": ("腹泻", "稀便"),
}
"""Codes of the lexicon and the names that the collections have for them."""
WORDS = {"cough": "咳嗽", "phlegm": "有痰、痰鸣", "dyspnoea": "喘、气促", "runny_nose": "流鼻涕", "diarrhoea": "拉肚子"}
"""What is counted. Fever opens the door (cough or fever) and tells nothing more; signs a doctor hears are left to the published review, which
contradicts what online inquiries show of them; what was denied tells mostly that a doctor had a reason to ask."""


@dataclass(frozen=True)
class Recorded:
    """One recorded child with cough or fever: what was on record as there, and whether the label says pneumonia."""

    there: frozenset[str]
    pneumonia: bool


@dataclass(frozen=True)
class Count:
    """How many of the cases with the disease, and of the others, had one finding on record."""

    code: str
    shown: int
    cases: int
    shown_others: int
    others: int

    @property
    def ratio(self) -> float:
        """The likelihood ratio of the finding on record, with half a case added on each side."""
        return ((self.shown + 0.5) / (self.cases + 1)) / ((self.shown_others + 0.5) / (self.others + 1))


def recorded(folder: Path, part: str) -> list[Recorded]:
    """The cases of one part ("train" or "dev") that have cough or fever on record."""
    named = {name: code for code, names in SPOKEN.items() for name in names}
    found = []
    for collection in SETS:
        for row in json_lines(folder / f"{collection}.{part}.jsonl"):
            told = {**row["explicit"], **{name: value for name, value in row["implicit"].items() if value == 1}}
            there = frozenset(named[name] for name, value in told.items() if name in named and value == 1)
            if there & {"cough", "fever"}:
                found.append(Recorded(there, row["disease"] in LABELS))
    return found


def counted(cases: Sequence[Recorded]) -> list[Count]:
    ill = [case for case in cases if case.pneumonia]
    rest = [case for case in cases if not case.pneumonia]
    return [Count(code, _having(ill, code), len(ill), _having(rest, code), len(rest)) for code in WORDS]


def _having(cases: Iterable[Recorded], code: str) -> int:
    return sum(code in case.there for case in cases)


def told(cases: Sequence[Recorded], counts: Sequence[Count]) -> np.ndarray:
    """The sum of the logarithms of the counted ratios, for each case."""
    return np.array([sum(math.log(one.ratio) for one in counts if one.code in case.there) for case in cases])


def sure(cases: Sequence[Recorded], counts: Sequence[Count], power: float) -> np.ndarray:
    """Probability of pneumonia for each case by the counted ratios, with the share of pneumonia among the counted cases as the prior."""
    prior = math.log(counts[0].cases / counts[0].others)
    return np.asarray(1 / (1 + np.exp(-prior - power * told(cases, counts))))


def refitted(cases: Sequence[Recorded], kept: Sequence[Recorded]) -> np.ndarray:
    """The same with prior and power fitted on ``kept`` (logistic regression on one sum, Newton's steps): what silence tells goes into the prior
    then."""
    counts = counted(kept)
    design = np.column_stack([np.ones(len(kept)), told(kept, counts)])
    truth = np.array([case.pneumonia for case in kept], dtype=float)
    fit = np.zeros(2)
    for _ in range(25):
        likely = 1 / (1 + np.exp(-design @ fit))
        fit += np.linalg.solve(design.T @ (design * (likely * (1 - likely))[:, None]), design.T @ (truth - likely))
    return np.asarray(1 / (1 + np.exp(-fit[0] - fit[1] * told(cases, counts))))


def discrimination(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """Area under the ROC curve: how often a case with the disease stands before one without, ties as a half."""
    ill, rest = probabilities[truth], probabilities[~truth]
    return float(np.mean((ill[:, None] > rest[None, :]) + 0.5 * (ill[:, None] == rest[None, :])))


def measured(folder: Path, power: float) -> list[tuple[str, str, int, Figure, Figure]]:
    """Rows of the table: what was counted on what, cases, discrimination and calibration error with intervals."""
    train, dev = recorded(folder, "train"), recorded(folder, "dev")
    whole = train + dev
    order = np.random.default_rng(SEED).permutation(len(whole))
    folds, fitted = np.zeros(len(whole)), np.zeros(len(whole))
    for held in tqdm(np.array_split(order, 5), desc="pneumonia in children", unit="fold"):
        kept, out = [whole[place] for place in order if place not in frozenset(held.tolist())], [whole[place] for place in held]
        folds[held], fitted[held] = sure(out, counted(kept), power), refitted(out, kept)
    rows = [
        ("five folds over train and dev", whole, folds),
        ("the same, prior and power fitted", whole, fitted),
        ("dev, counted on train", dev, sure(dev, counted(train), power)),
        ("the same, prior and power fitted", dev, refitted(dev, train)),
    ]
    found = []
    for name, cases, probabilities in rows:
        truth = np.array([case.pneumonia for case in cases])
        found.append((name, f"{truth.sum()} ill", len(cases), *_intervals(probabilities, truth)))
    return found


def _intervals(probabilities: np.ndarray, truth: np.ndarray) -> tuple[Figure, Figure]:
    drawn = np.random.default_rng(SEED)
    spread = []
    for _ in range(500):
        places = drawn.integers(0, len(truth), len(truth))
        if truth[places].any() and not truth[places].all():
            error = calibration_error(probabilities[places], truth[places].astype(float))
            spread.append((discrimination(probabilities[places], truth[places]), error))
    low, high = np.quantile(np.array(spread), [0.025, 0.975], axis=0)
    areas = Figure(discrimination(probabilities, truth), float(low[0]), float(high[0]))
    return areas, Figure(calibration_error(probabilities, truth.astype(float)), float(low[1]), float(high[1]))


def write_counts(counts: Iterable[Count], path: Path) -> None:
    """The counted ratios as rows of the tables, with the counts behind them."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        head = ("id", "disease", "kind", "when", "value", "words", "origin", "source", "shown", "cases", "shown_others", "others")
        writer.writerow(head)
        for one in counts:
            numbers = (one.shown, one.cases, one.shown_others, one.others)
            when = "phlegm | phlegm_stuck" if one.code == "phlegm" else one.code
            name, ratio = f"{DISEASE}.counted_{one.code}", f"{one.ratio:.2f}"
            writer.writerow((name, DISEASE, "evidence", when, ratio, WORDS[one.code], "counted", "RECORDED", *numbers))


def write(known: rules.Knowledge, folder: Path) -> None:
    """The graph, and beside it version, inputs, diseases and rows in the order of its outputs."""
    content = compiled(known)
    described = {
        "name": NAME,
        "version": f"{NAME}-{RELEASE}+{known.digest[:12]}",
        "digest": known.digest,
        "inputs": list(known.inputs),
        "diseases": [one.code for one in known.subjects],
        "rows": [row.id for row in known.rows],
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{NAME}.onnx").write_bytes(content)
    (folder / f"{NAME}.json").write_text(json.dumps(described, ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8")
    print(f"{NAME}: {len(known.rows)} rows, {len(known.inputs)} inputs, {len(content) / 1e6:.2f} MB, {described['version']}")


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m nlp.training.candidates", description=__doc__)
    parser.add_argument("--measure", action="store_true", help="print how well the counted part does on the recorded cases")
    parser.add_argument("--into", type=Path, default=MODELS)
    options = parser.parse_args(words)
    if os.environ.get("HUIZHEN_DATA"):
        write_counts(counted(recorded(data_folder() / "inquiry", "train")), COUNTED)
        rules.knowledge.cache_clear()
    known = rules.knowledge()
    if options.measure:
        power = next(one.power for one in known.subjects if one.code == DISEASE)
        for name, ill, number, area, error in measured(data_folder() / "inquiry", power):
            print(f"{name}: {number} cases, {ill}; area under the curve {area}; calibration error {error}")
    write(known, options.into)


if __name__ == "__main__":
    main()
