"""Callbacks of the Official Account: what goes out, which answers count, and what the patient sees when they do not."""

import asyncio
import base64
import contextlib
import time
from typing import Any

import pytest
from wechatpy.crypto import WeChatCrypto

from bot.simulator.crypto import CallbackCipher, EnvelopeError

from .conftest import Stage, key43, until
from .receiver import xml_text

OA = "official_account"
FAULT = "该公众号提供的服务出现故障,请稍后再试"


async def test_a_text_goes_out_signed_and_sealed_and_the_answer_comes_back(stage: Stage) -> None:
    stage.receiver.answering = lambda channel, m: xml_text(m, f"听到了:{m['Content']}")
    said = await stage.say("patient-001", OA, "咳嗽三天 😷 <b>&")
    (reply,) = await stage.service("patient-001", OA)
    assert reply["content"] == "听到了:咳嗽三天 😷 <b>&"
    assert reply["exchange"] == said["exchange"]
    (message,) = stage.receiver.of(OA)
    assert {"ToUserName", "FromUserName", "CreateTime", "MsgType", "Content", "MsgId"} == set(message)
    assert (message["ToUserName"], message["FromUserName"]) == ("gh_official", "oPatient1")
    assert int(message["MsgId"]) < 2**63
    record = await stage.exchange(said["exchange"])
    assert record["outcome"] == "answered"
    (attempt,) = record["attempts"]
    assert "咳嗽三天" in attempt["request"]["decrypted"]
    assert "咳嗽三天" not in attempt["request"]["raw"]
    assert "听到了" in attempt["answer"]["decrypted"]
    assert attempt["answer"]["status"] == 200


@pytest.mark.parametrize("silence", [b"success", b""])
async def test_success_and_an_empty_body_are_silence(stage: Stage, silence: bytes) -> None:
    stage.receiver.answering = lambda channel, m: silence
    said = await stage.say("patient-001", OA, "在吗")
    assert (await stage.exchange(said["exchange"]))["outcome"] == "silent"
    assert len(await stage.messages("patient-001", OA)) == 1


async def test_a_text_with_the_end_of_a_cdata_section_arrives_whole(stage: Stage) -> None:
    await stage.say("patient-001", OA, "a]]>b]]></Content><x>")
    (message,) = await until(lambda: stage.receiver.of(OA))
    assert message["Content"] == "a]]>b]]></Content><x>"


INJECTION = "]]></Content><ArticleCount>1</ArticleCount><Content><![CDATA[x"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (INJECTION, "Content"),
        ("]]></Content><Content><![CDATA[x", "Content"),
        ("]]></Content><FromUserName>gh_other</FromUserName><Content><![CDATA[x", "FromUserName"),
        ("a]]>b", "well-formed"),
        ("长" * 700, "2048"),
        ("", "empty"),
    ],
)
async def test_an_injected_or_oversized_answer_is_found(stage: Stage, content: str, reason: str) -> None:
    stage.receiver.answering = lambda channel, m: xml_text(m, content)
    said = await stage.say("patient-001", OA, "你好")
    (notice,) = await stage.service("patient-001", OA)
    assert (notice["type"], notice["content"]) == ("notice", FAULT)
    record = await stage.exchange(said["exchange"])
    assert record["outcome"] == "invalid"
    assert reason in record["reason"]
    assert len(record["attempts"]) == 1, "an invalid answer is not asked for again"


def _swapped(message: dict[str, Any]) -> str:
    return xml_text({"FromUserName": message["ToUserName"], "ToUserName": message["FromUserName"]}, "好")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda m: b'{"content":"ok"}', "well-formed"),
        (lambda m: xml_text(m, "plain").encode(), "does not belong"),
        (lambda m: b"OK", "well-formed"),
        (lambda m: b" success", "well-formed"),
        (lambda m: b"\xff\xfe", "UTF-8"),
        (lambda m: b"<xml><Encrypt>AAAA</Encrypt><MsgSignature>0</MsgSignature><TimeStamp>1</TimeStamp><Nonce>n</Nonce></xml>", "signature"),
        (lambda m: b'<!DOCTYPE x [<!ENTITY a "b">]><xml><Encrypt>&a;</Encrypt></xml>', "well-formed"),
        (_swapped, "swapped"),
        (lambda m: xml_text(m, "x").replace("<MsgType><![CDATA[text]]>", "<MsgType>hologram"), "hologram"),
        (lambda m: xml_text(m, "x").replace("<CreateTime>", "<CreateTime>yesterday"), "CreateTime"),
        (lambda m: xml_text(m, "x").replace("<Content>", '<Content a="1">'), "attributes"),
        (lambda m: xml_text(m, "x").replace("</xml>", "stray</xml>"), "stray"),
        (lambda m: xml_text(m, "x").replace("xml>", "html>"), "root"),
        (lambda m: xml_text(m, "x").replace("text", "image").replace("Content", "MediaId"), "MediaId"),
    ],
)
async def test_answers_the_platform_would_not_take(stage: Stage, answer: Any, reason: str) -> None:
    stage.receiver.answering = lambda channel, m: answer(m)
    said = await stage.say("patient-001", OA, "你好")
    record = await stage.exchange(said["exchange"])
    assert record["outcome"] == "invalid"
    assert reason in record["reason"]
    assert [m["content"] for m in await stage.service("patient-001", OA)] == [FAULT]


