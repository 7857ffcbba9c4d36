"""Web sign-in: who the authorise page sends back, with what, and whom it turns away."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from .conftest import Stage


def redirect(stage: Stage, path: str = "/phone/patient-001/h5/me?x=1") -> str:
    return f"http://127.0.0.1:{stage.receiver.port}{path}"


async def authorise(stage: Stage, **query: Any) -> Any:
    asked = {"appid": "wxofficial", "redirect_uri": redirect(stage), "response_type": "code", "scope": "snsapi_base", "state": "abc123", **query}
    return await stage.client.get(f"{stage.origin}/simulator/open.weixin.qq.com/connect/oauth2/authorize", params=asked)


async def code_of(stage: Stage, **query: Any) -> str:
    response = await authorise(stage, **query)
    assert response.status_code == 302, response.text
    return parse_qs(urlsplit(response.headers["location"]).query)["code"][0]


async def exchange(stage: Stage, code: str, **more: str) -> dict[str, Any]:
    query = {"appid": "wxofficial", "secret": "secret-official", "code": code, "grant_type": "authorization_code", **more}
    return await stage.call("oa", "/sns/oauth2/access_token", token=None, **query)


async def test_the_patient_comes_back_with_a_code_that_works_once(stage: Stage) -> None:
    response = await authorise(stage)
    target = urlsplit(response.headers["location"])
    query = parse_qs(target.query)
    assert (target.path, query["x"], query["state"]) == ("/phone/patient-001/h5/me", ["1"], ["abc123"])
    answer = await exchange(stage, query["code"][0])
    assert answer["openid"] == "oPatient1"
    assert answer["scope"] == "snsapi_base"
    assert "unionid" not in answer
    assert "is_snapshotuser" not in answer
    assert (await exchange(stage, query["code"][0]))["errcode"] == 40163
    assert (await exchange(stage, await code_of(stage, scope="snsapi_userinfo")))["unionid"] == "uPatient1"
    assert (await exchange(stage, await code_of(stage), secret="wrong"))["errcode"] == 40125


async def test_codes_live_five_minutes(stage: Stage) -> None:
    code = await code_of(stage)
    stage.shift = 301
    assert (await exchange(stage, code))["errcode"] == 40029


async def test_a_member_signs_in_to_wecom(stage: Stage) -> None:
    query = {"appid": "ww0001", "redirect_uri": redirect(stage, "/phone/expert-001/h5/desk"), "agentid": "1000002"}
    code = await code_of(stage, **query)
    assert (await exchange(stage, code))["errcode"] == 40029, "a code of another account"
    assert (await stage.call("wecom", "/cgi-bin/auth/getuserinfo", code=code))["userid"] == "wang01"
    assert (await stage.call("wecom", "/cgi-bin/auth/getuserinfo", code=code))["errcode"] == 40163
    private = await stage.call("wecom", "/cgi-bin/auth/getuserinfo", code=await code_of(stage, **query, scope="snsapi_privateinfo"))
    assert private["user_ticket"]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"redirect_uri": "/h5/me"}, "redirect_uri"),
        ({"redirect_uri": "https://evil.example/phone/patient-001/h5"}, "redirect_uri"),
        ({"redirect_uri": "http://127.0.0.1:1/phone/patient-001/h5"}, "redirect_uri"),
        ({"redirect_uri": "http://[::1/phone/patient-001/"}, "redirect_uri"),
        ({"path": "/h5/me"}, "请在微信客户端打开链接"),
        ({"path": "/phone/nobody/h5"}, "请在微信客户端打开链接"),
        ({"path": "/phone/expert-001/h5"}, "请在微信客户端打开链接"),
        ({"appid": "ww0001"}, "不是该企业的成员"),
        ({"appid": "ww0001", "redirect_uri": "https://evil.example/"}, "50001"),
        ({"appid": "wxnobody"}, "appid"),
        ({"response_type": "token"}, "response_type"),
        ({"scope": "snsapi_everything"}, "scope"),
        ({"state": "a" * 129}, "state"),
        ({"state": "a-b"}, "state"),
    ],
)
async def test_who_is_turned_away_reads_why(stage: Stage, query: dict[str, str], sentence: str) -> None:
    if "path" in query:
        query = {"redirect_uri": redirect(stage, query["path"])}
    response = await authorise(stage, **query)
    assert response.status_code == 200
    assert sentence in response.text
    assert "location" not in response.headers
    assert "evil" not in response.text
