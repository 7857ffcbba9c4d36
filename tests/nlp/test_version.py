"""The version that every decision is kept with: short enough for the column, and another as soon as anything that decides is another."""

from collections.abc import Callable

import pytest

from nlp import engine as module
from nlp.clinical import department_model, suspicion
from nlp.interface.engine import RuleSet

LONGEST = 60
"""The column (core/intake/models.py) holds 80 characters; the rest is for a longer release number."""


def test_it_fits_and_is_the_same_each_time() -> None:
    version = module.Engine().version
    assert len(version) <= LONGEST
    assert version == module.Engine().version
    assert version.startswith(f"{module.NAME}-{module.RELEASE}+")


@pytest.mark.parametrize("name", [rule_set.name for rule_set in module.rule_sets()])
def test_it_changes_with_every_set_of_rules_and_the_lexicon(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def changed() -> tuple[RuleSet, ...]:
        return tuple(one.model_copy(update={"digest": "0" * 64}) if one.name == name else one for one in before)

    before, version = module.rule_sets(), module.Engine().version
    monkeypatch.setattr(module, "rule_sets", changed)
    assert module.Engine().version != version


@pytest.mark.parametrize("model", [department_model, suspicion])
@pytest.mark.parametrize("version", [lambda: "another-2+00000000", lambda: ""])
def test_it_changes_with_every_model_and_where_one_cannot_run(monkeypatch: pytest.MonkeyPatch, model: object, version: Callable[[], str]) -> None:
    pytest.importorskip("onnxruntime")
    before = module.Engine().version
    monkeypatch.setattr(model, "version", version)
    assert module.Engine().version != before
    assert len(module.Engine().version) <= LONGEST
