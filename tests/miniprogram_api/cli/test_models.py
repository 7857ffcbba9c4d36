"""`huizhen models status`: what an operator reads, and on an installation of its own, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.candidates.commands import Agreement, DriftView, ModelsView, ModelView, Share
from miniprogram_api.cli.models import told
from tests.miniprogram_api.cli.conftest import Operator


def share(count: int, of: int) -> Share:
    return Share(count=count, of=of, low=0.1, high=0.9)


def view(of: int, drift: DriftView | None) -> ModelView:
    agreed = Agreement(first=share(4, of), among_three=share(6, of), among_five=share(7, of), none=share(1, of))
    return ModelView(
        model="candidates-1+abc", digest="a" * 64, uses=12, uncoded=3, all=agreed, seen=agreed, drift=drift, reference=0 if drift is None else 200,
        last_at=datetime(2026, 11, 21, 6, 0, tzinfo=UTC),
    )


def test_nothing_yet_is_said() -> None:
    assert told(ModelsView(models=())) == ["还没有给任何会诊算过候选诊断。"]
    text = "\n".join(told(ModelsView(models=(view(0, None),))))
    assert "用了 12 次" in text
    assert "还没有写编码诊断的" in text
    assert "要最初 200 次" in text


def test_agreement_stands_with_its_interval_and_drift_with_its_index() -> None:
    drift = DriftView(day="2026-11-21", cases=80, state="moved", moved=(("in.age", 0.61),))
    text = "\n".join(told(ModelsView(models=(view(8, drift),))))
    assert "第 1 位 4/8(0.10–0.90)" in text
    assert "明显变了(最近 80 次):in.age 0.61" in text


@pytest.mark.storage
async def test_an_operator_asks_on_an_installation_of_his_own(operator: Operator) -> None:
    status, said = await operator.types("models status")
    assert status == 1
    assert "huizhen" in said
    for line in ("keys", "migrate"):
        status, said = await operator.types(line)
        assert status == 0, said
    status, said = await operator.types("models status")
    assert (status, said.strip().splitlines()[-1]) == (0, "还没有给任何会诊算过候选诊断。")
