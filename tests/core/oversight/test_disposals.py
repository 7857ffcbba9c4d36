"""What has been kept as long as the law asks goes: announced before, never while a case needs it, once, and for good in every copy."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tortoise import Tortoise

from core.consultations.models import Consultation
from core.conversations.models import Message
from core.foundation.actor import Actor
from core.foundation.database.connection import APP
from core.foundation.due import tick
from core.foundation.encryption import erasure
from core.foundation.events import IMAGE_LANE
from core.foundation.ids import Ids
from core.foundation.keys import SubjectErased
from core.foundation.lifecycle import Terms, traces, years_before
from core.foundation.models import AuditEntry, Blob, DueWork
from core.foundation.outbox import OutboxWorker
from core.foundation.practice import Practice
from core.notifications.models import Notification
from core.oversight import disposals as disposing
from core.oversight.commands_disposals import Disposals, Dispose, HoldDisposal, ReviewRetention
from core.oversight.errors import DisposalOver
from core.oversight.models import Disposal
from core.people.commands import MyPatientList
from core.people.models import Patient
from core.practice_rooms import load_rooms
from tests.conftest import START, DatabaseUrls
from tests.core.dispatch.ward import Ward, open_ward

load_rooms()
pytestmark = pytest.mark.storage
SYSTEM = Actor.system("ticker")
NOT_OF_CARE = {
    "care_relation", "patient_claim", "listed_patient", "matching_conflict", "image_frame", "transfer", "membership", "claim",
    "issued_credential", "proof_offer",
}  # fmt: skip
"""Tables with a patient that are no act of care of their own: who speaks for him, who knows him, copies, what a case that counts has brought."""


@pytest.fixture
async def ward(practice: Practice) -> Ward:
    return await open_ward(practice)


async def test_every_table_of_care_keeps_its_patients_record(practice: Practice) -> None:
    models = (Tortoise.apps or {})[APP].values()
    with_patient = {model._meta.db_table for model in models if "patient_id" in model._meta.fields_map}
    declared = {trace.model._meta.db_table for trace in traces().values()}
    assert with_patient - declared - NOT_OF_CARE == set()
    for name, trace in traces().items():
        assert "patient_id" in trace.model._meta.fields_map, name
        assert all(column in trace.model._meta.fields_map for column in (*trace.at, *(key.partition("__")[0] for key in trace.open))), name


def test_nothing_is_kept_shorter_than_the_law_says() -> None:
    for shorter in ({"record": 14}, {"process": 2}):
        with pytest.raises(ValueError, match="shorter"):
            Terms(**shorter)
    leap = datetime(2024, 2, 29)  # noqa: DTZ001 - a calendar's question
    assert years_before(leap, 15).isoformat() == "2009-02-28T00:00:00"


async def long_ago(ward: Ward, patient_id: str, *, years: float = 16) -> None:
    """As if everything of the patient had been so long ago."""
    then = ward.clock.now() - timedelta(days=366 * years)
    await Patient.filter(id=patient_id).update(created_at=then)
    for trace in traces().values():
        rows = trace.model.filter(patient_id=patient_id)
        await rows.update(**dict.fromkeys(trace.at, then))


async def with_files(ward: Ward, patient_id: str, count: int) -> list[str]:
    found = []
    for number in range(count):
        stored = await ward.practice.blobs.put(ward.practice.ids.new(), "patient", patient_id, b"file %d" % number)
        await Blob.create(
            id=stored.id, subject_kind="patient", subject_id=patient_id, media_type="image/png", size=stored.size, sha256=stored.sha256,
            created_at=ward.clock.now(),
        )  # fmt: skip
        found.append(stored.id)
    return found


async def reviewed(ward: Ward) -> list[Disposal]:
    await ward.practice.execute(SYSTEM, ReviewRetention())
    return await Disposal.all().order_by("id")


async def worked(ward: Ward) -> None:
    while (await tick(ward.practice)).more:
        pass
    while await OutboxWorker(ward.practice, IMAGE_LANE, "test").work_once():
        pass


async def test_a_record_is_announced_and_a_month_later_erased_with_files_and_copies(
    ward: Ward, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disposing, "FILES", 2)
    practice, patient = ward.practice, ward.county.old_man
    await long_ago(ward, patient)
    files = await with_files(ward, patient, 5)
    copy = shutil.copytree(tmp_path / "blobs", tmp_path / "copy")
    (row,) = await reviewed(ward)
    assert (row.kind, row.subject_id, row.state) == ("record", patient, "announced")
    told = await Notification.filter(kind="retention.record")
    assert {one.ids["disposal_id"] for one in told} == {row.id}
    assert await reviewed(ward) == [row], "announced once"
    ward.clock.advance(days=29)
    await worked(ward)
    assert (await practice.blobs.get(files[0], "patient", patient)) == b"file 0"
    ward.clock.advance(days=2)
    for _ in range(4):
        await worked(ward)
        ward.clock.advance(seconds=30)
    (row,) = await Disposal.all()
    assert row.state == "done"
    assert not await Blob.filter(subject_id=patient).exists()
    assert not [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
    # The copy is there, and opens nowhere any more.
    for name in files:
        path = tmp_path / "blobs" / name[-2:] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(copy) / name[-2:] / name, path)
        with pytest.raises(SubjectErased):
            await practice.blobs.get(name, "patient", patient)
    listed = await practice.ask(ward.county.village_doctor, MyPatientList())
    assert patient not in {one.patient_id for one in listed.patients}
    assert await AuditEntry.filter(action="oversight.dispose", subject_id=patient, outcome="done").exists()
    held = await Patient.get(id=patient)
    assert held.full_name_blind is None
    assert held.phone_blind is None


async def test_a_new_act_an_open_case_or_a_person_keeps_it(ward: Ward) -> None:
    practice, patient = ward.practice, ward.county.old_man
    await long_ago(ward, patient)
    (row,) = await reviewed(ward)
    # Between the announcement and the day somebody treats him.
    await with_a_case(ward, patient, state="DRAFT")
    ward.clock.advance(days=31)
    await worked(ward)
    assert (await Disposal.get(id=row.id)).state == "alive"
    await practice.keys.sealer("patient", patient)
    # The case is over, and long ago: it begins anew, and the house keeps it.
    await Consultation.filter(patient_id=patient).update(state="COMPLETED")
    await long_ago(ward, patient, years=17)
    assert [one.state for one in await reviewed(ward)] == ["announced"]
    kept = await practice.execute(ward.county.administrator, HoldDisposal(disposal_id=row.id, reason="dispute"))
    assert kept.state == "held"
    ward.clock.advance(days=60)
    await worked(ward)
    assert [one.state for one in await reviewed(ward)] == ["held"]
    assert (await practice.execute(SYSTEM, Dispose(disposal_id=row.id))).state == "held"
    await practice.keys.sealer("patient", patient)
    shown = await practice.ask(ward.county.administrator, Disposals())
    assert [one.state_label for one in shown.disposals] == ["继续保留"]


async def with_a_case(ward: Ward, patient_id: str, *, state: str) -> None:
    model: Any = Consultation
    sealer = await ward.practice.keys.sealer("patient", patient_id)
    row_id = ward.practice.ids.new()
    await model.create(**example_case(ward, row_id, patient_id, state, sealer))


def example_case(ward: Ward, row_id: str, patient_id: str, state: str, sealer: Any) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, field in Consultation._meta.fields_map.items():
        if field.null or field.default is not None or name in ("id", "version") or not field.required:
            continue
        kind = type(field).__name__
        values[name] = {
            "UtcDatetimeField": ward.clock.now() - timedelta(days=366 * 16), "IntField": 1, "BooleanField": False, "JSONField": [],
            "SealedColumn": sealer.seal("consultation", name, row_id, "{}"),
        }.get(kind, "x")
    return values | {
        "id": row_id, "patient_id": patient_id, "state": state, "organisation_id": ward.county.old_man, "code": "C-OLD1", "region_code": "522727",
        "village_doctor_id": ward.county.old_man, "urgency": "routine",
    }  # fmt: skip


async def test_ten_who_dispose_at_once_and_one_who_dies_over_it_erase_once(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    practice, patient = ward.practice, ward.county.old_man
    await long_ago(ward, patient)
    (row,) = await reviewed(ward)

    class Killed(BaseException):
        pass

    async def destroyed_and_killed(work: Any, kind: str, subject_id: str) -> bool:
        await erasure.destroy_keys(work.practice, kind, subject_id)
        raise Killed

    ward.clock.advance(days=31)
    with monkeypatch.context() as patch:
        patch.setattr(disposing, "erase_subject", destroyed_and_killed)
        with pytest.raises(Killed):
            await practice.execute(SYSTEM, Dispose(disposal_id=row.id))
    assert (await Disposal.get(id=row.id)).state == "announced"
    done = await asyncio.gather(*(practice.execute(SYSTEM, Dispose(disposal_id=row.id)) for _ in range(10)), return_exceptions=True)
    assert (await Disposal.get(id=row.id)).state == "done"
    assert not [one for one in done if isinstance(one, BaseException) and type(one).__name__ != "Conflict"], done
    assert await DueWork.filter(kind=disposing.DISPOSE, state="pending").count() <= 1
    with pytest.raises(DisposalOver):
        await practice.execute(ward.county.administrator, HoldDisposal(disposal_id=row.id, reason="dispute"))


async def said(ward: Ward, account_id: str, *, days: float) -> str:
    at = ward.practice.clock.real_now() - timedelta(days=days)
    message_id = Ids(lambda: at, ward.practice.rng).new()
    sealer = await ward.practice.keys.sealer("account", account_id)
    await Message.create(
        id=message_id, conversation_id=message_id, account_id=account_id, dedupe_key=message_id, kind="text",
        body=sealer.seal("message", "body", message_id, "{}"), state="delivered", received_at=at,
    )  # fmt: skip
    return message_id


async def test_words_go_month_by_month_after_three_years_but_what_an_open_case_needs(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disposing, "WORDS", 3)
    speaker = ward.county.woman_account.account_id
    others = ward.practice.ids.new()
    now = ward.practice.clock.real_now()
    old = [await said(ward, others, days=3 * 366 + 45) for _ in range(7)]
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
    await Consultation.all().update(state="COMPLETED")
    ward.clock.advance(days=31)
    await worked(ward)
    assert young in {one.id for one in await Message.all()}
    assert needed not in {one.id for one in await Message.all()}
    assert (await Disposal.get(id=row.id)).state == "done"


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


@pytest.mark.parametrize("when", ["before", "after"])
async def test_who_is_killed_over_it_is_followed_by_another(
    ward: Ward, database: DatabaseUrls, tmp_path: Path, when: str
) -> None:
    practice, patient = ward.practice, ward.county.old_man
    await long_ago(ward, patient)
    files = await with_files(ward, patient, 2)
    (row,) = await reviewed(ward)
    ward.clock.advance(days=31)
    seconds = (ward.clock.now() - START).total_seconds()
    killed = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.core.oversight.disposing_process", database.practice, database.keyring, str(tmp_path), str(seconds), row.id, when
    )
    assert await killed.wait() == -signal.SIGKILL
    assert (await Disposal.get(id=row.id)).state == "announced"
    assert await Blob.filter(subject_id=patient).count() == 2
    await practice.keys.look()
    if when == "before":
        assert await practice.blobs.get(files[0], "patient", patient) == b"file 0"
    await worked(ward)
    assert (await Disposal.get(id=row.id)).state == "done"
    assert not [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
    with pytest.raises(SubjectErased):
        await practice.keys.sealer("patient", patient)
