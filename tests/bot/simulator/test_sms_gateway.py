"""The SMS gateway and our client of it: signed, registered texts only, one a minute and ten a day to one number, and never a word of health."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.channels.api.sms import HttpSms, NotForSms, Taken, sms_values
from bot.channels.api.transport import Transport
from bot.channels.settings import SmsSettings
from bot.sending.sms import SMS_TEMPLATES
from bot.simulator.settings import Sms
from tests.bot.simulator.conftest import Stage

PHONE, SECRET = "19900000001", "sms-secret"
IDS = {name: f"SMS-{name}" for name in SMS_TEMPLATES}
HEALTH = ("病", "痛", "药", "血", "诊断", "科", "心", "癌", "孕", "抑郁", "压", "糖", "患者", "姓名")


def with_account(stage: Stage) -> None:
    texts = {IDS[name]: text for name, text in SMS_TEMPLATES.items()}
    stage.world.platform = stage.world.platform.model_copy(update={"sms": Sms(key="K1", secret=SECRET, texts=texts)})


@pytest.fixture
async def sms(stage: Stage) -> AsyncIterator[HttpSms]:
    with_account(stage)
    transport = Transport(f"{stage.origin}/simulator/sms")
    settings = SmsSettings.model_validate({"address": transport.base, "key": "K1", "secret": SECRET, "templates": IDS})
    yield HttpSms(transport, settings, lambda: datetime.fromtimestamp(stage.now(), UTC))
    await transport.close()


async def shown(stage: Stage) -> list[str]:
    response = await stage.client.get(f"{stage.origin}/simulator/people/patient-001/chats/sms/messages")
    return [message["content"] for message in response.json()] if response.status_code == 200 else []


async def test_it_stands_on_the_phone_once(stage: Stage, sms: HttpSms) -> None:
    assert await shown(stage) == [], "no chat 短信 before there is one"
    for _ in range(2):
        assert await sms.send(PHONE, "look", {"code": "C-7K2M"}, "n1") is Taken.OK
    assert await shown(stage) == ["【会诊】您有一条新消息(编号 C-7K2M),请打开微信「会诊」服务号或小程序查看。"]
    chats = (await stage.client.get(f"{stage.origin}/simulator/people")).json()["people"][0]["chats"]
    assert [chat["title"] for chat in chats if chat["id"] == "sms"] == ["短信"]
    answer = await stage.client.post(
        f"{stage.origin}/simulator/people/patient-001/chats/sms/messages", json={"type": "text", "content": "收到"}
    )
    assert answer.status_code == 422, "nobody reads an answer to it"


async def test_one_a_minute_and_ten_a_day_to_one_number(stage: Stage, sms: HttpSms) -> None:
    assert await sms.send(PHONE, "look", {"code": "-"}, "n0") is Taken.OK
    assert await sms.send(PHONE, "look", {"code": "-"}, "n1") is Taken.BUSY
    assert await sms.send("19900000002", "look", {"code": "-"}, "n2") is Taken.OK, "another number has its own minute"
    for place in range(9):
        stage.shift += 61
        assert await sms.send(PHONE, "look", {"code": "-"}, f"m{place}") is Taken.OK
    stage.shift += 61
    assert await sms.send(PHONE, "look", {"code": "-"}, "m9") is Taken.BUSY
    stage.shift += 86400
    assert await sms.send(PHONE, "look", {"code": "-"}, "m9") is Taken.OK


async def test_what_it_does_not_take_is_refused_for_good(stage: Stage, sms: HttpSms) -> None:
    assert await sms.send(PHONE, "unknown", {"code": "-"}, "n1") is Taken.REFUSED
    assert await sms.send("12345", "look", {"code": "-"}, "n1") is Taken.REFUSED
    stage.world.platform = stage.world.platform.model_copy(update={"sms": Sms(key="K1", secret="another")})
    assert await sms.send(PHONE, "look", {"code": "-"}, "n1") is Taken.REFUSED
    stage.world.platform = stage.world.platform.model_copy(update={"sms": None})
    assert await sms.send(PHONE, "look", {"code": "-"}, "n1") is Taken.REFUSED
    nobody = Transport("http://127.0.0.1:9")
    settings = SmsSettings.model_validate({"address": nobody.base, "key": "K1", "secret": SECRET, "templates": IDS})
    away = HttpSms(nobody, settings, lambda: datetime.now(UTC))
    assert await away.send(PHONE, "look", {"code": "-"}, "n1") is Taken.BUSY
    await nobody.close()


def signed(body: Any) -> tuple[bytes, dict[str, str]]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return content, {"x-signature": hmac.new(SECRET.encode(), content, hashlib.sha256).hexdigest()}


async def test_the_gateway_is_strict_and_never_fails(stage: Stage) -> None:
    with_account(stage)
    good = {"key": "K1", "time": int(stage.now()), "once": "n", "phone": PHONE, "template": IDS["look"], "values": {"code": "-"}}
    chance = random.Random(7)
    wrong: list[Any] = [None, True, 7, -1, 1.5, "", "x" * 65, [], {}, {"code": 1}, {"code": "-", "name": "x"}, {"code": "x" * 21}, 10**30]
    bodies: list[Any] = [{**good, name: chance.choice(wrong)} for name in list(good) * 12]
    bodies += [{name: value for name, value in good.items() if name != left} for left in good]
    bodies += [b"", b"{", b"[]", b"\xff\xfe", b"[" * 5000, bytes(chance.randrange(256) for _ in range(200))]
    for body in bodies:
        content, headers = signed(body)
        answer = await stage.client.post(f"{stage.origin}/simulator/sms/v1/messages", content=content, headers=headers)
        assert answer.status_code == 200
        assert answer.json()["code"].startswith("refused."), (body, answer.text)
    content, headers = signed(good)
    for signature in ("", "0" * 64, "é"):
        answer = await stage.client.post(
            f"{stage.origin}/simulator/sms/v1/messages", content=content, headers={"x-signature": signature.encode()}
        )
        assert answer.json()["code"] == "refused.signature"
    assert await shown(stage) == []
    answer = await stage.client.post(f"{stage.origin}/simulator/sms/v1/messages", content=content, headers=headers)
    assert answer.json() == {"code": "ok"}


@pytest.mark.parametrize(
    "values",
    [{}, {"code": "胸痛"}, {"code": "13800138000"}, {"text": "血压高"}, {"code": "C-7K2M", "name": "王芳"}, {"code": "C-7K2M 危急"}, {"code": ""}],
)
def test_nothing_but_a_code_gets_into_an_sms(values: dict[str, str]) -> None:
    with pytest.raises(NotForSms) as refused:
        sms_values(values)
    assert not any(value and value in str(refused.value) for value in values.values())


def test_no_text_says_a_word_of_health() -> None:
    for text in SMS_TEMPLATES.values():
        assert not any(word in text for word in HEALTH)
        assert len(text.format(code="C-7K2M")) <= 70, "one SMS each"
