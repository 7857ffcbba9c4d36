"""Whatever arrives, a channel gives an `Incoming` or `Refused`: never another exception."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from bot.channels.channel import Channel
from bot.channels.message import Incoming
from bot.channels.outgoing import Button, Card, CardUpdate, Choice, Menu, Outgoing, Text
from bot.channels.refused import Refused
from tests.bot.channels.platform_side import (
    BOT,
    MP,
    NOW,
    OA,
    OPENID,
    STAMP,
    WC,
    Platform,
    mini_program,
    official_account,
    robot_message,
    wecom_app,
    wecom_robot,
    xml_event,
    xml_message,
    xml_text,
)

CASES = 2000
LIST = "<List><TemplateId>a</TemplateId><SubscribeStatusString>accept</SubscribeStatusString></List>"
XML_SEEDS = [
    xml_text("最近总是咳嗽 38.5度"),
    xml_message("<MsgType>image</MsgType><PicUrl>http://p</PicUrl><MediaId>m</MediaId><MsgId>1</MsgId>"),
    xml_message("<MsgType>location</MsgType><Location_X>25.8</Location_X><Location_Y>107.3</Location_Y><MsgId>1</MsgId>"),
    xml_event("subscribe", "<EventKey>qrscene_1</EventKey>"),
    xml_event("TEMPLATESENDJOBFINISH", "<MsgID>1</MsgID><Status>success</Status>"),
    xml_event("subscribe_msg_popup_event", f"<SubscribeMsgPopupEvent>{LIST}{LIST}</SubscribeMsgPopupEvent>"),
    xml_event("subscribe_msg_sent_event", f"<SubscribeMsgSentEvent>{LIST}</SubscribeMsgSentEvent>"),
    xml_event(
        "template_card_event",
        "<EventKey>k</EventKey><TaskId>t</TaskId><ResponseCode>r</ResponseCode><SelectedItems><SelectedItem><QuestionKey>q</QuestionKey>"
        "<OptionIds><OptionId>a</OptionId></OptionIds></SelectedItem></SelectedItems>",
    ),
]
JSON_SEEDS = [
    {"ToUserName": "gh_2", "FromUserName": OPENID, "CreateTime": int(STAMP), "MsgType": "text", "Content": "你好", "MsgId": 1},
    {
        "ToUserName": "gh_2",
        "FromUserName": OPENID,
        "CreateTime": int(STAMP),
        "MsgType": "event",
        "Event": "subscribe_msg_popup_event",
        "List": [{"TemplateId": "a"}],
    },
    {
        "ToUserName": "gh_2",
        "FromUserName": OPENID,
        "CreateTime": int(STAMP),
        "MsgType": "event",
        "Event": "wxa_media_check",
        "result": {"suggest": "pass"},
    },
]
ROBOT_SEEDS = [
    robot_message("text", {"content": "@会诊助手 会诊 3号"}, quote={"msgtype": "text", "text": {"content": "x"}}),
    robot_message("mixed", {"msg_item": [{"msgtype": "text", "text": {"content": "a"}}, {"msgtype": "image", "image": {"url": "u"}}]}),
    robot_message("event", {"eventtype": "template_card_event", "template_card_event": {"event_key": "k", "task_id": "t"}}),
    robot_message("stream", {"id": "s"}),
]
ANSWERS: list[Outgoing] = [
    Text(text="]]>好"),
    Menu(head="选", choices=(Choice(code="a", label="甲"),), menu_id="m"),
    Card(task_id="t", title="卡", buttons=(Button(key="a", label="接"),)),
    CardUpdate(note="已接"),
]
ODD: list[Any] = [None, [], {}, "", "x" * 300, -1, 1.5, True, [[]], [{}], {"List": []}, "\ud800", "]]>", 10**30, [None, {"a": 1}]]


def _mutated_bytes(data: bytes, rng: random.Random) -> bytes:
    value = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(value) + 1)
        match rng.randrange(5):
            case 0 if value:
                value[at % len(value)] = rng.randrange(256)
            case 1:
                del value[at : at + rng.randint(1, 20)]
            case 2:
                value[at:at] = rng.choice([b"<", b"]]>", b"&a;", b"\x00", b"{", b'"', b"<List>", "会".encode(), b"\xff\xfe", b"9" * 30])
            case 3:
                value[at:at] = value[at // 2 : at // 2 + rng.randint(1, 40)]
            case _:
                value = value[: rng.randrange(len(value) + 1)]
    return bytes(value)


def _mutated_value(value: Any, rng: random.Random) -> Any:
    if rng.random() < 0.15:
        return rng.choice(ODD)
    if isinstance(value, dict):
        mutated = {key: _mutated_value(inner, rng) for key, inner in value.items() if rng.random() > 0.05}
        return mutated
    if isinstance(value, list):
        return [_mutated_value(inner, rng) for inner in value] * rng.randint(0, 2)
    return value


def _inner_json(seeds: list[dict[str, Any]]) -> Callable[[random.Random], bytes]:
    def make(rng: random.Random) -> bytes:
        seed = rng.choice(seeds)
        if rng.random() < 0.5:
            return json.dumps(_mutated_value(seed, rng)).encode()
        return _mutated_bytes(json.dumps(seed, ensure_ascii=rng.random() < 0.5).encode(), rng)

    return make


def _inner_xml(rng: random.Random) -> bytes:
    return _mutated_bytes(rng.choice(XML_SEEDS).encode(), rng)


FACES: dict[str, tuple[Callable[[], Channel], Platform, Callable[[random.Random], bytes], str]] = {
    "official_account": (official_account, OA, _inner_xml, "xml"),
    "mini_program": (mini_program, MP, _inner_json(JSON_SEEDS), "Encrypt"),
    "wecom_app": (wecom_app, WC, _inner_xml, "xml"),
    "wecom_robot": (wecom_robot, BOT, _inner_json(ROBOT_SEEDS), "encrypt"),
}


def _wrapped(platform: Platform, inner: bytes, form: str) -> tuple[dict[str, str], bytes]:
    encrypt = platform.encrypted(inner)
    if form == "xml":
        return platform.query(encrypt), f"<xml><Encrypt>{encrypt}</Encrypt></xml>".encode()
    return platform.query(encrypt), json.dumps({form: encrypt}).encode()


def _outcome(channel: Channel, query: dict[str, str], body: bytes) -> Incoming | None:
    try:
        incoming = channel.receive(query, {}, body, NOW)
    except Refused:
        return None
    assert Incoming.model_validate_json(incoming.model_dump_json()) == incoming
    channel.passive_reply(incoming, ANSWERS, NOW, "n")
    return incoming


@pytest.mark.parametrize("face", FACES)
def test_signed_mutations(face: str) -> None:
    make, platform, inner, form = FACES[face]
    channel, rng = make(), random.Random(f"signed {face}")
    outcomes = [_outcome(channel, *_wrapped(platform, inner(rng) or b"x", form)) for _ in range(CASES)]
    understood = sum(outcome is not None for outcome in outcomes)
    assert 0 < understood < CASES


@pytest.mark.parametrize("face", FACES)
def test_unsigned_mutations(face: str) -> None:
    make, platform, inner, form = FACES[face]
    channel, rng = make(), random.Random(f"unsigned {face}")
    for _ in range(CASES):
        query, body = _wrapped(platform, inner(random.Random(1)), form)
        name = rng.choice(["msg_signature", "timestamp", "nonce", "body"])
        if name == "body":
            changed = _mutated_bytes(body, rng)
            outcome = _outcome(channel, query, changed)
            assert outcome is None or changed != body
        else:
            value = _mutated_bytes(query[name].encode(), rng).decode(errors="surrogateescape")
            outcome = _outcome(channel, query | {name: value}, body)
            assert outcome is None or value == query[name]


@pytest.mark.parametrize("face", FACES)
def test_mutated_address_checks(face: str) -> None:
    make, platform, _, _ = FACES[face]
    channel, rng = make(), random.Random(f"check {face}")
    echo = platform.encrypted("4042")
    good = platform.plain_query() | platform.query(echo) | {"echostr": echo}
    for _ in range(CASES):
        query = {key: value for key, value in good.items() if rng.random() > 0.1}
        name = rng.choice(list(good))
        query[name] = _mutated_bytes(good[name].encode(), rng).decode(errors="surrogateescape")
        with contextlib.suppress(Refused):
            assert isinstance(channel.verify_url(query, NOW), bytes)
