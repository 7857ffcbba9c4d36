"""Recording: sealed as it is written, nothing readable without the key, what a killed writer leaves, and never in the way of the call."""

from __future__ import annotations

import asyncio
import io
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from media.calls import recording as writing
from media.calls.dumps import About, Dump, DumpedPacket, DumpedReport, about_record, packet_record, report_record
from media.calls.recorded import RecordingBusy
from media.calls.recording import DumpRecorder
from media.calls.recordings import Recordings
from media.calls.rtp import write_packet
from media.calls.scratch import PAGE, Scratch
from media.calls.sealed_log import ENVELOPE, MAGIC, LogReader, LogSealer, NotOurs, new_key_pair

FULL = os.environ.get("HUIZHEN_SOAK") == "1" or os.environ.get("HUIZHEN_TEST_SCALE") == "full"
CASES = 20_000 if FULL else 2_000
PRIVATE, PUBLIC = new_key_pair()
ABOUT = About("expert", "m1", "audio", "opus", 5_000_000, 1_700_000_000_000_000)


def sealed(chunks: list[bytes], *, ends: bool = True, name: str = "rec") -> bytes:
    sealer = LogSealer(PUBLIC, name)
    parts = [sealer.chunk(one, last=ends and index == len(chunks) - 1) for index, one in enumerate(chunks)]
    return sealer.head + b"".join(parts)


def read(data: bytes) -> tuple[list[bytes], str]:
    reader = LogReader(io.BytesIO(data), PRIVATE, "rec")
    return list(reader.chunks()), reader.ending


