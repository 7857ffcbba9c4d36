"""Every kind of message has its kind answer; a link's headline is nobody's complaint; positions that nobody sent are not even kept."""

from __future__ import annotations

import asyncio

import pytest

from bot.inbox import inbox as inbox_module
from core.conversations.models import Message
from core.dispatch.models import DangerAlert
from core.intake.models import Intake
from tests.bot.inbox.conftest import Desk

_MEDIA = "<MediaId><![CDATA[m-1]]></MediaId><ThumbMediaId><![CDATA[t-1]]></ThumbMediaId>"
_ALARMING = "<Title><![CDATA[胸口剧烈疼痛出冷汗喘不上气]]></Title><Description><![CDATA[快打120]]></Description><Url><![CDATA[https://a.cn]]></Url>"


@pytest.fixture(autouse=True)
def _short_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_module, "MARGIN_S", -5.0)


async def heard(desk: Desk, kind: str, fields: str, message_id: int = 7) -> str:
    query, body = desk.side.message("o-stranger", kind, fields, message_id, desk.clock.real_now())
    delivery = asyncio.create_task(desk.runtime.receive("official-account", query, {}, body))
    while not delivery.done():
        await desk.work(1)
        await asyncio.sleep(0.01)
    answer = await delivery
    assert answer.status == 200
    return desk.side.read(answer.body)


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        ("video", _MEDIA, "视频我看不了"), ("shortvideo", _MEDIA, "视频我看不了"), ("link", _ALARMING, "链接和小程序卡片我打不开"),
        ("miniprogrampage", "<Title><![CDATA[胸口剧烈疼痛]]></Title><PagePath><![CDATA[p]]></PagePath>", "链接和小程序卡片我打不开"),
        ("file", "<Title><![CDATA[化验单.pdf]]></Title>", "文件我这里收不了"),
        ("voice", "<MediaId><![CDATA[m-1]]></MediaId><Format><![CDATA[amr]]></Format>", "语音我还听不了"),
        ("image", "<PicUrl><![CDATA[https://a.cn/p]]></PicUrl><MediaId><![CDATA[m-1]]></MediaId>", "没有存"),
        ("location", "<Location_X>25.83</Location_X><Location_Y>107.32</Location_Y><Scale>16</Scale><Label></Label>", "这附近没有登记"),
    ],
)  # fmt: skip
async def test_what_cannot_be_taken_is_answered_kindly(desk: Desk, kind: str, fields: str, words: str) -> None:
    assert words in await heard(desk, kind, fields)
    assert not await Intake.all().exists()
    assert not await DangerAlert.all().exists()


async def test_a_position_that_the_app_reports_by_itself_is_not_kept(desk: Desk) -> None:
    fields = "<Event><![CDATA[LOCATION]]></Event><Latitude>25.83</Latitude><Longitude>107.32</Longitude><Precision>40</Precision>"
    assert await heard(desk, "event", fields) == ""
    assert not await Message.all().exists()
