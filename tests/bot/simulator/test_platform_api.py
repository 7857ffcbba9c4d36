"""The platforms' own interfaces: tokens, allowances, templates, subscriptions, codes, media, faults on demand."""

import base64
import random
import time
from typing import Any

import pytest

from bot.simulator.platform_api import WECOM, WEIXIN

from .conftest import Stage, until
from .receiver import xml_text

OA = "official_account"


async def stable(stage: Stage, **more: Any) -> dict[str, Any]:
    account = stage.config[OA]
    body = {"grant_type": "client_credential", "appid": account["appid"], "secret": account["secret"], **more}
    return await stage.call("oa", "/cgi-bin/stable_token", body, token=None)


async def plain(stage: Stage, **more: str) -> dict[str, Any]:
    account = stage.config[OA]
    query = {"grant_type": "client_credential", "appid": account["appid"], "secret": account["secret"], **more}
    return await stage.call("oa", "/cgi-bin/token", token=None, **query)


def beginning_of_a_day() -> float:
    """Seconds to add to the time that it is, so that what is counted by the day begins and ends within one of the simulator's."""
    return 86_400 - time.time() % 86_400


async def works(stage: Stage, token: str) -> int:
    return (await stage.call("oa", "/cgi-bin/user/info", token=token, openid="oPatient1")).get("errcode", 0)


async def test_the_stable_token_stays_until_five_minutes_before_its_end(stage: Stage) -> None:
    first = await stable(stage)
    assert first["expires_in"] == 7200
    stage.shift = 6000
    again = await stable(stage)
    assert again["access_token"] == first["access_token"]
    assert 300 <= again["expires_in"] <= 1200
    stage.shift = 6950
    second = await stable(stage)
    assert second["access_token"] != first["access_token"]
    assert second["expires_in"] >= 300
    assert await works(stage, first["access_token"]) == 0 == await works(stage, second["access_token"]), "both are valid meanwhile"
    stage.shift = 7201
    assert await works(stage, first["access_token"]) == 42001
    assert await works(stage, "invented") == 40001
    assert (await stage.call("oa", "/cgi-bin/user/info", token=None, openid="oPatient1"))["errcode"] == 41001


async def test_a_forced_refresh_ends_the_earlier_token_and_is_rationed(stage: Stage) -> None:
    begin = stage.shift = beginning_of_a_day()
    first = await stable(stage)
    assert (await stable(stage, force_refresh=True))["access_token"] == first["access_token"], "not within 30 seconds"
    tokens = [first["access_token"]]
    for number in range(1, 21):
        stage.shift = begin + 31 * number
        tokens.append((await stable(stage, force_refresh=True))["access_token"])
    assert len(set(tokens)) == 21
    assert await works(stage, tokens[-2]) == 40001
    assert await works(stage, tokens[-1]) == 0
    stage.shift = begin + 31 * 21
    assert (await stable(stage, force_refresh=True))["errcode"] == 45009


async def test_the_plain_token_kills_its_predecessor_and_not_the_stable_one(stage: Stage) -> None:
    steady = (await stable(stage))["access_token"]
    first, second = (await plain(stage))["access_token"], (await plain(stage))["access_token"]
    assert (await works(stage, first), await works(stage, second), await works(stage, steady)) == (40001, 0, 0)


async def test_wrong_credentials_and_tokens_of_another_account(stage: Stage) -> None:
    assert (await plain(stage, secret="wrong"))["errcode"] == 40125
    assert (await plain(stage, appid="wxnobody"))["errcode"] == 40013
    assert (await plain(stage, grant_type="password"))["errcode"] == 40002
    assert (await stable(stage, force_refresh="yes"))["errcode"] == 47001
    assert (await stage.call("wecom", "/cgi-bin/gettoken", token=None, corpid="ww0001", corpsecret="no"))["errcode"] == 40001
    assert await works(stage, await stage.token("mini")) == 48001
    assert await works(stage, await stage.token("wecom")) == 40001
    assert (await stage.call("wecom", "/cgi-bin/user/get", token="none", userid="wang01"))["errcode"] == 40014
    one = await stage.call("wecom", "/cgi-bin/gettoken", token=None, corpid="ww0001", corpsecret="secret-app")
    assert one["access_token"] == stage.tokens["wecom"], "the same until it expires"


