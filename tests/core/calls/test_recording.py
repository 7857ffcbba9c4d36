"""Recording a call: nothing without everybody's yes, ended at once by anybody, kept under its own key, played back by an audited order."""

from __future__ import annotations

import asyncio
import io
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.calls.commands import CheckCall, LeaveCall
from core.calls.commands_talk import ShowInCall
from core.calls.errors import NoCallAnyMore
from core.calls.models import Call, CallAttendance
from core.calls.recording_commands import (
    AnswerRecording,
    AskToRecord,
    FailRecording,
    GoOnPlaying,
    PlayRecording,
    RecordingList,
    Recordings,
    RecordingState,
    StandOfRecording,
    StoreRecording,
)
from core.calls.recording_errors import LookOver, NotInTheCall, PatientHasNotAgreed, RecordingNotYours, RecordingOver, RecordingUnknown, StillWritten
from core.calls.recording_models import CallRecording, CallRecordingAnswer, CallRecordingFile
from core.calls.recording_rules import KIND, Answered, Person, after_answer, after_entry, chapter_time, may_start
from core.calls.recording_store import LOOK, look_at
from core.consultations.models import Consultation
from core.foundation.actor import Actor
from core.foundation.blobs import FileGone
from core.foundation.encryption.erasure import erase_all
from core.foundation.errors import NotAllowed
from core.foundation.events import IMAGE_LANE
from core.foundation.keys import SubjectErased
from core.foundation.models import AuditEntry, Blob, OutboxEvent
from core.foundation.outbox import OutboxWorker
from core.foundation.work import Work
from core.oversight.models import Disposal
from core.people.commands_consents import GiveConsent, WithdrawConsent
from core.people.consent_texts import current_text
from core.people.models import Consent
from media.calls.recording import DumpRecorder
from media.calls.recordings import Recordings as Dumps
from media.calls.rtp import write_packet
from media.imaging import build
from tests.core.calls.conftest import Room
from tests.core.imaging.test_uploads import send
from tests.core.oversight.ended import reviewed, worked
from tests.media.test_check import small_ct

pytestmark = pytest.mark.storage
SEATS = ("patient", "village_doctor", "expert")
SYSTEM = Actor.system("worker")


class Desk:
    """A call with everybody in it."""

    def __init__(self, room: Room) -> None:
        self.room, self.practice = room, room.practice
        self.at: dict[str, str] = {}

    async def enter(self, *seats: str) -> Desk:
        for seat in seats:
            self.at[seat] = (await self.room.enter(seat)).attendance_id
        return self

    async def ask(self, seat: str = "expert") -> RecordingState:
        result: RecordingState = await self.practice.execute(self.room.people[seat], AskToRecord(attendance_id=self.at[seat]))
        return result

    async def answer(self, seat: str, recording_id: str | None, *, agree: bool = True) -> RecordingState:
        order = AnswerRecording(attendance_id=self.at[seat], recording_id=recording_id or "", agree=agree)
        result: RecordingState = await self.practice.execute(self.room.people[seat], order)
        return result

    async def stands(self, seat: str = "expert") -> RecordingState:
        result: RecordingState = await self.practice.ask(self.room.people[seat], StandOfRecording(attendance_id=self.at[seat]))
        return result

    async def running(self) -> str:
        """Everybody has said yes."""
        recording_id = (await self.ask()).recording_id
        for seat in self.at:
            if seat != "expert":
                await self.answer(seat, recording_id)
        assert (await self.stands()).state == "running"
        return str(recording_id)

    async def everybody_leaves(self) -> None:
        """And the call ends by itself."""
        call_id = (await self.stands()).call_id
        for seat, attendance_id in self.at.items():
            await self.practice.execute(self.room.people[seat], LeaveCall(attendance_id=attendance_id))
        self.room.ward.clock.advance(seconds=61)
        await self.practice.execute(SYSTEM, CheckCall(call_id=call_id))

    async def timeline(self) -> list[str]:
        return [kind for kind in await self.room.timeline() if "recording" in kind or "moment" in kind]


@pytest.fixture
async def desk(room: Room) -> Desk:
    return await Desk(room).enter(*SEATS)


