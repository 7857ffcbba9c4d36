"""The mini program's message push, in both formats."""

from __future__ import annotations

from typing import Any

import pytest

from bot.channels.message import Incoming, Kind
from bot.channels.outgoing import Choice, Menu, Text
from bot.channels.refused import Refused
from tests.bot.channels.platform_side import MP, NOW, OPENID, STAMP, mini_program, xml_event, xml_text


def pushed(**fields: Any) -> Incoming:
    query, body = MP.json({"ToUserName": "gh_2", "FromUserName": OPENID, "CreateTime": int(STAMP), **fields})
    return mini_program().receive(query, {}, body, NOW)


def test_json_and_xml_mean_the_same() -> None:
    from_json = pushed(MsgType="text", Content="你好", MsgId=7001)
    query, body = MP.xml(xml_text("你好", to="gh_2"))
    assert from_json == mini_program(message_format="xml").receive(query, {}, body, NOW)


@pytest.mark.parametrize("listed", [{"TemplateId": "a", "SubscribeStatusString": "reject"}, [{"TemplateId": "a", "SubscribeStatusString": "reject"}]])
@pytest.mark.parametrize("wrapped", [True, False])
def test_list_as_object_or_array_wrapped_or_not(listed: Any, wrapped: bool) -> None:
    fields = {"SubscribeMsgPopupEvent": {"List": listed}} if wrapped else {"List": listed}
    incoming = pushed(MsgType="event", Event="subscribe_msg_change_event", **fields)
    assert [(change.template_id, change.accepted) for change in incoming.subscriptions] == [("a", False)]


def test_several_templates_at_once() -> None:
    listed = [{"TemplateId": name, "SubscribeStatusString": "accept"} for name in "abc"]
    assert len(pushed(MsgType="event", Event="subscribe_msg_popup_event", List=listed).subscriptions) == 3


def test_entering_and_media_check() -> None:
    assert pushed(MsgType="event", Event="user_enter_tempsession").kind is Kind.ENTER
    checked = pushed(MsgType="event", Event="wxa_media_check", trace_id="t1", result={"suggest": "risky", "label": 20001})
    assert (checked.kind, checked.detail) == (Kind.MEDIA_CHECK, {"trace_id": "t1", "suggest": "risky"})


def test_it_is_always_acknowledged_and_everything_is_left_to_push() -> None:
    incoming = pushed(MsgType="text", Content="你好", MsgId=1)
    reply = mini_program().passive_reply(incoming, [Text(text="好")], NOW, "n")
    assert (reply.body, reply.rest) == (b"success", (Text(text="好"),))
    menu = Menu(head="选", choices=(Choice(code="a", label="甲"), Choice(code="b", label="乙")))
    assert mini_program().push([menu], OPENID) == [{"touser": OPENID, "msgtype": "text", "text": {"content": "选\n1 甲\n2 乙"}}]


def test_the_other_format_is_refused() -> None:
    query, body = MP.xml(xml_event("subscribe"))
    with pytest.raises(Refused):
        mini_program().receive(query, {}, body, NOW)
    query, body = MP.json("{}")
    with pytest.raises(Refused):
        mini_program(message_format="xml").receive(query, {}, body, NOW)
