"""``python -m nlp.training.departments``: trains both department models and writes them beside the code that runs them.

``departments`` speaks for the county's whole list; ``departments_internal`` for the eleven names of the internal-medicine collection alone:
a yardstick.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import warnings
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.svm import LinearSVC
from tqdm import tqdm

from nlp.clinical.department_labels import codes_of
from nlp.clinical.department_model import INTERNAL_MEDICINE, SPECIALTIES
from nlp.language.lexicon import lexicon

from .linear import Linear, counted_texts, graph, rounded, temperature, weighting
from .phrases import Phrase, parted, said, tabled, written, written_text
from .sources import Question, data_folder, digest, questions
from .utterances import Composer

MODELS = Path(__file__).resolve().parents[1] / "clinical" / "models"
RELEASE = "1"
SEED = 20261120
GENERATED = 60_000
ASIDE = 0.12
"""Part of the phrases, and of the questions, on which the temperature is fitted and nothing else."""
QUESTIONS_OF_A_DEPARTMENT = 1200.0
"""What the real questions of one department weigh together, in generated complaints: two in five of them are about hepatitis B."""
INTERNAL_SIZE, SPECIALTIES_SIZE = 40_000, 48_000
_REST_CLASS = "普通内科"
_OF_ILLNESS = re.compile("[肝胃肠脑肺肾脾胆心血糖尿癌瘤药炎痛疼咳吐泻病症乙甲丙术孕癫痫片膜瓣酸酶]|阳性|胶囊")
_CLAUSE = re.compile(r"(?<![^\W_])[一-鿿]{3,12}(?![^\W_])")


def fitted(texts: list[Counter[str]], labels: list[str], weights: Any, *, size: int, strength: float) -> Linear:
    """One-against-the-rest linear classifier with squared hinge loss, half precision, temperature 1."""
    scheme = weighting(texts, labels, size, least=2)
    classifier = LinearSVC(C=strength, random_state=0, max_iter=3000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        classifier.fit(scheme.matrix(texts), labels, sample_weight=weights)
    names = tuple(str(label) for label in classifier.classes_)
    return Linear(names, scheme, rounded(classifier.coef_.T), classifier.intercept_.astype(np.float32), 1.0)


def balanced(labels: list[str], power: float = 1.0) -> Any:
    """A weight for each row by how rare its label is; 1.0 on the average label."""
    counted = Counter(labels)
    return np.array([(len(labels) / len(counted) / counted[label]) ** power for label in labels])


def internal(rows: list[Question], *, seed: int = SEED) -> Linear:
    """The yardstick's model: descriptions and titles of ``rows`` as texts; temperature by five-fold prediction of the descriptions."""
    names = [row.department for row in rows]
    asks, titles = counted_texts([row.ask for row in rows]), counted_texts([row.title for row in rows])

    def model(kept: list[int]) -> Linear:
        texts = [asks[index] for index in kept] + [titles[index] for index in kept if titles[index]]
        labels = [names[index] for index in kept] + [names[index] for index in kept if titles[index]]
        return fitted(texts, labels, balanced(labels), size=INTERNAL_SIZE, strength=1.0)

    order = list(range(len(rows)))
    random.Random(seed).shuffle(order)
    labels = sorted(set(names))
    scores = np.full((len(rows), len(labels)), -3.0)
    for fold in tqdm(range(3), desc="internal medicine: temperature", unit="fold"):
        held = order[fold::3]
        part = model([index for index in order if index not in frozenset(held)])
        scores[np.ix_(held, [labels.index(label) for label in part.labels])] = part.scores([asks[index] for index in held])
    factor = temperature(scores, np.array([labels.index(name) for name in names]))
    return replace(model(list(range(len(rows)))), factor=factor)


def fillers(rows: list[Question], phrases: list[Phrase]) -> list[str]:
    """Short clauses of the questions in which no phrase and no word of illness stands."""
    known = frozenset(phrase.text for phrase in phrases)
    found: set[str] = set()
    for row in rows:
        for clause in _CLAUSE.findall(row.ask):
            pieces = (clause[start : start + length] for length in range(2, 9) for start in range(len(clause) - length + 1))
            if not _OF_ILLNESS.search(clause) and not any(piece in known for piece in pieces):
                found.add(clause)
    return sorted(found)


