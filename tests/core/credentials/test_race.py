"""Several processes begin a county at once: one pair of keys, one line of registries, no place given twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.credentials.models import CountyIssuer, IssuedCredential, RevocationRegistry
from tests.core.credentials.people import COUNTY
from tests.support.forked import Forked

PROCESSES, EACH = 2, 6
"""Credentials of each kind for each process."""

pytestmark = pytest.mark.storage


async def test_processes_that_begin_a_county_at_once_make_one_issuer(practice, quick_keys, database, tmp_path, clock):
    ids, now = [], clock.real_now()
    for number in range(2 * PROCESSES * EACH):
        one = practice.ids.new()
        ids.append(one)
        await IssuedCredential.create(
            id=one, organisation_id=one, patient_id=one, attribute="of_age" if number < PROCESSES * EACH else "insured", live_for=one,
            county=COUNTY, basis="id_card", asked_at=now, expires_at=now + timedelta(days=1),
        )
    given = (database.practice, database.keyring, str(tmp_path / "keyring.key"))
    running = [await Forked.begin("tests.core.credentials.maker", *given, *ids[number::PROCESSES]) for number in range(PROCESSES)]
    assert [await process.hear() for process in running] == ["ready"] * PROCESSES
    for process in running:
        process.tell("go")
    told = [await process.hear() for process in running]
    assert [await process.end() for process in running] == [0] * PROCESSES
    assert sorted(told) == ["found"] * (PROCESSES - 1) + ["made"]
    assert await CountyIssuer.all().count() == 1
    insured = await IssuedCredential.filter(attribute="insured")
    assert {row.place for row in insured} == set(range(PROCESSES * EACH))
    of_age = await IssuedCredential.filter(attribute="of_age")
    assert len({(row.registry, row.place) for row in of_age}) == PROCESSES * EACH
    numbers = sorted(row.number for row in await RevocationRegistry.all())
    assert numbers == list(range(1, PROCESSES * EACH // 3 + 1)), "each is filled before the next is made"
