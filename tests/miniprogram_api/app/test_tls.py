"""TLS where the house ends it itself, and TLS to what it depends on."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisAway

from miniprogram_api.app.process import LISTEN_DESCRIPTOR
from miniprogram_api.app.readiness import reasons_against
from miniprogram_api.app.settings import Settings
from miniprogram_api.app.supervisor import bind
from miniprogram_api.app.tls import ServerTls, UnusableCertificate
from tests.support.certificates import Authority, Issued
from tests.support.mariadb import is_installed, mariadb_server
from tests.support.peers import need


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
async def served(authority: Authority, tmp_path: Path) -> AsyncIterator[tuple[int, Issued]]:
    """The web process on an inherited socket: its port, its certificate."""
    issued = authority.issue("web")
    listening = bind("127.0.0.1", 0)
    chosen = {"TLS_CERTIFICATE": issued.certificate, "TLS_KEY": issued.key, "DATA_DIR": tmp_path / "data"}
    environment = {**os.environ, **{f"HUIZHEN_{name}": str(value) for name, value in chosen.items()}, LISTEN_DESCRIPTOR: str(listening.fileno())}
    said = tmp_path / "said"
    with said.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.miniprogram_api.app.tls_web", pass_fds=[listening.fileno()], env=environment, stdout=output, stderr=output
        )
    try:
        yield listening.getsockname()[1], issued
    finally:
        process.terminate()
        await process.wait()
        listening.close()
    assert "was cancelled" not in said.read_text(), "stopping it reads as if something had gone wrong"


def client(authority: Authority, version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority.file)
    if version is not None:
        context.minimum_version = context.maximum_version = version
    return context


def handshake(port: int, context: ssl.SSLContext) -> tuple[str | None, int]:
    """The version agreed on and the serial number of the certificate shown."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as raw, context.wrap_socket(raw, server_hostname="127.0.0.1") as wrapped:
        shown = wrapped.getpeercert()
        assert shown is not None
        return wrapped.version(), int(str(shown["serialNumber"]), 16)


async def test_1_3_is_served_1_2_is_refused_and_a_renewed_certificate_is_taken_up(served: tuple[int, Issued], authority: Authority) -> None:
    port, issued = served
    async with httpx.AsyncClient(verify=client(authority), timeout=30) as http:
        answer = await http.get(f"https://127.0.0.1:{port}/")
        assert answer.text == "https 您好"
        assert await asyncio.to_thread(handshake, port, client(authority)) == ("TLSv1.3", issued.serial)
        with pytest.raises(ssl.SSLError):
            await asyncio.to_thread(handshake, port, client(authority, ssl.TLSVersion.TLSv1_2))
        with pytest.raises(httpx.TransportError):
            await httpx.AsyncClient(timeout=5).get(f"http://127.0.0.1:{port}/")
        renewed = authority.issue("web")
        for _ in range(200):
            if (await asyncio.to_thread(handshake, port, client(authority)))[1] == renewed.serial:
                break
            await asyncio.sleep(0.1)
        assert (await asyncio.to_thread(handshake, port, client(authority)))[1] == renewed.serial
        assert (await http.get(f"https://127.0.0.1:{port}/")).status_code == 200, "a connection that stands goes on"


def test_a_renewed_certificate_that_does_not_fit_leaves_the_old_one(authority: Authority, tmp_path: Path) -> None:
    issued, other = authority.issue("web"), authority.issue("other")
    tls = ServerTls(issued.certificate, issued.key)
    assert not tls.reload()
    for content in (other.key.read_bytes(), b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"):
        issued.key.write_bytes(content)
        with pytest.raises(UnusableCertificate) as refused:
            tls.reload()
        assert "PRIVATE" not in str(refused.value)
    issued.key.unlink()
    with pytest.raises(UnusableCertificate):
        tls.reload()


def test_half_a_pair_is_refused_and_a_wrong_pair_named(authority: Authority, tmp_path: Path) -> None:
    issued, other = authority.issue("web"), authority.issue("other")
    with pytest.raises(ValueError, match="HUIZHEN_TLS_KEY"):
        Settings(tls_certificate=issued.certificate)
    settings = Settings(data_dir=tmp_path, tls_certificate=issued.certificate, tls_key=issued.key)
    assert settings.public_url == "https://127.0.0.1:8000"
    assert settings.on_port(9000).public_url == "https://127.0.0.1:9000"
    assert not [reason for reason in reasons_against(settings) if "TLS" in reason]
    assert [reason for reason in reasons_against(settings.model_copy(update={"tls_key": other.key})) if "HUIZHEN_TLS_KEY" in reason]


ASK = """
import asyncio, sys
from tortoise.connection import get_connection
from core.foundation.database.connection import open_database, close_database
async def ask(url):
    await open_database(url, url)
    try:
        return (await get_connection("practice").execute_query_dict("SHOW STATUS LIKE 'Ssl_version'"))[0]["Value"]
    except Exception as error:
        return "refused"
    finally:
        await close_database()
for url in sys.argv[1:]:
    print(asyncio.run(ask(url)))
"""


def test_the_database_over_tls(authority: Authority, tmp_path: Path) -> None:
    """A MariaDB that takes nothing else; a server that shows a stranger's certificate, or another host's, is not talked to."""
    need(is_installed(), "mariadb-server")
    issued, stranger = authority.issue("db"), Authority(tmp_path, "stranger")
    options = (f"--ssl-cert={issued.certificate}", f"--ssl-key={issued.key}", f"--ssl-ca={authority.file}", "--require-secure-transport=ON")
    for path in tmp_path.iterdir():
        path.chmod(0o644)
    with mariadb_server(*options) as server:
        server.sql("CREATE DATABASE tls; CREATE USER house@'127.0.0.1' IDENTIFIED BY 'p' REQUIRE SSL; GRANT ALL ON tls.* TO house@'127.0.0.1'")
        asked = [
            f"mysql://house:p@{host}:{server.port}/tls{query}"
            for host, query in (
                ("127.0.0.1", f"?ssl_ca={authority.file}"), ("127.0.0.1", f"?ssl_ca={stranger.file}"), ("localhost", f"?ssl_ca={authority.file}"),
                ("127.0.0.1", ""),
            )
        ]  # fmt: skip
        environment = {**os.environ, "PYTHONPATH": os.getcwd()}
        done = subprocess.run([sys.executable, "-c", ASK, *asked], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.split() == ["TLSv1.3", "refused", "refused", "refused"]


async def test_redis_over_tls(authority: Authority) -> None:
    """The client's side of rediss://, against a TLS socket that speaks just enough: the Redis of the demonstration is built without TLS."""
    issued, stranger = authority.issue("redis"), Authority(authority.file.parent, "stranger")
    versions: list[str | None] = []

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        versions.append(writer.get_extra_info("ssl_object").version())
        while data := await reader.read(4096):
            writer.write(b"+PONG\r\n" if b"PING" in data else b"+OK\r\n" * max(1, data.count(b"*")))
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0, ssl=ServerTls(issued.certificate, issued.key).context)
    port = server.sockets[0].getsockname()[1]
    try:
        redis = Redis.from_url(f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={authority.file}", protocol=2)
        assert await redis.ping()
        await redis.aclose()
        assert versions[0] == "TLSv1.3"
        for url in (f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={stranger.file}", f"redis://127.0.0.1:{port}/0"):
            other = Redis.from_url(url, protocol=2, socket_timeout=3)
            with pytest.raises(RedisAway):
                await other.ping()
            await other.aclose()
    finally:
        server.close()
