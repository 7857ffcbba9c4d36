"""The robot's long connection beside its rules: who may speak, how often, for how long, and what hostile frames do."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from bot.simulator.calls import PlatformError
from bot.simulator.long_connection import PATH, _read

from .conftest import Stage, until

BOT, GROUP = "wecom_robot", "group:village-doctors"
Body = dict[str, Any]
SECRET = "secret-bot"


class Line:
    """A developer's end of one connection."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket, self.callbacks = socket, list[Body]()

    async def ask(self, cmd: str, body: Body | None = None, req_id: str = "") -> int:
        """Send a frame; the errcode of its acknowledgement."""
        req_id = req_id or secrets.token_hex(6)
        await self.socket.send(json.dumps({"cmd": cmd, "headers": {"req_id": req_id}, "body": body or {}}))
        while True:
            frame = await self._next()
            if "cmd" not in frame and frame["headers"]["req_id"] == req_id:
                return int(frame["errcode"])

    async def heard(self, count: int = 1) -> Body:
        """The callback of this place."""
        while len(self.callbacks) < count:
            await self._next()
        return self.callbacks[count - 1]

    async def _next(self) -> Body:
        async with asyncio.timeout(30):
            frame: Body = json.loads(await self.socket.recv())
        if "cmd" in frame:
            self.callbacks.append(frame)
        return frame


Dial = Callable[[], Any]


@pytest.fixture
async def dial(stage: Stage) -> AsyncIterator[Dial]:
    open_: list[ClientConnection] = []

    async def dialled(secret: str = SECRET) -> Line:
        socket = await connect(stage.origin.replace("http://", "ws://") + PATH, proxy=None)
        open_.append(socket)
        line = Line(socket)
        if secret:
            assert await line.ask("aibot_subscribe", {"bot_id": "bot1", "secret": secret}) == 0
        return line

    yield dialled
    for socket in open_:
        await socket.close()


def stream(content: str, finish: bool = True, ident: str = "s1") -> Body:
    return {"msgtype": "stream", "stream": {"id": ident, "finish": finish, "content": content}}


async def test_nothing_is_taken_before_subscribing(dial: Dial) -> None:
    line = await dial("")
    assert await line.ask("ping") == 846609
    assert await line.ask("aibot_respond_msg", stream("x")) == 846609
    assert await line.ask("aibot_subscribe", {"bot_id": "bot2", "secret": "secret-bot"}) == 40001
    assert await line.ask("aibot_subscribe", {"bot_id": "bot1", "secret": ["secret-bot"]}) == 40001
    assert await line.ask("aibot_subscribe", {"bot_id": "bot1", "secret": "secret-bot"}) == 0
    assert await line.ask("ping") == 0


async def test_without_a_live_connection_the_webhook_is_called(stage: Stage, dial: Dial) -> None:
    stage.receiver.answering = lambda channel, m: stream("由回调回答")
    line = await dial()
    await line.socket.close()
    await until(lambda: not line.socket.state.name.startswith("OPEN"))
    await asyncio.sleep(0.2)
    await stage.say("village-doctor-01", BOT, "会诊")
    (reply,) = await stage.service("village-doctor-01", BOT)
    assert reply["content"] == "由回调回答"


async def test_an_answer_belongs_to_its_callback(stage: Stage, dial: Dial) -> None:
    line = await dial()
    await stage.say("village-doctor-01", BOT, "会诊")
    req_id = (await line.heard())["headers"]["req_id"]
    assert await line.ask("aibot_respond_msg", stream("x"), "made-up") == 846605
    assert await line.ask("aibot_respond_update_msg", {"response_type": "update_template_card", "template_card": {}}, req_id) == 846605
    assert await line.ask("aibot_respond_msg", {"msgtype": "text", "text": {"content": "不收"}}, req_id) == 40058
    assert await line.ask("aibot_respond_msg", stream("长" * 7000), req_id) == 40058
    assert await line.ask("aibot_respond_msg", {"msgtype": "markdown", "markdown": {"content": "收到"}}, req_id) == 0
    assert [m["content"] for m in await stage.service("village-doctor-01", BOT)] == ["收到"]
    again = await dial()
    assert await again.ask("aibot_respond_msg", stream("x"), req_id) == 846605, "a req_id is of its connection"


async def test_a_stream_ends_after_six_minutes_and_with_its_connection(stage: Stage, dial: Dial) -> None:
    line = await dial()
    await stage.say("village-doctor-01", BOT, "会诊")
    first = (await line.heard())["headers"]["req_id"]
    assert await line.ask("aibot_respond_msg", stream("在想", False), first) == 0
    stage.shift = 361
    assert await line.ask("aibot_respond_msg", stream("想好了"), first) == 846608
    assert (await stage.service("village-doctor-01", BOT))[0]["interrupted"]
    await stage.say("village-doctor-01", BOT, "再来")
    second = (await line.heard(2))["headers"]["req_id"]
    assert await line.ask("aibot_respond_msg", stream("在想", False, "s2"), second) == 0
    await line.socket.close()

    async def ended() -> Any:
        return (await stage.service("village-doctor-01", BOT, 2))[1].get("interrupted")

    assert await until(ended)