async def until(condition: Callable[[], object], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - a thread's work
            await asyncio.sleep(0.02)


def test_a_log_opens_whole_for_its_key_and_its_name_alone():
    chunks = [b"first", b"", b"third" * 1000]
    data = sealed(chunks)
    assert read(data) == (chunks, "whole")
    assert b"first" not in data
    for key, name in ((new_key_pair()[0], "rec"), (PRIVATE, "other")):
        with pytest.raises(NotOurs):
            LogReader(io.BytesIO(data), key, name)
    assert sealed([b"same"])[4:] != sealed([b"same"])[4:]


def test_an_end_that_was_cut_off_is_seen_wherever_it_was_cut():
    chunks = [b"one", b"two", b"three"]
    data = sealed(chunks)
    for length in range(len(data)):
        if length < len(MAGIC) + ENVELOPE:
            with pytest.raises(NotOurs):
                read(data[:length])
        else:
            found, ending = read(data[:length])
            assert ending == "cut"
            assert found == chunks[: len(found)]
    assert read(sealed(chunks, ends=False)) == (chunks, "cut")
    assert read(data + b"x") == (chunks, "damaged")


def test_chunks_cannot_be_moved_repeated_dropped_or_changed():
    data = sealed([b"aa", b"bb", b"cc", b"dd"])
    head = len(MAGIC) + ENVELOPE
    size = (len(data) - head) // 4
    parts = [data[head + n * size : head + (n + 1) * size] for n in range(4)]
    for order in ((1, 0, 2, 3), (0, 0, 1, 2), (0, 2, 3), (3,), (0, 3), (0, 1, 3)):
        found, ending = read(data[:head] + b"".join(parts[n] for n in order))
        assert ending == "damaged", order
        assert found == [b"aa", b"bb", b"cc", b"dd"][: len(found)]
    for at in range(head, len(data)):
        found, ending = read(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert ending != "whole"
    other = sealed([b"aa", b"bb", b"cc", b"dd"])
    assert read(data[: head + size] + other[head + size :])[1] == "damaged"


def dump(data: bytes) -> tuple[list[DumpedPacket | DumpedReport], str]:
    found = Dump(io.BytesIO(data), PRIVATE, "rec")
    return list(found.records()), found.ending


def test_packets_and_reports_come_back_with_their_times():
    chunks = [about_record(ABOUT) + packet_record(6_000_000, b"abc"), report_record(7_000_000, 1, 2 << 40, 3) + packet_record(8_000_000, b"d")]
    began = ABOUT.wall
    assert dump(sealed(chunks)) == (
        [DumpedPacket(began + 1_000_000, b"abc"), DumpedReport(began + 2_000_000, 1, 2 << 40, 3), DumpedPacket(began + 3_000_000, b"d")], "whole",
    )
    with pytest.raises(NotOurs):
        dump(sealed([packet_record(1, b"no head before")]))
    with pytest.raises(ValueError, match="longer"):
        packet_record(1, bytes(70_000))


def test_whatever_a_dump_holds_the_reader_neither_fails_nor_goes_on_for_ever():
    chosen = random.Random(7)
    good = about_record(ABOUT) + b"".join(packet_record(6_000_000 + n, bytes(n % 40)) for n in range(30)) + report_record(1, 2, 3, 4)
    whole = sealed([good, good[len(about_record(ABOUT)) :]])
    for _ in range(CASES):
        if chosen.random() < 0.5:  # what stands inside, sealed properly
            inside = bytearray(good)
            for _ in range(chosen.randrange(1, 6)):
                inside[chosen.randrange(len(inside))] = chosen.randrange(256)
            data = sealed([bytes(inside[: chosen.randrange(len(inside) + 1)]), chosen.randbytes(chosen.randrange(60))])
        else:
            outside = bytearray(whole[: chosen.randrange(len(whole) + 1)])
            for _ in range(chosen.randrange(4) if outside else 0):
                outside[chosen.randrange(len(outside))] = chosen.randrange(256)
            data = bytes(outside)
        try:
            records, ending = dump(data)
        except NotOurs:
            continue
        assert ending in ("whole", "cut", "damaged")
        assert len(records) < 200


def opus(sequence: int, timestamp: int = 0) -> bytes:
    return write_packet(111, False, sequence % 65536, timestamp, 77, b"\xfc\xff\xfe")


class Room:
    """A recorder with two members who may be recorded."""

    def __init__(self, folder: Path) -> None:
        self.now, self.told = 100.0, []
        self.recorder = DumpRecorder(folder, "rec", PUBLIC, lambda: self.now, lambda: 1_700_000_000.0, self.told.append)
        self.recorder.allow(["m1", "m2"])
        self.folder = folder / "rec"

    def send(self, count: int, member: str = "m1", begin: int = 0) -> None:
        for n in range(begin, begin + count):
            self.recorder.packet("expert", member, "audio", "opus", self.now + n * 0.02, opus(n, n * 960))


def records_of(folder: Path) -> dict[str, int]:
    found: dict[str, int] = {}
    for path in folder.glob("*.dump"):
        with path.open("rb") as file:
            one = Dump(file, PRIVATE, "rec")
            found[one.about.member] = sum(isinstance(record, DumpedPacket) for record in one.records())
            assert one.ending == "whole"
    return found


async def test_only_those_who_are_named_are_written_down(tmp_path: Path):
    room = Room(tmp_path)
    room.send(10)
    room.send(10, "stranger")
    room.recorder.allow(["m1"])
    room.send(10, "m2")
    room.send(5, begin=10)
    await room.recorder.close()
    room.send(3)
    await room.recorder.close()
    assert records_of(room.folder) == {"m1": 15}
    assert room.told == []
    for path in room.folder.iterdir():
        assert "m1" not in path.name
        assert b"m1" not in path.read_bytes()
        assert path.stat().st_mode & 0o077 == 0


async def test_who_comes_again_hundreds_of_times_is_written_every_time(tmp_path: Path):
    """Each time under another name, with sound and picture; the files of before are closed, and put together no more are opened at once."""
    room, times, most = Room(tmp_path), 150, 0
    before = len(os.listdir("/proc/self/fd"))
    for time_ in range(times):
        name = f"entry-{time_}"
        room.recorder.allow([name])
        room.now += 8
        room.send(3, name)
        room.recorder.packet("expert", name, "video", "VP8", room.now, write_packet(96, True, 1, 1, 78, b"\x10\0"))
        await until(lambda: room.recorder._jobs.empty())
        most = max(most, len(os.listdir("/proc/self/fd")) - before)
    await room.recorder.close()
    assert room.told == []
    assert most <= 6
    assert len(list(room.folder.glob("*.dump"))) == 2 * times
    assert set(records_of(room.folder)) == {f"entry-{time_}" for time_ in range(times)}
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Recordings(tmp_path).opened("rec", PRIVATE) as mine:
        assert mine is not None
        assert mine.complete
        resource.setrlimit(resource.RLIMIT_NOFILE, (before + 60, limits[1]))
        try:
            (put,) = mine.put_together("expert", [])
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert put.muxed.sounds == 3 * times
    put.content.close()


@pytest.mark.parametrize("limit", ["MOST_FILES", "MOST_OPEN", "codec"])
async def test_what_cannot_be_written_ends_the_recording_and_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str):
    if limit != "codec":
        monkeypatch.setattr(writing, limit, 2)
    room = Room(tmp_path)
    room.recorder.allow(["m1", "m2", "m3"])
    room.send(5)
    room.send(5, "m2")
    room.recorder.packet("expert", "m3", "audio", "opus" if limit != "codec" else "speex", room.now, opus(1))
    assert room.told == ["lost"]
    room.send(5)
    assert room.told == ["lost"]
    await room.recorder.close()
    assert records_of(room.folder) == {"m1": 5, "m2": 5}


async def test_nobody_puts_together_what_is_still_being_written(tmp_path: Path):
    room = Room(tmp_path)
    with pytest.raises(RecordingBusy), Recordings(tmp_path).opened("rec", PRIVATE):
        raise AssertionError
    await room.recorder.close()
    with Recordings(tmp_path).opened("rec", PRIVATE) as mine:
        assert mine is not None
        with pytest.raises(RecordingBusy), Recordings(tmp_path).opened("rec", PRIVATE):
            raise AssertionError
    Recordings(tmp_path).forget("rec")
    Recordings(tmp_path).forget("rec")
    with Recordings(tmp_path).opened("rec", PRIVATE) as gone:
        assert gone is None


async def test_a_disk_that_stands_still_ends_the_recording_and_not_the_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    going = threading.Event()
    really = os.write

    def stuck(descriptor: int, data: bytes) -> int:
        going.wait(30)
        return really(descriptor, data)

    monkeypatch.setattr(writing.os, "write", stuck)
    monkeypatch.setattr(writing, "MOST_WAITING", 300_000)
    room = Room(tmp_path)
    try:
        room.send(40_000)  # never waits: the thread holds what it holds, and the rest is not taken
        assert room.told == ["slow"]
        assert room.recorder._waiting < 300_000 + 2 * writing.FLUSH_BYTES
    finally:
        going.set()
    await room.recorder.close()
    assert room.told == ["slow"]


async def test_a_full_disk_ends_the_recording_and_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(writing, "LEAST_FREE", 1 << 60)
    room = Room(tmp_path)
    room.send(5)
    await until(lambda: room.told)
    assert room.told == ["disk_full"]
    room.send(5)
    await room.recorder.close()
    assert list(room.folder.glob("*.dump")) == []


@pytest.mark.parametrize("name", ["", "../up", "a/b", "a" * 65])
async def test_a_recording_has_a_plain_name(tmp_path: Path, name: str):
    with pytest.raises(ValueError, match="name"):
        DumpRecorder(tmp_path, name, PUBLIC, time.monotonic, time.time, lambda trouble: None)
    with pytest.raises(ValueError, match="name"), Recordings(tmp_path).opened(name, PRIVATE):
        raise AssertionError


_WRITER = """
import asyncio, sys, time
from pathlib import Path
from media.calls.recording import DumpRecorder
from media.calls.rtp import write_packet

async def main():
    recorder = DumpRecorder(Path(sys.argv[1]), "rec", bytes.fromhex(sys.argv[2]), time.monotonic, time.time, print)
    recorder.allow(["m1"])
    n = 0
    while True:
        recorder.packet("expert", "m1", "audio", "opus", time.monotonic(), write_packet(111, False, n % 65536, n * 960, 77, b"\\xfc\\xff\\xfe"))
        n += 1
        await asyncio.sleep(0.002)

asyncio.run(main())
"""


async def test_what_a_killed_process_had_written_is_put_together(tmp_path: Path):
    process = subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path), PUBLIC.hex()])  # noqa: ASYNC220 - to be killed
    try:
        await until(lambda: sum(path.stat().st_size for path in tmp_path.glob("rec/*.dump")) > 5000, 60)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    (path,) = tmp_path.glob("rec/*.dump")  # noqa: ASYNC240 - a file of the test's own
    with path.open("ab") as file:
        file.write(b"\0\0\1\0half a chunk")  # what a process that dies while it writes leaves
    with Recordings(tmp_path).opened("rec", PRIVATE) as mine:
        assert mine is not None
        assert not mine.complete
        (put,) = mine.put_together("expert", [])
        assert put.muxed.sounds > 100
        put.content.close()


def test_the_scratch_file_is_a_file_and_nothing_of_it_lies_on_the_disk_readable(tmp_path: Path):
    chosen, like, scratch = random.Random(3), io.BytesIO(), Scratch(tmp_path)
    for _ in range(400):
        at = chosen.randrange(40 * PAGE)
        data = chosen.randbytes(chosen.randrange(1, 3 * PAGE)) if chosen.random() < 0.5 else b"a patient's words" * 500
        for file in (like, scratch):
            file.seek(at)
            file.write(data)
        at = chosen.randrange(40 * PAGE)
        like.seek(at)
        scratch.seek(at)
        assert scratch.read(1000) == like.read(1000)[: PAGE - at % PAGE]
    assert scratch.seek(0, 2) == like.seek(0, 2)
    scratch.seek(0)
    whole = b"".join(iter(lambda: scratch.read(PAGE), b""))
    assert whole == like.getvalue()
    assert b"patient's" not in os.pread(scratch._file.fileno(), 1 << 24, 0)
    assert list(tmp_path.iterdir()) == []
