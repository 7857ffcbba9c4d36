"""A pre-consultation has a key of its own, which is erased with the patient whom it is about, whoever told of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.foundation.actor import Actor, Role
from core.foundation.encryption.erasure import erase_subject
from core.foundation.encryption.reencryption import reencrypt
from core.foundation.keyring.models import WrappedKey
from core.foundation.keys import SubjectErased
from core.foundation.orders import Command, Done, Grant, handles
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.intake.commands import CurrentIntake, IntakeRecord, Say
from core.intake.errors import IntakeUnknown
from core.intake.models import Intake, IntakeEntry
from tests.core.intake.small_engine import SmallEngine
from tests.support.county import SmallCounty, seed_small

pytestmark = pytest.mark.storage
SAID = "我最近总是咳嗽"


class ErasePatient(Command):
    name = "test.erase_with_intakes"
    title = "销毁"
    access = (Grant(Role.SYSTEM),)
    patient_id: str


@handles(ErasePatient)
async def erase_patient(work: Work, order: ErasePatient) -> Done:
    await erase_subject(work, "patient", order.patient_id)
    return Done()


@pytest.fixture
async def county(practice: Practice) -> SmallCounty:
    practice.engines.clinical = SmallEngine()
    return await seed_small(practice)


async def before_keys(practice: Practice, intake_id: str) -> None:
    """As if it had been told when pre-consultations were still under the account that spoke."""
    row = await Intake.get(id=intake_id)
    own, account = await practice.keys.sealer("intake", row.id), await practice.keys.sealer("account", row.sealed_under)
    for column in ("facts", "question", "assessment", "place", "alert"):
        held = getattr(row, column)
        if held is not None:
            setattr(row, column, account.seal("intake", column, row.id, own.open("intake", column, row.id, bytes(held))))
    row.own_key = None
    await row.save()
    for entry in await IntakeEntry.filter(intake_id=row.id):
        entry.text = account.seal("intake_entry", "text", entry.id, own.open("intake_entry", "text", entry.id, bytes(entry.text)))
        entry.own_key = None
        await entry.save()
    await WrappedKey.filter(id=f"intake:{row.id}").delete()
    await practice.keys.look()
    practice.keys._cache.clear()


async def test_it_is_erased_with_the_patient_and_the_speakers_other_words_stay(practice: Practice, county: SmallCounty, system: Actor) -> None:
    speaker = county.woman_account
    hers = await practice.execute(speaker, Say(text=SAID))
    assert hers.patient_id == county.woman
    childs = await practice.execute(speaker, Say(text="娃儿发烧 39.5度"))
    assert childs.intake_id != hers.intake_id
    rows = await Intake.all().order_by("id")
    assert [row.own_key for row in rows] == [row.id for row in rows]
    await practice.execute(system, ErasePatient(patient_id=county.woman))
    for kind, subject_id, gone in (("patient", county.woman, True), ("intake", hers.intake_id, True), ("intake", childs.intake_id, False)):
        row = await WrappedKey.get(id=f"{kind}:{subject_id}")
        assert (row.erased_at is not None) is gone, kind
    with pytest.raises(SubjectErased):
        await practice.ask(speaker, IntakeRecord(intake_id=hers.intake_id))
    assert (await practice.ask(speaker, IntakeRecord(intake_id=childs.intake_id))).lines
    # The newest that could be shown is hers.
    await Intake.filter(id=childs.intake_id).update(live_for=None, state="closed", level=None)
    await Intake.filter(id=hers.intake_id).update(level="routine")
    with pytest.raises(IntakeUnknown):
        await practice.ask(speaker, CurrentIntake())


async def test_an_older_one_goes_on_and_gets_its_key_when_keys_are_renewed(practice: Practice, county: SmallCounty) -> None:
    speaker = county.woman_account
    first = await practice.execute(speaker, Say(text=SAID))
    await before_keys(practice, first.intake_id)
    again = await practice.execute(speaker, Say(intake_id=first.intake_id, text="还发烧"))
    assert again.intake_id == first.intake_id
    assert (await Intake.get(id=first.intake_id)).own_key is None
    assert {entry.own_key for entry in await IntakeEntry.filter(intake_id=first.intake_id)} == {None, first.intake_id}
    told = await practice.ask(speaker, IntakeRecord(intake_id=first.intake_id))
    assert SAID in [line.text for line in told.lines]
    assert (await reencrypt(practice, settle=timedelta(0), overlap=timedelta(0))).unopened == 0
    assert (await Intake.get(id=first.intake_id)).own_key == first.intake_id
    assert {entry.own_key for entry in await IntakeEntry.filter(intake_id=first.intake_id)} == {first.intake_id}
    assert await practice.ask(speaker, IntakeRecord(intake_id=first.intake_id)) == told
