"""Many press 接诊 at once, from several processes on one database: exactly one has it, nobody meets a lock."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from core.consultations.models import Consultation
from core.dispatch.commands import DeferOffer
from core.dispatch.models import ExpertOffer
from core.foundation.practice import Practice
from tests.conftest import DatabaseUrls
from tests.core.dispatch.ward import CRITICAL, EMERGENT, Ward, open_ward

PROCESSES = 4
FULL = os.environ.get("HUIZHEN_SOAK") == "1" or os.environ.get("HUIZHEN_TEST_SCALE") == "full"
PRESSES = 200 if FULL else 20
ROOT = Path(__file__).resolve().parents[3]

pytestmark = pytest.mark.storage


async def press_all(urls: DatabaseUrls, key: Path, presses: list[tuple[str, str]]) -> list[str]:
    """Deal the presses to four processes, start them together, gather what each was told."""
    running = []
    for number in range(PROCESSES):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.core.dispatch.presser", cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        given = {"practice": urls.practice, "keyring": urls.keyring, "key": str(key), "presses": presses[number::PROCESSES]}
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(given).encode() + b"\n")
        running.append(process)
    for process in running:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
    outcomes: list[str] = []
    for process in running:
        out, _ = await process.communicate()
        assert process.returncode == 0
        outcomes += json.loads(out)
    return outcomes


async def ask_many(ward: Ward, consultation_id: str) -> list[ExpertOffer]:
    """Everybody says 5 分钟后, so that each of them may still take it."""
    while running := await ward.offers(consultation_id):
        await ward.practice.execute(ward.who(running[0]), DeferOffer(offer_id=running[0].id))
    return await ward.offers(consultation_id, "deferred")


async def test_exactly_one_of_many_has_the_consultation(practice: Practice, database: DatabaseUrls, tmp_path: Path) -> None:
    ward = await open_ward(practice, hearts=18)
    asked = await ward.request(CRITICAL)
    offers = await ask_many(ward, asked.consultation_id)
    assert len(offers) == 20
    presses = [(offers[number % 20].account_id, offers[number % 20].id) for number in range(PRESSES)]

    outcomes = await press_all(database, tmp_path / "keyring.key", presses)

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


async def test_an_expert_with_two_offers_gets_one_of_them(practice: Practice, database: DatabaseUrls, tmp_path: Path) -> None:
    ward = await open_ward(practice, hearts=2)
    asked = [await ward.request(EMERGENT), await ward.request(EMERGENT)]
    mine = [(await ask_many(ward, one.consultation_id)) for one in asked]
    presses = [(offer.account_id, offer.id) for offers in mine for offer in offers if offer.practitioner_id == ward.hearts[0].practitioner_id]
    assert len(presses) == 2

    outcomes = await press_all(database, tmp_path / "keyring.key", presses * 2)

    assert Counter(one.split(":")[0] for one in outcomes) == {"accepted": 2, "offer.expert_busy": 2}
    assert await Consultation.filter(busy_expert_id=ward.hearts[0].practitioner_id).count() == 1
