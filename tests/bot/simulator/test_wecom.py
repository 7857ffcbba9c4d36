"""WeCom app and group: messages, cards and their one-time codes, limits, groups made by the app."""

import time
from typing import Any

import pytest

from .conftest import Stage, until
from .receiver import xml_text

APP = "wecom_app"
AGENT = 1000002


def card(task_id: str = "offer-1", **more: Any) -> dict[str, Any]:
    return {
        "card_type": "button_interaction",
        "main_title": {"title": "会诊邀请 · 危急", "desc": "胸痛 2 小时"},
        "horizontal_content_list": [{"keyname": "血压", "value": "90/60"}],
        "task_id": task_id,
        "button_list": [{"text": "接诊", "style": 1, "key": "accept"}, {"text": "请转别人", "style": 3, "key": "decline"}],
        **more,
    }


async def send_card(stage: Stage, touser: str = "wang01", **more: Any) -> dict[str, Any]:
    body = {"touser": touser, "agentid": AGENT, "msgtype": "template_card", "template_card": card(**more)}
    return await stage.call("wecom", "/cgi-bin/message/send", body)


async def change(stage: Stage, code: str, **body: Any) -> int:
    return (await stage.call("wecom", "/cgi-bin/message/update_template_card", {"agentid": AGENT, "response_code": code, **body}))["errcode"]


def xml_change(message: dict[str, Any], kind: str, inner: str) -> str:
    return (
        f"<xml><ToUserName>{message['FromUserName']}</ToUserName><FromUserName>{message['ToUserName']}</FromUserName>"
        f"<CreateTime>{int(time.time())}</CreateTime><MsgType>{kind}</MsgType>{inner}</xml>"
    )


async def test_app_text_both_ways(stage: Stage) -> None:
    stage.receiver.answering = lambda channel, m: xml_text(m, "您有 1 个会诊" + "长" * 800)
    said = await stage.say("expert-001", APP, "进度")
    (reply,) = await stage.service("expert-001", APP)
    assert len(reply["content"].encode()) <= 2048, "cut, not refused"
    assert (await stage.exchange(said["exchange"]))["warnings"]
    (message,) = stage.receiver.of(APP)
    assert message["AgentID"] == str(AGENT)
    assert message["FromUserName"] == "wang01"
    assert message["ToUserName"] == "ww0001"


async def test_app_image_by_media_get(stage: Stage) -> None:
    await stage.post("expert-001/chats/wecom_app/messages", {"type": "image", "name": "ecg.jpg", "data_base64": "/9j/4AAQ"})
    (message,) = await until(lambda: stage.receiver.of(APP))
    token = await stage.token("wecom")
    got = await stage.client.get(
        f"{stage.origin}/simulator/qyapi.weixin.qq.com/cgi-bin/media/get", params={"access_token": token, "media_id": message["MediaId"]}
    )
    assert got.content == bytes.fromhex("ffd8ffe00010")
    assert message["PicUrl"].startswith(stage.origin)
    assert (await stage.call("wecom", "/cgi-bin/media/get", media_id="nothing"))["errcode"] == 40007


async def test_a_card_is_tapped_and_changed_in_the_answer(stage: Stage) -> None:
    selection = {"question_key": "why", "title": "原因", "option_list": [{"id": "busy", "text": "没空"}, {"id": "field", "text": "不是我的专业"}]}
    assert (await send_card(stage, button_selection=selection))["errcode"] == 0
    (shown,) = await stage.service("expert-001", APP)
    stage.receiver.answering = lambda channel, m: xml_change(m, "update_button", "<Button><ReplaceName>已转给别人</ReplaceName></Button>")
    assert (await stage.tap("expert-001", APP, shown["seq"], "decline", 404, selected={"why": "sleepy"}))["error"] == "option.unknown"
    assert (await stage.tap("expert-001", APP, shown["seq"], "dance", 404))["error"] == "button.unknown"
    tapped = await stage.tap("expert-001", APP, shown["seq"], "decline", selected={"why": ["busy"]})
    assert (await stage.exchange(tapped["exchange"]))["outcome"] == "answered"
    (event,) = stage.receiver.of(APP)
    assert (event["Event"], event["EventKey"], event["TaskId"], event["CardType"]) == (
        "template_card_event",
        "decline",
        "offer-1",
        "button_interaction",
    )
    assert event["SelectedItems"] == {"SelectedItem": {"QuestionKey": "why", "OptionIds": {"OptionId": "busy"}}}
    assert event["ResponseCode"]
    assert event["AgentID"] == str(AGENT)
    assert (await stage.messages("expert-001", APP))[0]["card"]["replaced"] == "已转给别人"
    assert (await stage.tap("expert-001", APP, shown["seq"], "accept", 409))["error"] == "card.closed"
    assert await change(stage, event["ResponseCode"], userids=["wang01"], template_card=card(task_id="offer-1")) == 0
    assert "replaced" not in (await stage.messages("expert-001", APP))[0]["card"]