async def test_three_open_messages_are_the_most_here_too(stage: Stage, dial: Dial) -> None:
    line = await dial()
    for place in range(1, 4):
        await stage.say("village-doctor-01", BOT, "会诊")
        req_id = (await line.heard(place))["headers"]["req_id"]
        assert await line.ask("aibot_respond_msg", stream("想", False, f"s{place}"), req_id) == 0
    assert (await stage.post(f"village-doctor-01/chats/{BOT}/messages", {"type": "text", "content": "四"}, 409))["error"] == "robot.busy"
    assert await line.ask("aibot_respond_msg", stream("好", True, "s3"), req_id) == 0
    await stage.say("village-doctor-01", BOT, "四")
    await line.heard(4)


async def test_a_conversation_takes_thirty_a_minute(stage: Stage, dial: Dial) -> None:
    """In two minutes that touch, thirty messages go in each at most; whatever the second this test begins in."""
    line = await dial()
    await stage.say("village-doctor-01", GROUP, "@会诊助手 会诊")
    await line.heard()
    stage.shift = 60 - stage.now() % 60 + 60
    body = {"chatid": "village-doctors", "msgtype": "markdown", "markdown": {"content": "王主任已接诊"}}
    frozen = stage.now()
    stage.world.now = lambda: frozen
    codes = [await line.ask("aibot_send_msg", body) for _ in range(32)]
    assert codes == [0] * 30 + [45009] * 2
    assert await line.ask("aibot_send_msg", {**body, "chatid": "wu01"}) == 93006
    assert await line.ask("aibot_send_msg", {**body, "chatid": "nobody"}) == 86003


async def test_a_welcome_comes_within_five_seconds_and_once(stage: Stage, dial: Dial) -> None:
    line = await dial()
    welcome = {"msgtype": "text", "text": {"content": "您好"}}
    await stage.post(f"village-doctor-01/chats/{BOT}/enter")
    first = (await line.heard())["headers"]["req_id"]
    assert await line.ask("aibot_respond_welcome_msg", welcome, first) == 0
    assert await line.ask("aibot_respond_welcome_msg", welcome, first) == 846605
    await stage.post(f"village-doctor-01/chats/{BOT}/enter")
    second = (await line.heard(2))["headers"]["req_id"]
    stage.shift = 6
    assert await line.ask("aibot_respond_welcome_msg", welcome, second) == 846605


async def test_faults_strike_here_too(stage: Stage, dial: Dial) -> None:
    line = await dial()
    await stage.conditions(duplicate_callbacks=True)
    await stage.say("village-doctor-01", BOT, "会诊")
    assert (await line.heard(2)) == (await line.heard(1))
    await stage.conditions(drop_callbacks=1.0)
    said = await stage.say("village-doctor-01", BOT, "会诊")
    assert (await stage.exchange(said["exchange"]))["outcome"] == "dropped"


async def test_the_older_connection_is_told_and_closed(dial: Dial) -> None:
    older = await dial()
    await dial()
    assert (await older.heard())["body"]["event"]["eventtype"] == "disconnected_event"
    with pytest.raises(ConnectionClosed):
        await older.ask("ping")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
frames = st.fixed_dictionaries(
    {},
    optional={
        "cmd": st.sampled_from(["ping", "aibot_respond_msg", "aibot_send_msg", "aibot_subscribe", ""]) | json_values,
        "headers": st.fixed_dictionaries({}, optional={"req_id": st.text(max_size=8) | json_values}) | json_values,
        "body": json_values,
    },
)


@settings(max_examples=300, deadline=None)
@given(frames.map(json.dumps) | st.text(max_size=40) | st.binary(max_size=40))
def test_frames_are_of_the_right_shape_or_refused(raw: str | bytes) -> None:
    try:
        frame = _read(raw)
    except PlatformError:
        return
    assert isinstance(frame["cmd"], str)
    assert isinstance(frame["body"], dict)
    assert frame["headers"]["req_id"]


async def test_hostile_frames_are_each_refused_and_the_line_lives(dial: Dial) -> None:
    line = await dial()
    surrogate = '{"cmd": "ping", "headers": {"req_id": "\\ud800"}}'
    for raw in ("", "{", "[]", "[" * 5000, '{"cmd": 1}', surrogate, b"\xff\xfe", '{"cmd":"x","headers":{}}'):
        await line.socket.send(raw)
        answer = await line._next()
        assert answer["errcode"] != 0, raw
    assert await line.ask("aibot_upload_media_init") == 40066
    assert await line.ask("ping") == 0