def test_the_rules_start_nothing_without_everybody_and_end_it_with_anybody():
    doctor, expert, other = Person("a", "village_doctor"), Person("b", "expert"), Person("c", "expert")
    yes = [Answered(doctor, True), Answered(expert, True)]
    assert may_start([doctor, expert], yes, patient_consents=True)
    assert not may_start([doctor, expert], yes, patient_consents=False)
    assert not may_start([], yes, patient_consents=True)
    assert not may_start([doctor, other], yes, patient_consents=True)
    assert after_answer("asked", [doctor, expert], yes, patient_consents=True) == ("running", None)
    assert after_answer("asked", [doctor, expert], yes[:1], patient_consents=True) == ("asked", None)
    assert after_answer("asked", [doctor, expert], [*yes[:1], Answered(expert, False)], patient_consents=True) == ("stopped", "refused")
    assert after_answer("running", [doctor, expert], [*yes[:1], Answered(expert, False)], patient_consents=True) == ("stopped", "taken_back")
    assert after_entry("running", expert, yes) == ("running", None)
    assert after_entry("running", other, yes) == ("stopped", "newcomer")
    assert after_entry("asked", other, yes) == ("asked", None)


async def test_no_recording_is_the_default(desk: Desk):
    stands = await desk.stands("patient")
    assert (stands.state, stands.recording_id, stands.public_key, stands.may_ask) == ("off", None, "", False)
    assert await CallRecording.all().count() == 0
    assert not (await Call.get(id=stands.call_id)).recorded


async def test_it_begins_with_the_last_yes_and_not_before(desk: Desk):
    asked = await desk.ask()
    assert (asked.state, asked.mine, asked.waiting, asked.asked_by) == ("asked", "yes", ("患者", "村医"), "专家")
    assert "录什么" in asked.text
    waiting = await desk.answer("village_doctor", asked.recording_id)
    assert (waiting.state, waiting.public_key, waiting.members) == ("asked", "", ())
    running = await desk.answer("patient", asked.recording_id)
    assert running.state == "running"
    assert sorted(running.members) == sorted(desk.at.values())
    assert len(bytes.fromhex(running.public_key)) == 32
    assert (await Call.get(id=running.call_id)).recorded
    assert await desk.timeline() == ["call.recording.asked", "call.recording.started"]
    assert (await CallRecordingAnswer.filter(agreed=True).count()) == 3
    consent = await Consent.get(purpose="recording")
    assert (consent.given_as, consent.text_sha256) == ("self", current_text("recording").sha256)
    row = await CallRecording.get(id=running.recording_id)
    assert row.text_sha256 == consent.text_sha256
    assert running.public_key not in repr(bytes(row.private_key or b""))


async def test_a_no_ends_it_and_says_nobodys_name(desk: Desk):
    asked = await desk.ask("village_doctor")
    refused = await desk.answer("patient", asked.recording_id, agree=False)
    assert (refused.state, refused.reason) == ("stopped", "有人不同意,没有录像")
    assert await desk.timeline() == ["call.recording.asked", "call.recording.stopped.refused"]
    with pytest.raises(RecordingOver):
        await desk.answer("expert", asked.recording_id)
    assert (await desk.ask()).state == "asked"


@pytest.mark.parametrize("seat", SEATS)
async def test_anybody_stops_it_at_any_time(desk: Desk, seat: str):
    recording_id = await desk.running()
    stopped = await desk.answer(seat, recording_id, agree=False)
    assert (stopped.state, stopped.public_key, stopped.members) == ("stopped", "", ())
    row = await CallRecording.get(id=recording_id)
    assert (row.state, row.reason, row.stopped_by) == ("stopped", "taken_back", desk.room.people[seat].account_id)
    answer = await CallRecordingAnswer.get(recording_id=recording_id, seat=seat)
    assert answer.agreed
    assert answer.withdrawn_really_at is not None
    assert await OutboxEvent.filter(topic="recording.stopped", key=recording_id).count() == 1


