"""Many press 接诊 at once, from several processes on one database: exactly one has it, nobody meets a lock."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from core.consultations.models import Consultation
from core.dispatch.commands import DeferOffer
from core.dispatch.models import ExpertOffer
from core.foundation.practice import Practice
from tests.conftest import DatabaseUrls
from tests.core.dispatch.ward import CRITICAL, EMERGENT, Ward, open_ward
from tests.support.forked import Forked

PROCESSES = 4
FULL = os.environ.get("HUIZHEN_SOAK") == "1" or os.environ.get("HUIZHEN_TEST_SCALE") == "full"
PRESSES = 200 if FULL else 20

pytestmark = pytest.mark.storage


Press = Callable[[Path, list[tuple[str, str]]], Awaitable[list[str]]]


@pytest.fixture(scope="module")
async def press_all(database: DatabaseUrls) -> AsyncIterator[Press]:
    """Deals presses to four processes, starts them together, gathers what each was told. The processes serve every test here."""
    running = [await Forked.begin("tests.core.dispatch.presser", database.practice, database.keyring) for _ in range(PROCESSES)]

    async def press(key: Path, presses: list[tuple[str, str]]) -> list[str]:
        for number, process in enumerate(running):
            process.tell(json.dumps({"key": str(key), "presses": presses[number::PROCESSES]}))
        assert [await process.hear() for process in running] == ["ready"] * PROCESSES
        for process in running:
            process.tell("go")
        return [outcome for process in running for outcome in json.loads(await process.hear())]

    yield press
    assert [await process.end() for process in running] == [0] * PROCESSES


async def ask_many(ward: Ward, consultation_id: str) -> list[ExpertOffer]:
    """Everybody says 5 分钟后, so that each of them may still take it."""
    while running := await ward.offers(consultation_id):
        await ward.practice.execute(ward.who(running[0]), DeferOffer(offer_id=running[0].id))
    return await ward.offers(consultation_id, "deferred")


async def test_exactly_one_of_many_has_the_consultation(practice: Practice, press_all: Press, tmp_path: Path) -> None:
    ward = await open_ward(practice, hearts=18)
    asked = await ward.request(CRITICAL)
    offers = await ask_many(ward, asked.consultation_id)
    assert len(offers) == 20
    presses = [(offers[number % 20].account_id, offers[number % 20].id) for number in range(PRESSES)]

    outcomes = await press_all(tmp_path / "keyring.key", presses)

    told = Counter(one.split(":")[0] for one in outcomes)
    winners = {one for one in outcomes if one.startswith("accepted")}
    assert len(outcomes) == PRESSES
    assert len(winners) == 1
    assert set(told) == {"accepted", "offer.taken"}, told
    assert told["accepted"] == PRESSES // 20
    row = await Consultation.get(id=asked.consultation_id)
    winner = next(one for one in offers if one.account_id in next(iter(winners)))
    assert (row.state, row.expert_id) == ("ASSIGNED", winner.practitioner_id)
    assert Counter([one.state for one in await ExpertOffer.all()]) == {"accepted": 1, "withdrawn": 19}
    assert (await ward.timeline(row.id)).count("accept") == 1


async def test_an_expert_with_two_offers_gets_one_of_them(practice: Practice, press_all: Press, tmp_path: Path) -> None:
    ward = await open_ward(practice, hearts=2)
    asked = [await ward.request(EMERGENT), await ward.request(EMERGENT)]
    mine = [(await ask_many(ward, one.consultation_id)) for one in asked]
    presses = [(offer.account_id, offer.id) for offers in mine for offer in offers if offer.practitioner_id == ward.hearts[0].practitioner_id]
    assert len(presses) == 2

    outcomes = await press_all(tmp_path / "keyring.key", presses * 2)

    assert Counter(one.split(":")[0] for one in outcomes) == {"accepted": 2, "offer.expert_busy": 2}
    assert await Consultation.filter(busy_expert_id=ward.hearts[0].practitioner_id).count() == 1
