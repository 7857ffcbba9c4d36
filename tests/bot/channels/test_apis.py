"""The API clients, against a small platform on a real port."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from sanic import HTTPResponse, Request, Sanic
from sanic.response import raw

from bot.channels.api.errors import (
    AddressRefused,
    AllowanceSpent,
    ApiError,
    CardUpdateRefused,
    CodeInvalid,
    NotTrusted,
    PlatformBusy,
    QuotaSpent,
    ReceiverUnknown,
    SnapshotUser,
    TemplateInvalid,
    TokenInvalid,
    Unreachable,
    ValueRefused,
)
from bot.channels.api.transport import Transport
from bot.channels.api.values import fitting_values
from bot.channels.connections import Apis
from bot.channels.crypto import decode_aes_key, encrypt_blocks
from bot.channels.outgoing import Button, Card, CardUpdate
from bot.channels.settings import Addresses, ChannelSettings, WeComSettings
from core.foundation import counting
from tests.bot.channels.platform_side import KEY, OTHER_KEY, app_settings, mini_program_settings, official_account_settings, robot_settings

SECRETS = ("oasecret", "mpsecret", "wcsecret", "token-")


class SmallPlatform:
    """Answers what a test has put in: a JSON value, a list of them in turn, or bytes with a type."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.seen: list[tuple[str, dict[str, str], Any]] = []
        self.tokens = 0
        self.base = ""

    async def handle(self, request: Request, path: str) -> HTTPResponse:
        query = {key: values[0] for key, values in request.args.items()}
        self.seen.append((f"/{path}", query, json.loads(request.body) if request.body else None))
        if path in ("cgi-bin/stable_token", "cgi-bin/gettoken") and path not in self.answers:
            self.tokens += 1
            return self._json({"access_token": f"token-{self.tokens}", "expires_in": 7200})
        answer = self.answers.get(path, {"errcode": 0, "errmsg": "ok"})
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, HTTPResponse):
            return answer
        if callable(answer):
            answer = await answer()
        return self._json(answer)

    def _json(self, value: Any) -> HTTPResponse:
        # The platform's answers are JSON with a type of text.
        return raw(json.dumps(value).encode(), content_type="text/plain")

    def calls(self, path: str) -> list[tuple[dict[str, str], Any]]:
        return [(query, body) for seen, query, body in self.seen if seen == path]


@asynccontextmanager
async def running(platform: SmallPlatform) -> AsyncIterator[SmallPlatform]:
    app: Any = Sanic(f"small-{random.randrange(10**9)}", configure_logging=False)
    app.config.AUTO_EXTEND = False
    # Sanic rewrites its own methods when an app starts, which works once a process.
    app.config.TOUCHUP = False
    app.add_route(platform.handle, "/<path:path>", methods=["GET", "POST"])
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    platform.base = f"http://127.0.0.1:{sock.getsockname()[1]}"
    server = await app.create_server(sock=sock, return_asyncio_server=True, access_log=False)
    await server.startup()
    await server.before_start()
    await server.start_serving()
    await server.after_start()
    yield platform
    await server.before_stop()
    await server.close()
    await server.after_stop()


@pytest.fixture
async def platform() -> AsyncIterator[SmallPlatform]:
    async with running(SmallPlatform()) as platform:
        yield platform


@pytest.fixture
async def apis(platform: SmallPlatform, redis: Redis) -> AsyncIterator[Apis]:
    settings = ChannelSettings(
        official_account=official_account_settings(),
        mini_program=mini_program_settings(),
        wecom=WeComSettings(corpid="ww1", app=app_settings(), robot=robot_settings(previous_encoding_aes_key=SecretStr(OTHER_KEY))),
        addresses=Addresses(wechat_api=platform.base, wecom_api=platform.base),
    )
    apis = Apis(settings, redis, clock=lambda: datetime.now(UTC), ids=lambda: str(random.random()), spread=random.Random(1))
    yield apis
    await apis.close()