async def test_who_does_not_treat_asks_for_none_and_who_has_left_says_nothing(desk: Desk):
    with pytest.raises(RecordingNotYours):
        await desk.ask("patient")
    with pytest.raises(NotAllowed):
        await desk.practice.execute(desk.room.people["patient"], AskToRecord(attendance_id=desk.at["expert"]))
    await desk.practice.execute(desk.room.people["expert"], LeaveCall(attendance_id=desk.at["expert"]))
    with pytest.raises(NotInTheCall):
        await desk.ask()
    await desk.everybody_leaves()
    with pytest.raises(NoCallAnyMore):
        await desk.ask("village_doctor")


async def test_the_patient_who_is_not_in_the_call_must_have_agreed_before(room: Room):
    desk = await Desk(room).enter("village_doctor", "expert")
    with pytest.raises(PatientHasNotAgreed):
        await desk.ask()
    patient_id = (await room.ward.row(room.consultation_id)).patient_id
    consent = GiveConsent(patient_id=patient_id, purpose="recording", text_version=current_text("recording").version)
    await room.practice.execute(room.people["patient"], consent)
    asked = await desk.ask()
    assert asked.waiting == ("村医",)
    assert (await desk.answer("village_doctor", asked.recording_id)).state == "running"
    await room.practice.execute(room.people["patient"], WithdrawConsent(patient_id=patient_id, purpose="recording"))
    assert (await desk.stands()).reason == "患者撤回了录像的同意,录像已停"


async def test_somebody_new_ends_it_and_who_comes_back_does_not(desk: Desk):
    recording_id = await desk.running()
    before = await desk.stands()
    await desk.practice.execute(desk.room.people["patient"], LeaveCall(attendance_id=desk.at["patient"], ending="dropped"))
    assert len((await desk.stands()).members) == 2
    await desk.enter("patient")
    after = await desk.stands()
    assert (after.state, after.recording_id) == ("running", recording_id)
    assert desk.at["patient"] in after.members
    assert after.edition > before.edition
    await CallAttendance.filter(id=desk.at["patient"]).update(left_at=desk.practice.clock.real_now())
    await CallRecordingAnswer.filter(recording_id=recording_id, seat="patient").update(account_id="somebody else")
    await desk.enter("patient")
    assert (await desk.stands()).state == "stopped"
    assert (await CallRecording.get(id=recording_id)).reason == "newcomer"


async def test_it_ends_with_the_call_and_when_the_disk_is_full(desk: Desk):
    first = await desk.running()
    await desk.practice.execute(SYSTEM, FailRecording(recording_id=first, cause="disk_full"))
    await desk.practice.execute(SYSTEM, FailRecording(recording_id=first, cause="slow"))
    assert (await desk.stands()).reason == "存储空间不够,录像已停,视频不受影响"
    second = await desk.running()
    await desk.everybody_leaves()
    assert (await CallRecording.get(id=second)).reason == "over"
    with pytest.raises(RecordingUnknown):
        await desk.practice.execute(SYSTEM, FailRecording(recording_id=desk.at["expert"], cause="disk"))


async def test_of_two_who_ask_at_once_one_recording_comes(desk: Desk):
    asked = await asyncio.gather(desk.ask("expert"), desk.ask("village_doctor"))
    assert len({one.recording_id for one in asked}) == 1
    assert await CallRecording.all().count() == 1
    assert (await desk.stands()).waiting == ("患者",)


async def dump(folder: Path, recording: RecordingState, desk: Desk, seats: tuple[str, ...] = SEATS, seconds: int = 3) -> None:
    """What a media process would have written: a few seconds of silence of each."""
    at = {"now": 1000.0}
    wall = desk.practice.clock.real_now().timestamp()
    recorder = DumpRecorder(folder, str(recording.recording_id), bytes.fromhex(recording.public_key), lambda: at["now"], lambda: wall, print)
    recorder.allow(recording.members)
    for number in range(seconds * 50):
        for seat in seats:
            packet = write_packet(111, False, number, number * 960, 7, b"\xfc\xff\xfe")
            recorder.packet(seat, desk.at[seat], "audio", "opus", at["now"] + number * 0.02, packet)
    await recorder.close()


