"""What was said in chat goes after three years, a month at a time, with the keys that it was under: in backups made before, too."""

from __future__ import annotations

import asyncio
import signal
from datetime import timedelta
from pathlib import Path

import pytest

from core.consultations.models import Consultation
from core.conversations import reading
from core.conversations.models import Message
from core.conversations.words import sealer_of, words_key
from core.foundation.encryption.reencryption import reencrypt
from core.foundation.ids import Ids
from core.foundation.keyring.models import KeyRenewal, KeyringEdition, WrappedKey
from core.foundation.keys import KeyRing, MasterKeys, SubjectErased
from core.foundation.models import AuditEntry
from core.foundation.practice import Practice
from core.notifications.models import Notification
from core.oversight import disposals as disposing
from core.oversight.commands_disposals import Disposals, Dispose, HoldDisposal
from core.oversight.models import Disposal
from core.practice_rooms import load_rooms
from miniprogram_api.backups.key_lines import erased_now, export_keys, import_keys
from tests.conftest import DatabaseUrls
from tests.core.dispatch.ward import Ward, open_ward
from tests.core.oversight.ended import (
    LONG_AGO,
    SAID,
    SYSTEM,
    keys_left,
    killed,
    month_of,
    reviewed,
    said,
    talked,
    told,
    with_a_case,
    worked,
)

load_rooms()
pytestmark = pytest.mark.storage


@pytest.fixture
async def ward(practice: Practice) -> Ward:
    return await open_ward(practice)


async def test_words_go_month_by_month_after_three_years_but_what_an_open_case_needs(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disposing, "WORDS", 3)
    speaker = ward.county.woman_account.account_id
    others = ward.practice.ids.new()
    now = ward.practice.clock.real_now()
    old = [await said(ward, others, days=3 * 366 + 45, before_keys=number < 2) for number in range(7)]
    needed = await said(ward, speaker, days=3 * 366 + 45)
    young = await said(ward, others, days=3 * 365 - 20)
    await with_a_case(ward, ward.county.woman, state="PENDING")
    (row,) = await reviewed(ward)
    assert (row.kind, row.subject_id) == ("process", f"{now - timedelta(days=3 * 366 + 45):%Y-%m}")
    assert await Notification.filter(kind="retention.process").exists()
    assert await Message.all().count() == len(old) + 2
    ward.clock.advance(days=31)
    for _ in range(4):
        await worked(ward)
        ward.clock.advance(seconds=30)
    assert {one.id for one in await Message.all()} == {needed, young}
    assert await keys_left(row) == {speaker}
    shown = await ward.practice.ask(ward.county.administrator, Disposals())
    assert [(one.state, one.total, one.gone, one.kept) for one in shown.disposals] == [("erasing", len(old) + 1, len(old), 1)]
    await Consultation.all().update(state="COMPLETED")
    ward.clock.advance(days=31)
    await worked(ward)
    assert young in {one.id for one in await Message.all()}
    assert needed not in {one.id for one in await Message.all()}
    assert (await Disposal.get(id=row.id)).state == "done"
    assert await keys_left(row) == set()


async def test_a_month_that_waits_for_a_case_does_not_hold_up_the_next(ward: Ward) -> None:
    speaker = ward.county.woman_account.account_id
    await with_a_case(ward, ward.county.woman, state="PENDING")
    needed, next_one = await said(ward, speaker, days=3 * 366 + 75), await said(ward, ward.practice.ids.new(), days=3 * 366 + 35)
    await reviewed(ward)
    ward.clock.advance(days=31)
    await worked(ward)
    assert [one.state for one in await reviewed(ward)] == ["erasing", "announced"]
    ward.clock.advance(days=31)
    await worked(ward)
    assert {one.id for one in await Message.all()} == {needed}
    assert next_one
    assert [one.state for one in await reviewed(ward)] == ["erasing", "done"]