async def test_an_answer_for_another_account_is_refused(stage: Stage) -> None:
    token, key, _ = stage.receiver.credentials[OA]
    other = WeChatCrypto(token, key, "wxother")
    stage.receiver.answering = lambda channel, m: other.encrypt_message(xml_text(m, "好"), "n", str(int(time.time()))).encode()
    said = await stage.say("patient-001", OA, "你好")
    assert "receive id" in (await stage.exchange(said["exchange"]))["reason"]


async def test_three_deliveries_and_then_a_notice(stage: Stage) -> None:
    async def never(channel: str, message: Any) -> None:
        await asyncio.sleep(3)

    stage.receiver.answering = never
    stage.be_impatient()
    said = await stage.say("patient-001", OA, "有人吗")
    record = await stage.exchange(said["exchange"])
    assert record["outcome"] == "timeout"
    assert [a["outcome"] for a in record["attempts"]] == ["timeout"] * 3
    ids = {m["MsgId"] for m in stage.receiver.of(OA)}
    assert (len(ids), len(stage.receiver.of(OA))) == (1, 3), "the same message each time"
    assert [m["content"] for m in await stage.service("patient-001", OA)] == [FAULT]


async def test_a_later_delivery_may_still_be_answered(stage: Stage) -> None:
    def third_time(channel: str, message: dict[str, Any]) -> Any:
        return xml_text(message, "到了") if len(stage.receiver.of(OA)) == 3 else 503

    stage.receiver.answering = third_time
    said = await stage.say("patient-001", OA, "有人吗")
    record = await stage.exchange(said["exchange"])
    assert [a["outcome"] for a in record["attempts"]] == ["status", "status", "answered"]
    assert [m["content"] for m in await stage.service("patient-001", OA)] == ["到了"]


async def test_nobody_listening(stage: Stage) -> None:
    await stage.receiver.stop()
    said = await stage.say("patient-001", OA, "有人吗")
    record = await stage.exchange(said["exchange"])
    assert [a["outcome"] for a in record["attempts"]] == ["refused"] * 3


async def test_duplicates_arrive_while_the_first_is_running(stage: Stage) -> None:
    async def slowly(channel: str, message: dict[str, Any]) -> str:
        await asyncio.sleep(0.2)
        return xml_text(message, "一次")

    stage.receiver.answering = slowly
    await stage.conditions(duplicate_callbacks=True)
    said = await stage.say("patient-001", OA, "你好")
    await until(lambda: len(stage.receiver.of(OA)) == 2)
    first, second = stage.receiver.of(OA)
    assert first == second
    await asyncio.sleep(0.4)
    assert [m["content"] for m in await stage.service("patient-001", OA)] == ["一次"], "people see one answer"
    record = await stage.exchange(said["exchange"])
    assert sorted(a["duplicate"] for a in record["attempts"]) == [False, True]
    assert len({a["request"]["raw"] for a in record["attempts"]}) == 1


async def test_dropped_and_delayed_callbacks(stage: Stage) -> None:
    await stage.conditions(drop_callbacks=1.0)
    said = await stage.say("patient-001", OA, "丢")
    assert [a["outcome"] for a in (await stage.exchange(said["exchange"]))["attempts"]] == ["dropped"] * 3
    assert stage.receiver.of(OA) == []
    await stage.conditions(drop_callbacks=0, delay_ms=9000)
    stage.be_impatient(2.0)  # more than half of it is left for the message's own way, on a busy machine too
    said = await stage.say("patient-001", OA, "慢")
    assert (await stage.exchange(said["exchange"]))["attempts"][0]["outcome"] == "timeout"
    assert len(stage.receiver.of(OA)) == 3, "a long delay loses the answer, not the message"