async def test_a_whole_card_in_the_xml_answer(stage: Stage) -> None:
    await send_card(stage)
    (shown,) = await stage.service("expert-001", APP)
    inner = (
        "<TemplateCard><CardType>button_interaction</CardType><MainTitle><Title>王主任已接诊</Title></MainTitle>"
        "<HorizontalContentList><KeyName>进入</KeyName><Value>40 秒后</Value></HorizontalContentList>"
        "<ButtonList><Text>进入</Text><Style>1</Style><Key>enter</Key></ButtonList><ReplaceText>已接诊</ReplaceText></TemplateCard>"
    )
    stage.receiver.answering = lambda channel, m: xml_change(m, "update_template_card", inner)
    tapped = await stage.tap("expert-001", APP, shown["seq"], "accept")
    assert (await stage.exchange(tapped["exchange"]))["reason"] == ""
    new = (await stage.messages("expert-001", APP))[0]["card"]
    assert new["main_title"] == {"title": "王主任已接诊"}
    assert new["replace_text"] == "已接诊"
    assert new["task_id"] == "offer-1"
    assert new["horizontal_content_list"] == [{"keyname": "进入", "value": "40 秒后"}]


async def test_a_response_code_works_once_and_for_72_hours(stage: Stage) -> None:
    sent = await send_card(stage, "wang01|wu01|nobody")
    assert sent["invaliduser"] == "nobody"
    (one,), (other,) = await stage.service("expert-001", APP), await stage.service("village-doctor-01", APP)
    assert await change(stage, sent["response_code"], atall=1, button={"replace_name": "王主任已接"}) == 0
    for person, shown in (("expert-001", one), ("village-doctor-01", other)):
        assert (await stage.messages(person, APP))[0]["card"]["replaced"] == "王主任已接"
        assert (await stage.tap(person, APP, shown["seq"], "accept", 409))["error"] == "card.closed"
    assert await change(stage, sent["response_code"], atall=1, button={"replace_name": "又一次"}) == 42016
    late = await send_card(stage, task_id="offer-2")
    stage.shift = 72 * 3600 + 5
    await stage.token("wecom")
    assert await change(stage, late["response_code"], atall=1, button={"replace_name": "晚了"}) == 42016
    assert await change(stage, "invented", atall=1, button={"replace_name": "x"}) == 42016


async def test_a_task_id_is_used_once(stage: Stage) -> None:
    assert (await send_card(stage))["errcode"] == 0
    assert (await send_card(stage))["errcode"] == 42014
    assert len(await stage.service("expert-001", APP)) == 1


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"task_id": "会诊"}, "task_id"),
        ({"task_id": "x" * 129}, "task_id"),
        ({"task_id": ""}, "task_id"),
        ({"button_list": []}, "button_list"),
        ({"button_list": [{"text": "a", "key": str(n)} for n in range(7)]}, "button_list"),
        ({"button_list": [{"text": "a", "key": "k", "style": 5}]}, "style"),
        ({"button_list": [{"text": "a", "key": "k"}, {"text": "b", "key": "k"}]}, "key"),
        ({"button_list": [{"text": "", "key": "k"}]}, "text"),
        ({"horizontal_content_list": [{"keyname": str(n)} for n in range(7)]}, "horizontal_content_list"),
        ({"main_title": {}}, "main_title"),
        ({"main_title": "会诊"}, "main_title"),
        ({"card_type": "hologram"}, "card_type"),
        ({"card_action": {"type": 1}}, "card_action"),
        ({"buttons": []}, "buttons"),
        ({"button_selection": {"question_key": "q", "option_list": []}}, "option_list"),
    ],
)
async def test_cards_the_platform_would_refuse(stage: Stage, wrong: dict[str, Any], named: str) -> None:
    body = {"touser": "wang01", "agentid": AGENT, "msgtype": "template_card", "template_card": {**card(), **wrong}}
    answer = await stage.call("wecom", "/cgi-bin/message/send", body)
    assert answer["errcode"] == 40058
    assert named in answer["errmsg"]
    assert await stage.messages("expert-001", APP) == []