def specialties(rows: list[Question], phrases: list[Phrase], *, seed: int = SEED, generated: int = GENERATED) -> Linear:
    """The model over the whole list, from generated complaints and the real questions of internal medicine."""
    rows = [row for row in rows if row.department != _REST_CLASS]
    chosen = random.Random(seed)
    kept, aside = parted(phrases, ASIDE, chosen)
    order = list(rows)
    chosen.shuffle(order)
    cut = round(ASIDE * len(order))
    plain = fillers(rows, phrases)
    learned = _whole(kept, order[cut:], plain, generated, chosen)
    tried = list(Composer(aside, plain, chosen).utterances(6000))
    unseen = [(one.text, one.department) for one in tried] + [(row.ask, codes_of(row.department)[0]) for row in order[:cut]]
    unseen = [(text, code) for text, code in unseen if code in learned.labels]
    scores = learned.scores(counted_texts([text for text, _ in unseen]))
    truth = np.array([learned.labels.index(code) for _, code in unseen])
    factor = temperature(scores, truth)
    right = scores.argmax(axis=1) == truth
    print(f"unseen phrases: {right[: len(tried)].mean():.3f} right; unseen questions: {right[len(tried) :].mean():.3f}; temperature {factor:.2f}")
    return replace(_whole(phrases, order, plain, generated, random.Random(seed + 1)), factor=factor)


def _whole(phrases: list[Phrase], rows: list[Question], plain: list[str], generated: int, chosen: random.Random) -> Linear:
    made = list(tqdm(Composer(phrases, plain, chosen).utterances(generated), total=generated, desc="complaints", unit="text", mininterval=1))
    texts, labels = [one.text for one in made], [one.department for one in made]
    weights = [1.0] * len(made)
    counted = Counter(row.department for row in rows)
    for row in rows:
        for text in (row.ask, row.title):
            if text:
                texts.append(text)
                labels.append(codes_of(row.department)[0])
                weights.append(min(1.0, QUESTIONS_OF_A_DEPARTMENT / counted[row.department]) / 2)
    bags = counted_texts(list(tqdm(texts, desc="n-grams", unit="text", mininterval=1)))
    return fitted(bags, labels, np.array(weights), size=SPECIALTIES_SIZE, strength=0.3)


def write(model: Linear, name: str, data_digest: str, folder: Path) -> None:
    """The graph, and beside it the labels, the vocabulary, the version and what it was made of."""
    content = graph(model)
    described = {
        "name": name,
        "version": f"{name}-{RELEASE}+{data_digest[:12]}",
        "labels": list(model.labels),
        "temperature": round(1 / model.factor, 6),
        "seed": SEED,
        "data_digest": data_digest,
        "vocabulary": list(model.weighting.vocabulary),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.onnx").write_bytes(content)
    (folder / f"{name}.json").write_text(json.dumps(described, ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8")
    print(f"{name}: {len(model.labels)} labels, {len(model.weighting.vocabulary)} n-grams, {len(content) / 1e6:.2f} MB, {described['version']}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m nlp.training.departments", description=__doc__)
    parser.add_argument("--only", choices=(SPECIALTIES, INTERNAL_MEDICINE))
    parser.add_argument("--into", type=Path, default=MODELS)
    options = parser.parse_args()
    data = data_folder()
    triage = data / "triage" / "internal_medicine.train.jsonl.gz"
    tables = data / "knowledge"
    rows = questions(triage)
    if options.only != SPECIALTIES:
        write(internal(rows), INTERNAL_MEDICINE, digest([triage]), options.into)
    if options.only != INTERNAL_MEDICINE:
        phrases = written() + said() + tabled(tables)
        surfaces = json.dumps(sorted(lexicon().surfaces.items()), ensure_ascii=False)
        used = digest([triage, tables / "diseases.jsonl.gz", tables / "symptoms.jsonl.gz"], written_text(), surfaces)
        write(specialties(rows, phrases), SPECIALTIES, used, options.into)


if __name__ == "__main__":
    main()
