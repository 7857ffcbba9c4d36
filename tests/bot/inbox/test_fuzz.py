"""Callbacks nobody wrote by hand, on all four addresses, signed and unsigned: every one is answered, none with a 5xx; what is refused leaves nothing.

800 cases, 20,000 in `make soak`: to make one up takes far longer than to answer it. Beside `tests/bot/channels/test_fuzz.py`, which looks at the
channels alone, and `tests/journeys/test_callbacks.py`, which goes over real HTTP.
"""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.channels.channel import Channel
from bot.channels.message import ChannelName
from bot.inbox import inbox as inbox_module
from bot.inbox.inbox import Inbox
from core.conversations.models import Message
from core.foundation.clock import ManualClock
from core.foundation.practice import Practice
from tests.bot.channels.platform_side import BOT, MP, NOW, OA, STAMP, WC, Platform, mini_program, official_account, wecom_app, wecom_robot

CASES = (20_000 if os.environ.get("HUIZHEN_TEST_SCALE") == "full" else 800) // 4
FACES: dict[str, tuple[Channel, Platform, str]] = {
    "official_account": (official_account(), OA, "xml"),
    "mini_program": (mini_program(), MP, "Encrypt"),
    "wecom_app": (wecom_app(), WC, "xml"),
    "wecom_robot": (wecom_robot(), BOT, "encrypt"),
}
FIELDS = (
    "ToUserName", "FromUserName", "CreateTime", "MsgType", "MsgId", "Content", "Event", "EventKey", "MediaId", "PicUrl", "Recognition", "Location_X",
    "Location_Y", "Label", "TaskId", "ResponseCode", "SelectedItems", "AgentID", "List", "SubscribeMsgPopupEvent", "bizmsgmenuid", "Status",
    "msgid", "aibotid", "chatid", "chattype", "from", "userid", "response_url", "msgtype", "text", "content", "event", "eventtype", "stream", "id",
    "template_card_event", "event_key", "task_id", "quote", "mixed", "msg_item", "voice", "image", "url",
)  # fmt: skip
WORDS = st.one_of(
    st.text(max_size=40),
    st.sampled_from([
        "text", "image", "voice", "event", "location", "CLICK", "VIEW", "subscribe", "template_card_event", "subscribe_msg_popup_event", "enter_chat",
        "TEMPLATESENDJOBFINISH", "stream", "mixed", "group", "single", STAMP, "0", "-1", "99999999999", "1e400", "]]>", "<xml>", "accept:01J",
        "a" * 2000, "我胸口疼,出冷汗", "aib1", "gh_1", "wu01", "oPatient", "\u0000", "25.8",
    ]),
)  # fmt: skip
VALUES = st.recursive(
    st.one_of(WORDS, st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4)),
    max_leaves=8,
)
COMMON = {"ToUserName": "gh_1", "FromUserName": "oPatient", "CreateTime": STAMP, "MsgId": "1"}
WELL_FORMED: tuple[dict[str, Any], ...] = (
    {"MsgType": "text", "Content": "我咳嗽三天"},
    {"MsgType": "image", "MediaId": "m", "PicUrl": "u"},
    {"MsgType": "voice", "MediaId": "m", "Format": "amr"},
    {"MsgType": "location", "Location_X": "25.8", "Location_Y": "107.3", "Label": "塘边镇"},
    {"MsgType": "event", "Event": "CLICK", "EventKey": "help"},
    {"MsgType": "event", "Event": "subscribe", "EventKey": "qrscene_1"},
    {"MsgType": "event", "Event": "template_card_event", "EventKey": "accept:1", "TaskId": "t", "ResponseCode": "r"},
    {"MsgType": "event", "Event": "subscribe_msg_popup_event", "List": {"TemplateId": "t", "SubscribeStatusString": "accept"}},
)
ROBOT_COMMON: dict[str, Any] = {"msgid": "m", "aibotid": "aib1", "from": {"userid": "wu01"}, "chattype": "single"}
ROBOT_WELL_FORMED: tuple[dict[str, Any], ...] = (
    {"msgtype": "text", "text": {"content": "@会诊助手 进度"}},
    {"msgtype": "mixed", "mixed": {"msg_item": [{"msgtype": "text", "text": {"content": "a"}}, {"msgtype": "image", "image": {"url": "u"}}]}},
    {"msgtype": "event", "event": {"eventtype": "template_card_event", "template_card_event": {"event_key": "accept:1", "task_id": "t"}}},
    {"msgtype": "event", "event": {"eventtype": "enter_chat"}},
    {"msgtype": "stream", "stream": {"id": "s"}},
)


