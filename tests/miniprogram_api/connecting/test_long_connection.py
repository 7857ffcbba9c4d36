"""`huizhen wechat doctor` beside the robot's long connection: it throws nobody out, and tells what stands in the way."""

from __future__ import annotations

import asyncio
import json

import pytest
from pydantic import SecretStr
from websockets.asyncio.client import connect

from bot.channels.settings import ChannelSettings
from bot.inbox.robot_line import leases_of
from core.foundation.leases import is_held
from core.notifications.models import ChannelTrouble
from miniprogram_api.connecting.doctor import Doctor
from miniprogram_api.connecting.findings import Mark, Section, status_of
from tests.bot.channels.conftest import *  # noqa: F403 - the Redis of the channels' tests
from tests.bot.inbox.test_robot_line import QUICK, SECRET, House, clock, house, until

__all__ = ["clock", "house"]


def settings_of(house: House, **robot: object) -> ChannelSettings:
    settings = house.stage.runtime._settings
    assert settings.wecom is not None
    wecom = settings.wecom.model_copy(update={"robot": house.settings.model_copy(update=robot)})
    return settings.model_copy(update={"wecom": wecom})


async def looked_at(house: House, *, here: bool = True, **robot: object) -> Section:
    doctor = Doctor(settings_of(house, **robot), "https://huizhen.example", demo=True)
    (section,) = [one for one in await doctor.run("wecom", house.stage.practice if here else None) if "长连接" in one.title]
    return section


async def test_a_line_that_a_worker_holds_is_found_and_left_alone(house: House) -> None:
    line = house.start()
    await house.subscribed()
    await until(lambda: is_held(house.stage.practice, leases_of("aib1").live))
    before = line._connection
    section = await looked_at(house)
    assert [one.mark for one in section.findings] == [Mark.ALREADY]
    assert "正连着" in section.findings[0].what
    assert line.live
    assert line._connection is before
    await line.stop()
    assert not await is_held(house.stage.practice, leases_of("aib1").live), "who leaves says so"


async def test_where_nobody_holds_it_it_is_tried_once_and_free_again(house: House) -> None:
    section = await looked_at(house)
    assert [one.mark for one in section.findings] == [Mark.ALREADY]
    assert "没有进程连着" in section.findings[0].what
    assert not await is_held(house.stage.practice, leases_of("aib1").line)
    line = house.start()
    assert await house.subscribed() is line
    assert not await ChannelTrouble.all().exists()


@pytest.mark.parametrize(("changed", "words"), [
    ({"secret": SecretStr("wrong")}, "不让这个机器人连(errcode 40001)"), ({"connection_url": "ws://127.0.0.1:9/"}, "连不上平台的长连接"),
])  # fmt: skip
async def test_what_stands_in_the_way_of_a_try_is_told(house: House, changed: dict[str, object], words: str) -> None:
    section = await looked_at(house, **changed)
    assert status_of([section]) == 2
    assert words in section.findings[0].what
    assert section.findings[0].then
    assert "wrong" not in repr(section)
    assert not await is_held(house.stage.practice, leases_of("aib1").line)


async def test_a_worker_that_may_not_subscribe_is_told_of_with_the_platform_s_reason(house: House) -> None:
    house.start(secret=SecretStr("wrong"))
    await until(lambda: ChannelTrouble.filter(call="aibot_subscribe").exists())
    section = await looked_at(house, secret=SecretStr("wrong"))
    assert [one.mark for one in section.findings] == [Mark.WRONG]
    assert "40001" in section.findings[0].then


async def test_a_stranger_on_the_line_is_told_of_and_not_thrown_out(house: House) -> None:
    house.start()
    await house.subscribed()
    async with connect(house.address, proxy=None) as stranger:
        await stranger.send(json.dumps({"cmd": "aibot_subscribe", "headers": {"req_id": "s1"}, "body": {"bot_id": "aib1", "secret": SECRET}}))
        assert json.loads(await stranger.recv())["errcode"] == 0
        await until(lambda: ChannelTrouble.filter(call="displaced").exists())
        section = await looked_at(house)
        assert [one.mark for one in section.findings] == [Mark.WRONG]
        assert "另一个程序" in section.findings[0].then
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(QUICK.renew):
                await stranger.recv()


async def test_without_the_house_s_database_nothing_is_tried(house: House) -> None:
    line = house.start()
    await house.subscribed()
    section = await looked_at(house, here=False)
    assert [one.mark for one in section.findings] == [Mark.MIND]
    assert line.live
    assert status_of([section]) == 0
