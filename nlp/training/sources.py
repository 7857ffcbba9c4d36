"""The open data as training reads it. The paths come from HUIZHEN_DATA; no sentence of them is written anywhere."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlp.clinical.department_labels import codes_of

_VAGUE = frozenset(["内科", "外科", "中医科", "五官科", "营养科", "变态反应科", "重症医学科"])
"""Labels that tell little beside another one."""


@dataclass(frozen=True)
class Question:
    """One question of the internal-medicine collection: the short title, the description and the name of its department."""

    title: str
    ask: str
    department: str


def data_folder() -> Path:
    """The folder named by HUIZHEN_DATA. SystemExit with what to do when it is not set."""
    named = os.environ.get("HUIZHEN_DATA")
    if not named:
        raise SystemExit("set HUIZHEN_DATA to the folder with triage/ and knowledge/")
    return Path(named)


def json_lines(path: Path) -> list[dict[str, Any]]:
    """The rows of a file of JSON lines, compressed or not."""
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8")
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def questions(path: Path) -> list[Question]:
    return [Question(row.get("title", ""), row.get("ask") or row["text"], row["department"]) for row in json_lines(path)]


def shares(labels: list[str]) -> dict[str, float]:
    """Codes with weights that sum to one, from the labels of one table row; what is vague counts only when nothing else stands there."""
    telling = [label for label in labels if label not in _VAGUE] or labels
    counted: Counter[str] = Counter()
    weights: dict[str, float] = {}
    for label in telling:
        codes = codes_of(label)
        for code in codes:
            counted[code] += 1
            weights[code] = weights.get(code, 0.0) + 1 / len(codes)
    total = sum(weights.values())
    return {code: weight / total for code, weight in weights.items()} if total else {}


def digest(paths: list[Path], *texts: str) -> str:
    """SHA-256 over what a model was made of, in this order."""
    found = hashlib.sha256()
    for path in paths:
        found.update(path.read_bytes())
    for text in texts:
        found.update(text.encode())
    return found.hexdigest()