async def test_the_same_seed_drops_the_same_callbacks(stage: Stage) -> None:
    async def run() -> list[str]:
        await stage.conditions(drop_callbacks=0.5, seed=7)
        outcomes = []
        for _ in range(4):
            said = await stage.say("patient-001", OA, "试")
            outcomes += [a["outcome"] for a in (await stage.exchange(said["exchange"]))["attempts"]]
        return outcomes

    first = await run()
    assert {"dropped", "silent"} == set(first)
    assert await run() == first


async def test_voice_image_and_location(stage: Stage) -> None:
    picture = base64.b64encode(b"\x89PNG picture").decode()
    for message in (
        {"type": "voice", "recognition": "头晕"},
        {"type": "voice", "recognition": ""},
        {"type": "image", "name": "舌头.png", "data_base64": picture},
        {"type": "location", "latitude": 25.83, "longitude": 107.32, "label": "平塘县"},
    ):
        await stage.post("patient-001/chats/official_account/messages", message)
    await until(lambda: len(stage.receiver.of(OA)) == 4)
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for m in stage.receiver.of(OA):
        by_kind.setdefault(m["MsgType"], []).append(m)
    assert sorted(str(m["Recognition"]) for m in by_kind["voice"]) == ["None", "头晕"]
    assert all(m["Format"] == "amr" and m["MediaId"] for m in by_kind["voice"])
    (image,) = by_kind["image"]
    assert (await stage.client.get(image["PicUrl"])).content == b"\x89PNG picture"
    token = await stage.token("oa")
    got = await stage.client.get(
        f"{stage.origin}/simulator/api.weixin.qq.com/cgi-bin/media/get", params={"access_token": token, "media_id": image["MediaId"]}
    )
    assert got.content == b"\x89PNG picture"
    assert got.headers["content-type"] == "image/png"
    (location,) = by_kind["location"]
    assert (location["Location_X"], location["Location_Y"], location["Label"]) == ("25.83", "107.32", "平塘县")
    shown = await stage.messages("patient-001", OA)
    assert (await stage.client.get(stage.origin + shown[2]["url"])).content == b"\x89PNG picture"


async def test_files_cannot_be_sent_to_an_official_account(stage: Stage) -> None:
    refused = await stage.post("patient-001/chats/official_account/messages", {"type": "file", "name": "a", "data_base64": "AA=="}, 422)
    assert refused["error"] == "message.unsupported"


async def test_follow_unfollow_and_scan(stage: Stage) -> None:
    stage.receiver.answering = lambda channel, m: xml_text(m, "欢迎") if m.get("Event") in ("subscribe", "SCAN") else None
    assert (await stage.post("patient-001/official-account/unfollow", {}, 200))["following"] is False
    assert (await stage.post("patient-001/chats/official_account/messages", {"type": "text", "content": "在吗"}, 409))[
        "error"
    ] == "account.not_followed"
    assert (await stage.call("oa", "/cgi-bin/user/info", openid="oPatient1"))["subscribe"] == 0
    await stage.post("patient-001/official-account/follow", {"scene": "clinic7"}, 200)
    assert [m["content"] for m in await stage.service("patient-001", OA)] == ["欢迎"]
    await stage.post("patient-001/official-account/follow", {"scene": "clinic7"}, 200)
    await stage.service("patient-001", OA, 2)
    assert (await stage.post("patient-001/official-account/follow", {}, 200)) == {"following": True}
    events = {m["Event"]: m for m in stage.receiver.of(OA, "event")}
    assert set(events) == {"unsubscribe", "subscribe", "SCAN"}
    assert events["subscribe"]["EventKey"] == "qrscene_clinic7"
    assert events["SCAN"]["EventKey"] == "clinic7"


