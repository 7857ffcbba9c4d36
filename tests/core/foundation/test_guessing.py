"""Who guesses at what opens something is stopped, over all processes and all faces; who is right, and everybody else, is not."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from core.foundation import guessing, rates
from core.foundation.guessing import GUESSES, Guess, GuessedTooOften
from core.foundation.models import AuditEntry
from core.foundation.orders import Command, all_orders
from core.foundation.practice import Practice
from core.foundation.rates import RateStore
from core.people.commands import RegisterPatient
from core.people.commands_second_factor import UnlockSigning
from core.people.errors import IdNumberInvalid
from core.practice_rooms import load_rooms
from core.prescriptions.commands import Dispense, Release
from core.prescriptions.errors import DispenseCodeWrong
from tests.core.dispatch.ward import open_ward
from tests.core.prescriptions.pharmacy import item, open_pharmacy
from tests.miniprogram_api.http.test_limits import redis_server
from tests.support.county import id_number, seed_small

load_rooms()
WRONG = RegisterPatient(full_name="王小梅", id_number="522727199005170441", relation="mother")


def test_the_table_names_orders_that_exist() -> None:
    named = [order for guess in GUESSES for order in guess.orders]
    assert len(named) == len(set(named))
    assert {order for order in named if not issubclass(all_orders()[order], Command)} == set()
    assert len({guess.name for guess in GUESSES}) == len(GUESSES)
    assert all(guess.amount > 5 for guess in GUESSES), "a slip of the finger locks nobody out"


@pytest.mark.storage
async def test_two_workers_count_together_and_another_person_goes_on(
    practice: Practice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "ANSWER_S", 10.0)  # a busy machine is not an absent Redis
    monkeypatch.setattr(guessing, "GUESSES", (Guess("registrations", 4, 600, (RegisterPatient.name,)),))
    county = await seed_small(practice)
    async with redis_server(tmp_path) as address:
        workers = [replace(practice, rates=RateStore(address)) for _ in range(2)]
        for number in range(4):
            with pytest.raises(IdNumberInvalid):
                await workers[number % 2].execute(county.woman_account, WRONG)
        for worker in workers:
            with pytest.raises(GuessedTooOften) as locked:
                await worker.execute(county.woman_account, WRONG)
            assert 1 <= locked.value.retry_after_s <= 600
            assert "后再试" in locked.value.message
        with pytest.raises(IdNumberInvalid):
            await workers[0].execute(county.stranger, WRONG)
        for worker in workers:
            await worker.rates.close()
    refused = await AuditEntry.filter(account_id=county.woman_account.account_id, action=RegisterPatient.name).order_by("id")
    assert [one.outcome for one in refused][-2:] == ["guess.too_often"] * 2


@pytest.mark.storage
async def test_guesses_sent_at_once_do_not_all_find_something_left(
    practice: Practice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "ANSWER_S", 10.0)
    monkeypatch.setattr(guessing, "GUESSES", (Guess("registrations", 4, 600, (RegisterPatient.name,)),))
    county = await seed_small(practice)
    async with redis_server(tmp_path) as address:
        workers = [replace(practice, rates=RateStore(address)) for _ in range(2)]
        for account, asked in ((county.woman_account, workers), (county.stranger, [practice])):
            tries = (asked[number % len(asked)].execute(account, WRONG) for number in range(12))
            ends = [type(one) for one in await asyncio.gather(*tries, return_exceptions=True)]
            assert (ends.count(IdNumberInvalid), ends.count(GuessedTooOften)) == (4, 8)
        for worker in workers:
            await worker.rates.close()


@pytest.mark.storage
async def test_who_is_right_uses_nothing_up_also_when_he_asks_again(practice: Practice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "ANSWER_S", 10.0)
    guess = Guess("registrations", 1, 600, (RegisterPatient.name,))
    monkeypatch.setattr(guessing, "GUESSES", (guess,))
    county = await seed_small(practice)
    async with redis_server(tmp_path) as address:
        for serial, (store, account) in enumerate(((RateStore(address), county.woman_account), (RateStore(), county.stranger))):
            worker = replace(practice, rates=store)
            right = RegisterPatient(full_name="王小梅", id_number=id_number(date(1990, 5, 17), 44 + 2 * serial), relation="mother")
            for _ in range(3):
                await worker.execute(account, right, idempotency_key="once")
            with pytest.raises(IdNumberInvalid):
                await worker.execute(account, WRONG)
            with pytest.raises(GuessedTooOften):
                await worker.execute(account, right)
            await store.close()


@pytest.mark.storage
async def test_who_hangs_up_gets_back_what_was_right(practice: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    guess = Guess("registrations", 2, 600, (RegisterPatient.name,))
    monkeypatch.setattr(guessing, "GUESSES", (guess,))
    account = (await seed_small(practice)).woman_account
    begun, go_on, ended, carry_out = asyncio.Event(), asyncio.Event(), asyncio.Event(), Practice._carry_out

    async def slow(self: Practice, *given: Any) -> Any:
        begun.set()
        await go_on.wait()
        return await carry_out(self, *given)

    async def settled(*given: Any) -> None:
        await guessing.settle_guess(*given)
        ended.set()

    monkeypatch.setattr(Practice, "_carry_out", slow)
    monkeypatch.setattr("core.foundation.practice.settle_guess", settled)
    right = RegisterPatient(full_name="王小梅", id_number=id_number(date(1990, 5, 17), 44), relation="mother")
    asked = asyncio.create_task(practice.execute(account, right))
    await begun.wait()
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    go_on.set()
    await ended.wait()
    assert [(await practice.rates.take(guess.item, account.account_id)).allowed for _ in range(3)] == [True, True, False]


async def test_what_was_never_taken_is_not_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "ANSWER_S", 10.0)
    item = Guess("registrations", 2, 600, ()).item
    async with redis_server(tmp_path) as address:
        for store in (RateStore(address), RateStore()):
            for _ in range(5):
                await store.give_back(item, "somebody")
            assert [(await store.take(item, "somebody")).allowed for _ in range(3)] == [True, True, False]
            await store.give_back(item, "somebody")
            assert [(await store.take(item, "somebody")).allowed for _ in range(2)] == [True, False]
            await store.close()


@pytest.mark.storage
async def test_who_is_locked_out_is_not_let_in_by_the_right_code_and_not_longer_by_asking(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guessing, "GUESSES", (Guess("dispensing_codes", 3, 600, (Dispense.name,)),))
    pharmacy = await open_pharmacy(await open_ward(practice, hearts=3))
    await pharmacy.facts()
    view = await pharmacy.sign(await pharmacy.propose(item("amlodipine", "5")))
    await pharmacy.give(pharmacy.pharmacist, Release(prescription_id=view.prescription_id, revision=view.revision, confirm=True))
    right = Dispense(prescription_id=view.prescription_id, dispense_code=await pharmacy.code_of(view))
    for wrong in ("0000-0000", "1111-1111", "2222-2222"):
        with pytest.raises(DispenseCodeWrong):
            await pharmacy.give(pharmacy.pharmacist, right.model_copy(update={"dispense_code": wrong}))
    waits = []
    for _ in range(3):
        with pytest.raises(GuessedTooOften) as locked:
            await pharmacy.give(pharmacy.pharmacist, right)
        waits.append(locked.value.retry_after_s)
    assert waits == sorted(waits, reverse=True)
    # The limit is this account's alone, and this kind of guess alone.
    assert (await practice.rates.look(guessing.GUESSES[0].item, "somebody else")).allowed
    monkeypatch.setattr(guessing, "GUESSES", (Guess("one_time_codes", 3, 600, (UnlockSigning.name,)),))
    assert (await pharmacy.give(pharmacy.pharmacist, right)).state == "DISPENSED"