async def work(desk: Desk) -> int:
    return await OutboxWorker(desk.practice, IMAGE_LANE, "test").work_once()


async def recorded(desk: Desk, folder: Path) -> str:
    desk.practice.engines.recordings = Dumps(folder)
    recording_id = await desk.running()
    await dump(folder, await desk.stands(), desk)
    await desk.answer("expert", recording_id, agree=False)
    return recording_id


async def listed(desk: Desk, seat: str = "expert") -> RecordingList:
    result: RecordingList = await desk.practice.ask(desk.room.people[seat], Recordings(consultation_id=desk.room.consultation_id))
    return result


async def test_a_worker_puts_it_together_and_keeps_it_under_its_own_key(desk: Desk, tmp_path: Path):
    recording_id = await recorded(desk, tmp_path)
    assert (tmp_path / recording_id).exists()
    assert await work(desk) == 1
    assert not (tmp_path / recording_id).exists()
    row = await CallRecording.get(id=recording_id)
    assert (row.state, row.complete, row.private_key) == ("stored", True, None)
    (one,) = (await listed(desk)).recordings
    assert {file.seat for file in one.files} == set(SEATS)
    assert set(one.agreed) == {"专家", "患者", "村医"}
    assert one.kept_until >= desk.practice.clock.real_now() + timedelta(days=3 * 365)
    for file in one.files:
        blob = await Blob.get(id=file.file_id)
        assert (blob.subject_kind, blob.subject_id, blob.sha256) == (KIND, recording_id, file.sha256)
        content = await desk.practice.blobs.get(file.file_id, KIND, recording_id, sha256=file.sha256)
        assert content[:4] == b"\x1a\x45\xdf\xa3"
        assert len(content) == file.size
        assert 2_900 <= file.length_ms <= 3_100
    assert await desk.timeline() == [
        "call.recording.asked", "call.recording.started", "call.recording.stopped.taken_back", "call.recording.stored",
    ]


async def test_a_recording_of_which_nothing_came_says_so(desk: Desk, tmp_path: Path):
    desk.practice.engines.recordings = Dumps(tmp_path)
    recording_id = await desk.running()
    await desk.answer("expert", recording_id, agree=False)
    await work(desk)
    assert (await CallRecording.get(id=recording_id)).state == "nothing"
    assert (await listed(desk)).recordings[0].files == ()


async def test_what_is_still_written_is_waited_for(desk: Desk, tmp_path: Path):
    desk.practice.engines.recordings = Dumps(tmp_path)
    recording_id = await desk.running()
    stands = await desk.stands()
    recorder = DumpRecorder(tmp_path, recording_id, bytes.fromhex(stands.public_key), time.monotonic, time.time, print)
    recorder.allow(stands.members)
    recorder.packet("expert", desk.at["expert"], "audio", "opus", time.monotonic(), write_packet(111, False, 1, 1, 7, b"\xfc\xff\xfe"))
    await desk.answer("expert", recording_id, agree=False)
    with pytest.raises(StillWritten):
        await desk.practice.execute(SYSTEM, StoreRecording(recording_id=recording_id))
    await work(desk)
    assert await OutboxEvent.filter(topic="recording.stopped", state="waiting").count() == 1
    await recorder.close()
    await desk.practice.execute(SYSTEM, StoreRecording(recording_id=recording_id))
    assert (await CallRecording.get(id=recording_id)).state == "stored"