async def kf(stage: Stage, content: str = "好", touser: str = "oPatient1") -> int:
    body = {"touser": touser, "msgtype": "text", "text": {"content": content}}
    return (await stage.call("oa", "/cgi-bin/message/custom/send", body))["errcode"]


async def test_five_replies_within_48_hours_of_a_message(stage: Stage) -> None:
    assert await kf(stage) == 45015, "nothing was said yet"
    await stage.say("patient-001", OA, "你好")
    assert await kf(stage, "") == 44004, "a refused call costs nothing"
    assert [await kf(stage, str(n)) for n in range(6)] == [0, 0, 0, 0, 0, 45047]
    await stage.say("patient-001", OA, "再问")
    stage.shift = 48 * 3600 - 60
    await stage.token("oa")
    assert await kf(stage) == 0
    stage.shift = 48 * 3600 + 5
    assert await kf(stage) == 45015
    assert await kf(stage, touser="nobody") == 40003
    assert len(await stage.service("patient-001", OA)) == 6


async def test_three_replies_within_a_minute_of_a_tap_or_a_follow(stage: Stage) -> None:
    await stage.post("patient-001/official-account/unfollow", {}, 200)
    await stage.post("patient-001/official-account/follow", {}, 200)
    assert [await kf(stage) for _ in range(4)] == [0, 0, 0, 45047]
    stage.shift = 61
    assert await kf(stage) == 45015
    await stage.say("patient-001", OA, "你好")
    await stage.post("patient-001/official-account/unfollow", {}, 200)
    assert await kf(stage) == 45015, "who left gets nothing"


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        ({"msgtype": "dance"}, 40008),
        ({"msgtype": "text"}, 47001),
        ({"msgtype": "text", "text": {"content": "长" * 800}}, 45002),
        ({"msgtype": "image", "image": {"media_id": "none"}}, 40007),
        ({"msgtype": "msgmenu", "msgmenu": {"list": []}}, 47001),
        ({"msgtype": "msgmenu", "msgmenu": {"list": [{"id": "1", "content": "a"}, {"id": "1", "content": "b"}]}}, 47001),
        ({"msgtype": "msgmenu", "msgmenu": {"head_content": 5, "list": [{"id": "1", "content": "a"}]}}, 47001),
        ({"msgtype": "news", "news": {"articles": []}}, 45008),
        ({"msgtype": "miniprogrampage", "miniprogrampage": {"appid": "other"}}, 40013),
    ],
)
async def test_replies_the_platform_would_refuse(stage: Stage, body: dict[str, Any], errcode: int) -> None:
    await stage.say("patient-001", OA, "你好")
    assert (await stage.call("oa", "/cgi-bin/message/custom/send", {"touser": "oPatient1", **body}))["errcode"] == errcode


async def test_an_uploaded_picture_is_sent_and_expires(stage: Stage) -> None:
    await stage.say("patient-001", OA, "你好")
    token = await stage.token("oa")
    base = f"{stage.origin}/simulator/api.weixin.qq.com/cgi-bin/media/upload"
    files = {"media": ("b.png", b"\x89PNG", "image/png")}
    made = (await stage.client.post(base, params={"access_token": token, "type": "image"}, files=files)).json()
    assert made["type"] == "image"
    assert made["created_at"] > 0
    body = {"touser": "oPatient1", "msgtype": "image", "image": {"media_id": made["media_id"]}}
    assert (await stage.call("oa", "/cgi-bin/message/custom/send", body))["errcode"] == 0
    (shown,) = await stage.service("patient-001", OA)
    assert (await stage.client.get(stage.origin + shown["url"])).content == b"\x89PNG"
    assert (await stage.client.post(base, params={"access_token": token, "type": "file"}, files=files)).json()["errcode"] == 40004
    assert (await stage.client.post(base, params={"access_token": token, "type": "image"})).json()["errcode"] == 41005
    stage.shift = 3 * 86400 + 1
    await stage.token("oa")
    assert (await stage.call("oa", "/cgi-bin/media/get", media_id=made["media_id"]))["errcode"] == 40007


async def template(stage: Stage, **more: Any) -> dict[str, Any]:
    body = {"touser": "oPatient1", "template_id": "TPL-1", "url": "http://127.0.0.1/h5/c", "data": {"thing1": {"value": "王主任已接诊"}}, **more}
    return await stage.call("oa", "/cgi-bin/message/template/send", body)


