"""The second reader: which dangers the words sound like, whether or not a finding was recognised. Trained by ``nlp.training.suspicions``.

A suspicion is no finding and gives no level. It makes the inquiry ask (``suspicions.toml``), so that a danger told by how it happened or by what
somebody can no longer do is not passed over for want of a word in the lexicon.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from nlp.interface.reading import Suspicion

from .department_model import described, runtime, text_model

MODEL = "suspicions"
NO_DANGER = "none"
_MOST = 2
_LEAST_CHARACTERS = 5
"""Of fewer characters (我爸, 今天) nobody knows what they tell; the texts that were learned from are longer."""
_SHARE = 0.75
"""So much of what speaks for danger must be asked about, with at most ``_MOST`` questions."""


@dataclass(frozen=True)
class Thresholds:
    """Probabilities of danger from which on there is a suspicion, and a strong one; chosen in training by five folds."""

    least: float
    strong: float


@cache
def thresholds() -> Thresholds:
    return Thresholds(float(described(MODEL)["threshold"]), float(described(MODEL)["strong"]))


def chosen(shares: Mapping[str, float], limits: Thresholds) -> tuple[Suspicion, ...]:
    """The dangers to ask about, the likeliest first; none where all of them together stay below the threshold."""
    danger = {code: share for code, share in shares.items() if code != NO_DANGER}
    whole = sum(danger.values())
    if not danger or whole < limits.least:
        return ()
    found: list[str] = []
    for code, _ in sorted(danger.items(), key=lambda item: (-item[1], item[0]))[:_MOST]:
        found.append(code)
        if sum(danger[one] for one in found) >= _SHARE * whole:
            break
    return tuple(Suspicion(code=code, strong=whole >= limits.strong) for code in found)


def suspects(text: str) -> tuple[Suspicion, ...]:
    """The dangers that ``text`` sounds like, the likeliest first, at most two; empty where none does, where the text is too short, and where the
    runtime of models is missing."""
    if not runtime() or sum(map(str.isalnum, text)) < _LEAST_CHARACTERS:
        return ()
    return chosen(text_model(MODEL).probabilities(text), thresholds())


def version() -> str:
    """Name and version of the model in use; empty where the runtime is missing."""
    return str(described(MODEL)["version"]) if runtime() else ""