async def test_what_the_clients_cut_is_cut_and_noted(stage: Stage) -> None:
    await send_card(stage, sub_title_text="字" * 113)
    (shown,) = await stage.service("expert-001", APP)
    assert len(shown["card"]["sub_title_text"]) == 112
    assert "sub_title_text" in (await stage.exchange(shown["exchange"]))["warnings"][0]


async def test_receivers_and_contents_of_app_messages(stage: Stage) -> None:
    async def errcode(**body: Any) -> int:
        return (await stage.call("wecom", "/cgi-bin/message/send", {"touser": "wang01", "agentid": AGENT, "msgtype": "text", **body}))["errcode"]

    assert await errcode(text={"content": "好"}) == 0
    assert await errcode(touser="nobody|none", text={"content": "好"}) == 81013
    assert await errcode(agentid=7, text={"content": "好"}) == 40056
    assert await errcode(msgtype="dance") == 40008
    assert await errcode(text={"content": ""}) == 44004
    assert await errcode(text="好") == 40058
    assert await errcode(msgtype="image", image={"media_id": "none"}) == 40007
    assert [m["content"] for m in await stage.service("expert-001", APP)] == ["好"]


async def test_a_repeated_message_is_swallowed_when_asked_for(stage: Stage) -> None:
    body = {
        "touser": "wang01",
        "agentid": AGENT,
        "msgtype": "text",
        "text": {"content": "同一句"},
        "enable_duplicate_check": 1,
        "duplicate_check_interval": 60,
    }
    for _ in range(3):
        assert (await stage.call("wecom", "/cgi-bin/message/send", body))["errcode"] == 0
    assert len(await stage.service("expert-001", APP)) == 1


async def test_more_than_thirty_a_minute_is_dropped_without_an_error(stage: Stage) -> None:
    standing = stage.now()
    stage.world.now = lambda: standing
    for number in range(33):
        body = {"touser": "wang01", "agentid": AGENT, "msgtype": "text", "text": {"content": str(number)}}
        assert (await stage.call("wecom", "/cgi-bin/message/send", body))["errcode"] == 0
    assert len(await stage.service("expert-001", APP)) == 30


async def test_groups_made_by_the_app(stage: Stage) -> None:
    create = {"name": "危急会诊", "owner": "wang01", "userlist": ["wang01", "wu01"], "chatid": "case7K2M"}
    assert (await stage.call("wecom", "/cgi-bin/appchat/create", create))["chatid"] == "case7K2M"
    assert (await stage.call("wecom", "/cgi-bin/appchat/create", create))["errcode"] == 86215
    assert (await stage.call("wecom", "/cgi-bin/appchat/create", {"userlist": ["wang01"]}))["errcode"] == 86006
    assert (await stage.call("wecom", "/cgi-bin/appchat/create", {"userlist": ["wang01", "nobody"]}))["errcode"] == 86216
    body = {"chatid": "case7K2M", "msgtype": "text", "text": {"content": "C-7K2M 已建"}}
    assert (await stage.call("wecom", "/cgi-bin/appchat/send", body))["errcode"] == 0
    for person in ("expert-001", "village-doctor-01"):
        assert [m["content"] for m in await stage.service(person, "group:case7K2M")] == ["C-7K2M 已建"]
    assert (await stage.call("wecom", "/cgi-bin/appchat/send", {**body, "msgtype": "template_card", "template_card": card()}))["errcode"] == 40008
    assert (await stage.call("wecom", "/cgi-bin/appchat/send", {**body, "chatid": "none"}))["errcode"] == 86003
    await stage.say("expert-001", "group:case7K2M", "@会诊助手 在吗")
    assert stage.receiver.received == [], "groups of the app are not heard"
    assert (await stage.call("wecom", "/cgi-bin/appchat/get", chatid="case7K2M"))["chat_info"]["userlist"] == ["wang01", "wu01"]