async def test_a_worker_that_dies_in_the_middle_leaves_it_to_the_next_and_it_is_kept_once(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording_id = await recorded(desk, tmp_path)
    really, count = desk.practice.blobs.put, {"puts": 0}

    async def dies(*args: object, **more: object) -> object:
        count["puts"] += 1
        if count["puts"] == 2:
            raise KeyboardInterrupt  # as a kill: nothing after it happens
        return await really(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(desk.practice.blobs, "put", dies)
    with pytest.raises(KeyboardInterrupt):
        await desk.practice.execute(SYSTEM, StoreRecording(recording_id=recording_id))
    monkeypatch.setattr(desk.practice.blobs, "put", really)
    assert await CallRecordingFile.all().count() == 0
    for _ in range(2):
        await desk.practice.execute(SYSTEM, StoreRecording(recording_id=recording_id))
    await work(desk)
    assert await CallRecordingFile.filter(recording_id=recording_id).count() == 3
    assert await Blob.filter(subject_kind=KIND).count() == 3
    assert not (tmp_path / recording_id).exists()


async def test_moments_of_the_case_become_chapters(desk: Desk, tmp_path: Path):
    desk.practice.engines.recordings = Dumps(tmp_path)
    desk.practice.engines.imaging = build()
    image = (await send(desk.room.ward, desk.room.consultation_id, small_ct())).instance_id
    desk.room.ward.clock.advance(seconds=5)
    recording_id = await desk.running()
    stands = await desk.stands()
    desk.room.ward.clock.advance(seconds=2)
    shows = ShowInCall(call_id=stands.call_id, image_id=image or "")
    await desk.practice.execute(desk.room.people["expert"], shows)
    row = await CallRecording.get(id=recording_id)
    assert row.started_at is not None
    assert row.started_really_at is not None
    shown = chapter_time(row.started_at + timedelta(seconds=2), started=row.started_at, started_really=row.started_really_at)
    assert shown == int(row.started_really_at.timestamp() * 1e6) + 2_000_000
    desk.room.ward.clock.advance(seconds=-2)
    await dump(tmp_path, stands, desk, ("expert",), seconds=4)
    desk.room.ward.clock.advance(seconds=4)
    await desk.answer("expert", recording_id, agree=False)
    await work(desk)
    (file,) = await CallRecordingFile.filter(recording_id=recording_id)
    import av

    with av.open(io.BytesIO(await desk.practice.blobs.get(file.id, KIND, recording_id))) as found:
        assert [one["metadata"]["title"] for one in found.chapters()] == ["开始", "看影像"]
        assert abs(float(found.chapters()[1]["start"] * found.chapters()[1]["time_base"]) - 2) < 0.5
    assert [(one.at_ms, one.title) for one in (await listed(desk)).recordings[0].chapters] == [(2000, "看影像")]


async def test_looking_at_it_is_for_those_of_the_case_and_leaves_its_entry(desk: Desk, tmp_path: Path):
    await recorded(desk, tmp_path)
    await work(desk)
    file_id = (await listed(desk)).recordings[0].files[0].file_id
    look = PlayRecording(consultation_id=desk.room.consultation_id, file_id=file_id)
    for seat in SEATS:
        assert (await desk.practice.ask(desk.room.people[seat], look)).file_id == file_id
        assert len((await listed(desk, seat)).recordings) == 1
    county = desk.room.ward.county
    for stranger in (county.stranger, county.pharmacist, county.scheduler, county.auditor, county.experts[3]):
        with pytest.raises(NotAllowed):
            await desk.practice.ask(stranger, look)
        with pytest.raises(NotAllowed):
            await desk.practice.ask(stranger, Recordings(consultation_id=desk.room.consultation_id))
    entries = await AuditEntry.filter(action="calls.play_recording", outcome="done").order_by("id")
    assert [one.account_id for one in entries] == [desk.room.people[seat].account_id for seat in SEATS]
    with pytest.raises(RecordingUnknown):
        await desk.practice.ask(desk.room.people["expert"], PlayRecording(consultation_id=desk.room.consultation_id, file_id=desk.at["expert"]))


async def test_a_look_goes_on_for_the_same_person_without_another_entry(desk: Desk, tmp_path: Path):
    await recorded(desk, tmp_path)
    await work(desk)
    first, second = (file.file_id for file in (await listed(desk)).recordings[0].files[:2])
    seated = {seat: replace(desk.room.people[seat], session_id=desk.practice.ids.new()) for seat in SEATS}
    consultation_id = desk.room.consultation_id
    assert (await desk.practice.ask(desk.room.people["expert"], PlayRecording(consultation_id=consultation_id, file_id=first))).look == ""
    begun = await desk.practice.ask(seated["expert"], PlayRecording(consultation_id=consultation_id, file_id=first))
    assert begun.look_ends_at <= desk.practice.clock.real_now() + LOOK
    entries = AuditEntry.filter(action__startswith="calls.", outcome="done")
    before = await entries.count()
    on = GoOnPlaying(consultation_id=consultation_id, file_id=first, look=begun.look)
    for _ in range(3):
        assert (await desk.practice.ask(seated["expert"], on)).file_id == first
    found = await look_at(desk.practice, first, begun.look)
    assert found is not None
    assert (found.account_id, found.session_id) == (seated["expert"].account_id, seated["expert"].session_id)
    assert await entries.count() == before
    with pytest.raises(LookOver):
        await desk.practice.ask(seated["village_doctor"], on)
    with pytest.raises(NotAllowed):
        await desk.practice.ask(desk.room.ward.county.stranger, on)
    for look in ("", "x" * 40, begun.look[:-8] + "AAAAAAA="):
        with pytest.raises(LookOver):
            await desk.practice.ask(seated["expert"], on.model_copy(update={"look": look}))
        assert await look_at(desk.practice, first, look) is None
    with pytest.raises(LookOver):
        await desk.practice.ask(seated["expert"], on.model_copy(update={"file_id": second}))
    assert await look_at(desk.practice, desk.at["expert"], begun.look) is None
    desk.room.ward.clock.advance(seconds=LOOK.total_seconds() + 1)
    assert await look_at(desk.practice, first, begun.look) is None
    with pytest.raises(LookOver):
        await desk.practice.ask(seated["expert"], on)


async def test_it_goes_with_its_patient(desk: Desk, tmp_path: Path):
    recording_id = await recorded(desk, tmp_path)
    await work(desk)
    patient_id = (await desk.room.ward.row(desk.room.consultation_id)).patient_id
    files = [str(one) for one in await CallRecordingFile.all().values_list("id", flat=True)]
    await erase_all(Work(desk.practice, SYSTEM, StoreRecording(recording_id=recording_id)), [f"patient:{patient_id}"])
    with pytest.raises(SubjectErased):
        await desk.practice.keys.sealer(KIND, recording_id)
    assert (await CallRecording.get(id=recording_id)).state == "gone"
    assert await Blob.filter(id__in=files).count() == 0
    while await work(desk):
        pass
    for file_id in files:
        with pytest.raises(FileGone):
            await desk.practice.blobs.objects.size(file_id)


async def _as_if_long_ago(desk: Desk, recording_id: str) -> None:
    then = desk.practice.clock.real_now() - timedelta(days=3 * 366 + 45)
    await CallRecording.filter(id=recording_id).update(asked_really_at=then)


async def test_after_three_years_it_is_announced_and_a_month_later_gone_for_good(desk: Desk, tmp_path: Path):
    recording_id = await recorded(desk, tmp_path)
    await work(desk)
    files = [str(one) for one in await CallRecordingFile.all().values_list("id", flat=True)]
    assert [row.kind for row in await reviewed(desk.room.ward)] == []
    await _as_if_long_ago(desk, recording_id)
    (announced,) = await reviewed(desk.room.ward)
    assert (announced.kind, announced.state) == ("process", "announced")
    desk.room.ward.clock.advance(days=31)
    await worked(desk.room.ward)
    assert (await Disposal.get(id=announced.id)).kept == 1  # its case is still open
    assert (await CallRecording.get(id=recording_id)).state == "stored"
    await Consultation.filter(id=desk.room.consultation_id).update(state="COMPLETED", closed_at=desk.room.ward.clock.now())
    desk.room.ward.clock.advance(days=31)
    await worked(desk.room.ward)
    done = await Disposal.get(id=announced.id)
    assert (done.state, done.gone, done.kept) == ("done", 1, 0)
    assert (await CallRecording.get(id=recording_id)).state == "gone"
    assert await CallRecordingFile.all().count() == 0
    with pytest.raises(SubjectErased):
        await desk.practice.keys.sealer(KIND, recording_id)
    for file_id in files:
        with pytest.raises(FileGone):
            await desk.practice.blobs.objects.size(file_id)
    entries = await AuditEntry.filter(action="oversight.dispose", outcome="done").order_by("id")
    assert (entries[-1].detail or {}).get("erased") == "key"