async def test_a_month_that_the_house_keeps_is_passed_over(ward: Ward) -> None:
    speaker = ward.practice.ids.new()
    kept, next_one = await said(ward, speaker, days=3 * 366 + 75), await said(ward, speaker, days=3 * 366 + 35)
    (row,) = await reviewed(ward)
    await ward.practice.execute(ward.county.administrator, HoldDisposal(disposal_id=row.id, reason="dispute"))
    rows = await reviewed(ward)
    assert [one.state for one in rows] == ["held", "announced"]
    ward.clock.advance(days=31)
    await worked(ward)
    assert {one.id for one in await Message.all()} == {kept}
    assert next_one
    assert [one.state for one in await reviewed(ward)] == ["held", "done"]


async def test_words_that_are_disposed_of_open_in_no_backup_made_before(ward: Ward, database: DatabaseUrls, tmp_path: Path) -> None:
    """The replay of destroyed keys itself (a whole restore is tried in tests/miniprogram_api/backups), on what old backups hold."""
    practice, speaker = ward.practice, ward.county.woman_account.account_id
    await with_a_case(ward, ward.county.woman, state="PENDING")
    goes, stays = await said(ward, practice.ids.new(), days=LONG_AGO), await said(ward, speaker, days=LONG_AGO)
    kept_words = await told(ward, speaker, days=LONG_AGO)
    (row,) = await reviewed(ward)
    heard = await told(ward, practice.ids.new(), days=LONG_AGO)
    backed_up = [dict(one) for one in await Message.all().values()], [dict(one) for one in await Notification.filter(id=heard).values()]
    await export_keys(tmp_path / "keys.jsonl")
    ward.clock.advance(days=31)
    await worked(ward)
    assert await keys_left(row) == {speaker}
    assert (await Notification.get(id=heard)).words is None
    assert (await Notification.get(id=kept_words)).words is not None

    await Message.all().delete()
    await Message.bulk_create([Message(**one) for one in backed_up[0]])
    destroyed = await erased_now()
    for model in (WrappedKey, KeyringEdition, KeyRenewal):
        await model.all().delete()
    await import_keys((tmp_path / "keys.jsonl").read_bytes(), destroyed)
    restored = Practice(
        practice.clock, practice.ids, practice.rng, KeyRing(MasterKeys.load(tmp_path / "keyring.key"), practice.clock), practice.blobs,
        practice.signals, demo=True,
    )  # fmt: skip
    assert await reading.opened(restored, await Message.get(id=stays), "body") == SAID
    with pytest.raises(SubjectErased):
        await reading.opened(restored, await Message.get(id=goes), "body")
    (was_told,) = backed_up[1]
    with pytest.raises(SubjectErased):
        await sealer_of(restored.keys, was_told["words_key"], was_told["account_id"])


async def test_a_month_in_which_somebody_was_only_told_of_something_goes_too(ward: Ward) -> None:
    heard = await told(ward, ward.practice.ids.new(), days=LONG_AGO)
    (row,) = await reviewed(ward)
    ward.clock.advance(days=31)
    await worked(ward)
    assert (await Disposal.get(id=row.id)).state == "done"
    assert (await Notification.get(id=heard)).words is None
    assert await keys_left(row) == set()


async def test_a_talk_that_became_nobodys_record_goes_with_its_month(ward: Ward) -> None:
    practice, somebody, speaker = ward.practice, ward.practice.ids.new(), ward.county.woman_account.account_id
    await with_a_case(ward, ward.county.woman, state="PENDING")
    goes = await talked(ward, somebody, days=LONG_AGO)
    of_a_patient = await talked(ward, somebody, days=LONG_AGO, patient_id=ward.county.old_man)
    of_a_case, needed, later = [await talked(ward, who, days=days) for who, days in ((somebody, LONG_AGO), (speaker, LONG_AGO), (somebody, 40))]
    await Consultation.all().update(intake_id=of_a_case)
    await said(ward, somebody, days=LONG_AGO)
    await reviewed(ward)
    ward.clock.advance(days=31)
    await worked(ward)
    left = await WrappedKey.filter(id__startswith="intake:", erased_at__isnull=True).values_list("id", flat=True)
    assert {str(one).partition(":")[2] for one in left} == {of_a_patient, of_a_case, needed, later}
    with pytest.raises(SubjectErased):
        await practice.keys.sealer("intake", goes)


