"""`huizhen wechat doctor` against the real web application, and against what stands in the way of real ones."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.connections import connect_channels
from bot.channels.document import read_json, read_xml
from bot.channels.refused import Refused
from bot.channels.settings import ChannelSettings
from bot.inbox.inbox import _UNHEARD
from core.conversations.models import Conversation, Message
from core.people.models import Account
from miniprogram_api.app.credentials import generate, with_callbacks
from miniprogram_api.connecting.callbacks import EVENT, TITLES, callers
from miniprogram_api.connecting.doctor import Doctor, UnusableCa, _json
from miniprogram_api.connecting.findings import Mark, Section, status_of
from miniprogram_api.connecting.refusals import came_back, refused
from miniprogram_api.connecting.way import Got
from tests.conftest import START
from tests.miniprogram_api.connecting.accounts import changed
from tests.miniprogram_api.http.conftest import Face, face
from tests.support.certificates import Authority
from tests.support.operators_command import begun, forked, nobodys_settings

__all__ = ["face"]

Respond = Callable[[str, str, bytes], Awaitable[bytes]]
"""method, target, body → the bytes of the answer, headers included."""


def credentials(origin: str) -> dict[str, Any]:
    """Those that the application of ``face`` runs with."""
    return with_callbacks(generate(random.Random(1).randbytes), origin)


def settings_of(origin: str, *path: str, to: Any = None) -> ChannelSettings:
    ours = credentials(origin)
    return ChannelSettings.model_validate(changed(ours, *path, to=to) if path else ours)


def said(sections: list[Section]) -> list[str]:
    return [one.what for section in sections for one in section.findings if one.bad]


async def examined(settings: ChannelSettings, only: str = "", **options: Any) -> list[Section]:
    return await Doctor(settings, "https://huizhen.example", **{"demo": True, "now": lambda: START, **options}).run(only)


@contextlib.asynccontextmanager
async def standing(respond: Respond, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server that answers each connection once; its origin."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ssl.SSLError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, target, _ = head.split(" ", 2)
            lengths = [line.split(":")[1] for line in head.split("\r\n") if line.lower().startswith("content-length:")]
            body = await reader.readexactly(int(lengths[0])) if lengths else b""
            writer.write(await respond(method, target, body))
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"{'http' if tls is None else 'https'}://127.0.0.1:{port}"


def answer(body: bytes, status: str = "200 OK", kind: str = "text/plain", *more: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"content-type: {kind}", f"content-length: {len(body)}", "connection: close", *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def health(target: str, *, ahead: timedelta = timedelta(), echo: Callable[[str], str] = str) -> bytes:
    given = dict(parse_qsl(urlsplit(target).query)).get("echo", "")
    told = {"up": True, "at": int((START + ahead).timestamp()), "echo": echo(given)}
    return answer(json.dumps(told).encode(), kind="application/json")


def passing_on(origin: str, target_of: Callable[[str], str] = str, body_of: Callable[[bytes], bytes] = bytes) -> Respond:
    """A reverse proxy before ``origin`` that changes the target on the way in and the body on the way out."""

    async def respond(method: str, target: str, body: bytes) -> bytes:
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            kind = "application/json" if body.startswith(b"{") else "text/xml"
            got = await client.request(method, origin + target_of(target), content=body, headers={"content-type": kind})
        return answer(body_of(got.content), f"{got.status_code} {got.reason_phrase}", got.headers.get("content-type", ""))

    return respond


async def test_a_house_that_works_is_found_to_work_and_nobody_hears_of_it(face: Face) -> None:
    before = [await model.all().count() for model in (Account, Message, Conversation)]
    sections = await examined(settings_of(str(face.client.base_url).rstrip("/")))
    assert said(sections) == []
    assert status_of(sections) == 0
    assert len(sections) == 4
    for section in sections:
        assert [one.mark for one in section.findings] == [Mark.ALREADY] * 5, section
    assert [await model.all().count() for model in (Account, Message, Conversation)] == before


@pytest.mark.parametrize("format_", ["json", "xml"])
async def test_only_one_account_is_called_when_asked(face: Face, format_: str) -> None:
    origin = str(face.client.base_url).rstrip("/")
    face.app.ctx.bot._by_path["mini-program"]._read = read_json if format_ == "json" else read_xml
    sections = await examined(settings_of(origin, "mini_program", "message_format", to=format_), only="mini-program")
    assert said(sections) == []
    assert len(sections) == 1


OTHER_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("official_account", "token"), "other-token", "Token"),
        (("official_account", "encoding_aes_key"), OTHER_KEY, "EncodingAESKey"),
        (("official_account", "appid"), "wx0000", "AppID"),
        (("mini_program", "token"), "other-token", "Token"),
        (("wecom", "app", "token"), "other-token", "Token"),
        (("wecom", "app", "encoding_aes_key"), OTHER_KEY, "EncodingAESKey"),
        (("wecom", "robot", "encoding_aes_key"), OTHER_KEY, "EncodingAESKey"),
        (("wecom", "robot", "aibotid"), "aib0", "aibotid"),
    ],
)
async def test_a_key_that_is_not_the_house_s_is_named(face: Face, path: tuple[str, ...], value: str, words: str) -> None:
    sections = await examined(settings_of(str(face.client.base_url).rstrip("/"), *path, to=value))
    assert status_of(sections) == 2
    (only,) = said(sections)
    assert "被会诊拒收" in only
    assert words in only
    assert value not in only


async def test_a_clock_that_is_wrong_is_told_with_its_direction(face: Face) -> None:
    origin = str(face.client.base_url).rstrip("/")
    sections = await examined(settings_of(origin), only="wecom", now=lambda: START - timedelta(minutes=30))
    first = said(sections)
    assert "钟比这台快 30 分钟" in first[0]
    assert "时间戳太旧或太新" in first[1]
    little = await examined(settings_of(origin), only="official-account", now=lambda: START + timedelta(minutes=3))
    assert said(little) == []
    assert any(one.mark is Mark.MIND and "钟" in one.what for one in little[0].findings)


async def test_a_proxy_that_drops_the_query_or_changes_it_is_found(face: Face) -> None:
    origin = str(face.client.base_url).rstrip("/")
    async with standing(passing_on(origin, lambda target: target.partition("?")[0])) as proxy:
        assert said(await examined(settings_of(proxy), only="official-account")) == ["反向代理丢掉了网址里的参数"]

    def decoded(target: str) -> str:
        path, _, query = target.partition("?")
        return f"{path}?{'&'.join(f'{name}={value}'.replace(' ', '%20') for name, value in parse_qsl(query))}"

    async with standing(passing_on(origin, decoded)) as proxy:
        # What the plus sign became is put back by the house, so that only the warning stays.
        assert said(await examined(settings_of(proxy), only="wecom")) == ["反向代理改了网址里的参数(+、/、= 或空格)"] * 2


async def test_a_proxy_that_touches_the_answer_is_found(face: Face) -> None:
    origin = str(face.client.base_url).rstrip("/")
    async with standing(passing_on(origin, body_of=lambda body: body if body.startswith(b"{") else b'"' + body + b'"\n')) as proxy:
        assert said(await examined(settings_of(proxy), only="official-account")) == ["回答多了引号、空行或 BOM"]


@pytest.mark.parametrize(
    ("status", "words"),
    [("502 Bad Gateway", "代理找不到会诊"), ("403 Forbidden", "被挡住"), ("404 Not Found", "没有这个地址"), ("418 Odd", "不正常")],
)
async def test_what_a_proxy_answers_itself_is_explained(status: str, words: str) -> None:
    async def respond(_method: str, target: str, _body: bytes) -> bytes:
        return health(target) if target.startswith("/healthz") else answer(b"<html>no</html>", status, "text/html")

    async with standing(respond) as origin:
        (only,) = said(await examined(settings_of(origin), only="official-account"))
    assert words in only
    assert "是一张网页" in only


async def test_a_redirect_is_told_with_its_place_and_without_its_query() -> None:
    async def respond(_method: str, target: str, _body: bytes) -> bytes:
        moved = f"location: https://www.huizhen.example{target}"
        return health(target) if target.startswith("/healthz") else answer(b"", "301 Moved", "text/plain", moved)

    async with standing(respond) as origin:
        (only,) = said(await examined(settings_of(origin), only="wecom"))[:1]
    assert "https://www.huizhen.example/callback/wecom-app" in only
    assert "?" not in only
    assert "signature" not in only


async def test_a_page_in_the_place_of_the_answer_is_found() -> None:
    async def respond(_method: str, _target: str, _body: bytes) -> bytes:
        return answer("<!DOCTYPE html><title>备案</title>".encode(), kind="text/html")

    async with standing(respond) as origin:
        sections = await examined(settings_of(origin), only="official-account")
    assert said(sections) == ["得到的是一张网页"]
    assert any(one.mark is Mark.MIND and "/healthz" in one.what for one in sections[0].findings)


async def test_somebody_who_takes_everything_is_not_us() -> None:
    async def respond(method: str, target: str, _body: bytes) -> bytes:
        if target.startswith("/healthz"):
            return health(target)
        echo = dict(parse_qsl(urlsplit(target).query)).get("echostr", "")
        return answer(echo.encode() if method == "GET" else b"success")

    async with standing(respond) as origin:
        (only,) = said(await examined(settings_of(origin), only="official-account"))
    assert "签名不对的消息没有被拒收" in only


async def test_a_slow_answer_is_told(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    origin = str(face.client.base_url).rstrip("/")
    forward = passing_on(origin)

    async def slowly(method: str, target: str, body: bytes) -> bytes:
        await asyncio.sleep(0 if target.startswith("/healthz") else 1.3)
        return await forward(method, target, body)

    monkeypatch.setattr("miniprogram_api.connecting.doctor.EVENT_S", 1.2)
    async with standing(slowly) as proxy:
        found = said(await examined(settings_of(proxy), only="official-account"))
    assert [words.partition("(")[0] for words in found] == ["验证网址的回答太慢", "消息的回答太慢"]


async def test_a_port_where_nothing_listens_and_a_name_that_is_none() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    (refused,) = said(await examined(settings_of(f"http://127.0.0.1:{port}"), only="official-account"))
    assert f"连接被拒绝(127.0.0.1:{port})" in refused
    (unknown,) = said(await examined(settings_of("https://nobody.invalid"), only="official-account"))
    assert unknown == "域名 nobody.invalid 解析不了"
    missing = await examined(settings_of("https://x", "official_account", "callback_url", to=""), only="official-account")
    assert said(missing) == ["没有回调地址,或不是网址"]


async def test_somebody_who_hangs_up_is_told() -> None:
    async def respond(_method: str, target: str, _body: bytes) -> bytes:
        return health(target) if target.startswith("/healthz") else b""

    async with standing(respond) as origin:
        assert said(await examined(settings_of(origin), only="official-account")) == ["连接中途断开,没有回答"]


async def test_certificates_are_trusted_as_the_platforms_trust_them(face: Face, tmp_path: Path) -> None:
    origin = str(face.client.base_url).rstrip("/")
    authority = Authority(tmp_path)
    fitting, other = authority.issue("fitting"), authority.issue("other", "elsewhere.example")

    def serving(certificate: Path, key: Path) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        return context

    async with standing(passing_on(origin), serving(fitting.certificate, fitting.key)) as proxy:
        (only,) = said(await examined(settings_of(proxy), only="official-account"))
        assert "证书" in only
        trusted = await examined(settings_of(proxy), only="official-account", ca=authority.file)
        assert said(trusted) == []
        assert any(one.mark is Mark.MIND and "天后过期" in one.what for one in trusted[0].findings)
    async with standing(passing_on(origin), serving(other.certificate, other.key)) as proxy:
        (only,) = said(await examined(settings_of(proxy), only="official-account", ca=authority.file))
        assert "证书不是这个" in only

    async def no_tls(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"", "400 Bad Request"))
        writer.close()

    async with await asyncio.start_server(no_tls, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert said(await examined(settings_of(f"https://127.0.0.1:{port}"), only="official-account")) == ["TLS 握手失败"]
    with pytest.raises(UnusableCa):
        Doctor(settings_of(origin), "", ca=fitting.key)


async def test_outside_the_demonstration_an_address_that_no_platform_reaches_is_told(face: Face) -> None:
    origin = str(face.client.base_url).rstrip("/")
    sections = await examined(settings_of(origin), only="official-account", demo=False)
    found = said(sections)
    assert "回调地址不是 https" in found
    assert any(words.startswith("端口") for words in found)
    assert any("平台从外面来不了" in words for words in found)
    assert any(one.mark is Mark.MIND and "huizhen.example" in one.what for one in sections[0].findings)


async def test_nothing_that_is_printed_holds_a_secret_or_a_signature(face: Face) -> None:
    origin = str(face.client.base_url).rstrip("/")
    ours = credentials(origin)
    for path in ((), ("wecom", "app", "token")):
        sections = await examined(settings_of(origin, *path, to="other-token") if path else settings_of(origin))
        printed = "\n".join(f"{section.title}{one.what}{one.then}" for section in sections for one in section.findings)
        for account in (ours["official_account"], ours["mini_program"], ours["wecom"]["app"], ours["wecom"]["robot"]):
            assert account["token"] not in printed
            assert account["encoding_aes_key"] not in printed
        assert urlencode({"timestamp": ""}) not in printed


BODIES = st.binary(max_size=300) | st.sampled_from([b"{" * 200, b'{"up": true, "at": 1e400}', b'"', b"\xef\xbb\xbf"])


@given(
    status=st.integers(100, 599), body=BODIES, checking=st.booleans(), channel=st.sampled_from(sorted(TITLES)),
    headers=st.dictionaries(st.sampled_from(["location", "content-type"]), st.text(max_size=60) | st.just("http://[x/\x1b[2J")),
)
def test_whatever_answers_is_explained(status: int, body: bytes, checking: bool, channel: str, headers: dict[str, str]) -> None:
    got = Got(status, headers, body, 0.1)
    (caller,) = [one for one in callers(settings_of("https://huizhen.example")) if one.channel == channel]
    finding = refused(got, caller, None, checking=checking) or came_back(got, b"success")
    assert finding.bad
    assert finding.then
    assert isinstance(_json(got), dict)


async def test_the_command_looks_and_its_status_says_what_came_of_it(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}"
    (tmp_path / "secrets" / "channels.json").write_text(json.dumps(credentials(nowhere)), "utf-8")
    environment = nobodys_settings() | {"HUIZHEN_DATA_DIR": str(tmp_path)}

    async def types(*line: str) -> tuple[int | None, str]:
        return await forked(environment, "wechat", *line)

    status, told = await begun(environment, "wechat", "doctor")
    assert (status, told.count("连接被拒绝")) == (2, 4)
    assert await types("doctor", "--ca", str(tmp_path / "none.pem")) == (1, f"--ca {tmp_path / 'none.pem'} 不能用:要一个 PEM 格式的证书文件。\n")
    assert (await types("doctor", "--dry-run"))[0] == 1
    assert await types("setup", "--ca", "x") == (1, "--ca 只用于 doctor。\n")

    ours = changed(credentials(nowhere), "wecom", "robot", "long_connection", to=True)
    (tmp_path / "secrets" / "channels.json").write_text(json.dumps(changed(ours, "wecom", "robot", "secret", to="s")), "utf-8")
    status, told = await types("doctor", "--only", "wecom")
    assert (status, told.count("连接被拒绝")) == (2, 1)
    assert "看不到会诊的数据库" in told
    assert os.listdir(tmp_path) == ["secrets"], "looking makes no house"


@pytest.mark.parametrize("mode", ["security", "compatible", "plain"])
def test_the_event_is_one_that_nobody_hears_and_its_forgery_is_refused(mode: str) -> None:
    ours = changed(changed(credentials("https://huizhen.example"), "official_account", "mode", to=mode), "mini_program", "mode", to=mode)
    settings = ChannelSettings.model_validate(ours)
    channels = connect_channels(settings)
    for caller in callers(settings):
        channel: Any = getattr(channels, caller.channel.replace("-", "_"))
        sending, forged, check = caller.event(START), caller.event(START, forged=True), caller.check(START)
        incoming = channel.receive(sending.query, {}, sending.body, START)
        assert incoming.kind in _UNHEARD
        assert incoming.event == incoming.sender == EVENT
        with pytest.raises(Refused):
            channel.receive(forged.query, {}, forged.body, START)
        assert channel.verify_url(check.query, START) == check.expected