@st.composite
def deliveries(draw: st.DrawFn, face: str) -> tuple[bytes, str, bytes | str]:
    """The inner document of known names and odd values; which part of the signed whole is spoilt ("" for none), and with what."""
    form = FACES[face][2]
    robot = face == "wecom_robot"
    if draw(st.booleans()):
        base = (ROBOT_COMMON if robot else COMMON) | draw(st.sampled_from(ROBOT_WELL_FORMED if robot else WELL_FORMED))
        fields = base | draw(st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=2))
    else:
        fields = draw(st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=7))
    inner = _xml(fields).encode("utf-8", "replace") if form == "xml" else json.dumps(fields).encode()
    if draw(st.integers(0, 5)) == 0:
        inner = draw(st.binary(max_size=300)) or b"x"
    if draw(st.integers(0, 3)):
        return inner, "", ""
    spoilt = draw(st.sampled_from(["msg_signature", "timestamp", "nonce", "body", "cut"]))
    return inner, spoilt, draw(st.binary(max_size=200)) if spoilt == "body" else draw(st.text(max_size=50))


def delivered(face: str, inner: bytes, spoilt: str, value: bytes | str) -> tuple[dict[str, str], bytes]:
    """Query and body as they arrive."""
    _, platform, form = FACES[face]
    encrypt = platform.encrypted(inner)
    query = platform.query(encrypt)
    body = f"<xml><Encrypt>{encrypt}</Encrypt></xml>".encode() if form == "xml" else json.dumps({form: encrypt}).encode()
    if spoilt == "cut":
        return query, body[: len(body) // 2]
    if spoilt == "body":
        return query, bytes(value) if isinstance(value, bytes) else b""
    return (query | {spoilt: str(value)} if spoilt else query), body


def _xml(fields: dict[str, Any]) -> str:
    return f"<xml>{''.join(_element(name, value) for name, value in fields.items())}</xml>"


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, one) for one in value)
    if isinstance(value, dict):
        return f"<{name}>{''.join(_element(key, one) for key, one in value.items())}</{name}>"
    text = "" if value is None else str(value)
    return f"<{name}>{text}</{name}>" if "<" in text else f"<{name}><![CDATA[{text}]]></{name}>"


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("face", FACES)
async def test_every_delivery_is_answered_and_none_breaks_anything(
    practice: Practice, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, face: str
) -> None:
    clock.time = NOW
    monkeypatch.setattr(inbox_module, "MARGIN_S", 5.0)
    monkeypatch.setattr(inbox_module, "STREAM_AFTER_S", 0.0)

    async def never(*_: Any) -> bool:
        return False

    monkeypatch.setattr(inbox_module, "floods", never)
    inbox = Inbox(practice, {name: f"app-{name}" for name in ChannelName})
    channel = FACES[face][0]
    made: list[tuple[bytes, str, bytes | str]] = []

    @settings(max_examples=CASES, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(deliveries(face))
    def collect(delivery: tuple[bytes, str, bytes | str]) -> None:
        made.append(delivery)

    collect()
    assert len(made) == CASES
    statuses: dict[int, int] = {}
    for start in range(0, len(made), 50):
        before = await Message.all().count()
        batch = [delivered(face, *one) for one in made[start : start + 50]]
        answers = await asyncio.gather(*(inbox.receive(channel, query, {}, body) for query, body in batch))
        for answer in answers:
            statuses[answer.status] = statuses.get(answer.status, 0) + 1
        accepted = sum(answer.status == 200 for answer in answers)
        assert await Message.all().count() <= before + accepted
    assert set(statuses) <= {200, 400}
    assert statuses[200] > CASES / 20 < statuses[400]
