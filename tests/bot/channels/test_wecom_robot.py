"""The robot: group talk, streams, cards, the one late answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.channels.message import Incoming, Kind
from bot.channels.outgoing import Button, Card, CardUpdate, Choice, Menu, Outgoing, Reply, Stream, Text
from bot.channels.refused import Reason, Refused
from tests.bot.channels.platform_side import BOT, NOW, robot_message, wecom_robot

CARD = Card(task_id="t1", title="会诊 C-7K2M", buttons=(Button(key="go", label="去补"), Button(key="stop", label="取消", style=2)))


def receive(message: Any) -> Incoming:
    query, body = BOT.json(message, "encrypt")
    return wecom_robot().receive(query, {}, body, NOW)


def said(text: str, **fields: Any) -> Incoming:
    return receive(robot_message("text", {"content": text}, **fields))


def event(name: str, content: Any = None, **fields: Any) -> Incoming:
    return receive(robot_message("event", {"eventtype": name, name: content or {}}, **fields))


def tap() -> Incoming:
    selected = {"selected_item": [{"question_key": "q", "option_ids": {"option_id": ["a", "b"]}}]}
    return event("template_card_event", {"card_type": "button_interaction", "event_key": "go", "task_id": "t1", "selected_items": selected})


def reply_to(incoming: Incoming, *shapes: Outgoing) -> Reply:
    return wecom_robot().passive_reply(incoming, shapes, NOW, "n1")


def sent(reply: Reply) -> dict[str, Any]:
    outer = json.loads(reply.body)
    assert set(outer) == {"encrypt", "msgsignature", "timestamp", "nonce"}
    value = json.loads(BOT.opened(outer["encrypt"], outer["msgsignature"], str(outer["timestamp"]), outer["nonce"]))
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize(
    "text",
    [
        "@会诊助手 会诊 3号病人 胸痛2小时",
        "@会诊助手会诊 3号病人 胸痛2小时",
        "@会诊助手\u2005会诊 3号病人 胸痛2小时",
        "会诊 3号病人 胸痛2小时 @会诊助手",
        "@改了名字 会诊 3号病人 胸痛2小时",
        "  @会诊助手  会诊 3号病人 胸痛2小时 ",
    ],
)
def test_group_text_without_the_mention(text: str) -> None:
    incoming = said(text)
    assert (incoming.text, incoming.group, incoming.chat, incoming.sender) == ("会诊 3号病人 胸痛2小时", True, "village-doctors", "wu01")
    assert incoming.response_url.startswith("https://qyapi.weixin.qq.com/")
    assert "response_code" not in repr(incoming)


def test_single_chat_is_with_the_sender() -> None:
    incoming = said("进度", chattype="single", chatid="")
    assert (incoming.group, incoming.chat) == (False, "wu01")


def test_mixed_quote_voice_and_files() -> None:
    items = {
        "msg_item": [{"msgtype": "text", "text": {"content": "@会诊助手 看图"}}, {"msgtype": "image", "image": {"url": "https://c.myqcloud.com/a"}}]
    }
    mixed = receive(robot_message("mixed", items, quote={"msgtype": "text", "text": {"content": "3号"}}))
    assert (mixed.kind, mixed.text, len(mixed.media)) == (Kind.TEXT, "看图", 1)
    assert mixed.quote is not None
    assert mixed.quote.text == "3号"
    assert receive(robot_message("voice", {"content": "胸口疼"})).text == "胸口疼"
    file = receive(robot_message("file", {"url": "https://c.myqcloud.com/f"}, chattype="single"))
    assert (file.kind, file.media[0].url) == (Kind.FILE, "https://c.myqcloud.com/f")
    nested: dict[str, Any] = {"msgtype": "mixed", "mixed": items}
    for _ in range(100):
        nested = {"msgtype": "mixed", "mixed": {"msg_item": [nested]}}
    assert receive(robot_message("mixed", nested["mixed"])).text == ""


def test_events_and_unknown_kinds() -> None:
    assert event("enter_chat").kind is Kind.ENTER
    assert event("feedback_event", {"id": "f", "type": 2}).detail == {"id": "f", "type": "2"}
    assert event("moon_landing").kind is Kind.OTHER
    assert receive(robot_message("hologram", {})).kind is Kind.OTHER
    refresh = receive(robot_message("stream", {"id": "s1"}))
    assert (refresh.kind, refresh.stream_id) == (Kind.STREAM_REFRESH, "s1")
    pressed = tap().tap
    assert pressed is not None
    assert (pressed.key, pressed.task_id, pressed.selected) == ("go", "t1", {"q": ("a", "b")})


def test_dedupe_key_is_the_message_id() -> None:
    assert said("a").dedupe_key == said("b").dedupe_key
    assert said("a").dedupe_key != said("a", msgid="m2").dedupe_key


@pytest.mark.parametrize("change", [{"aibotid": "other"}, {"msgid": ""}, {"from": {}}, {"chatid": ""}, {"msgtype": ""}, {"create_time": "x"}])
def test_misshaped_messages_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        said("a", **change)
    assert refused.value.reason in (Reason.RECEIVER, Reason.SHAPE)


def test_text_is_a_finished_stream_and_the_same_one_for_every_delivery() -> None:
    first, again = sent(reply_to(said("a"), Text(text="**已建**"))), sent(reply_to(said("a"), Text(text="**已建**")))
    assert first == again
    assert first["msgtype"] == "stream"
    assert (first["stream"]["finish"], first["stream"]["content"]) == (True, "**已建**")


def test_a_stream_that_goes_on_and_ends() -> None:
    begun = sent(reply_to(said("a"), Stream(text="收到,正在看…", finish=False)))
    assert begun["stream"]["finish"] is False
    refresh = receive(robot_message("stream", {"id": begun["stream"]["id"]}, msgid="m9"))
    ended = sent(reply_to(refresh, Text(text="看好了")))
    assert ended["stream"] == {"id": begun["stream"]["id"], "finish": True, "content": "看好了"}


def test_cards_alone_with_words_and_as_menus() -> None:
    assert sent(reply_to(said("a"), CARD))["msgtype"] == "template_card"
    both = sent(reply_to(said("a"), Text(text="先打 120"), CARD))
    assert (both["msgtype"], both["stream"]["content"], both["template_card"]["task_id"]) == ("stream_with_template_card", "先打 120", "t1")
    menu = Menu(head="哪一位?", choices=(Choice(code="1", label="王主任"), Choice(code="2", label="李主任")), menu_id="m-1")
    assert sent(reply_to(said("a"), menu))["template_card"]["button_list"][1] == {"text": "李主任", "style": 2, "key": "2"}
    plain = menu.model_copy(update={"menu_id": ""})
    assert sent(reply_to(said("a"), plain))["stream"]["content"] == "哪一位?\n1 王主任\n2 李主任"
    second = CARD.model_copy(update={"task_id": "t2"})
    reply = reply_to(said("a"), CARD, second, Text(text="x"))
    assert reply.rest == (second, Text(text="x"))


def test_after_a_tap_only_the_card_changes_and_keeps_its_task_id() -> None:
    changed = sent(reply_to(tap(), CardUpdate(note="已由吴医生处理"), Text(text="x")))
    assert (changed["response_type"], changed["userids"]) == ("update_template_card", ["wu01"])
    assert changed["template_card"]["task_id"] == "t1"
    other = CARD.model_copy(update={"task_id": "wrong"})
    everyone = sent(reply_to(tap(), CardUpdate(note="已接", card=other, everyone=True)))
    assert everyone["template_card"]["task_id"] == "t1"
    assert "userids" not in everyone
    assert reply_to(tap(), Text(text="x")).body == b""
    assert reply_to(tap(), Text(text="x")).rest == (Text(text="x"),)


def test_greeting_is_plain_text() -> None:
    assert sent(reply_to(event("enter_chat"), Text(text="您好"))) == {"msgtype": "text", "text": {"content": "您好"}}
    assert reply_to(event("enter_chat")).body == b""


def test_markup_of_people_has_no_effect() -> None:
    content = sent(reply_to(said("a"), Text(text='<@all> <font color="info">x</font> [a](http://evil) 血压<90')))["stream"]["content"]
    assert "<@all>" not in content
    assert "<font" not in content
    assert "](" not in content
    assert "血压<90" in content


def test_late_answer_is_one_body() -> None:
    assert wecom_robot().late_answer([CARD])[0] == {"msgtype": "template_card", "template_card": _json_card()}
    body, rest = wecom_robot().late_answer([Text(text="到了"), CARD])
    assert body == {"msgtype": "markdown", "markdown": {"content": "到了\n\n**会诊 C-7K2M**\n1 去补\n2 取消"}}
    assert rest == ()
    assert wecom_robot().late_answer([]) == (None, ())
    long = wecom_robot().late_answer([Text(text="咳嗽。" * 5000)])
    assert long[0] is not None
    assert len(long[0]["markdown"]["content"].encode()) <= 20480
    assert long[1]


def _json_card() -> dict[str, Any]:
    from bot.channels.cards import card_json

    return card_json(CARD)


def test_address_check_and_empty_receive_id() -> None:
    echo = BOT.encrypted("4042")
    assert wecom_robot().verify_url(BOT.query(echo) | {"echostr": echo}, NOW) == b"4042"