@pytest.fixture
def oa(apis: Apis) -> Any:
    return apis.official_account


@pytest.fixture
def mp(apis: Apis) -> Any:
    return apis.mini_program


@pytest.fixture
def wc(apis: Apis) -> Any:
    return apis.wecom


@pytest.fixture
def robot(apis: Apis) -> Any:
    return apis.robot


async def test_custom_send_and_template_send(platform: SmallPlatform, oa: Any) -> None:
    await oa.custom_send({"touser": "o1", "msgtype": "text", "text": {"content": "你好"}})
    ((query, body),) = platform.calls("/cgi-bin/message/custom/send")
    assert (query, body["text"]["content"]) == ({"access_token": "token-1"}, "你好")
    platform.answers["cgi-bin/message/template/send"] = {"errcode": 0, "errmsg": "ok", "msgid": 200228332}
    assert await oa.template_send("o1", "t1", {"first": "a"}, url="https://x", client_msg_id="c1") == "200228332"
    ((_, body),) = platform.calls("/cgi-bin/message/template/send")
    assert body == {"touser": "o1", "template_id": "t1", "data": {"first": {"value": "a"}}, "url": "https://x", "client_msg_id": "c1"}
    assert platform.calls("/cgi-bin/stable_token")[0][1]["force_refresh"] is False
    assert platform.tokens == 1


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (45015, AllowanceSpent),
        (45047, AllowanceSpent),
        (43101, AllowanceSpent),
        (45009, QuotaSpent),
        (48001, NotTrusted),
        (40164, NotTrusted),
        (60020, NotTrusted),
        (-1, PlatformBusy),
        (40003, ReceiverUnknown),
        (40037, TemplateInvalid),
        (99999, ApiError),
    ],
)
async def test_errcodes_are_typed_and_called_once(platform: SmallPlatform, oa: Any, code: int, kind: type[ApiError]) -> None:
    platform.answers["cgi-bin/message/custom/send"] = {"errcode": code, "errmsg": "secret words of the platform"}
    with pytest.raises(ApiError) as error:
        await oa.custom_send({"touser": "o1"})
    assert (type(error.value), error.value.code) == (kind, code)
    assert str(error.value) == f"custom_send: errcode {code}"
    assert len(platform.calls("/cgi-bin/message/custom/send")) == 1


@pytest.mark.parametrize("code", [40001, 42001, 40014])
async def test_a_refused_token_is_renewed_once_and_the_call_repeated_once(platform: SmallPlatform, oa: Any, redis: Redis, code: int) -> None:
    await redis.set(
        f"huizhen:token:official_account:{official_account_settings().appid}",
        json.dumps({"token": "old", "expires_at": 9e9, "fetched_at": 0}),
    )
    platform.answers["cgi-bin/message/custom/send"] = [{"errcode": code}, {"errcode": 0}]
    await oa.custom_send({"touser": "o1"})
    assert [query["access_token"] for query, _ in platform.calls("/cgi-bin/message/custom/send")] == ["old", "token-1"]
    platform.answers["cgi-bin/message/custom/send"] = {"errcode": code}
    with pytest.raises(TokenInvalid):
        await oa.custom_send({"touser": "o1"})
    assert platform.tokens == 1


