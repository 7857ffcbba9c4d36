"""Texts as counted runs of one to four characters, the same for training and for use."""

from __future__ import annotations

import re
from collections import Counter

from nlp.language.normal import normalise

LONGEST = 4
_CLAUSE = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+(?:\.\d+)?")


def ngrams(text: str) -> Counter[str]:
    """Runs of 1 to ``LONGEST`` characters within clauses of the normalised text; any number counts as 0, punctuation as nothing."""
    found: Counter[str] = Counter()
    for clause in _CLAUSE.findall(_DIGITS.sub("0", normalise(text).text)):
        end = len(clause)
        for length in range(1, LONGEST + 1):
            found.update(clause[start : start + length] for start in range(end - length + 1))
    return found