async def test_a_template_message_and_its_result(stage: Stage) -> None:
    sent = await template(stage)
    (shown,) = await stage.service("patient-001", OA)
    assert (shown["type"], shown["name"], shown["data"]) == ("template", "progress", {"thing1": "王主任已接诊"})
    (event,) = await until(lambda: stage.receiver.of(OA, "TEMPLATESENDJOBFINISH"))
    assert (event["MsgID"], event["Status"]) == (str(sent["msgid"]), "success")
    assert (await template(stage, template_id="TPL-9"))["errcode"] == 40037
    assert (await template(stage, data={"thing1": "bare"}))["errcode"] == 47001
    assert (await template(stage, data={}))["errcode"] == 47001
    assert (await template(stage, url="javascript:alert(1)"))["errcode"] == 40058
    assert (await template(stage, touser=["oPatient1"]))["errcode"] == 40003
    once = await template(stage, client_msg_id="n1")
    assert (await template(stage, client_msg_id="n1"))["msgid"] == once["msgid"]
    assert len(await stage.service("patient-001", OA)) == 2
    await stage.post("patient-001/official-account/unfollow", {}, 200)
    assert (await template(stage))["errcode"] == 43004


async def test_the_result_event_of_a_template_needs_no_answer_and_shows_none(stage: Stage) -> None:
    stage.receiver.answering = lambda channel, m: 500
    await template(stage)
    await until(lambda: len(stage.receiver.of(OA)) == 3)
    assert len(await stage.messages("patient-001", OA)) == 1


async def subscription(stage: Stage, data: dict[str, str], **more: Any) -> dict[str, Any]:
    body = {"touser": "mPatient1", "template_id": "SUB-1", "page": "pages/index", "data": {k: {"value": v} for k, v in data.items()}, **more}
    return await stage.call("mini", "/cgi-bin/message/subscribe/send", body)


async def test_each_accept_allows_one_subscription_message(stage: Stage) -> None:
    good = {"thing1": "呼吸内科复诊", "time2": "2026年11月20日 15:01", "phrase3": "待就诊"}
    assert (await subscription(stage, good))["errcode"] == 43101
    await stage.post("patient-001/mini-program/subscribe", {"templates": {"SUB-1": "accept"}}, 200)
    assert (await subscription(stage, {**good, "thing1": "字" * 21}))["errcode"] == 47003
    assert (await subscription(stage, good))["errcode"] == 0, "a refused value costs nothing"
    assert (await subscription(stage, good))["errcode"] == 43101
    (shown,) = await stage.service("patient-001", "mini_program")
    assert shown["type"] == "subscription"
    assert shown["data"] == good
    await until(lambda: len(stage.receiver.of("mini_program")) == 2)
    events = {m["Event"]: m for m in stage.receiver.of("mini_program")}
    assert events["subscribe_msg_popup_event"]["List"]["SubscribeStatusString"] == "accept", "one element stands alone"
    assert events["subscribe_msg_sent_event"]["List"]["ErrorStatus"] == "success"
    await stage.post("patient-001/mini-program/subscribe", {"templates": {"SUB-1": "accept", "SUB-2": "reject"}}, 200)
    popup = (await until(lambda: stage.receiver.of("mini_program", "subscribe_msg_popup_event")[1:]))[0]
    assert [item["SubscribeStatusString"] for item in popup["List"]] == ["accept", "reject"]
    assert (await subscription(stage, good, touser="nobody"))["errcode"] == 40003


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("thing1", "二十个字以内的事项,可以有数字1", "字" * 21),
        ("number2", "12.5", "十二"),
        ("letter3", "ABC", "AB1"),
        ("symbol4", "!!", "字"),
        ("character_string5", "C-7K2M", "编号1"),
        ("time6", "15:01", "下午三点"),
        ("time7", "2019年10月1日 15:01~2019年10月2日", "2019.10.1"),
        ("date8", "2019年10月1日", "十月一日"),
        ("amount9", "¥86.40", "八十六"),
        ("phone_number10", "+86-0766-66888866", "电话"),
        ("car_number11", "粤A8Z888挂", "粤A8Z888挂车牌"),
        ("name12", "李秀英", "李" * 11),
        ("phrase13", "待就诊", "待就诊1"),
        ("phrase14", "已完成", "六个汉字太长"),
        ("secret15", "", "x"),
    ],
)
async def test_value_rules_of_subscription_messages(stage: Stage, name: str, good: str, bad: str) -> None:
    await stage.post("patient-001/mini-program/subscribe", {"templates": {"SUB-1": "accept"}}, 200)
    answer = await subscription(stage, {name: bad})
    assert answer["errcode"] == 47003
    assert name in answer["errmsg"]
    if good:
        assert (await subscription(stage, {name: good}))["errcode"] == 0