@pytest.mark.parametrize("failure", ["refused", "cut", "slow", "html", "not an object", "status", "huge", "bad code"])
async def test_what_is_no_answer_is_unreachable_and_shows_no_address(
    platform: SmallPlatform, oa: Any, failure: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)

    async def slow() -> dict[str, int]:
        await asyncio.sleep(0.5)
        return {"errcode": 0}

    monkeypatch.setattr("bot.channels.api.transport.TOTAL_SECONDS", 0.2 if failure == "slow" else 5)
    await oa._tokens.token()
    platform.answers["cgi-bin/message/custom/send"] = {
        "slow": slow,
        "html": raw(b"<html>gateway</html>", content_type="text/html"),
        "not an object": raw(b"[1]", content_type="text/plain"),
        "bad code": {"errcode": "zero"},
        "status": raw(b"{}", status=502),
        "huge": raw(b" " * (1024 * 1024 + 1)),
    }.get(failure, {"errcode": 0})
    if failure in ("refused", "cut"):
        sock = socket.socket()
        sock.bind(("127.0.0.1", 0))
        oa._transport.base = f"http://127.0.0.1:{sock.getsockname()[1]}"
        if failure == "cut":
            server = await asyncio.start_server(lambda _reader, writer: writer.close(), sock=sock)
        else:
            sock.close()
    with pytest.raises(Unreachable) as error:
        await oa.custom_send({"touser": "o1"})
    if failure == "cut":
        server.close()
    assert error.value.sent is (failure != "refused")
    assert error.value.__cause__ is None
    assert error.value.__context__ is None
    for secret in SECRETS:
        assert secret not in str(error.value)
        assert secret not in caplog.text
    assert "access_token" not in caplog.text


async def test_media(platform: SmallPlatform, oa: Any) -> None:
    platform.answers["cgi-bin/media/get"] = raw(
        b"\xff\xd8picture", content_type="image/jpeg", headers={"content-disposition": 'attachment; filename="../../etc/x.jpg"'}
    )
    file = await oa.media_get("m1")
    assert (file.content, file.content_type, file.name) == (b"\xff\xd8picture", "image/jpeg", "x.jpg")
    with pytest.raises(Unreachable):
        await oa.media_get("m1", limit=4)
    platform.answers["cgi-bin/media/get"] = {"errcode": 40007, "errmsg": "invalid media_id"}
    with pytest.raises(ApiError) as error:
        await oa.media_get("m1")
    assert error.value.code == 40007


async def test_followers_and_web_users(platform: SmallPlatform, oa: Any) -> None:
    platform.answers["cgi-bin/user/info"] = {"subscribe": 1, "openid": "o1", "unionid": "u1"}
    follower = await oa.user_info("o1")
    assert (follower.subscribed, follower.unionid) == (True, "u1")
    assert "u1" not in repr(follower)
    platform.answers["sns/oauth2/access_token"] = {"access_token": "x", "openid": "o1", "scope": "snsapi_base"}
    assert (await oa.web_user("c1")).openid == "o1"
    platform.answers["sns/oauth2/access_token"] = {"access_token": "x", "openid": "o1", "is_snapshotuser": 1}
    with pytest.raises(SnapshotUser):
        await oa.web_user("c1")
    platform.answers["sns/oauth2/access_token"] = {"errcode": 40163, "errmsg": "code been used"}
    with pytest.raises(CodeInvalid):
        await oa.web_user("c1")


async def test_mini_program_sign_in(platform: SmallPlatform, mp: Any) -> None:
    platform.answers["sns/jscode2session"] = {"openid": "m1", "session_key": "verysecretkey", "unionid": "u1"}
    session = await mp.code2session("c1")
    assert (session.openid, session.session_key.get_secret_value(), session.unionid) == ("m1", "verysecretkey", "u1")
    assert "verysecretkey" not in repr(session)
    platform.answers["sns/jscode2session"] = {"openid": "m1"}
    with pytest.raises(Unreachable):
        await mp.code2session("c1")
    info = {"phoneNumber": "+8619900000001", "purePhoneNumber": "19900000001", "countryCode": 86}
    platform.answers["wxa/business/getuserphonenumber"] = {"errcode": 0, "phone_info": info}
    phone = await mp.phone_number("c2")
    assert (phone.number, phone.full_number, phone.country_code) == ("19900000001", "+8619900000001", "86")
    platform.answers["wxa/business/getuserphonenumber"] = {"errcode": 0, "phone_info": {**info, "watermark": {"appid": "other"}}}
    with pytest.raises(CodeInvalid):
        await mp.phone_number("c2")