async def test_a_group_is_changed_by_the_app_that_made_it(stage: Stage) -> None:
    async def code(call: str, **body: Any) -> int:
        return (await stage.call("wecom", f"/cgi-bin/appchat/{call}", body))["errcode"]

    assert await code("create", name="通知", owner="zhou02", userlist=["wang01", "wu01"], chatid="g1") == 86207
    assert await code("create", name="通知", owner="wang01", userlist=["wang01", "wu01"], chatid="g-1") == 86001
    assert await code("create", name="通知", owner="wang01", userlist=["wang01", "wu01"], chatid="g1") == 0
    for body, refused in (
        ({"chatid": "none"}, 86003), ({"chatid": "village-doctors"}, 86008), ({"chatid": "g1", "add_user_list": ["nobody"]}, 86216),
        ({"chatid": "g1", "del_user_list": ["zhou02"]}, 86216), ({"chatid": "g1", "del_user_list": ["wu01"]}, 86006),
        ({"chatid": "g1", "del_user_list": ["wang01"], "add_user_list": ["zhou02"]}, 86207), ({"chatid": "g1", "add_user_list": "zhou02"}, 40058),
        ({"chatid": "g1", "name": 7}, 86004),
    ):  # fmt: skip
        assert await code("update", **body) == refused, body
    there = (await stage.call("wecom", "/cgi-bin/appchat/get", chatid="g1"))["chat_info"]
    assert (there["name"], there["owner"], there["userlist"]) == ("通知", "wang01", ["wang01", "wu01"]), "nothing of a refused call stays"
    assert await code("update", chatid="g1", name="会诊通知", owner="zhou02", del_user_list=["wang01"], add_user_list=["zhou02"]) == 0
    there = (await stage.call("wecom", "/cgi-bin/appchat/get", chatid="g1"))["chat_info"]
    assert (there["name"], there["owner"], there["userlist"]) == ("会诊通知", "zhou02", ["wu01", "zhou02"])
    assert (await stage.call("wecom", "/cgi-bin/appchat/get", chatid="village-doctors"))["errcode"] == 86008, "people made that one"
    assert await code("send", chatid="village-doctors", msgtype="text", text={"content": "在吗"}) == 86008


async def test_member_details(stage: Stage) -> None:
    assert (await stage.call("wecom", "/cgi-bin/user/get", userid="wang01"))["name"] == "王主任(演示)"
    assert (await stage.call("wecom", "/cgi-bin/user/get", userid="nobody"))["errcode"] == 60111


async def test_the_message_push_of_a_group(stage: Stage) -> None:
    stage.world.platform.wecom.group_webhooks["village-doctors"] = "push-key"
    stage.shift = 60 - stage.now() % 60 + 60
    frozen = stage.now()
    stage.world.now = lambda: frozen

    async def errcode(body: Any, key: str = "push-key") -> int:
        return (await stage.call("wecom", "/cgi-bin/webhook/send", body, token=None, key=key))["errcode"]

    markdown = {"msgtype": "markdown", "markdown": {"content": "会诊 **C-7K2M**:专家已接诊。"}}
    assert await errcode(markdown, "wrong") == 93000
    assert await errcode({"msgtype": "template_card", "template_card": card()}) == 40058
    assert await errcode({"msgtype": "markdown", "markdown": {"content": "长" * 1366}}) == 45002
    assert [await errcode(markdown) for _ in range(21)] == [0] * 20 + [45009]
    shown = await stage.service("village-doctor-02", "group:village-doctors", 20)
    assert {(m["sender"], m["content"]) for m in shown} == {("群消息推送", "会诊 **C-7K2M**:专家已接诊。")}
