"""Safety facts: nobody wipes out unseen what another recorded."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.foundation.practice import Practice
from core.prescriptions.commands import FactsView, ReadFacts, RecordFacts
from core.prescriptions.errors import FactsChanged
from tests.core.dispatch.ward import open_ward
from tests.core.prescriptions.pharmacy import Pharmacy, open_pharmacy

pytestmark = pytest.mark.storage


@pytest.fixture
async def pharmacy(practice: Practice) -> Pharmacy:
    return await open_pharmacy(await open_ward(practice, hearts=3))


async def read(pharmacy: Pharmacy, consultation_id: str | None = None) -> FactsView:
    view: FactsView = await pharmacy.ask(pharmacy.doctor, ReadFacts(consultation_id=consultation_id or pharmacy.consultation_id))
    return view


def order(pharmacy: Pharmacy, version: int = 0, **facts: Any) -> RecordFacts:
    known: dict[str, Any] = {"consultation_id": pharmacy.consultation_id, "allergies_asked": True}
    return RecordFacts.model_validate(known | facts | {"version": version})


async def test_the_expert_cannot_wipe_out_an_allergy_that_he_has_not_read(pharmacy: Pharmacy) -> None:
    unread = await read(pharmacy)
    assert (unread.version, unread.recorded_at) == (0, None)
    await pharmacy.give(pharmacy.doctor, order(pharmacy, allergies=("penicillin",)))
    for version in (0, 2, 99):
        with pytest.raises(FactsChanged) as refused:
            await pharmacy.give(pharmacy.expert, order(pharmacy, version))
        assert "最新" in refused.value.message
    known = await read(pharmacy)
    assert known.recorded.allergies == ("penicillin",)
    changed = await pharmacy.give(pharmacy.expert, order(pharmacy, known.version, allergies=("penicillin",), conditions=("asthma",)))
    assert (changed.recorded.allergies, changed.recorded.conditions) == (("penicillin",), ("asthma",))
    assert changed.version > known.version


async def test_recorded_twice_at_once_one_holds(pharmacy: Pharmacy) -> None:
    for version in (0, 1):
        orders = [order(pharmacy, version, allergy_words=words) for words in ("花生", "牛奶", "鸡蛋")]
        outcomes = await asyncio.gather(*(pharmacy.give(pharmacy.doctor, one) for one in orders), return_exceptions=True)
        assert sum(isinstance(one, FactsView) for one in outcomes) == 1, outcomes
        assert all(isinstance(one, FactsView | FactsChanged) for one in outcomes), outcomes