async def test_menu_of_the_account(stage: Stage) -> None:
    menu = {"button": [{"type": "click", "name": "问诊", "key": "ask"},
                       {"name": "我的", "sub_button": [{"type": "view", "name": "预约", "url": "http://127.0.0.1/h5"}]}]}  # fmt: skip
    assert (await stage.call("oa", "/cgi-bin/menu/create", menu))["errcode"] == 0
    assert (await stage.call("oa", "/cgi-bin/menu/get"))["menu"] == menu
    stage.receiver.answering = lambda channel, m: xml_text(m, "请说") if m.get("Event") == "CLICK" else None
    await stage.tap("patient-001", OA, None, "ask")
    assert [m["content"] for m in await stage.service("patient-001", OA)] == ["请说"]
    assert (await stage.tap("patient-001", OA, None, "http://127.0.0.1/h5"))["url"] == "http://127.0.0.1/h5"
    view = (await until(lambda: stage.receiver.of(OA, "VIEW")))[0]
    assert view["EventKey"] == "http://127.0.0.1/h5"
    assert (await stage.tap("patient-001", OA, None, "nothing", 404))["error"] == "button.unknown"
    for wrong in (
        {"button": []},
        {"button": [{"type": "click", "name": "名" * 6, "key": "k"}]},
        {"button": [{"type": "click", "name": "a"}]},
        {"button": 7},
    ):
        assert (await stage.call("oa", "/cgi-bin/menu/create", wrong))["errcode"] in (40016, 40018, 40019)


async def test_a_tap_on_a_menu_message_is_a_text_with_its_id(stage: Stage) -> None:
    await stage.say("patient-001", OA, "胸口闷")
    menu = {"head_content": "疼不疼?", "list": [{"id": "q1:no", "content": "都没有"}, {"id": "q1:yes", "content": "有"}], "tail_content": ""}
    assert (await stage.call("oa", "/cgi-bin/message/custom/send", {"touser": "oPatient1", "msgtype": "msgmenu", "msgmenu": menu}))["errcode"] == 0
    (shown,) = await stage.service("patient-001", OA)
    assert [item["content"] for item in shown["items"]] == ["都没有", "有"]
    await stage.tap("patient-001", OA, shown["seq"], "q1:no")
    tapped = await until(lambda: [m for m in stage.receiver.of(OA) if "bizmsgmenuid" in m])
    assert (tapped[0]["MsgType"], tapped[0]["Content"], tapped[0]["bizmsgmenuid"]) == ("text", "都没有", "q1:no")
    assert (await stage.messages("patient-001", OA))[-1]["content"] == "都没有"
    assert (await stage.tap("patient-001", OA, shown["seq"], "q9", 404))["error"] == "button.unknown"


async def test_a_menu_link_in_a_text(stage: Stage) -> None:
    link = '<a href="weixin://bizmsgmenu?msgmenucontent=%E6%9C%89&msgmenuid=q2">有</a>'
    stage.receiver.answering = lambda channel, m: xml_text(m, f"疼吗?{link}") if "bizmsgmenuid" not in m else None
    await stage.say("patient-001", OA, "胸口闷")
    (shown,) = await stage.service("patient-001", OA)
    await stage.tap("patient-001", OA, shown["seq"], "q2")
    (tapped,) = await until(lambda: [m for m in stage.receiver.of(OA) if "bizmsgmenuid" in m])
    assert (tapped["Content"], tapped["bizmsgmenuid"]) == ("有", "q2")


async def test_url_verification(stage: Stage) -> None:
    results = (await stage.client.post(f"{stage.origin}/simulator/verifications")).json()
    assert {channel: result["ok"] for channel, result in results.items()} == dict.fromkeys(
        ("official_account", "mini_program", "wecom_app", "wecom_robot"), True
    )
    token, _, receive_id = stage.receiver.credentials["wecom_app"]
    stage.receiver.credentials["wecom_app"] = (token, key43(), receive_id)
    results = (await stage.client.post(f"{stage.origin}/simulator/verifications")).json()
    assert results["wecom_app"] == {"ok": False, "reason": "status 500 instead of 200"}
    stage.receiver.errors.clear()


def test_the_cipher_refuses_whatever_was_tampered_with() -> None:
    cipher = CallbackCipher("t", key43(), "wx1")
    for size in (0, 1, 11, 12, 31, 32, 33, 1000):
        assert cipher.open(cipher.seal(b"x" * size)) == b"x" * size
    sealed = base64.b64decode(cipher.seal(b"hello world, this is long enough"))
    for position in range(0, len(sealed), 7):
        broken = bytearray(sealed)
        broken[position] ^= 1
        # Only the random bytes and the text itself may change without being noticed here: the signature covers those.
        with contextlib.suppress(EnvelopeError):
            assert len(cipher.open(base64.b64encode(bytes(broken)).decode())) == 32
    for wrong in ("", "!", "AAAA", base64.b64encode(b"0" * 33).decode(), base64.b64encode(sealed[:-32]).decode()):
        with pytest.raises(EnvelopeError):
            cipher.open(wrong)
    with pytest.raises(EnvelopeError):
        CallbackCipher("t", key43(), "wx1").open(base64.b64encode(sealed).decode())
