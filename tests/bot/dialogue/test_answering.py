"""Short answers to an open question, by the words alone."""

from __future__ import annotations

import pytest

from bot.dialogue.answering import picked
from bot.dialogue.state import Asked

SYMPTOM = Asked(kind="intake", ref="I", options=("yes", "no", "unknown"))
PROPOSED = Asked(kind="confirm", ref="X", options=("yes", "no"))


@pytest.mark.parametrize(
    ("said", "of_symptom", "of_proposal"),
    [
        ("有", "yes", "yes"), ("嗯", "yes", "yes"), ("没有", "no", "no"), ("好的", None, "yes"), ("行", None, "yes"), ("OK", None, "yes"),
        ("要得", None, "yes"), ("第二个", "no", "no"), ("不清楚", "unknown", None),
    ],
)
def test_agreeing_is_no_answer_to_what_one_feels(said: str, of_symptom: str | None, of_proposal: str | None) -> None:
    assert picked(SYMPTOM, said) == of_symptom
    assert picked(PROPOSED, said) == of_proposal