async def session(stage: Stage, code: str, **more: str) -> dict[str, Any]:
    account = stage.config["mini_program"]
    query = {"appid": account["appid"], "secret": account["secret"], "js_code": code, "grant_type": "authorization_code", **more}
    return await stage.call("mini", "/sns/jscode2session", token=None, **query)


async def test_login_and_phone_codes(stage: Stage) -> None:
    code = (await stage.post("patient-001/mini-program/login", None, 200))["code"]
    phone = (await stage.post("patient-001/mini-program/phone", None, 200))["code"]
    assert (await session(stage, phone))["errcode"] == 40029, "the phone code is not the login code"
    assert (await session(stage, code, secret="wrong"))["errcode"] == 40125
    signed_in = await session(stage, code)
    assert (signed_in["openid"], signed_in["unionid"]) == ("mPatient1", "uPatient1")
    assert "errcode" not in signed_in
    assert (await session(stage, code))["errcode"] == 40163
    info = (await stage.call("mini", "/wxa/business/getuserphonenumber", {"code": phone}))["phone_info"]
    assert info["purePhoneNumber"] == "19900000001"
    assert info["watermark"]["appid"] == "wxmini"
    assert (await stage.call("mini", "/wxa/business/getuserphonenumber", {"code": phone}))["errcode"] == 40163
    late = (await stage.post("patient-001/mini-program/login", None, 200))["code"]
    stage.shift = 301
    assert (await session(stage, late))["errcode"] == 40029
    assert (await stage.post("expert-001/mini-program/login", None, 404))["error"] == "chat.unknown"


async def test_mini_program_messages_are_pushed_as_json_and_take_no_reply(stage: Stage) -> None:
    said = await stage.say("patient-001", "mini_program", "在吗")
    (message,) = await until(lambda: stage.receiver.of("mini_program"))
    assert (message["MsgType"], message["Content"], message["FromUserName"]) == ("text", "在吗", "mPatient1")
    assert (await stage.exchange(said["exchange"]))["outcome"] == "silent"
    stage.receiver.answering = lambda channel, m: xml_text(m, "好").encode()
    said = await stage.say("patient-001", "mini_program", "在吗")
    assert (await stage.exchange(said["exchange"]))["outcome"] == "invalid"


async def test_the_mini_programs_window_takes_five_replies_and_gives_its_pictures(stage: Stage) -> None:
    async def answer(kind: str, body: dict[str, object]) -> int:
        return (await stage.call("mini", "/cgi-bin/message/custom/send", {"touser": "mPatient1", "msgtype": kind, kind: body}))["errcode"]

    assert await answer("text", {"content": "好"}) == 45015
    picture = base64.b64encode(b"\xff\xd8\xff picture").decode()
    await stage.post("patient-001/chats/mini_program/messages", {"type": "image", "name": "a.jpg", "data_base64": picture})
    (message,) = await until(lambda: stage.receiver.of("mini_program"))
    fetched = await stage.client.get(
        f"{stage.origin}/simulator/api.weixin.qq.com/cgi-bin/media/get",
        params={"access_token": await stage.token("mini"), "media_id": message["MediaId"]},
    )
    assert fetched.content == b"\xff\xd8\xff picture"
    assert (await stage.call("oa", "/cgi-bin/media/get", media_id=message["MediaId"]))["errcode"] == 40007, "of another account"
    assert await answer("msgmenu", {"list": [{"id": "1", "content": "是"}]}) == 40008
    assert await answer("news", {"articles": [{"title": "一", "url": "https://a.cn"}]}) == 40008
    link = {"title": "一", "description": "二", "url": "https://a.example.cn/", "thumb_url": ""}
    assert [await answer("link", link), *[await answer("text", {"content": "好"}) for _ in range(5)]] == [0, 0, 0, 0, 0, 45047]


