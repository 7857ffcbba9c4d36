"""The robot over its long connection: one process holds it, the same inbox behind it, nothing lost and nothing twice when it breaks."""

from __future__ import annotations

import asyncio
import base64
import inspect
import json
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from redis.asyncio import Redis
from websockets.asyncio.client import connect

from bot.channels import wecom_robot_connection as wire
from bot.channels.message import Incoming
from bot.channels.settings import WeComRobotSettings
from bot.inbox.robot_line import LineTiming, RobotLine
from core.conversations import reading
from core.conversations.models import Message
from core.foundation.clock import SystemClock
from core.foundation.practice import Practice
from core.notifications.models import ChannelTrouble
from tests.bot.channels.conftest import *  # noqa: F403 - the Redis of the channels' tests
from tests.bot.dialogue import stage as stages
from tests.bot.dialogue.stage import GROUP, Stage, open_stage
from tests.support.county import seed_small

LINE = "@会诊助手 会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急"
SECRET = "robot-secret"
PATIENCE_S = 60
QUICK = LineTiming(wire=wire.Timing(heartbeat=1.0), lease=2.0, renew=0.3, back_off=0.1, back_off_most=0.5)


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()


@dataclass
class House:
    """The stage with any number of processes' ends of the line."""

    stage: Stage
    address: str
    settings: WeComRobotSettings
    lines: list[RobotLine] = field(default_factory=list)

    def start(self, **changed: Any) -> RobotLine:
        runtime = self.stage.runtime
        robot = self.settings.model_copy(update=changed)
        line = RobotLine(
            runtime._practice, runtime.inbox, robot, runtime._apis.stops, holder=f"worker-{len(self.lines)}", timing=QUICK
        )
        self.lines.append(line)
        runtime._apis.robot_line = line
        line.start()
        return line

    def kill(self, line: RobotLine) -> None:
        """As a killed process ends: at once, the lease not given back."""
        assert line._running is not None
        line._running.cancel()

    async def subscribed(self, *lines: RobotLine) -> RobotLine:
        """Whichever of these is live, once one is."""
        return await until(lambda: next((line for line in lines or self.lines if line.live), None))


async def until(found: Callable[[], Any]) -> Any:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            value = found()
            if inspect.isawaitable(value):
                value = await value
            if value:
                return value
            await asyncio.sleep(0.05)


