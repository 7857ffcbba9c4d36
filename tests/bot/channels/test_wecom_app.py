"""The WeCom app: members' messages, taps on cards, changed cards, pushes."""

from __future__ import annotations

from typing import Any

import pytest
import xmltodict

from bot.channels.message import Incoming, Kind
from bot.channels.outgoing import Button, Card, CardUpdate, Choice, Line, Link, Menu, Outgoing, Reply, Text
from bot.channels.refused import Refused
from tests.bot.channels.platform_side import NOW, WC, wecom_app, xml_event, xml_message, xml_text

AGENT = "<AgentID>1000002</AgentID>"
OFFER = Card(
    task_id="offer-01",
    title="会诊邀请 · 危急",
    description="胸痛 2 小时",
    lines=tuple(Line(key=f"项{number}", value=f"值{number}") for number in range(8)),
    buttons=(Button(key="accept", label="接诊"), Button(key="decline", label="请转别人", style=2)),
)


def receive(message: str) -> Incoming:
    query, body = WC.xml(message)
    return wecom_app().receive(query, {}, body, NOW)


def tapped(selected: str = "") -> Incoming:
    fields = (
        "<EventKey>accept</EventKey><TaskId>offer-01</TaskId><CardType>button_interaction</CardType>"
        f"<ResponseCode>rc1</ResponseCode>{AGENT}<SelectedItems>{selected}</SelectedItems>"
    )
    return receive(xml_event("template_card_event", fields, to=WC.receive_id, sender="wang"))


def sent(reply: Reply) -> dict[str, Any]:
    outer = xmltodict.parse(reply.body)["xml"]
    return dict(xmltodict.parse(WC.opened(outer["Encrypt"], outer["MsgSignature"], outer["TimeStamp"], outer["Nonce"]))["xml"])


def answer(incoming: Incoming, *shapes: Outgoing) -> Reply:
    return wecom_app().passive_reply(incoming, shapes, NOW, "n1")


def test_text_and_entering() -> None:
    incoming = receive(xml_message(f"<MsgType>text</MsgType><Content>进度</Content><MsgId>5</MsgId>{AGENT}", to=WC.receive_id, sender="wang"))
    assert (incoming.kind, incoming.text, incoming.sender, incoming.account) == (Kind.TEXT, "进度", "wang", "1000002")
    assert receive(xml_event("enter_agent", f"<EventKey></EventKey>{AGENT}", sender="wang")).kind is Kind.ENTER


def test_a_tap_on_a_card() -> None:
    item = "<SelectedItem><QuestionKey>q{0}</QuestionKey><OptionIds>{1}</OptionIds></SelectedItem>"
    one = tapped(item.format(1, "<OptionId>a</OptionId>")).tap
    two = tapped(item.format(1, "<OptionId>a</OptionId><OptionId>b</OptionId>") + item.format(2, "<OptionId>c</OptionId>")).tap
    none = tapped().tap
    assert one is not None
    assert two is not None
    assert none is not None
    assert (one.source, one.key, one.task_id, one.menu_id, one.response_code) == ("card", "accept", "offer-01", "offer-01", "rc1")
    assert (one.selected, two.selected, none.selected) == ({"q1": ("a",)}, {"q1": ("a", "b"), "q2": ("c",)}, {})
    assert "rc1" not in repr(one)


def test_the_tapped_card_changes_in_the_answer() -> None:
    button = sent(answer(tapped(), CardUpdate(note="您已接诊"), Text(text="40 秒后开视频")))
    assert (button["MsgType"], button["Button"]) == ("update_button", {"ReplaceName": "您已接诊"})
    whole = sent(answer(tapped(), CardUpdate(note="]]>已接", card=OFFER)))
    assert whole["MsgType"] == "update_template_card"
    assert whole["TemplateCard"]["ReplaceText"] == "]]>已接"
    assert [line["KeyName"] for line in whole["TemplateCard"]["HorizontalContentList"]] == [f"项{number}" for number in range(6)]
    assert "值7" in whole["TemplateCard"]["SubTitleText"]


def test_words_after_a_tap_are_left_to_push() -> None:
    reply = answer(tapped(), Text(text="一"), CardUpdate(note="已接"), Text(text="二"))
    assert reply.rest == (Text(text="一"), Text(text="二"))
    assert answer(tapped(), Text(text="一")) == Reply(body=b"", content_type="text/plain; charset=utf-8", rest=(Text(text="一"),))


def test_a_card_is_never_flattened_into_the_answer() -> None:
    incoming = receive(xml_text("待分配", sender="li"))
    reply = answer(incoming, Text(text="两件"), OFFER)
    assert (sent(reply)["Content"], reply.rest) == ("两件", (OFFER,))
    assert answer(incoming, OFFER).body == b""


def test_pushes() -> None:
    menu = Menu(head="为什么?", choices=(Choice(code="busy", label="没空"), Choice(code="field", label="不是我的专业")), menu_id="why-1")
    no_card = menu.model_copy(update={"menu_id": ""})
    payloads = wecom_app().push([OFFER, menu, no_card, Link(title="进入", url="https://x"), CardUpdate(note="x"), Text(text="**急**")], ["a", "b"])
    assert [payload["msgtype"] for payload in payloads] == ["template_card", "template_card", "text", "textcard", "text"]
    assert {(payload["touser"], payload["agentid"]) for payload in payloads} == {("a|b", 1000002)}
    card = payloads[0]["template_card"]
    assert (card["card_type"], card["task_id"]) == ("button_interaction", "offer-01")
    assert card["button_list"] == [{"text": "接诊", "style": 1, "key": "accept"}, {"text": "请转别人", "style": 2, "key": "decline"}]
    assert len(card["horizontal_content_list"]) == 6
    assert payloads[1]["template_card"]["main_title"]["title"] == "为什么?"
    assert payloads[2]["text"]["content"] == "为什么?\n1 没空\n2 不是我的专业"
    assert payloads[4]["text"]["content"] == "急"


def test_group_pushes_are_markdown_without_mentions_or_links_of_people() -> None:
    (payload,) = wecom_app().group_push([Text(text="**C-7K2M** 已建 <@all> [点我](http://evil) 血压<90")], "g1")
    assert payload["chatid"] == "g1"
    assert "**C-7K2M**" in payload["markdown"]["content"]
    assert "血压<90" in payload["markdown"]["content"]
    assert "<@all>" not in payload["markdown"]["content"]
    assert "](" not in payload["markdown"]["content"]


def test_address_check_returns_the_plain_text_also_with_blanks_for_plus() -> None:
    for number in range(30):
        echo = WC.encrypted(f"echo{number}")
        query = WC.query(echo)
        assert wecom_app().verify_url(query | {"echostr": echo.replace("+", " ")}, NOW) == f"echo{number}".encode()
    with pytest.raises(Refused):
        wecom_app().verify_url(query | {"echostr": ""}, NOW)


def test_another_corporation_is_refused() -> None:
    from tests.bot.channels.platform_side import OA

    query, body = OA.xml(xml_text("x"))
    with pytest.raises(Refused):
        wecom_app().receive(query, {}, body, NOW)