async def test_user_info(stage: Stage) -> None:
    info = await stage.call("oa", "/cgi-bin/user/info", openid="oPatient1")
    assert (info["subscribe"], info["unionid"]) == (1, "uPatient1")
    assert (await stage.call("oa", "/cgi-bin/user/info", openid="none"))["errcode"] == 40003


async def test_api_errors_on_demand_strike_calls_and_not_tokens(stage: Stage) -> None:
    await stage.say("patient-001", OA, "你好")
    await stage.conditions(api_error=45009)
    assert (await stable(stage))["errcode"] == 45009
    await stage.conditions(api_error=40001)
    assert "access_token" in await stable(stage)
    stage.tokens["oa"] = (await stable(stage))["access_token"]
    assert await kf(stage) == 40001
    await stage.conditions(api_error=None)
    assert [await kf(stage) for _ in range(5)] == [0] * 5, "nothing was spent"


async def test_methods_addresses_and_bodies(stage: Stage) -> None:
    assert (await stage.call("oa", "/cgi-bin/none"))["errcode"] == 40066
    assert (await stage.call("oa", "/cgi-bin/message/custom/send"))["errcode"] == 43002
    assert (await stage.call("oa", "/cgi-bin/user/info", {"x": 1}))["errcode"] == 43001
    token = await stage.token("oa")
    base = f"{stage.origin}/simulator/api.weixin.qq.com/cgi-bin/message/custom/send?access_token={token}"
    bodies = ((b"", 44002), (b"{", 47001), (b"[]", 47001), (b'{"touser":"\\ud800"}', 47001), (b"\xff", 47001), (b"[" * 100_000, 47001))
    for raw, errcode in bodies:
        response = await stage.client.post(base, content=raw)
        assert (response.status_code, response.json()["errcode"]) == (200, errcode)


async def test_refused_calls_are_on_record_without_secrets(stage: Stage) -> None:
    assert await kf(stage) == 45015
    row = stage.world.store.row("SELECT body FROM exchanges ORDER BY number DESC LIMIT 1")
    assert row
    assert "45015" in row["body"]
    assert stage.tokens["oa"] not in row["body"]
    sent = await stage.call("wecom", "/cgi-bin/message/send", {"touser": "wang01", "agentid": 1000002, "msgtype": "text", "text": {"content": "x"}})
    assert sent["errcode"] == 0
    (shown,) = await stage.service("expert-001", "wecom_app")
    record = await stage.exchange(shown["exchange"])
    assert record["kind"] == "api"
    assert record["outcome"] == "answered"


async def test_no_body_makes_a_platform_call_fail(stage: Stage) -> None:
    """Seeded nonsense in every field: always HTTP 200 with a number that is not the platform's own failure."""
    dice = random.Random(20261120)
    odd: list[Any] = [
        None,
        0,
        -1,
        True,
        "",
        "x",
        "oPatient1",
        "wang01",
        1e300,
        2**70,
        [],
        [[]],
        {},
        {"content": 3},
        ["wang01"],
        {"value": None},
        "\u0000",
        "长" * 3000,
    ]
    names = ["touser", "msgtype", "text", "agentid", "template_card", "template_id", "data", "response_code", "userids", "button", "userlist",
             "chatid",
             "msgmenu", "code", "openid", "appid", "grant_type", "force_refresh", "owner", "name", "news", "url", "client_msg_id"]  # fmt: skip
    kinds = ["text", "msgmenu", "news", "template_card", "markdown", "textcard", "image"]
    for host, table in (("oa", WEIXIN), ("mini", WEIXIN), ("wecom", WECOM)):
        for path, endpoint in table.items():
            for _ in range(12):
                body = {name: dice.choice(odd) for name in dice.sample(names, 6)}
                if dice.random() < 0.6:
                    body |= {"touser": "wang01" if host == "wecom" else "oPatient1", "agentid": 1000002, "msgtype": dice.choice(kinds)}
                    body[body["msgtype"]] = {name: dice.choice(odd) for name in ("content", "list", "articles", "title", "url", "media_id")}
                query = {name: str(dice.choice(odd))[:200] for name in ("openid", "userid", "code", "appid", "js_code")}
                answer = await stage.call(host, path, body if endpoint.method == "POST" else None, **query)
                assert answer.get("errcode", 0) != -1, (path, body)
