"""What a media process does when it is told to record: who is named and nobody else, for as long as it is said, and never again after the end."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from media.calls.engine import CallError, EngineStats, Recorder, RoomStats, RoomUnknown
from media.calls.protocol import RECORD_LEASE_S, Record
from media.calls.room_recorders import RecordingRefused, RoomRecorders
from media.calls.rtp import write_packet
from media.calls.sealed_log import new_key_pair

_, PUBLIC = new_key_pair()
FIRST, SECOND = "01AAAAAAAAAAAAAAAAAAAAAAAA", "01BBBBBBBBBBBBBBBBBBBBBBBB"


class Rooms:
    """An engine with one room, of which only the recorder matters."""

    def __init__(self) -> None:
        self.recorder: Recorder | None = None
        self.there = True

    async def stats(self) -> EngineStats:
        return EngineStats((RoomStats("room", ()),) if self.there else (), 0, 0, 0)

    async def record(self, room: str, recorder: Recorder | None) -> None:
        if not self.there:
            raise RoomUnknown
        await asyncio.sleep(0)
        self.recorder = recorder

    def send(self, member: str) -> None:
        if self.recorder is not None:
            self.recorder.packet("expert", member, "audio", "opus", 1.0, write_packet(111, False, 1, 1, 7, b"\xfc"))


class Stand:
    def __init__(self, folder: Path) -> None:
        self.now, self.rooms, self.told = 0.0, Rooms(), []
        engine: Any = self.rooms
        self.all = RoomRecorders(engine, folder, lambda: self.now, lambda: 1e9, lambda *told: self.told.append(told))

    async def record(self, recording: str = FIRST, *members: str, edition: int = 1) -> None:
        await self.all.record(Record(room="room", recording=recording, public_key=PUBLIC.hex(), members=members, edition=edition))


@pytest.fixture
async def stand(tmp_path: Path) -> Any:
    made = Stand(tmp_path)
    yield made
    await made.all.close()


async def test_those_of_the_newest_edition_are_recorded(stand: Stand):
    await stand.record(FIRST, "a", "b", edition=2)
    await stand.record(FIRST, "a", "b", "stranger", edition=1)
    assert stand.rooms.recorder.members == {"a", "b"}
    await stand.record(FIRST, "a", edition=3)
    assert stand.rooms.recorder.members == {"a"}


async def test_one_that_was_stopped_never_begins_again_whatever_comes_late(stand: Stand):
    await stand.record(FIRST, "a")
    await stand.all.stop("room", FIRST)
    assert stand.rooms.recorder is None
    with pytest.raises(RecordingRefused):
        await stand.record(FIRST, "a", edition=9)
    await stand.all.stop("room", SECOND)  # said before it was begun
    with pytest.raises(RecordingRefused):
        await stand.record(SECOND, "a")
    assert stand.rooms.recorder is None


async def test_what_nobody_wants_any_more_ends_by_itself(stand: Stand):
    await stand.record(FIRST, "a")
    for _ in range(3):
        stand.now += RECORD_LEASE_S - 1
        await stand.record(FIRST, "a")
        await stand.all.end_unwanted()
    assert stand.rooms.recorder is not None
    stand.now += RECORD_LEASE_S + 1
    await stand.all.end_unwanted()
    assert stand.rooms.recorder is None


async def test_a_newer_one_takes_the_place_of_one_that_ended_unheard(stand: Stand, tmp_path: Path):
    await stand.record(FIRST, "a")
    await stand.record(SECOND, "a")
    stand.rooms.send("a")
    assert stand.rooms.recorder.recording == SECOND
    with pytest.raises(RecordingRefused):
        await stand.record(FIRST, "a")
    await stand.all.stop("room", SECOND)
    assert len(list(tmp_path.glob(f"{SECOND}/*.dump"))) == 1  # noqa: ASYNC240 - files of the test


async def test_there_is_no_recording_without_a_room_or_a_key(stand: Stand):
    stand.rooms.there = False
    with pytest.raises(CallError):
        await stand.record(FIRST, "a")
    stand.rooms.there = True
    with pytest.raises(ValueError, match="public_key"):
        Record(room="room", recording=FIRST, public_key="00", members=(), edition=1)
    with pytest.raises(ValueError, match="recording"):
        Record(room="room", recording="../x", public_key=PUBLIC.hex(), members=(), edition=1)


async def test_two_orders_at_once_begin_one_recorder(stand: Stand):
    await asyncio.gather(stand.record(FIRST, "a"), stand.record(FIRST, "a"), stand.record(FIRST, "a"))
    stand.rooms.send("a")
    assert stand.rooms.recorder is not None
    await stand.all.room_closed("room")
    await stand.record(FIRST, "a")
    assert stand.rooms.recorder is not None


async def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("")
    stand = Stand(tmp_path / "file")
    with pytest.raises(RecordingRefused):
        await stand.record(FIRST, "a")
    assert stand.rooms.recorder is None