async def test_subscription_messages(platform: SmallPlatform, mp: Any) -> None:
    await mp.subscribe_send("m1", "t1", {"thing1": "会" * 30, "time2": "2026年11月20日 15:00"}, page="pages/index")
    ((_, body),) = platform.calls("/cgi-bin/message/subscribe/send")
    assert body["data"]["thing1"]["value"] == "会" * 19 + "…"
    assert (body["miniprogram_state"], body["lang"], body["page"]) == ("formal", "zh_CN", "pages/index")
    with pytest.raises(ValueRefused) as error:
        await mp.subscribe_send("m1", "t1", {"phrase1": "已约15点"})
    assert error.value.field == "phrase1"
    assert len(platform.calls("/cgi-bin/message/subscribe/send")) == 1
    platform.answers["cgi-bin/message/subscribe/send"] = {"errcode": 47003, "errmsg": "argument invalid! data.thing1.value is empty"}
    with pytest.raises(ValueRefused) as error:
        await mp.subscribe_send("m1", "t1", {"thing1": "a"})
    assert error.value.field == "thing1"
    platform.answers["cgi-bin/message/subscribe/send"] = {"errcode": 43101, "errmsg": "user refuse to accept the msg"}
    with pytest.raises(AllowanceSpent):
        await mp.subscribe_send("m1", "t1", {"thing1": "a"})


async def test_app_messages_and_cards(platform: SmallPlatform, wc: Any) -> None:
    platform.answers["cgi-bin/message/send"] = {"errcode": 0, "invaliduser": "b", "msgid": "m1", "response_code": "rc1"}
    sent = await wc.message_send({"touser": "a|b", "agentid": 1, "msgtype": "text", "text": {"content": "x"}})
    assert (sent.msgid, sent.response_code, sent.invalid_users) == ("m1", "rc1", ("b",))
    platform.answers["cgi-bin/message/send"] = {"errcode": 0, "invaliduser": "a", "unlicenseduser": "b"}
    with pytest.raises(ReceiverUnknown):
        await wc.message_send({"touser": "a|b"})
    assert platform.calls("/cgi-bin/gettoken") == [({"corpid": "ww1", "corpsecret": "wcsecret"}, None)]
    await wc.update_template_card("rc1", CardUpdate(note="王主任已接", everyone=True))
    card = Card(task_id="t", title="会诊", buttons=(Button(key="a", label="接诊"),))
    await wc.update_template_card("rc2", CardUpdate(note="已接", card=card), ["a"])
    first, second = (body for _, body in platform.calls("/cgi-bin/message/update_template_card"))
    assert first == {"agentid": 1000002, "response_code": "rc1", "atall": 1, "button": {"replace_name": "王主任已接"}}
    assert (second["userids"], second["template_card"]["replace_text"]) == (["a"], "已接")
    platform.answers["cgi-bin/message/update_template_card"] = {"errcode": 42016}
    with pytest.raises(CardUpdateRefused):
        await wc.update_template_card("rc1", CardUpdate(note="x"))


@pytest.mark.parametrize("answer", [{"userid": "wang"}, {"UserId": "wang"}])
async def test_members(platform: SmallPlatform, wc: Any, answer: dict[str, str]) -> None:
    platform.answers["cgi-bin/auth/getuserinfo"] = {"errcode": 0, **answer}
    assert (await wc.user_by_code("c")).userid == "wang"
    platform.answers["cgi-bin/auth/getuserinfo"] = {"errcode": 0, "openid": "outsider"}
    with pytest.raises(ReceiverUnknown):
        await wc.user_by_code("c")


