"""Bayes over diseases and levels, and the choice of the next finding: what must hold whatever the numbers are."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.clinical.belief.choosing import Preference, next_finding
from nlp.clinical.belief.information import expected
from nlp.clinical.belief.knowledge import NO, YES, Knowledge, KnowledgeError
from nlp.clinical.belief.posterior import Tempering, danger, levels, posterior

LEVELS = np.array([True, False, False])
TO_THE_END = Preference(still_moves_disease=0, still_moves_danger=0, turns=99)


def made(seed: int, diseases: int = 6, findings: int = 8) -> Knowledge:
    """Some knowledge; numbers from ``seed``, findings two to a group, diseases over three levels of which the first is dangerous."""
    chance = np.random.default_rng(seed)
    return Knowledge.of_yes(
        [f"d{at}" for at in range(diseases)],
        [f"f{at}" for at in range(findings)],
        chance.dirichlet(np.ones(diseases)) * 0.9 + 0.1 / diseases,
        chance.uniform(0.02, 0.98, (findings, diseases)),
        membership=np.eye(3, dtype=np.float32)[np.arange(diseases) % 3],
        dangerous=LEVELS,
        group=np.arange(findings) // 2,
    )


evidence = st.dictionaries(st.sampled_from([f"f{at}" for at in range(8)]), st.sampled_from([YES, NO, "unknown"]))


@settings(deadline=None)
@given(st.integers(0, 50), evidence)
def test_an_unknown_answer_changes_nothing(seed: int, told: dict[str, str]) -> None:
    knowledge = made(seed)
    known = {finding: answer for finding, answer in told.items() if answer != "unknown"}
    assert np.array_equal(posterior(knowledge, told), posterior(knowledge, known))
    assert np.array_equal(posterior(knowledge, told | {"never heard of": YES}), posterior(knowledge, known))


@settings(deadline=None)
@given(st.integers(0, 50), evidence, st.randoms(use_true_random=False))
def test_the_order_of_the_evidence_does_not_matter(seed: int, told: dict[str, str], chance: st.DataObject) -> None:
    shuffled = list(told.items())
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert np.array_equal(posterior(made(seed), told), posterior(made(seed), dict(shuffled)))


@settings(deadline=None)
@given(st.integers(0, 50), evidence)
def test_a_posterior_is_a_distribution_and_leaves_nothing_out(seed: int, told: dict[str, str]) -> None:
    knowledge = made(seed)
    believed = posterior(knowledge, told)
    assert believed.sum() == pytest.approx(1, abs=1e-5)
    assert (believed > 0).all()
    assert levels(knowledge, believed).sum() == pytest.approx(1, abs=1e-5)
    assert 0 <= danger(knowledge, believed) <= 1 + 1e-6


def test_bayes_by_hand() -> None:
    knowledge = Knowledge.of_yes(("cold", "flu"), ("fever",), np.array([0.8, 0.2]), np.array([[0.1, 0.9]]))
    plain = Tempering(power=1, alike=0)
    assert posterior(knowledge, {"fever": YES}, plain) == pytest.approx([0.08 / 0.26, 0.18 / 0.26], abs=1e-5)
    assert posterior(knowledge, {"fever": NO}, plain) == pytest.approx([0.72 / 0.74, 0.02 / 0.74], abs=1e-5)


def test_findings_that_say_the_same_do_not_make_it_sure() -> None:
    """Two alike of one group weigh 2 / (1 + r) of one, not 2; apart they would weigh 2."""
    yes = np.array([[0.1, 0.9], [0.1, 0.9]])
    alike = Knowledge.of_yes(("cold", "flu"), ("fever", "hot"), np.array([0.5, 0.5]), yes, group=np.array([0, 0]))
    apart = dataclasses.replace(alike, group=np.array([0, 1]))
    one = posterior(alike, {"fever": YES})[1]
    both, doubled = (posterior(knowledge, {"fever": YES, "hot": YES})[1] for knowledge in (alike, apart))
    assert one < both < doubled
    same = Tempering(alike=1)
    assert posterior(alike, {"fever": YES, "hot": YES}, same)[1] == pytest.approx(posterior(alike, {"fever": YES}, same)[1], abs=1e-5)


@settings(deadline=None)
@given(st.integers(0, 50), evidence)
def test_tempering_keeps_the_order_of_diseases_and_makes_less_sure(seed: int, told: dict[str, str]) -> None:
    knowledge = dataclasses.replace(made(seed), prior=np.full(6, 1 / 6, np.float32))
    sure, unsure = (posterior(knowledge, told, Tempering(power=power)) for power in (1.0, 0.5))
    assert sure[unsure.argmax()] >= sure.max() - 1e-5
    assert unsure.max() <= sure.max() + 1e-5


@settings(deadline=None)
@given(st.integers(0, 50), evidence)
def test_information_is_what_the_entropy_falls_by(seed: int, told: dict[str, str]) -> None:
    knowledge = made(seed)
    believed = posterior(knowledge, told).astype(np.float64)
    found = expected(knowledge, believed.astype(np.float32))

    def entropy(shares: np.ndarray) -> float:
        return float(-(shares * np.log(shares + 1e-12)).sum())

    for finding in range(8):
        joint = knowledge.likelihood[:, finding].astype(np.float64) * believed  # (A, D)
        share = joint.sum(1)
        for part, of in ((found.disease, np.eye(6)), (found.level, knowledge.membership), (found.danger, np.stack([LEVELS, ~LEVELS], 1))):
            into = of if part is not found.danger else knowledge.membership @ of
            left = sum(share[answer] * entropy(joint[answer] @ into / share[answer]) for answer in range(2))
            assert part[finding] == pytest.approx(entropy(believed @ into) - left, abs=2e-4)


@settings(deadline=None)
@given(st.integers(0, 50))
def test_never_twice_and_never_what_is_known(seed: int) -> None:
    knowledge, chance = made(seed), np.random.default_rng(seed)
    told: dict[str, str] = {"f3": YES, "not a finding": YES}
    asked: list[str] = []
    for turn in range(20):
        choice = next_finding(knowledge, posterior(knowledge, told), {*told, *asked}, turn, TO_THE_END)
        if choice is None:
            break
        asked.append(choice.finding)
        told[choice.finding] = str(chance.choice([YES, NO, "unknown"]))
    assert sorted(asked) == ["f0", "f1", "f2", "f4", "f5", "f6", "f7"]


def test_danger_is_ruled_out_before_a_finding_of_equal_information() -> None:
    """A parts a dangerous from a harmless disease, B two harmless ones; both tell as much about the disease."""
    yes = np.array([[0.9, 0.1, 0.5, 0.5], [0.5, 0.5, 0.9, 0.1]])
    membership = np.array([[0, 1], [0, 1], [1, 0], [0, 1]], np.float32)
    knowledge = Knowledge.of_yes(
        ("cold", "flu", "heart attack", "sore muscle"),
        ("B", "A"),
        np.full(4, 0.25),
        yes,
        membership=membership,
        dangerous=np.array([True, False]),
    )
    believed = posterior(knowledge, {})
    told = expected(knowledge, believed)
    assert told.disease[0] == pytest.approx(told.disease[1], abs=1e-5)
    choice = next_finding(knowledge, believed, (), 0)
    assert choice is not None
    assert choice.finding == "A"
    assert choice.danger > 0
    after = next_finding(knowledge, believed, ("A",), 1)
    assert after is not None
    assert after.finding == "B"
    assert after.danger < choice.danger


def test_a_dear_answer_waits_and_one_that_nobody_knows_tells_less() -> None:
    yes = np.array([[0.9, 0.1], [0.9, 0.1]])
    plain = Knowledge.of_yes(("cold", "flu"), ("easy", "hard"), np.array([0.5, 0.5]), yes)
    for knowledge in (
        dataclasses.replace(plain, cost=np.array([2, 1], np.float32)),
        dataclasses.replace(plain, unknown=np.array([0.5, 0], np.float32)),
    ):
        choice = next_finding(knowledge, posterior(knowledge, {}), (), 0)
        assert choice is not None
        assert choice.finding == "hard"


def test_it_ends_when_nothing_would_change_and_at_the_limit() -> None:
    told_nothing = Knowledge.of_yes(("cold", "flu"), ("left-handed",), np.array([0.5, 0.5]), np.array([[0.1, 0.11]]))
    assert next_finding(told_nothing, posterior(told_nothing, {}), (), 0) is None
    telling = Knowledge.of_yes(("cold", "flu"), ("fever",), np.array([0.5, 0.5]), np.array([[0.1, 0.9]]))
    assert next_finding(telling, posterior(telling, {}), (), 0) is not None
    assert next_finding(telling, posterior(telling, {}), (), 8) is None
    assert next_finding(telling, posterior(telling, {}), ("fever",), 0) is None


def test_a_small_danger_is_still_asked_for_when_the_disease_is_settled() -> None:
    """Nothing more would change the ranking of diseases, but the one question that tells danger from none is asked."""
    knowledge = Knowledge.of_yes(
        ("tension headache", "bleeding in the head"),
        ("sudden", "left-handed"),
        np.array([0.985, 0.015]),
        np.array([[0.02, 0.9], [0.1, 0.1]]),
        membership=np.array([[0, 1], [1, 0]], np.float32),
        dangerous=np.array([True, False]),
    )
    choice = next_finding(knowledge, posterior(knowledge, {}), (), 0)
    assert choice is not None
    assert choice.finding == "sudden"


@pytest.mark.parametrize(
    "wrong",
    [
        {"prior": np.array([0.5, 0.6], np.float32)},
        {"prior": np.array([1.0, 0.0], np.float32)},
        {"likelihood": np.ones((2, 1, 2), np.float32)},
        {"likelihood": np.array([[[1.0, 0.5]], [[0.0, 0.5]]], np.float32)},
        {"membership": np.ones((2, 2), np.float32)},
        {"cost": np.zeros(1, np.float32)},
        {"unknown": np.full(1, 2, np.float32)},
        {"group": np.zeros(3, np.int64)},
        {"diseases": ("cold", "cold")},
    ],
)
def test_numbers_that_do_not_fit_are_refused(wrong: dict[str, object]) -> None:
    good = Knowledge.of_yes(("cold", "flu"), ("fever",), np.array([0.5, 0.5]), np.array([[0.1, 0.9]]))
    with pytest.raises(KnowledgeError):
        dataclasses.replace(good, **wrong)
    with pytest.raises(KnowledgeError):
        posterior(good, {}, opening=np.zeros(3, np.float32))
