"""The Official Account: what comes in, what goes out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import xmltodict

from bot.channels.message import Incoming, Kind, Place
from bot.channels.outgoing import Button, Card, Choice, Image, Line, Link, Menu, Outgoing, Reply, Text
from bot.channels.refused import Reason, Refused
from tests.bot.channels.platform_side import NOW, OA, OPENID, STAMP, official_account, xml_event, xml_message, xml_text

MENU = Menu(head="胸口闷的时候,喘不上气吗?", choices=(Choice(code="none", label="都没有"), Choice(code="dyspnea", label="喘不上气")), menu_id="q1")


def receive(message: str) -> Incoming:
    query, body = OA.xml(message)
    return official_account().receive(query, {}, body, NOW)


def sent(reply: Reply) -> dict[str, Any]:
    outer = xmltodict.parse(reply.body)["xml"]
    return dict(xmltodict.parse(OA.opened(outer["Encrypt"], outer["MsgSignature"], outer["TimeStamp"], outer["Nonce"]))["xml"])


def answer(*shapes: Outgoing, to: str = "") -> Reply:
    return official_account().passive_reply(receive(to or xml_text("你好")), shapes, NOW, "n1")


def test_text() -> None:
    incoming = receive(xml_text("俺爹半拉身子不听使唤"))
    assert (incoming.kind, incoming.text, incoming.sender, incoming.chat, incoming.account) == (
        Kind.TEXT,
        "俺爹半拉身子不听使唤",
        OPENID,
        OPENID,
        "gh_1",
    )
    assert incoming.sent_at == datetime.fromtimestamp(int(STAMP), UTC)
    assert not incoming.group


def test_what_is_said_and_who_says_it_is_in_no_log_line() -> None:
    incoming = receive(xml_text("俺爹半拉身子不听使唤"))
    for shown in (repr(incoming), str(incoming)):
        assert "俺爹" not in shown
        assert OPENID not in shown
    assert OPENID not in incoming.dedupe_key


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        ("image", "<PicUrl>http://x/p</PicUrl><MediaId>m1</MediaId>", Kind.IMAGE),
        ("voice", "<MediaId>m1</MediaId><Format>amr</Format><Recognition>我咳嗽</Recognition>", Kind.VOICE),
        ("voice", "<MediaId>m1</MediaId><Format>amr</Format><Recognition></Recognition>", Kind.VOICE),
        ("video", "<MediaId>m1</MediaId><ThumbMediaId>t</ThumbMediaId>", Kind.VIDEO),
        ("shortvideo", "<MediaId>m1</MediaId><ThumbMediaId>t</ThumbMediaId>", Kind.VIDEO),
        ("location", "<Location_X>25.83</Location_X><Location_Y>107.32</Location_Y><Label>平塘县</Label>", Kind.LOCATION),
        ("location", "<Location_X>north</Location_X><Location_Y>nan</Location_Y>", Kind.OTHER),
        ("link", "<Title>t</Title><Description>d</Description><Url>http://x</Url>", Kind.LINK),
        ("hologram", "<Depth>3</Depth>", Kind.OTHER),
    ],
)
def test_kinds(kind: str, fields: str, expected: Kind) -> None:
    incoming = receive(xml_message(f"<MsgType>{kind}</MsgType>{fields}<MsgId>1</MsgId>"))
    assert incoming.kind is expected
    if expected is Kind.VOICE:
        assert incoming.media[0].media_id == "m1"
        assert incoming.text in ("我咳嗽", "")
    if expected is Kind.LOCATION:
        assert incoming.place == Place(latitude=25.83, longitude=107.32, label="平塘县")


@pytest.mark.parametrize(
    ("event", "fields", "kind", "found"),
    [
        ("subscribe", "<EventKey></EventKey>", Kind.SUBSCRIBE, {"scene": ""}),
        ("subscribe", "<EventKey>qrscene_clinic7</EventKey><Ticket>t</Ticket>", Kind.SUBSCRIBE, {"scene": "clinic7"}),
        ("unsubscribe", "", Kind.UNSUBSCRIBE, {}),
        ("SCAN", "<EventKey>clinic7</EventKey>", Kind.SCAN, {"scene": "clinic7"}),
        ("LOCATION", "<Latitude>25.8</Latitude><Longitude>107.3</Longitude><Precision>30</Precision>", Kind.POSITION, {}),
        ("VIEW", "<EventKey>http://x</EventKey><MenuId>5</MenuId>", Kind.VIEW, {}),
        ("view_miniprogram", "<EventKey>pages/index</EventKey>", Kind.VIEW, {}),
        ("kf_create_session", "<KfAccount>a@b</KfAccount>", Kind.SERVICE_SESSION, {"detail": {"KfAccount": "a@b"}}),
        ("kf_switch_session", "<FromKfAccount>a</FromKfAccount><ToKfAccount>b</ToKfAccount>", Kind.SERVICE_SESSION, {}),
        ("weather_changed", "<Sky>blue</Sky>", Kind.OTHER, {"event": "weather_changed"}),
    ],
)
def test_events(event: str, fields: str, kind: Kind, found: dict[str, Any]) -> None:
    incoming = receive(xml_event(event, fields))
    assert incoming.kind is kind
    for name, value in found.items():
        assert getattr(incoming, name) == value


def test_ids_of_menu_items_are_read_back_as_they_were_given() -> None:
    for given, menu_id, key in (("q1:a:b", "q1", "a:b"), (":a", "", "a"), ("101", "", "101")):
        item = receive(xml_message(f"<MsgType>text</MsgType><Content>x</Content><MsgId>9</MsgId><bizmsgmenuid>{given}</bizmsgmenuid>"))
        assert item.tap is not None
        assert (item.tap.menu_id, item.tap.key) == (menu_id, key)


def test_menu_click_and_menu_message_are_taps() -> None:
    click = receive(xml_event("CLICK", "<EventKey>help</EventKey>"))
    assert click.tap is not None
    assert (click.kind, click.tap.source, click.tap.key) == (Kind.TAP, "menu", "help")
    item = receive(xml_message("<MsgType>text</MsgType><Content>都没有</Content><MsgId>9</MsgId><bizmsgmenuid>q1:none</bizmsgmenuid>"))
    assert item.tap is not None
    assert (item.kind, item.text, item.tap.source, item.tap.menu_id, item.tap.key) == (Kind.TAP, "都没有", "message_menu", "q1", "none")


@pytest.mark.parametrize(
    ("status", "outcome"), [("success", "delivered"), ("failed:user block", "blocked"), ("failed: system failed", "failed"), ("", "failed")]
)
def test_template_result(status: str, outcome: str) -> None:
    incoming = receive(xml_event("TEMPLATESENDJOBFINISH", f"<MsgID>88</MsgID><Status>{status}</Status>"))
    assert incoming.kind is Kind.TEMPLATE_RESULT
    assert [(one.message_id, one.outcome) for one in incoming.deliveries] == [("88", outcome)]


def _entry(template: str, status: str) -> str:
    return f"<List><TemplateId>{template}</TemplateId><SubscribeStatusString>{status}</SubscribeStatusString><PopupScene>1</PopupScene></List>"


@pytest.mark.parametrize("wrapper", ["SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent"])
@pytest.mark.parametrize("event", ["subscribe_msg_popup_event", "subscribe_msg_change_event"])
def test_subscription_lists_of_one_and_of_several(event: str, wrapper: str) -> None:
    one = receive(xml_event(event, f"<{wrapper}>{_entry('a', 'accept')}</{wrapper}>"))
    two = receive(xml_event(event, f"<{wrapper}>{_entry('a', 'accept')}{_entry('b', 'reject')}</{wrapper}>"))
    assert [(change.template_id, change.accepted) for change in one.subscriptions] == [("a", True)]
    assert [(change.template_id, change.accepted) for change in two.subscriptions] == [("a", True), ("b", False)]
    assert one.kind is Kind.SUBSCRIPTION_CHANGE


def test_subscription_sent() -> None:
    fields = "<SubscribeMsgSentEvent><List><TemplateId>t</TemplateId><MsgID>5</MsgID><ErrorCode>{}</ErrorCode></List></SubscribeMsgSentEvent>"
    outcomes = [receive(xml_event("subscribe_msg_sent_event", fields.format(code))).deliveries[0].outcome for code in ("0", "43101", "7", "x")]
    assert outcomes == ["delivered", "blocked", "failed", "failed"]


def test_dedupe_key_is_one_for_every_delivery_and_differs_where_it_must() -> None:
    def key(message: str, **stamps: str) -> str:
        query, body = OA.xml(message, **stamps)
        return official_account().receive(query, {}, body, NOW).dedupe_key

    assert key(xml_text("a")) == key(xml_text("a"), nonce="again", stamp=str(int(STAMP) + 10))
    different = [
        xml_text("a"),
        xml_text("a", "7002"),
        xml_text("a", sender="somebodyelse"),
        xml_text("a", to="gh_9"),
        xml_event("CLICK", "<EventKey>a</EventKey>"),
        xml_event("CLICK", "<EventKey>b</EventKey>"),
        xml_event("CLICK", "<EventKey>a</EventKey>", created=str(int(STAMP) + 1)),
        xml_event("VIEW", "<EventKey>a</EventKey>"),
        xml_event("TEMPLATESENDJOBFINISH", "<MsgID>1</MsgID><Status>success</Status>"),
        xml_event("TEMPLATESENDJOBFINISH", "<MsgID>2</MsgID><Status>success</Status>"),
    ]
    assert len({key(message) for message in different}) == len(different)


def test_plain_bodies_are_refused_unless_the_setting_says_otherwise() -> None:
    body = xml_text("你好").encode()
    with pytest.raises(Refused) as refused:
        official_account().receive(OA.plain_query(), {}, body, NOW)
    assert refused.value.reason is Reason.MODE
    plain = official_account(mode="plain")
    incoming = plain.receive(OA.plain_query(), {}, body, NOW)
    assert incoming.text == "你好"
    assert xmltodict.parse(plain.passive_reply(incoming, [Text(text="好")], NOW, "n").body)["xml"]["Content"] == "好"
    with pytest.raises(Refused):
        plain.receive(OA.plain_query() | {"signature": "0" * 40}, {}, body, NOW)


def test_compatible_mode_reads_the_encrypted_half_only() -> None:
    query, body = OA.xml(xml_text("真的"))
    both = body.replace(b"<xml>", "<xml><Content>假的</Content><MsgType>text</MsgType>".encode())
    assert official_account(mode="compatible").receive(query, {}, both, NOW).text == "真的"


@pytest.mark.parametrize(
    "message",
    [
        "<xml><MsgType>text</MsgType></xml>",
        xml_message("<Content>a</Content>"),
        xml_message("<MsgType>event</MsgType>"),
        xml_message("<MsgType>text</MsgType>", created="soon"),
        xml_message("<MsgType>text</MsgType>", created="9" * 30),
        xml_message("<MsgType>text</MsgType>", sender=""),
        xml_message("<MsgType>text</MsgType>", sender="x" * 500),
        "hello",
        "",
    ],
)
def test_signed_nonsense_is_refused(message: str) -> None:
    with pytest.raises(Refused):
        receive(message)


def test_address_check() -> None:
    assert official_account().verify_url(OA.plain_query() | {"echostr": "5927012"}, NOW) == b"5927012"
    for change in ({"signature": "0" * 40}, {"echostr": ""}, {"echostr": "x" * 300}, {"echostr": "会"}, {"timestamp": "1"}):
        with pytest.raises(Refused):
            official_account().verify_url(OA.plain_query() | {"echostr": "5927012"} | change, NOW)


def test_passive_text_goes_back_to_the_sender() -> None:
    reply = sent(answer(Text(text="听到了:咳嗽")))
    assert (reply["ToUserName"], reply["FromUserName"], reply["MsgType"], reply["Content"]) == (OPENID, "gh_1", "text", "听到了:咳嗽")
    assert reply["CreateTime"] == STAMP


@pytest.mark.parametrize(
    "text", ["]]><Content><![CDATA[injected]]></Content><MsgType>news</MsgType><x><![CDATA[", "]]>", "]]]]>>", "\x00]]\x08>", "a" * 9 + "]]"]
)
def test_no_text_of_a_person_leaves_its_element(text: str) -> None:
    reply = sent(answer(Text(text=f"您说:{text}")))
    assert set(reply) == {"ToUserName", "FromUserName", "CreateTime", "MsgType", "Content"}
    assert reply["MsgType"] == "text"
    assert reply["Content"] == f"您说:{text}".replace("\x00", "").replace("\x08", "")


def test_no_text_of_a_person_becomes_a_link() -> None:
    assert "<a" not in sent(answer(Text(text='点<a href="http://evil">这里</a>')))["Content"]


def test_choices_are_numbered_tappable_and_joined_with_the_text_before() -> None:
    reply = answer(Text(text="听到了。"), MENU)
    content = sent(reply)["Content"]
    head, first, second = content.split("\n\n")[1].split("\n")
    assert content.startswith("听到了。\n\n")
    assert head == MENU.head
    assert first == '1 <a href="weixin://bizmsgmenu?msgmenucontent=都没有&msgmenuid=q1:none">都没有</a>'
    assert second == '2 <a href="weixin://bizmsgmenu?msgmenucontent=喘不上气&msgmenuid=q1:dyspnea">喘不上气</a>'
    assert reply.rest == ()


def test_labels_cannot_leave_their_link() -> None:
    evil = Menu(head="选", choices=(Choice(code='x"><a', label="甲"), Choice(code="y", label='乙"><a href="http://evil&msgmenuid=z')), menu_id="q")
    content = sent(answer(evil))["Content"]
    assert content.split("\n")[1] == "1 甲"
    assert content.count("<a ") == 1
    assert content.count('href="weixin') == 1
    assert content.count("msgmenuid=q:y") == 1


def test_a_number_to_dial_is_a_link_in_the_text() -> None:
    call = Link(title="一键拨打 120", url="tel:120")
    assert sent(answer(Text(text="**请马上打 120。**"), call))["Content"] == '请马上打 120。\n\n<a href="tel:120">一键拨打 120</a>'
    assert "tel:120" in sent(answer(call))["Content"]
    assert [payload["msgtype"] for payload in official_account().push([call], OPENID)] == ["text"]
    assert "javascript" not in sent(answer(Text(text="x"), Link(title="点", url="javascript:1")))["Content"]


def test_what_does_not_fit_is_left_over_and_nothing_is_lost() -> None:
    long = "".join(f"第{number}句话说得很长很长很长。" for number in range(120))
    reply = answer(Text(text=long), MENU)
    first = sent(reply)["Content"]
    assert len(first.encode()) <= 1800
    assert first.endswith("。")
    assert "".join([first, *(shape.text for shape in reply.rest if isinstance(shape, Text))]) == long
    assert reply.rest[-1] == MENU


def test_picture_and_article() -> None:
    assert sent(answer(Image(media_id="m7"), Text(text="看图")))["Image"] == {"MediaId": "m7"}
    reply = sent(answer(Link(title="进入会诊", url="https://x/h5?a=1&b=2", description="40 秒后开始")))
    assert reply["Articles"]["item"]["Url"] == "https://x/h5?a=1&b=2"
    assert reply["ArticleCount"] == "1"


def test_nothing_to_say_and_nothing_may_be_said_is_success() -> None:
    assert answer().body == b"success"
    result = answer(Text(text="好"), to=xml_event("TEMPLATESENDJOBFINISH", "<MsgID>1</MsgID><Status>success</Status>"))
    assert (result.body, result.rest) == (b"success", (Text(text="好"),))


def test_pushes_use_as_few_messages_as_they_can() -> None:
    card = Card(task_id="T1", title="挂号", lines=(Line(key="时间", value="明天 15:00"),), buttons=(Button(key="yes", label="确认"),))
    payloads = official_account().push([Text(text="**好的**。"), MENU, Text(text="另外"), Text(text="还有"), card], OPENID)
    assert [payload["msgtype"] for payload in payloads] == ["msgmenu", "msgmenu"]
    assert payloads[0]["msgmenu"] == {
        "head_content": "好的。\n\n胸口闷的时候,喘不上气吗?",
        "list": [{"id": "q1:none", "content": "都没有"}, {"id": "q1:dyspnea", "content": "喘不上气"}],
        "tail_content": "",
    }
    assert payloads[1]["msgmenu"]["list"] == [{"id": "T1:yes", "content": "确认"}]
    assert payloads[1]["msgmenu"]["head_content"].startswith("另外\n\n还有\n\n挂号\n时间")
    assert all(payload["touser"] == OPENID for payload in payloads)


def test_pushed_texts_stay_within_the_limit() -> None:
    payloads = official_account().push([Text(text="咳嗽" * 2000)], OPENID)
    assert len(payloads) > 1
    assert all(len(payload["text"]["content"].encode()) <= 1800 for payload in payloads)
    assert "".join(payload["text"]["content"] for payload in payloads) == "咳嗽" * 2000
