"""Channels and APIs live, against the simulated platform in a process of its own (whose crypto is not ours)."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis
from sanic import HTTPResponse, Request, Sanic
from sanic.response import empty, raw

from bot.channels.api.errors import AllowanceSpent, CardUpdateRefused, CodeInvalid, TemplateInvalid
from bot.channels.channel import Channel
from bot.channels.connections import Apis, Channels, connect_channels
from bot.channels.message import Incoming, Kind
from bot.channels.outgoing import Button, Card, CardUpdate, Choice, Line, Link, Menu, Outgoing, Stream, Text
from bot.channels.refused import Refused
from bot.channels.settings import Addresses, ChannelSettings
from tests.support.simulated import simulated_platform

PEOPLE = {
    "people": [
        {"key": "patient-001", "name": "李秀英", "role": "patient", "official_account_openid": "oPatient1", "mini_program_openid": "mPatient1",
         "unionid": "uPatient1", "phone": "19900000001"},
        {"key": "village-doctor-01", "name": "吴医生", "role": "village_doctor", "userid": "wu01", "groups": ["village-doctors"]},
        {"key": "village-doctor-02", "name": "周医生", "role": "village_doctor", "userid": "zhou02", "groups": ["village-doctors"]},
        {"key": "expert-001", "name": "王主任", "role": "expert", "userid": "wang01"},
        {"key": "expert-002", "name": "李主任", "role": "expert", "userid": "li02"},
    ],
    "groups": [{"chatid": "village-doctors", "name": "村医会诊群", "members": ["village-doctor-01", "village-doctor-02"]}],
}  # fmt: skip
MENU = Menu(head="喘不上气吗", choices=(Choice(code="no", label="都没有"), Choice(code="yes", label="喘不上气")), menu_id="q1")


def _credentials(port: int) -> dict[str, Any]:
    def callback(name: str) -> dict[str, str]:
        key = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        return {"token": secrets.token_hex(8), "encoding_aes_key": key, "callback_url": f"http://127.0.0.1:{port}/callback/{name}"}

    return {
        "official_account": {
            "original_id": "gh_oa",
            "appid": "wxoa",
            "secret": "oa-s",
            "templates": {"progress": "TPL-1"},
            **callback("official_account"),
        },
        "mini_program": {"original_id": "gh_mp", "appid": "wxmp", "secret": "mp-s", "message_format": "json", **callback("mini_program")},
        "wecom": {
            "corpid": "ww1",
            "app": {"agentid": 1000002, "secret": "app-s", **callback("wecom_app")},
            "robot": {"aibotid": "aib1", "name": "会诊助手", **callback("wecom_robot")},
        },
    }


Answering = Callable[[Incoming], Sequence[Outgoing]]


@dataclass
class Bot:
    """A bot of a few lines: answers what a test tells it to, keeps what it got."""

    channels: Channels
    answering: Answering = lambda _incoming: ()
    got: list[Incoming] = field(default_factory=list)
    rest: list[Outgoing] = field(default_factory=list)
    refused: int = 0

    async def handle(self, request: Request, name: str) -> HTTPResponse:
        channel: Channel = getattr(self.channels, name)
        query = {key: values[0] for key, values in request.args.items()}
        now = datetime.now(UTC)
        try:
            if request.method == "GET":
                return raw(channel.verify_url(query, now))
            incoming = channel.receive(query, dict(request.headers), request.body, now)
        except Refused:
            self.refused += 1
            return empty(403)
        self.got.append(incoming)
        reply = channel.passive_reply(incoming, self.answering(incoming), now, secrets.token_hex(8))
        self.rest += reply.rest
        return raw(reply.body, content_type=reply.content_type)

    async def next(self, kind: Kind) -> Incoming:
        return await until(lambda: next((one for one in self.got if one.kind is kind), None))


async def until(found: Callable[[], Any]) -> Any:
    async with asyncio.timeout(10):
        while True:
            value = found()
            if value:
                return value
            await asyncio.sleep(0.02)


@dataclass
class Stage:
    bot: Bot
    apis: Any
    people: httpx.AsyncClient

    async def say(self, person: str, chat: str, text: str) -> None:
        await self._post(f"{person}/chats/{chat}/messages", {"type": "text", "content": text})

    async def tap(self, person: str, chat: str, seq: int, key: str) -> None:
        await self._post(f"{person}/chats/{chat}/taps", {"seq": seq, "key": key})

    async def seen(self, person: str, chat: str, wanted: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """The first message of the service that fits."""
        async with asyncio.timeout(10):
            while True:
                for message in (await self.people.get(f"/people/{person}/chats/{chat}/messages")).json():
                    if message["from"] == "service" and wanted(message):
                        assert isinstance(message, dict)
                        return message
                await asyncio.sleep(0.03)

    async def _post(self, path: str, body: Any = None) -> Any:
        response = await self.people.post(f"/people/{path}", json=body)
        assert response.status_code < 300, response.text
        return response.json()


def _bound() -> socket.socket:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(64)
    return sock


@pytest.fixture
async def stage(tmp_path: Path, redis: Redis) -> AsyncIterator[Stage]:
    ours, theirs = _bound(), _bound()
    origin = f"http://127.0.0.1:{theirs.getsockname()[1]}"
    (tmp_path / "simulator").mkdir()
    credentials = json.dumps(_credentials(ours.getsockname()[1]))
    (tmp_path / "simulator" / "platform.json").write_text(credentials)
    (tmp_path / "simulator" / "people.json").write_text(json.dumps(PEOPLE))
    (tmp_path / "channels.json").write_text(credentials)
    settings = ChannelSettings.read(
        tmp_path / "channels.json",
        Addresses(
            wechat_api=f"{origin}/simulator/api.weixin.qq.com",
            wechat_open=f"{origin}/simulator/open.weixin.qq.com",
            wecom_api=f"{origin}/simulator/qyapi.weixin.qq.com",
        ),
    )
    bot = Bot(connect_channels(settings))
    app: Any = Sanic(f"bot-{random.randrange(10**9)}", configure_logging=False)
    app.config.update(AUTO_EXTEND=False, TOUCHUP=False)
    app.add_route(bot.handle, "/callback/<name:str>", methods=["GET", "POST"])
    server = await app.create_server(sock=ours, return_asyncio_server=True, access_log=False)
    await server.startup()
    await server.before_start()
    await server.start_serving()
    apis = Apis(settings, redis, clock=lambda: datetime.now(UTC), ids=lambda: secrets.token_hex(8), spread=random.Random(1))
    async with simulated_platform(tmp_path, theirs), httpx.AsyncClient(base_url=f"{origin}/simulator", trust_env=False, timeout=15) as people:
        yield Stage(bot, apis, people)
    await apis.close()
    await server.before_stop()
    await server.close()
    await server.after_stop()


async def test_addresses_are_verified_on_every_channel(stage: Stage) -> None:
    outcome = (await stage.people.post("/verifications")).json()
    assert stage.bot.refused == 0
    assert outcome
    assert "false" not in json.dumps(outcome).lower()


async def test_official_account_from_sentence_to_tap_to_pushed_menu(stage: Stage) -> None:
    await stage._post("patient-001/official-account/unfollow")
    await stage._post("patient-001/official-account/follow")
    await stage.bot.next(Kind.UNSUBSCRIBE)
    await stage.bot.next(Kind.SUBSCRIBE)
    stage.bot.answering = lambda incoming: (Text(text="听到了]]>咳嗽。"), MENU) if incoming.kind is Kind.TEXT else ()
    await stage.say("patient-001", "official_account", "最近总是咳嗽,发烧38.5度")
    shown = await stage.seen("patient-001", "official_account", lambda message: "听到了]]>咳嗽" in message.get("content", ""))
    await stage.tap("patient-001", "official_account", shown["seq"], "q1:no")
    tapped = await stage.bot.next(Kind.TAP)
    assert tapped.tap is not None
    assert (tapped.text, tapped.tap.menu_id, tapped.tap.key, tapped.sender) == ("都没有", "q1", "no", "oPatient1")
    account = stage.bot.channels.official_account
    assert account is not None
    for payload in account.push([Text(text="**建议今天就看医生**"), MENU, Link(title="进入", url="https://example.org/h5")], "oPatient1"):
        await stage.apis.official_account.custom_send(payload)
    menu = await stage.seen("patient-001", "official_account", lambda message: message["type"] == "menu")
    assert menu["head"].startswith("建议今天就看医生")
    assert [item["id"] for item in menu["items"]] == ["q1:no", "q1:yes"]


async def test_official_account_api(stage: Stage) -> None:
    api = stage.apis.official_account
    with pytest.raises(AllowanceSpent):
        await api.custom_send({"touser": "oPatient1", "msgtype": "text", "text": {"content": "x"}})
    await stage._post("patient-001/official-account/unfollow")
    await stage._post("patient-001/official-account/follow")
    await stage.bot.next(Kind.UNSUBSCRIBE)
    await stage.bot.next(Kind.SUBSCRIBE)
    assert (await api.user_info("oPatient1")).unionid == "uPatient1"
    msgid = await api.template_send("oPatient1", "TPL-1", {"thing1": "会诊进度"}, client_msg_id="c1")
    result = await stage.bot.next(Kind.TEMPLATE_RESULT)
    assert [(one.message_id, one.outcome) for one in result.deliveries] == [(msgid, "delivered")]
    with pytest.raises(TemplateInvalid):
        await api.template_send("oPatient1", "nope", {"thing1": "x"})


async def test_mini_program_sign_in_and_subscription(stage: Stage) -> None:
    api = stage.apis.mini_program
    login = await stage._post("patient-001/mini-program/login")
    phone = await stage._post("patient-001/mini-program/phone")
    session = await api.code2session(login["code"])
    assert (session.openid, session.unionid) == ("mPatient1", "uPatient1")
    with pytest.raises(CodeInvalid):
        await api.code2session(login["code"])
    assert (await api.phone_number(phone["code"])).number == "19900000001"
    with pytest.raises(AllowanceSpent):
        await api.subscribe_send("mPatient1", "SUB-1", {"thing1": "随访提醒"})
    await stage._post("patient-001/mini-program/subscribe", {"templates": {"SUB-1": "accept"}})
    change = await stage.bot.next(Kind.SUBSCRIPTION_CHANGE)
    assert [(one.template_id, one.accepted) for one in change.subscriptions] == [("SUB-1", True)]
    await api.subscribe_send("mPatient1", "SUB-1", {"thing1": "随访提醒", "time2": "2026年11月20日 15:00"})
    assert (await stage.bot.next(Kind.TEMPLATE_RESULT)).deliveries[0].outcome == "delivered"


async def test_cards_of_experts_first_tap_wins(stage: Stage) -> None:
    api, app = stage.apis.wecom, stage.bot.channels.wecom_app
    assert app is not None
    lines = tuple(Line(key=key, value="x") for key in ("血压", "心率", "心电图", "为什么找您", "村医", "地点", "年龄"))
    offer = Card(
        task_id="offer-1", title="会诊邀请 · 危急", lines=lines, buttons=(Button(key="accept", label="接诊"), Button(key="no", label="婉拒"))
    )
    (payload,) = app.push([offer], ["wang01", "li02"])
    sent = await api.message_send(payload)
    with pytest.raises(TemplateInvalid):
        await api.message_send(payload)
    stage.bot.answering = lambda incoming: (CardUpdate(note="您已接诊", card=offer), Text(text="40 秒后开视频"))
    card = await stage.seen("expert-001", "wecom_app", lambda message: message["type"] == "card")
    await stage.tap("expert-001", "wecom_app", card["seq"], "accept")
    tapped = await stage.bot.next(Kind.TAP)
    assert tapped.tap is not None
    assert (tapped.sender, tapped.tap.key, tapped.tap.task_id) == ("wang01", "accept", "offer-1")
    await stage.seen("expert-001", "wecom_app", lambda message: message["type"] == "card" and message["card"].get("replace_text") == "您已接诊")
    assert stage.bot.rest == [Text(text="40 秒后开视频")]
    await api.update_template_card(sent.response_code, CardUpdate(note="王主任已接", everyone=True))
    await stage.seen("expert-002", "wecom_app", lambda message: message["type"] == "card" and message["card"].get("replaced") == "王主任已接")
    with pytest.raises(CardUpdateRefused):
        await api.update_template_card(sent.response_code, CardUpdate(note="again"))
    await api.update_template_card(tapped.tap.response_code, CardUpdate(note="已结束"))


async def test_texts_and_pages_of_members(stage: Stage) -> None:
    app = stage.bot.channels.wecom_app
    assert app is not None
    stage.bot.answering = lambda incoming: (Text(text="会诊 C-7K2M 进行中"),)
    await stage.say("expert-001", "wecom_app", "进度")
    await stage.seen("expert-001", "wecom_app", lambda message: message.get("content") == "会诊 C-7K2M 进行中")
    for payload in app.push([Link(title="进入会诊", url="https://example.org/h5"), MENU], ["wang01"]):
        await stage.apis.wecom.message_send(payload)
    await stage.seen("expert-001", "wecom_app", lambda message: message["type"] == "link")
    await stage.seen("expert-001", "wecom_app", lambda message: message["type"] == "card" and message["card"]["task_id"] == "q1")


async def test_robot_in_the_group_streams_cards_and_late_answers(stage: Stage) -> None:
    robot = stage.bot.channels.wecom_robot
    assert robot is not None
    offer = Card(task_id="case-1", title="会诊 C-7K2M 已建", buttons=(Button(key="go", label="去补"), Button(key="stop", label="取消")))

    def answering(incoming: Incoming) -> Sequence[Outgoing]:
        if incoming.kind is Kind.TAP:
            return (CardUpdate(note="吴医生去补了", everyone=True),)
        if incoming.kind is Kind.STREAM_REFRESH:
            return (Text(text="先打 120"), offer)
        return (Stream(text="收到,正在看…", finish=False),)

    stage.bot.answering = answering
    await stage.say("village-doctor-01", "group:village-doctors", "@会诊助手 会诊 3号病人 胸痛2小时 出冷汗 血压90/60 紧急")
    asked = await stage.bot.next(Kind.TEXT)
    assert (asked.text, asked.chat, asked.group) == ("会诊 3号病人 胸痛2小时 出冷汗 血压90/60 紧急", "village-doctors", True)
    await stage.bot.next(Kind.STREAM_REFRESH)
    await stage.seen("village-doctor-02", "group:village-doctors", lambda message: message.get("content") == "先打 120")
    card = await stage.seen("village-doctor-01", "group:village-doctors", lambda message: message["type"] == "card")
    await stage.tap("village-doctor-01", "group:village-doctors", card["seq"], "go")
    await stage.seen("village-doctor-02", "group:village-doctors", lambda message: "吴医生去补了" in json.dumps(message, ensure_ascii=False))
    body, rest = robot.late_answer([Text(text="王主任已接诊")])
    assert body is not None
    assert rest == ()
    await stage.apis.robot.respond(asked.response_url, body)
    await stage.seen("village-doctor-02", "group:village-doctors", lambda message: message.get("content") == "王主任已接诊")


async def test_robot_file_is_fetched_and_opened(stage: Stage) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + secrets.token_bytes(1000)
    body = {"type": "file", "name": "心电图.png", "data_base64": base64.b64encode(picture).decode()}
    stage.bot.answering = lambda incoming: (Text(text="收到"),)
    await stage._post("village-doctor-01/chats/wecom_robot/messages", body)
    incoming = await stage.bot.next(Kind.FILE)
    assert (await stage.apis.robot.download(incoming.media[0].url)).content == picture


async def test_patients_picture_is_fetched(stage: Stage) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + secrets.token_bytes(1000)
    body = {"type": "image", "name": "舌头.png", "data_base64": base64.b64encode(picture).decode()}
    await stage._post("patient-001/chats/official_account/messages", body)
    incoming = await stage.bot.next(Kind.IMAGE)
    file = await stage.apis.official_account.media_get(incoming.media[0].media_id)
    assert (file.content, file.content_type) == (picture, "image/png")


async def test_a_token_that_the_platform_ended_is_replaced(stage: Stage, redis: Redis) -> None:
    assert await stage.apis.official_account.user_info("oPatient1")
    (key,) = await redis.keys("huizhen:token:official_account:wxoa")
    held = json.loads(await redis.get(key))
    await redis.set(key, json.dumps(held | {"token": "x" * 100, "fetched_at": 0}))
    assert await stage.apis.official_account.user_info("oPatient1")
    assert json.loads(await redis.get(key))["token"] == held["token"]
