"""Recording over the real socket: asked, agreed to and ended by messages, written by a real node for as long as the practice wants it."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection

from core.calls.recording_models import CallRecording
from core.people.commands_sessions import OpenSession
from miniprogram_api.http.calls import range_of
from tests.core.calls.conftest import room
from tests.core.calls.test_recording import Desk, recorded, work
from tests.media.calls.clients import Client, until
from tests.miniprogram_api.realtime.test_signalling import Stand, hear, publish, redis, say, stand
from tests.support.county import SYSTEM

__all__ = ["redis", "room", "stand"]

SEATS = ("patient", "village_doctor", "expert")


async def told(socket: ClientConnection, state: str) -> dict[str, Any]:
    return await hear(socket, "recording", where=lambda message: message["state"] == state)


async def running(sockets: dict[str, ClientConnection]) -> str:
    """Everybody says yes."""
    await say(sockets["expert"], type="record_ask")
    recording_id = ""
    for seat in ("village_doctor", "patient"):
        asked = await told(sockets[seat], "asked")
        recording_id = asked["recording_id"]
        assert (asked["mine"], asked["asked_by"]) == ("", "专家")
        await say(sockets[seat], type="record_answer", recording_id=recording_id, agree=True)
    for socket in sockets.values():
        assert "public_key" not in await told(socket, "running")
    return recording_id


async def enter(stand: Stand) -> dict[str, ClientConnection]:
    sockets = {}
    for seat in SEATS:
        sockets[seat], welcome = await stand.enter(seat)
        assert welcome["type"] == "welcome"
        assert (await told(sockets[seat], "off"))["may_ask"] == (seat != "patient")
    return sockets


async def test_it_is_written_from_the_last_yes_to_the_first_no(stand: Stand, tmp_path: Path):
    folder = tmp_path / "recordings"
    await stand.node("one", folder)
    sockets = await enter(stand)
    client = Client("expert", 200)
    try:
        assert (await publish(sockets["expert"], client))["type"] == "media"
        recording_id = await running(sockets)
        await until(lambda: len(list(folder.glob(f"{recording_id}/*.dump"))) == 2)
        await say(sockets["patient"], type="record_answer", recording_id=recording_id, agree=False)
        for socket in sockets.values():
            assert (await told(socket, "stopped"))["reason"] == "有人要求停止,录像已停"
        sizes = await _settled(folder)
        assert sizes == await _settled(folder)
    finally:
        await client.close()
    assert (await CallRecording.get(id=recording_id)).state == "stopped"


async def _settled(folder: Path) -> dict[str, int]:
    """Sizes after a while in which the media went on."""
    await asyncio.sleep(1.5)
    return {path.name: path.stat().st_size for path in folder.glob("*/*.dump")}  # noqa: ASYNC240 - files of the test


async def test_where_it_cannot_be_written_nobody_is_told_that_it_is(stand: Stand):
    await stand.node("one")
    sockets = await enter(stand)
    client = Client("expert", 200)
    try:
        assert (await publish(sockets["expert"], client))["type"] == "media"
        await say(sockets["expert"], type="record_ask")
        asked = await told(sockets["patient"], "asked")
        for seat in ("patient", "village_doctor"):
            await say(sockets[seat], type="record_answer", recording_id=asked["recording_id"], agree=True)
        for socket in sockets.values():
            assert (await told(socket, "stopped"))["reason"] == "录像中断,已停,视频不受影响"
    finally:
        await client.close()


async def test_a_refusal_is_told_and_changes_nothing(stand: Stand):
    sockets = await enter(stand)
    await say(sockets["patient"], type="record_ask")
    assert (await hear(sockets["patient"], "problem"))["code"] == "call.recording.not_yours"
    await say(sockets["expert"], type="record_answer", recording_id="01J0000000000000000000000A", agree=True)
    assert (await hear(sockets["expert"], "problem"))["code"] == "call.recording.over"
    await say(sockets["expert"], type="record_answer", recording_id="../x", agree=True)
    assert (await hear(sockets["expert"], "problem"))["code"] == "message.unreadable"
    assert await CallRecording.all().count() == 0


def test_a_range_is_cut_to_the_file():
    for header, wanted in (
        ("", None), ("bytes=-", None), ("bytes=a-b", None), ("bytes=0-1,3-4", None), ("items=0-1", None), ("bytes=5-2", None),
        ("bytes=0-", range(100)), ("bytes=10-19", range(10, 20)), ("bytes=90-500", range(90, 100)), ("bytes=-10", range(90, 100)),
        ("bytes=-500", range(100)), ("bytes=100-", range(0)), ("bytes=-0", range(100, 100)),
    ):  # fmt: skip
        assert range_of(header, 100) == wanted, header


async def test_it_is_played_over_http_whole_and_in_parts_by_those_of_the_case(stand: Stand, tmp_path: Path):
    desk = await Desk(stand.room).enter(*SEATS)
    await recorded(desk, tmp_path / "recordings")
    await work(desk)
    address = f"{stand.origin}/v1/consultations/{stand.room.consultation_id}/recordings"
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(address)).status_code == 401
        headers = await stand.headers("patient")
        (recording,) = (await client.get(address, headers=headers)).json()["recordings"]
        assert (recording["state"], recording["complete"]) == ("stored", True)
        one = recording["files"][0]
        file = f"{address}/{one['file_id']}"
        whole = await client.get(file, headers=headers)
        assert (whole.status_code, len(whole.content), whole.headers["content-type"]) == (200, one["size"], "video/webm")
        assert hashlib.sha256(whole.content).hexdigest() == one["sha256"]
        assert (whole.headers["cache-control"], whole.headers["accept-ranges"]) == ("no-store", "bytes")
        part = await client.get(file, headers={**headers, "Range": "bytes=100-299"})
        assert (part.status_code, part.content) == (206, whole.content[100:300])
        assert part.headers["content-range"] == f"bytes 100-299/{one['size']}"
        beyond = await client.get(file, headers={**headers, "Range": f"bytes={one['size']}-"})
        assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{one['size']}")
        assert (await client.get(file)).status_code == 401
        assert (await client.get(f"{address}/01J0000000000000000000000A", headers=headers)).status_code == 404
        opened = await stand.room.practice.execute(SYSTEM, OpenSession(account_id=stand.room.ward.county.stranger.account_id, kind="terminal"))
        assert (await client.get(file, headers={"Authorization": f"Bearer {opened.token}"})).status_code == 403
