"""Master keys in a key service: a real process on a real port, asked by the ring of the house."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from core.foundation.encryption.key_service import KeyService, KeyServiceAway
from core.foundation.encryption.master_keys import MasterKeyMissing, MasterKeys
from core.foundation.encryption.reindexing import reindex
from core.foundation.encryption.ring import BlindKeyMissing
from core.foundation.encryption.rotation import retire_master, rotate
from core.foundation.encryption.suites import SM4
from core.foundation.errors import Unavailable
from core.foundation.keyring.models import WrappedKey
from core.foundation.keys import KeyRing, SealBroken
from core.foundation.practice import Practice

pytestmark = pytest.mark.storage


@dataclass
class Service:
    folder: Path
    port: int
    process: Process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def token(self) -> Path:
        return self.folder / "token"

    def client(self, timeout_s: float = 5.0) -> KeyService:
        return KeyService(self.url, self.token, timeout_s=timeout_s)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def begin(folder: Path, port: int) -> Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "miniprogram_api.cli.main", "key-service", "--keys", str(folder / "kms.key"), "--token", str(folder / "token"),
        "--listen", f"127.0.0.1:{port}", stdout=DEVNULL, stderr=DEVNULL,
    )  # fmt: skip
    async with httpx.AsyncClient() as client:
        for _ in range(600):
            try:
                await client.post(f"http://127.0.0.1:{port}/v1/current")
                return process
            except httpx.TransportError:
                assert process.returncode is None
                await asyncio.sleep(0.05)
    raise TimeoutError


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Service]:
    port = free_port()
    service = Service(folder, port, await begin(folder, port))
    try:
        yield service
    finally:
        if service.process.returncode is None:
            service.process.kill()
            await service.process.wait()


async def test_the_house_with_its_master_keys_in_a_key_service(practice: Practice, tmp_path: Path) -> None:
    """From the first key to a destroyed master key, through a service that goes away and comes back."""
    async with running(tmp_path) as service, service.client() as client:
        assert (tmp_path / "token").stat().st_mode & 0o777 == (tmp_path / "kms.key").stat().st_mode & 0o777 == 0o600
        keys = KeyRing(client, practice.clock)
        with pytest.raises(Unavailable):
            keys.blind("phone", "19900000001")
        await keys.start()
        blind = keys.blind("phone", "19900000001")
        sealed = (await keys.sealer("patient", "one")).seal("t", "c", "r", "张三")

        async with service.client() as second:
            other = KeyRing(second, practice.clock)
            await other.start()
            assert other.blind("phone", "19900000001") == blind
            assert (await other.sealer("patient", "one")).open("t", "c", "r", sealed) == "张三"

        practice.keys = keys
        run = await rotate(practice)
        assert run.target == "2"
        assert await WrappedKey.exclude(kek_version="2").count() == 0
        await retire_master(practice, "1")
        assert list(MasterKeys.load(tmp_path / "kms.key").keys) == ["2"]
        assert (await keys.sealer("patient", "one")).open("t", "c", "r", sealed) == "张三"

        service.process.kill()
        await service.process.wait()
        assert (await keys.sealer("patient", "one")).open("t", "c", "r", sealed) == "张三", "what was unwrapped stays at hand"
        with pytest.raises(KeyServiceAway) as refusal:
            await keys.sealer("patient", "two")
        assert refusal.value.status == 503
        service.process = await begin(tmp_path, service.port)
        await keys.sealer("patient", "two")


async def test_moving_from_a_key_file_to_a_key_service(practice: Practice, tmp_path: Path) -> None:
    """The blind key stood in the file: without it nothing is opened that would make every patient a second time."""
    sealed = (await practice.keys.sealer("patient", "one")).seal("t", "c", "r", "张三")
    (tmp_path / "kms.key").write_text((tmp_path / "keyring.key").read_text())
    (tmp_path / "kms.key").chmod(0o600)
    async with running(tmp_path) as service, service.client() as client:
        with pytest.raises(BlindKeyMissing):
            await KeyRing(client, practice.clock).start()
        await reindex(practice, overlap=timedelta(0))
        keys = KeyRing(client, practice.clock)
        await keys.start()
        assert keys.blind("phone", "19900000001") == practice.keys.blind("phone", "19900000001")
        assert (await keys.sealer("patient", "one")).open("t", "c", "r", sealed) == "张三"


async def test_whoever_does_not_keep_the_contract_gets_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as service, httpx.AsyncClient(base_url=service.url) as http:
        token = service.token.read_text()
        right = {"Authorization": f"Bearer {token}"}
        for shown in (None, "Basic x", f"Bearer {token}x", token, "Bearer é"):
            for path in ("current", "wrap", "unwrap", "versions", "destroy", "nothing"):
                headers = {} if shown is None else {"Authorization": shown.encode()}
                assert (await http.post(f"/v1/{path}", headers=headers, json={})).status_code == 401
        wrapped = (await http.post("/v1/wrap", headers=right, json={"master": "1", "context": "a", "key": "AAAA"})).json()["wrapped"]
        for path, body, status in (
            ("wrap", {}, 400), ("wrap", {"master": "1", "context": "a", "key": "?"}, 400),
            ("wrap", {"master": "1", "context": "a", "key": "????"}, 400),
            ("wrap", {"master": 1, "context": "a", "key": "AAAA"}, 400), ("wrap", {"master": "1", "context": "a", "key": "AAAA", "more": "1"}, 400),
            ("wrap", {"master": "9", "context": "a", "key": "AAAA"}, 404), ("unwrap", {"master": "1", "context": "b", "wrapped": wrapped}, 422),
            ("unwrap", {"master": "1", "context": "a", "wrapped": "AAAA"}, 422), ("versions", {"suite": "des"}, 400), ("current", [], 400),
            ("destroy", {"master": "1"}, 409), ("destroy", {"master": "7"}, 404),
            ("wrap", {"master": "1", "context": "a" * 9000, "key": "AAAA"}, 413),
        ):  # fmt: skip
            answer = await http.post(f"/v1/{path}", headers=right, json=body)
            assert answer.status_code == status, (path, body)
            assert answer.headers.get("cache-control") == "no-store" or status == 413
        assert (await http.post("/v1/current", headers=right, content=b"\xff\xfe{")).status_code == 400
        assert (await http.get("/v1/current", headers=right)).status_code in (404, 405)
        async with service.client() as client:
            assert await client.new_version(SM4) == "2"
            assert await client.unwrap("2", "a", await client.wrap("2", "a", b"k" * 16)) == b"k" * 16
            with pytest.raises(SealBroken):
                await client.unwrap("2", "b", await client.wrap("2", "a", b"k" * 16))
            with pytest.raises(MasterKeyMissing):
                await client.wrap("9", "a", b"k" * 16)
            # The token is replaced on both sides: the client reads it anew when it is refused.
            service.token.write_text("n" * 40)
            service.process.kill()
            await service.process.wait()
            service.process = await begin(tmp_path, service.port)
            await client.refresh()
            assert await client.current() == "2"


NONSENSE = (
    b"", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", b'HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{"wrapped": "??"}',
    b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
    b"nonsense\r\n\r\n", None,
)  # fmt: skip


@pytest.mark.parametrize("answer", NONSENSE)
async def test_a_service_that_answers_nonsense_or_not_at_all_is_away(tmp_path: Path, answer: bytes | None) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        if answer is None:
            await asyncio.sleep(5)
        else:
            writer.write(answer)
        writer.close()

    (tmp_path / "token").write_text("t" * 40)
    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        async with KeyService(f"http://127.0.0.1:{port}", tmp_path / "token", timeout_s=0.3) as client:
            with pytest.raises(KeyServiceAway):
                await client.wrap("1", "a", b"k" * 32)
        async with KeyService(f"http://127.0.0.1:{port}", tmp_path / "no-token", timeout_s=0.3) as client:
            with pytest.raises(KeyServiceAway):
                await client.current()
    finally:
        server.close()


def test_the_environment_holds_no_database(tmp_path: Path) -> None:
    """The key service runs where there is no data: it imports neither the practice nor a database driver."""
    code = "import sys, miniprogram_api.app.key_service; print([m for m in ('asyncmy', 'core.foundation.practice', 'jieba') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": os.getcwd()})
    assert done.stdout.strip() == "[]"