async def test_robot_answers_late_and_fetches_files(platform: SmallPlatform, robot: Any) -> None:
    await robot.respond(f"{platform.base}/cgi-bin/aibot/response?response_code=r1", {"msgtype": "markdown", "markdown": {"content": "到了"}})
    assert platform.calls("/cgi-bin/aibot/response")[0] == ({"response_code": "r1"}, {"msgtype": "markdown", "markdown": {"content": "到了"}})
    for address in ("http://169.254.169.254/", "https://evil.com/", "x" * 5000):
        with pytest.raises(AddressRefused) as error:
            await robot.respond(address, {})
        assert "evil" not in str(error.value)
        with pytest.raises(AddressRefused):
            await robot.download(address)
    for key in (KEY, OTHER_KEY):
        platform.answers["file/1"] = raw(encrypt_blocks(decode_aes_key(key), b"\x89PNG"), content_type="application/octet-stream")
        assert (await robot.download(f"{platform.base}/file/1 ")).content == b"\x89PNG"
    platform.answers["file/1"] = raw(b"x" * 33, content_type="application/octet-stream")
    with pytest.raises(Unreachable):
        await robot.download(f"{platform.base}/file/1")


async def test_redirects_are_not_followed(platform: SmallPlatform) -> None:
    platform.answers["file/2"] = raw(b"", status=302, headers={"location": "http://169.254.169.254/"})
    transport = Transport(platform.base)
    with pytest.raises(Unreachable, match="HTTP 302"):
        await transport.fetch("/file/2", {}, call="x")
    await transport.close()


async def test_calls_do_not_wait_for_each_other(platform: SmallPlatform, oa: Any) -> None:
    barrier = asyncio.Barrier(10)

    async def together() -> dict[str, int]:
        await barrier.wait()
        return {"errcode": 0}

    platform.answers["cgi-bin/message/custom/send"] = together
    async with asyncio.timeout(5):
        await asyncio.gather(*(oa.custom_send({"touser": "o1"}) for _ in range(10)))


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("thing1", ["挂号", "会" * 60], ["", "  "]),
        ("number2", ["12", "1.5"], ["12a", "1" * 33, "١"]),
        ("letter3", ["abc"], ["abc1", "会"]),
        ("character_string4", ["C-7K2M", "2026/11"], ["会诊", "a" * 33]),
        ("time5", ["15:01", "2026年11月20日 15:01", "15:00~16:00"], ["下午", "25:00", "15:1"]),
        ("date6", ["2026年11月20日", "2026-11-20"], ["明天", "15:00"]),
        ("amount7", ["¥25.92", "25.92元", "25"], ["二十五", "25.999"]),
        ("phone_number8", ["19900000001", "+86-0766-1234"], ["一九九", "1" * 18]),
        ("name9", ["李秀英", "John Smith"], ["李" * 11, "a" * 21, "李1", "李秀英(演示)"]),
        ("phrase10", ["已预约"], ["已预约成功啦", "已约15", "ok"]),
        ("car_number1", ["贵J12345"], ["12345"]),
        ("unheard_of2", ["anything"], [""]),
        ("no-name", [], ["zzz"]),
    ],
)
def test_value_rules(field: str, good: list[str], bad: list[str]) -> None:
    for value in good:
        assert field in fitting_values({field: value}, "x")
    for value in bad:
        with pytest.raises(ValueRefused) as error:
            fitting_values({field: value}, "call")
        assert error.value.field == field
        assert not value.strip() or value not in str(error.value)


async def test_each_call_is_counted_with_the_platform_s_answer(platform: SmallPlatform, oa: Any) -> None:
    counting._counted.clear()
    platform.answers["cgi-bin/message/custom/send"] = [{"errcode": 0}, {"errcode": 45015}, raw(b"<html>")]
    for _ in range(3):
        with contextlib.suppress(ApiError):
            await oa.custom_send({"touser": "o1", "msgtype": "text", "text": {"content": "1"}})
    told = {dict(labels)["outcome"]: number for (name, labels), number in counting._counted.items() if ("call", "custom_send") in labels}
    assert told == {"ok": 1, "45015": 1, "unreachable": 1}
