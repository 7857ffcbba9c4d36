"""Faults on demand: each strikes as it says, before anything has an effect, and can be repeated from its seed."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.simulator.conditions import NAMES

from .conftest import Stage, until
from .receiver import xml_text
from .test_platform_api import kf, stable, subscription, template, works

OA = "official_account"
GOOD = {"thing1": "呼吸内科复诊"}
SEND = "/cgi-bin/message/custom/send"


async def test_conditions_are_checked_and_kept(stage: Stage) -> None:
    wanted = {
        "delay_ms": 100, "drop_callbacks": 0.25, "duplicate_callbacks": True, "reorder_callbacks": True, "api_error": 45009, "api_error_rate": 0.2,
        "exhausted_apis": [SEND], "lost_tokens": 42001, "subscriptions_refused": True, "customer_service_refused": 45047, "platform_down": "hang",
        "seed": 3,
    }  # fmt: skip
    await stage.conditions(**wanted)
    address = f"{stage.origin}/simulator/conditions"
    assert (await stage.client.get(address)).json() == wanted
    wrong: list[Any] = [
        {"delay_ms": -1}, {"delay_ms": "1"}, {"delay_ms": 1e9}, {"drop_callbacks": 2}, {"drop_callbacks": True}, {"api_error": "x"},
        {"api_error": 0}, {"api_error": True}, {"duplicate_callbacks": 1}, {"seed": 1.5}, {"weather": 1}, {"reorder_callbacks": 1},
        {"api_error_rate": 1.1}, {"api_error_rate": None}, {"exhausted_apis": SEND}, {"exhausted_apis": ["/cgi-bin/dance"]}, {"exhausted_apis": [1]},
        {"lost_tokens": 1},
        {"lost_tokens": True}, {"lost_tokens": [40001]}, {"subscriptions_refused": None}, {"customer_service_refused": 43101},
        {"platform_down": True}, {"platform_down": "no"},
    ]  # fmt: skip
    for body in wrong:
        response = await stage.client.put(address, json=body)
        assert (response.status_code, response.json()["error"]) == (422, "conditions.invalid"), body
    assert (await stage.client.get(address)).json() == wanted


def test_every_fault_is_explained_and_has_its_switch() -> None:
    root = Path(__file__).resolve().parents[3]
    explained = (root / "docs" / "simulator.md").read_text()
    switches = (root / "bot" / "simulator" / "page" / "faults.js").read_text()
    for name in NAMES:
        assert f"`{name}`" in explained, name
        assert name in switches, name


async def test_a_later_callback_of_a_chat_overtakes_the_earlier_one(stage: Stage) -> None:
    stage.receiver.answering = lambda channel, m: xml_text(m, f"听到{m['Content']}")
    stage.world.timing = replace(stage.world.timing, overtaken=30)
    await stage.conditions(reorder_callbacks=True)
    for words in ("一", "二"):
        await stage.say("patient-001", OA, words)
    await stage.service("patient-001", OA, 2)
    assert [m["Content"] for m in stage.receiver.of(OA)] == ["二", "一"]
    said = [m["content"] for m in await stage.messages("patient-001", OA) if m["from"] == "person"]
    assert said == ["一", "二"], "on the phone they stand as they were said"


async def test_what_nothing_overtakes_goes_after_a_while(stage: Stage) -> None:
    stage.world.timing = replace(stage.world.timing, overtaken=0.2)
    await stage.conditions(reorder_callbacks=True)
    await stage.say("patient-001", OA, "只有这句")
    await until(lambda: stage.receiver.of(OA))
    await stage.say("patient-001", OA, "后来")
    await until(lambda: len(stage.receiver.of(OA)) == 2)
    assert [m["Content"] for m in stage.receiver.of(OA)] == ["只有这句", "后来"]


async def lose(stage: Stage, **body: Any) -> Any:
    return (await stage.client.post(f"{stage.origin}/simulator/tokens/lost", json=body)).json()


async def test_all_tokens_are_lost_once(stage: Stage) -> None:
    oa, wecom = await stage.token("oa"), await stage.token("wecom")
    assert (await lose(stage)) == {"lost": 2}
    assert await works(stage, oa) == 40001
    assert (await stage.call("wecom", "/cgi-bin/user/get", token=wecom, userid="wang01"))["errcode"] == 40014
    again = (await stable(stage))["access_token"]
    assert again != oa
    assert await works(stage, again) == 0
    assert (await lose(stage, errcode=42001)) == {"lost": 1}
    assert await works(stage, again) == 42001
    assert await works(stage, (await stable(stage))["access_token"]) == 0
    assert (await lose(stage, errcode=1))["error"] == (await lose(stage, errcode=True))["error"] == "tokens.invalid"


@pytest.mark.parametrize("errcode", [40001, 42001])
async def test_tokens_are_lost_as_soon_as_they_are_given(stage: Stage, errcode: int) -> None:
    await stage.conditions(lost_tokens=errcode)
    for _ in range(3):
        assert await works(stage, (await stable(stage))["access_token"]) == errcode
    wecom = await stage.token("wecom")
    refused = await stage.call("wecom", "/cgi-bin/user/get", token=wecom, userid="wang01")
    assert refused["errcode"] == (40014 if errcode == 40001 else 42001)
    await stage.conditions(lost_tokens=None)
    assert await works(stage, (await stable(stage))["access_token"]) == 0


async def test_a_quota_ends_for_the_apis_that_are_named(stage: Stage) -> None:
    await stage.say("patient-001", OA, "你好")
    await stage.conditions(exhausted_apis=[SEND])
    assert await kf(stage) == 45009
    assert (await template(stage))["errcode"] == 0
    await stage.conditions(exhausted_apis=["*"])
    assert (await template(stage))["errcode"] == 45009
    assert (await stable(stage))["errcode"] == 45009
    assert (await stage.call("oa", "/cgi-bin/media/get", media_id="x"))["errcode"] == 45009
    await stage.conditions(exhausted_apis=[])
    assert [await kf(stage) for _ in range(6)] == [0] * 5 + [45047], "a refused call costs nothing"


async def test_messages_are_refused_for_everybody(stage: Stage) -> None:
    await stage.say("patient-001", OA, "你好")
    await stage.post("patient-001/mini-program/subscribe", {"templates": {"SUB-1": "accept"}}, 200)
    await stage.conditions(subscriptions_refused=True, customer_service_refused=45047)
    assert (await subscription(stage, GOOD))["errcode"] == 43101
    assert await kf(stage) == 45047
    await stage.conditions(subscriptions_refused=False, customer_service_refused=None)
    assert (await subscription(stage, GOOD))["errcode"] == 0
    assert await kf(stage) == 0


async def refuse(stage: Stage, status: int = 200, **wanted: Any) -> Any:
    response = await stage.client.put(f"{stage.origin}/simulator/people/patient-001/refusals", json=wanted)
    assert response.status_code == status, response.text
    return response.json()


async def test_a_person_refuses_on_his_phone(stage: Stage) -> None:
    await stage.say("patient-001", OA, "你好")
    await stage.post("patient-001/mini-program/subscribe", {"templates": {"SUB-1": "accept"}}, 200)
    assert (await refuse(stage, subscriptions=True)) == {"subscriptions": True, "templates": False, "customer_service": None}
    told = (await until(lambda: stage.receiver.of("mini_program", "subscribe_msg_change_event")))[0]
    assert told["List"] == {"TemplateId": "SUB-1", "SubscribeStatusString": "reject"}
    assert (await subscription(stage, GOOD))["errcode"] == 43101
    asked = await stage.post("patient-001/mini-program/subscribe", {"templates": {"SUB-1": "accept"}}, 409)
    assert asked["error"] == "subscriptions.off"
    await refuse(stage, subscriptions=False)
    assert (await subscription(stage, GOOD))["errcode"] == 43101, "what was accepted before is gone"
    await refuse(stage, customer_service=45015)
    assert await kf(stage) == 45015
    await refuse(stage, customer_service=None, templates=True)
    assert await kf(stage) == 0
    assert (await template(stage))["errcode"] == 0, "the call itself is taken"
    (result,) = await until(lambda: stage.receiver.of(OA, "TEMPLATESENDJOBFINISH"))
    assert result["Status"] == "failed:user block"
    assert [m["type"] for m in await stage.service("patient-001", OA)] == ["text"]
    for wrong in ({"subscriptions": 1}, {"templates": None}, {"customer_service": 43101}, {"customer_service": True}, {"x": True}):
        assert (await refuse(stage, 422, **wrong))["error"] == "refusals.invalid"
    assert (await stage.client.get(f"{stage.origin}/simulator/people/patient-001/refusals")).json()["templates"] is True


async def raw(stage: Stage, patience: float = 10) -> httpx.Response:
    address = f"{stage.origin}/simulator/api.weixin.qq.com{SEND}?access_token={stage.tokens['oa']}"
    body = {"touser": "oPatient1", "msgtype": "text", "text": {"content": "好"}}
    return await stage.client.post(address, json=body, timeout=patience)


async def test_while_the_platform_is_down_nothing_comes_through_and_afterwards_it_goes_on(stage: Stage) -> None:
    stage.receiver.answering = lambda channel, m: xml_text(m, "听到了")
    await stage.say("patient-001", OA, "你好")
    await stage.service("patient-001", OA)
    await stage.token("oa")
    await stage.conditions(platform_down="http")
    response = await raw(stage)
    assert response.status_code == 502
    assert "502" in response.text
    stable_token = await stage.client.post(f"{stage.origin}/simulator/api.weixin.qq.com/cgi-bin/stable_token", json={})
    authorise = await stage.client.get(f"{stage.origin}/simulator/open.weixin.qq.com/connect/oauth2/authorize")
    assert (stable_token.status_code, authorise.status_code) == (502, 502)
    waiting = [await stage.say("patient-001", OA, words) for words in ("断了时说的", "又一句")]
    await stage.conditions(platform_down="refuse")
    with pytest.raises(httpx.TransportError):
        await raw(stage)
    await stage.conditions(platform_down="hang")
    with pytest.raises(httpx.ReadTimeout):
        await raw(stage, patience=0.5)
    await asyncio.sleep(0.3)
    assert len(stage.receiver.of(OA)) == 1, "callbacks wait"
    tried = (await stage.client.get(f"{stage.origin}/simulator/outbox")).json()["sent"]
    assert [(one["summary"], one["outcome"], one["status"]) for one in tried] == [("好", "error", 0), ("好", "error", 0), ("好", "error", 502)]
    await stage.conditions(platform_down=None)
    assert sorted(m["content"] for m in await stage.service("patient-001", OA, 3)) == ["听到了"] * 3
    for said in waiting:
        assert len((await stage.exchange(said["exchange"]))["attempts"]) == 1, "no attempt was used up"
    assert [await kf(stage) for _ in range(5)] == [0] * 5, "no call of that time had an effect"


async def test_a_call_that_hangs_is_let_go_when_the_platform_is_back(stage: Stage) -> None:
    await stage.token("oa")
    await stage.conditions(platform_down="hang")
    began = time.monotonic()
    hanging = asyncio.create_task(raw(stage, patience=60))
    await asyncio.sleep(0.3)
    assert not hanging.done()
    await stage.conditions(platform_down=None)
    with pytest.raises(httpx.TransportError):
        await hanging
    assert time.monotonic() - began < 50
    assert await stage.messages("patient-001", OA) == []


async def test_a_random_share_of_the_calls_fails_without_effect_and_again_from_its_seed(stage: Stage) -> None:
    await stage.token("wecom")
    address = f"{stage.origin}/simulator/qyapi.weixin.qq.com/cgi-bin/message/send?access_token={stage.tokens['wecom']}"

    async def run() -> list[str]:
        await stage.conditions(api_error_rate=0.2, seed=11)
        found = []
        for number in range(60):
            body = {"touser": "wang01", "agentid": 1000002, "msgtype": "text", "text": {"content": str(number)}}
            response = await stage.client.post(address, json=body)
            found.append(f"http {response.status_code}" if response.status_code != 200 else str(response.json()["errcode"]))
        return found

    stage.world.platform.wecom.app.messages_a_minute = 1000
    first = await run()
    assert set(first) == {"0", "-1", "http 502"}
    assert 4 <= sum(one != "0" for one in first) <= 22
    assert [m["content"] for m in await stage.service("expert-001", "wecom_app")] == [str(n) for n, one in enumerate(first) if one == "0"]
    assert await run() == first
    await stage.conditions(api_error_rate=1)
    assert (await stage.client.get(f"{stage.origin}/simulator/qyapi.weixin.qq.com/cgi-bin/gettoken")).text != "", "tokens too"
    assert await run_once(stage, address) != "0"


async def run_once(stage: Stage, address: str) -> str:
    response = await stage.client.post(address, json={})
    return f"http {response.status_code}" if response.status_code != 200 else str(response.json()["errcode"])


async def test_the_outbox_shows_what_was_sent_and_what_was_refused(stage: Stage) -> None:
    await stage.say("patient-001", OA, "你好")
    assert await kf(stage, "请坐好") == 0
    assert await kf(stage, touser="nobody") == 40003
    await stage.conditions(platform_down="http")
    assert (await raw(stage)).status_code == 502
    await stage.conditions(platform_down=None)
    body = {"touser": "wang01|wu01", "agentid": 1000002, "msgtype": "text", "text": {"content": "有会诊"}}
    assert (await stage.call("wecom", "/cgi-bin/message/send", body))["errcode"] == 0

    async def outbox(**query: str) -> list[dict[str, Any]]:
        response = await stage.client.get(f"{stage.origin}/simulator/outbox", params=query)
        assert response.status_code == 200, response.text
        return response.json()["sent"]

    everything = await outbox()
    assert [(one["summary"], one["outcome"], one["errcode"], one["status"]) for one in everything] == [
        ("有会诊", "answered", 0, 200), ("好", "error", None, 502), ("好", "error", 40003, 200), ("请坐好", "answered", 0, 200)]  # fmt: skip
    assert everything[0]["people"] == ["expert-001", "village-doctor-01"]
    assert [one["summary"] for one in await outbox(person="expert-001")] == ["有会诊"]
    assert [one["status"] for one in await outbox(person="patient-001", outcome="error")] == [502]
    assert [one["errcode"] for one in await outbox(outcome="error")] == [None, 40003]
    for query, status in (({"outcome": "x"}, 422), ({"person": "nobody"}, 404)):
        assert (await stage.client.get(f"{stage.origin}/simulator/outbox", params=query)).status_code == status
