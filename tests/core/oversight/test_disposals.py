"""What has been kept as long as the law asks goes: announced before, never while a case needs it, once, and for good in every copy."""

from __future__ import annotations

import asyncio
import shutil
import signal
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tortoise import Tortoise

from core.consultations.models import Consultation
from core.foundation.database.connection import APP
from core.foundation.encryption import erasure
from core.foundation.keys import SubjectErased
from core.foundation.lifecycle import Terms, traces, years_before
from core.foundation.models import AuditEntry, Blob, DueWork
from core.foundation.practice import Practice
from core.notifications.models import Notification
from core.oversight import disposals as disposing
from core.oversight.commands_disposals import Disposals, Dispose, HoldDisposal, ReleaseDisposal
from core.oversight.errors import DisposalOver, NotHeld
from core.oversight.models import Disposal
from core.people.commands_views import MyPatientList
from core.people.models import Patient
from core.practice_rooms import load_rooms
from tests.conftest import DatabaseUrls
from tests.core.dispatch.ward import Ward, open_ward
from tests.core.oversight.ended import (
    SYSTEM,
    killed,
    long_ago,
    reviewed,
    with_a_case,
    with_files,
    worked,
)

load_rooms()
pytestmark = pytest.mark.storage

NOT_OF_CARE = {
    "care_relation", "patient_claim", "listed_patient", "matching_conflict", "image_frame", "transfer", "membership", "claim",
    "issued_credential", "proof_offer", "audit_subject", "candidate_list", "case_values", "call_recording",
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


async def test_what_is_kept_can_be_let_go_and_is_announced_anew(ward: Ward) -> None:
    practice, patient, administrator = ward.practice, ward.county.old_man, ward.county.administrator
    await long_ago(ward, patient)
    (row,) = await reviewed(ward)
    release = ReleaseDisposal(disposal_id=row.id, reason="settled")
    with pytest.raises(NotHeld):
        await practice.execute(administrator, release)
    kept = await practice.execute(administrator, HoldDisposal(disposal_id=row.id, reason="dispute"))
    assert (kept.state, kept.reason_label, kept.held_at) == ("held", "有纠纷或投诉", ward.clock.now())
    assert kept.place
    ward.clock.advance(days=60)
    await worked(ward)
    before = await Notification.filter(kind="retention.record").count()
    outcomes = await asyncio.gather(*(practice.execute(administrator, release) for _ in range(10)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in outcomes) == ["DisposalView"] + ["NotHeld"] * 9
    assert await Notification.filter(kind="retention.record").count() == 2 * before
    (found,) = (await practice.ask(administrator, Disposals())).disposals
    assert (found.state, found.due_at, found.reason_label) == ("announced", ward.clock.now() + disposing.NOTICE, "")
    entry = await AuditEntry.filter(action="oversight.release_disposal", outcome="done").get()
    assert (entry.reason, entry.subject_id, entry.detail) == ("settled", patient, {"disposal": row.id})
    ward.clock.advance(days=29)
    await worked(ward)
    await practice.keys.sealer("patient", patient)
    ward.clock.advance(days=2)
    await worked(ward)
    assert (await Disposal.get(id=row.id)).state == "done"
    with pytest.raises(NotHeld):
        await practice.execute(administrator, release)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_who_is_killed_over_it_is_followed_by_another(
    ward: Ward, database: DatabaseUrls, tmp_path: Path, when: str
) -> None:
    practice, patient = ward.practice, ward.county.old_man
    await long_ago(ward, patient)
    files = await with_files(ward, patient, 2)
    (row,) = await reviewed(ward)
    ward.clock.advance(days=31)
    assert await killed(ward, database, tmp_path, row, when) == -signal.SIGKILL
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