@pytest.fixture
async def house(practice: Practice, clinical: object, redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    plain = stages.credentials

    def credentials(port: int) -> dict[str, Any]:
        found = plain(port)
        found["wecom"]["robot"] |= {"secret": SECRET, "callback_url": "http://127.0.0.1:9/nobody"}
        return found

    practice.engines.clinical = clinical
    monkeypatch.setattr(stages, "credentials", credentials)
    county = await seed_small(practice)

    @asynccontextmanager
    async def opened() -> AsyncIterator[House]:
        async with open_stage(practice, county, redis, tmp_path) as stage:
            wecom = stage.runtime._settings.wecom
            assert wecom is not None
            assert wecom.robot is not None
            address = stage.base.replace("http://", "ws://") + "/openws.work.weixin.qq.com"
            house = House(stage, address, wecom.robot.model_copy(update={"connection_url": address, "long_connection": True}))
            yield house
            for line in house.lines:
                await line.stop()

    async with opened() as house:
        yield house


async def _answers(house: House, word: str, chat: str = GROUP) -> int:
    return (await house.stage.everything_heard("village_doctor", chat)).count(word)


async def test_a_case_is_asked_for_and_taken_over_the_line(house: House) -> None:
    """The robot's callback address leads nowhere: what is said comes and goes over the line alone."""
    house.start()
    await house.subscribed()
    await house.stage.say("village_doctor", GROUP, LINE)
    await house.stage.hears("village_doctor", GROUP, "会诊", seconds=PATIENCE_S)
    await house.stage.hears("expert1", "wecom_app", "会诊邀请", seconds=PATIENCE_S)
    await house.stage.tap("expert1", "wecom_app", "接诊")
    await house.stage.hears("village_doctor", GROUP, "王主任(省医心内)已接诊", seconds=PATIENCE_S)
    shown = [message for message in await house.stage.messages("village_doctor", GROUP) if message["from"] == "service"]
    assert all(message.get("finished", True) for message in shown)
    assert not any(message["type"] == "notice" for message in shown)


async def test_greeting_card_and_tap_go_over_the_line(house: House) -> None:
    """The card of a case stands beside the words, a tap changes it in time, and what the change cannot carry comes unprompted."""
    house.start()
    await house.subscribed()
    response = await house.stage.http.post(f"{house.stage.base}/people/village_doctor/chats/wecom_robot/enter")
    assert response.status_code == 201
    await house.stage.hears("village_doctor", "wecom_robot", "您好,我是会诊助手", seconds=PATIENCE_S)
    await house.stage.say("village_doctor", "wecom_robot", "会诊 3号 咳嗽 2天")
    await house.stage.hears("village_doctor", "wecom_robot", "【去补】", seconds=PATIENCE_S)
    await house.stage.tap("village_doctor", "wecom_robot", "去补")
    await house.stage.hears("village_doctor", "wecom_robot", "直接发这里", seconds=PATIENCE_S)
    (card,) = [message["card"] for message in await house.stage.messages("village_doctor", "wecom_robot") if message["type"] == "card"]
    assert card["main_title"]["title"] == "看下一条"


async def test_one_of_two_processes_holds_it_and_the_other_takes_over(house: House) -> None:
    first, second = house.start(), house.start()
    holder = await house.subscribed()
    await asyncio.sleep(QUICK.lease)
    assert [line.live for line in (first, second)].count(True) == 1
    house.kill(holder)
    (other,) = [line for line in (first, second) if line is not holder]
    assert await house.subscribed(other) is other
    await house.stage.say("village_doctor", GROUP, LINE)
    await house.stage.hears("village_doctor", GROUP, "会诊", seconds=PATIENCE_S)
    assert await Message.filter(direction="in").count() == 1
    assert not await ChannelTrouble.all().exists(), "a house that takes over from itself is nobody's business"


async def test_a_callback_that_comes_twice_has_one_effect(house: House) -> None:
    house.start()
    await house.subscribed()
    response = await house.stage.http.put(f"{house.stage.base}/conditions", json={"duplicate_callbacks": True})
    assert response.status_code == 200
    await house.stage.say("village_doctor", GROUP, LINE)
    await house.stage.hears("village_doctor", GROUP, "会诊", seconds=PATIENCE_S)
    await asyncio.sleep(1.5)
    assert await Message.filter(direction="in").count() == 1
    shown = [message for message in await house.stage.messages("village_doctor", GROUP) if message["from"] == "service"]
    assert len(shown) == len({json.dumps(message.get("content") or message.get("card"), sort_keys=True) for message in shown})


async def test_a_broken_connection_is_made_again(house: House) -> None:
    line = house.start()
    await house.subscribed()
    for _ in range(2):
        broken = line._connection
        assert broken is not None
        assert broken._socket is not None
        broken._socket.transport.abort()
        await until(lambda broken=broken: line.live and line._connection is not broken)
    await house.stage.say("village_doctor", GROUP, LINE)
    await house.stage.hears("village_doctor", GROUP, "会诊", seconds=PATIENCE_S)


async def test_an_answer_that_met_a_broken_connection_comes_by_push(house: House) -> None:
    line = house.start()
    await house.subscribed()
    await house.stage.say("village_doctor", "wecom_robot", "进度")
    await until(lambda: Message.filter(direction="in").exists())
    connection = line._connection
    assert connection is not None
    assert connection._socket is not None
    connection._socket.transport.abort()

    async def told() -> bool:
        chats = [await house.stage.messages("village_doctor", chat) for chat in ("wecom_robot", "wecom_app")]
        said = [message for chat in chats for message in chat if message["from"] == "service" and message["type"] != "notice"]
        return any(message.get("finished", True) and not message.get("interrupted") for message in said)

    await until(told)
    message = await Message.get(direction="in")
    assert message.state in ("delivered", "late")


async def test_who_is_displaced_by_a_stranger_stays_away_and_says_so(house: House) -> None:
    line = house.start()
    await house.subscribed()
    async with connect(house.address, proxy=None) as stranger:
        await stranger.send(json.dumps({"cmd": "aibot_subscribe", "headers": {"req_id": "s1"}, "body": {"bot_id": "aib1", "secret": SECRET}}))
        assert json.loads(await stranger.recv())["errcode"] == 0
        await until(lambda: ChannelTrouble.filter(call="displaced").exists())
        await asyncio.sleep(QUICK.lease)
        assert not line.live
        second = house.start()
        await asyncio.sleep(QUICK.lease)
        assert not second.live, "no other process of the house throws the stranger out either"


async def test_a_wrong_secret_is_told_and_not_tried_for_ever(house: House) -> None:
    line = house.start(secret=SecretStr("wrong"))
    await until(lambda: ChannelTrouble.filter(call="aibot_subscribe").exists())
    await asyncio.sleep(1.5)
    assert not line.live
    assert (await ChannelTrouble.get()).code == 40001
    assert len(await house.stage.runtime._apis.stops.standing()) == 1


async def test_a_file_opens_with_the_key_that_came_with_it(house: House) -> None:
    house.start()
    await house.subscribed()
    picture = b"\x89PNG\r\n\x1a\n" + secrets.token_bytes(5000)
    body = {"type": "file", "name": "心电图.png", "data_base64": base64.b64encode(picture).decode()}
    await house.stage._post("village_doctor", "wecom_robot", "messages", body)
    await until(lambda: Message.filter(kind="file").exists())
    message = await Message.get(kind="file")
    incoming = Incoming.model_validate_json(await reading.opened(house.stage.practice, message, "body"))
    api = house.stage.runtime._apis.robot
    assert api is not None
    assert incoming.media[0].key not in repr(incoming)
    file = await api.download(incoming.media[0].url, key=incoming.media[0].key)
    assert file.content == picture


def test_a_robot_without_an_address_needs_its_secret_and_nothing_else() -> None:
    robot = WeComRobotSettings.model_validate({"aibotid": "a", "name": "b", "secret": "s", "long_connection": True})
    other = WeComRobotSettings.model_validate({"aibotid": "a", "name": "b", "secret": "s", "long_connection": True})
    assert robot.token.get_secret_value() != other.token.get_secret_value()
    for wrong in (
        {"long_connection": True}, {"secret": "s"}, {"secret": "s", "long_connection": True, "connection_url": "ws://example.org"},
        {"secret": "s", "long_connection": True, "connection_url": "https://example.org"},
    ):  # fmt: skip
        with pytest.raises(ValidationError):
            WeComRobotSettings.model_validate({"aibotid": "a", "name": "b", **wrong})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
frames = st.fixed_dictionaries(
    {},
    optional={
        "cmd": st.sampled_from(["aibot_msg_callback", "aibot_event_callback", ""]) | json_values,
        "headers": st.fixed_dictionaries({}, optional={"req_id": st.text(max_size=8) | json_values}) | json_values,
        "body": st.fixed_dictionaries({}, optional={"event": json_values}) | json_values,
    },
)


@settings(max_examples=300, deadline=None)
@given(frames.map(json.dumps) | st.text(max_size=40) | st.binary(max_size=40))
def test_a_frame_is_usable_or_nothing(raw: str | bytes) -> None:
    frame = wire._frame(raw)
    if frame is not None:
        assert isinstance(frame["headers"]["req_id"], str)
        if frame.get("cmd") in ("aibot_msg_callback", "aibot_event_callback"):
            wire._event_of(frame)