async def test_keys_of_a_month_go_when_its_words_are_gone_and_ten_at_once_destroy_them_once(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disposing, "WORDS", 3)
    monkeypatch.setattr(disposing, "KEYS", 2)
    row = await month_of(ward, *([LONG_AGO] * 5))
    editions = await KeyringEdition.all().values_list("edition", flat=True)
    found = await ward.practice.execute(SYSTEM, Dispose(disposal_id=row.id))
    assert (found.state, found.total, found.gone) == ("erasing", 5, 3)
    assert len(await keys_left(row)) == 5, "while words are there their keys are"
    done = await asyncio.gather(*(ward.practice.execute(SYSTEM, Dispose(disposal_id=row.id)) for _ in range(10)), return_exceptions=True)
    assert not [one for one in done if isinstance(one, BaseException) and type(one).__name__ != "Conflict"], done
    for _ in range(3):
        await worked(ward)
        ward.clock.advance(seconds=30)
    found = await Disposal.get(id=row.id)
    assert (found.state, found.gone, found.kept) == ("done", 5, 0)
    assert await keys_left(row) == set()
    assert not await Message.all().exists()
    destroyed = await WrappedKey.filter(erased_at__isnull=False).count()
    assert destroyed == 5
    (edition,) = await KeyringEdition.all().values_list("edition", flat=True)
    assert edition - sum(editions) == 3, "two and two and one"
    assert await AuditEntry.filter(action="oversight.dispose", subject_kind="house", subject_id=row.subject_id).exists()


@pytest.mark.parametrize("when", ["before", "after"])
async def test_who_is_killed_over_words_is_followed_by_another(ward: Ward, database: DatabaseUrls, tmp_path: Path, when: str) -> None:
    row = await month_of(ward, LONG_AGO, LONG_AGO)
    assert await killed(ward, database, tmp_path, row, when) == -signal.SIGKILL
    assert (await Disposal.get(id=row.id)).state == "announced"
    assert await Message.all().count() == 2, "the words' going was rolled back"
    await ward.practice.keys.look()
    assert len(await keys_left(row)) == (2 if when == "before" else 0)
    await worked(ward)
    assert (await Disposal.get(id=row.id)).state == "done"
    assert not await Message.all().exists()
    assert await keys_left(row) == set()


async def test_words_from_before_there_were_such_keys_get_one_when_keys_are_renewed(ward: Ward) -> None:
    practice, speaker = ward.practice, ward.practice.ids.new()
    old, new = await said(ward, speaker, days=40, before_keys=True), await said(ward, speaker, days=40)
    heard = Ids(practice.clock.real_now, practice.rng).new()
    sealer = await practice.keys.sealer("conversation", heard)
    await Notification.create(
        id=heard, conversation_id=heard, kind="consultation.progress", state="sent", created_at=ward.clock.now(),
        words=sealer.seal("notification", "words", heard, SAID),
    )  # fmt: skip
    assert await reading.opened(practice, await Message.get(id=old), "body") == SAID
    assert (await reencrypt(practice, settle=timedelta(0), overlap=timedelta(0))).unopened == 0
    one, other = await Message.get(id=old), await Message.get(id=new)
    assert one.words_key == other.words_key == words_key(speaker, one.received_at)
    assert [await reading.opened(practice, each, "body") for each in (one, other)] == [SAID, SAID]
    row = await Notification.get(id=heard)
    assert row.words_key == words_key(heard, practice.clock.real_now())
    assert (await practice.keys.sealer("words", row.words_key)).open("notification", "words", heard, bytes(row.words or b"")) == SAID


