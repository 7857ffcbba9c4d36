"""Which engine carries the calls and which relays clients are told of, as an operator sets it; a media process over two Janus servers."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from core.foundation.redis_client import redis_client
from media.calls.forwarding import PythonEngine
from media.calls.janus import JanusEngine, maintenance
from media.calls.native.build import build
from media.calls.native.engine import NativeEngine
from media.calls.protocol import News
from media.calls.turn import Relays
from miniprogram_api.app.calls import NoCompiler, UnusableJanusFile, UnusableTurnSecret, engine_of, janus_entries, relays_of
from miniprogram_api.app.readiness import reasons_against
from miniprogram_api.app.settings import Settings
from tests.miniprogram_api.app.test_media import ROOM, MediaHouse, house
from tests.support.janus import running_janus
from tests.support.peers import need

__all__ = ["house"]

GOOD: dict[str, Any] = {"name": "a", "url": "wss://janus.example.org:8989", "api_secret": "0123456789abcdef"}


def settings(folder: Path, **more: Any) -> Settings:
    return Settings(data_dir=folder, **more)


def write(one: Settings, entries: Any) -> None:
    one.secrets_dir.mkdir(exist_ok=True)
    one.janus_file.write_text(json.dumps(entries), "utf-8")


async def test_python_is_the_engine_unless_janus_is_chosen(tmp_path: Path):
    make, beat = engine_of(settings(tmp_path), None, "media")
    made = make(lambda event: None)
    assert type(made) is PythonEngine
    assert beat is None
    await made.close()
    chosen = settings(tmp_path, call_engine="janus")
    with pytest.raises(UnusableJanusFile):
        engine_of(chosen, None, "media")
    write(chosen, [GOOD, {**GOOD, "name": "b", "url": "ws://127.0.0.1:8188", "weight": 20}])
    make, beat = engine_of(chosen, None, "media")
    engine = make(lambda event: None)
    assert isinstance(engine, JanusEngine)
    assert [(one.name, one.state) for one in engine.nodes()] == [("a", "down"), ("b", "down")]
    assert beat is not None
    await engine.close()


async def test_the_engine_in_c_is_made_only_where_it_can_be_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    need(build() is not None, "C compiler")
    made = engine_of(settings(tmp_path, call_engine="native"), None, "media")[0](lambda event: None)
    assert isinstance(made, NativeEngine)
    await made.close()
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(NoCompiler, match="gcc"):
        engine_of(settings(tmp_path, call_engine="native"), None, "media")


@pytest.mark.parametrize(
    "entries",
    [
        [], {}, "x", [GOOD, GOOD], [{**GOOD, "url": "ws://192.0.2.1:8188"}], [{**GOOD, "url": "https://janus.example.org"}],
        [{**GOOD, "name": "A b"}],
        [{**GOOD, "api_secret": "short"}], [{**GOOD, "weight": 0}], [{**GOOD, "more": 1}], [{**GOOD, "admin_url": "ws://192.0.2.1:7188"}],
    ],
)
def test_a_list_of_janus_servers_that_is_none_is_refused_and_nothing_of_it_said(tmp_path: Path, entries: Any):
    chosen = settings(tmp_path, call_engine="janus")
    write(chosen, entries)
    with pytest.raises(UnusableJanusFile) as unusable:
        janus_entries(chosen.janus_file)
    assert GOOD["api_secret"] not in str(unusable.value)
    assert any("Janus" in reason for reason in reasons_against(chosen))


def test_relays_need_their_secret(tmp_path: Path):
    assert relays_of(settings(tmp_path)) == Relays()
    assert relays_of(settings(tmp_path, turn_urls="stun:a.example")) == Relays(("stun:a.example",))
    chosen = settings(tmp_path, turn_urls=" turn:a.example:3478?transport=udp, turns:a.example:443?transport=tcp")
    with pytest.raises(UnusableTurnSecret):
        relays_of(chosen)
    chosen.secrets_dir.mkdir()
    chosen.turn_secret_path.write_text("short\n")
    with pytest.raises(UnusableTurnSecret):
        relays_of(chosen)
    chosen.turn_secret_path.write_text("long enough to be a secret\n")
    uris = ("turn:a.example:3478?transport=udp", "turns:a.example:443?transport=tcp")
    assert relays_of(chosen) == Relays(uris, "long enough to be a secret")
    assert relays_of(settings(tmp_path, turn_urls="turn:a.example", turn_secret="another long secret")).secret == "another long secret"
    with pytest.raises(ValidationError):
        settings(tmp_path, turn_urls="https://a.example")


@pytest.mark.peer
async def test_a_media_process_carries_calls_over_janus_and_survives_one_of_them(house: MediaHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Over the control line as web processes use it: everybody hears that he is gone, joins again, and the call goes on."""
    with running_janus(tmp_path / "a", "a") as first, running_janus(tmp_path / "b", "b") as second:
        servers = {"a": first, "b": second}
        chosen = settings(tmp_path / "data", call_engine="janus", redis_url=house.url)
        chosen.secrets_dir.mkdir(parents=True)
        one = [
            {"name": name, "url": server.address.url, "api_secret": server.address.api_secret, "admin_url": server.address.admin_url}
            | {"admin_secret": server.address.admin_secret}
            for name, server in servers.items()
        ]
        write(chosen, one)
        for name, value in {"CALL_ENGINE": "janus", "DATA_DIR": str(chosen.data_dir), "REDIS_URL": house.url}.items():
            monkeypatch.setenv(f"HUIZHEN_{name}", value)
        await house.start()
        redis = redis_client(house.url)
        try:
            async with house.line.room(ROOM) as heard:
                before = await house.everybody()
                [carrier] = [one.name for one in await until_seen(redis, lambda seen: any(one.rooms for one in seen)) if one.rooms]
                servers[carrier].kill()
                gone: set[str] = set()
                async with asyncio.timeout(10):
                    while len(gone) < 3:
                        news = await heard.get()
                        if isinstance(news, News) and news.kind == "gone":
                            gone.add(news.seat)
                after = await house.everybody()
            shown = await until_seen(redis, lambda seen: any(one.state == "down" for one in seen))
            assert {one.name: one.rooms for one in shown} == {name: int(name != carrier) for name in servers}
            async with asyncio.timeout(30):
                while not await packets(house):  # noqa: ASYNC110 - another process counts
                    await asyncio.sleep(0.5)

            [other] = [name for name in servers if name != carrier]
            assert (await command("drain", other)) == (0, f"{other} 不再接新的视频;正在进行的不受影响。用 huizhen calls status 看它什么时候空。\n")
            await until_seen(redis, lambda seen: [one.state for one in seen if one.name == other] == ["draining"])
            code, text = await command("status")
            assert (code, len(text.splitlines())) == (2, 2)
            assert "排空中" in text
            assert "连不上" in text
            assert (await command("resume", other))[0] == 0
            assert (await command("drain", "nobody"))[0] == 1
            for client in (*before.values(), *after.values()):
                await client.close()
        finally:
            await redis.aclose()


async def packets(house: MediaHouse) -> int:
    [stats] = await house.line.stats()
    return sum(stream["received"] for member in stats["rooms"][0]["members"] for stream in member["streams"])


async def until_seen(redis: Any, condition: Callable[[Any], bool]) -> Any:
    async with asyncio.timeout(10):
        while not condition(seen := await maintenance.seen(redis)):  # noqa: ASYNC110 - another process's doing
            await asyncio.sleep(0.05)
    return seen


async def command(*arguments: str) -> tuple[int, str]:
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-m", "miniprogram_api.cli.main", "calls", *arguments], capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stdout
