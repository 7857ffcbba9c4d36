"""The robot: who is heard, streams and their refreshing, the one late answer, cards, files."""

import base64
import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from wechatpy.crypto import PrpCrypto, _get_signature

from .conftest import Stage, until
from .test_wecom import card

BOT = "wecom_robot"
GROUP = "group:village-doctors"
FAULT = "该机器人提供的服务出现故障,请稍后再试"


def stream(content: str, finish: bool = True, ident: str = "s1", **more: Any) -> dict[str, Any]:
    return {"msgtype": "stream", "stream": {"id": ident, "finish": finish, "content": content, **more}}


async def test_only_what_mentions_the_robot_reaches_it(stage: Stage) -> None:
    stage.receiver.answering = lambda channel, m: stream("**收到**")
    for words in ("大家好", "叫 @会诊助手 来", "@会诊助手二号 在吗"):
        await stage.say("village-doctor-02", GROUP, words)
    await stage.say("village-doctor-01", GROUP, "@会诊助手 会诊 3号 胸痛2小时")
    (reply,) = await stage.service("village-doctor-02", GROUP)
    assert (reply["type"], reply["content"], reply["finished"]) == ("markdown", "**收到**", True)
    (message,) = stage.receiver.of(BOT)
    assert message["text"]["content"] == "@会诊助手 会诊 3号 胸痛2小时"
    assert (message["chattype"], message["chatid"], message["from"]) == ("group", "village-doctors", {"userid": "wu01"})
    assert (message["aibotid"], message["msgtype"]) == ("bot1", "text")
    assert message["msgid"]
    assert message["response_url"].startswith(stage.origin)
    seen = {person: [(m["from"], m["sender"]) for m in await stage.messages(person, GROUP)] for person in ("village-doctor-01", "village-doctor-02")}
    assert [f for f, _ in seen["village-doctor-01"]] == ["member", "member", "member", "person", "service"]
    assert [f for f, _ in seen["village-doctor-02"]] == ["person", "person", "person", "member", "service"]
    assert seen["village-doctor-02"][3][1] == "吴医生(演示)"


async def test_a_stream_is_asked_for_until_it_is_finished(stage: Stage) -> None:
    parts = iter([stream("在", False), stream("在想", False), b"", stream("在想,好了", True)])
    stage.receiver.answering = lambda channel, m: next(parts)
    said = await stage.say("village-doctor-01", BOT, "会诊")

    async def finished() -> Any:
        found = [m for m in await stage.messages("village-doctor-01", BOT) if m["from"] == "service"]
        return found if found and found[0]["finished"] else None

    (reply,) = await until(finished)
    assert reply["content"] == "在想,好了"
    refreshes = stage.receiver.of(BOT, "stream")
    assert len(refreshes) == 3
    assert all(r["stream"] == {"id": "s1"} and "response_url" not in r for r in refreshes)
    assert len({m["msgid"] for m in stage.receiver.of(BOT)}) == 4
    assert [bool(a.get("refresh")) for a in (await stage.exchange(said["exchange"]))["attempts"]] == [False, True, True, True]


async def test_an_endless_stream_ends_after_six_minutes(stage: Stage) -> None:
    stage.receiver.answering = lambda channel, m: stream("还在想", False)
    await stage.say("village-doctor-01", BOT, "会诊")
    await stage.service("village-doctor-01", BOT)
    stage.shift = 361

    async def ended() -> Any:
        return (await stage.service("village-doctor-01", BOT))[0].get("interrupted")

    assert await until(ended)


async def test_three_open_messages_are_the_most(stage: Stage) -> None:
    stage.receiver.answering = lambda channel, m: stream("想", False, m.get("stream", {}).get("id") or m["msgid"])
    for _ in range(3):
        await stage.say("village-doctor-01", BOT, "会诊")
    assert (await stage.post(f"village-doctor-01/chats/{BOT}/messages", {"type": "text", "content": "四"}, 409))["error"] == "robot.busy"
    await stage.say("village-doctor-02", BOT, "别人可以")
    await stage.say("village-doctor-01", GROUP, "群里闲聊也可以")


async def test_the_late_answer_works_once_and_for_an_hour(stage: Stage) -> None:
    await stage.say("village-doctor-01", GROUP, "@会诊助手 会诊")
    (message,) = await until(lambda: stage.receiver.of(BOT))

    async def answer(body: Any, url: str = message["response_url"]) -> int:
        response = await stage.client.post(url, json=body)
        assert response.status_code == 200
        return response.json()["errcode"]

    markdown = {"msgtype": "markdown", "markdown": {"content": "王主任已接诊"}}
    assert await answer({"msgtype": "text", "text": {"content": "x"}}) == 40008
    assert await answer({"msgtype": "markdown", "markdown": {"content": ""}}) == 44004
    assert await answer({"msgtype": "markdown", "markdown": {"content": "长" * 7000}}) == 45002
    assert await answer(markdown) == 0
    assert await answer(markdown) != 0, "once"
    assert [m["content"] for m in await stage.service("village-doctor-02", GROUP)] == ["王主任已接诊"]
    await stage.say("village-doctor-01", BOT, "会诊")
    single = (await until(lambda: stage.receiver.of(BOT)[1:]))[0]
    assert "chatid" not in single
    assert single["chattype"] == "single"
    stage.shift = 3601
    assert await answer(markdown, single["response_url"]) != 0
    assert await answer(markdown, message["response_url"] + "x") != 0


async def test_a_card_in_the_group_is_changed_for_all_or_for_some(stage: Stage) -> None:
    stage.receiver.answering = lambda channel, m: {"msgtype": "template_card", "template_card": card("case-1")}
    await stage.say("village-doctor-01", GROUP, "@会诊助手 会诊")
    (shown,) = await stage.service("village-doctor-01", GROUP)
    taken = {**card("case-1"), "main_title": {"title": "已建"}, "replace_text": "已确认"}
    stage.receiver.answering = lambda channel, m: {"response_type": "update_template_card", "userids": ["wu01"], "template_card": taken}
    tapped = await stage.tap("village-doctor-01", GROUP, shown["seq"], "accept")
    assert (await stage.exchange(tapped["exchange"]))["outcome"] == "answered"
    event = stage.receiver.of(BOT, "event")[0]["event"]
    assert event["eventtype"] == "template_card_event"
    assert event["template_card_event"] == {"card_type": "button_interaction", "event_key": "accept", "task_id": "case-1"}
    assert (await stage.service("village-doctor-01", GROUP))[0]["card"]["replace_text"] == "已确认"
    assert "replace_text" not in (await stage.service("village-doctor-02", GROUP))[0]["card"]
    stage.receiver.answering = lambda channel, m: {"response_type": "update_template_card", "template_card": taken}
    await stage.exchange((await stage.tap("village-doctor-02", GROUP, shown["seq"], "accept"))["exchange"])
    assert (await stage.service("village-doctor-02", GROUP))[0]["card"]["replace_text"] == "已确认"


async def test_card_clicks_are_sent_once_only(stage: Stage) -> None:
    stage.receiver.answering = lambda channel, m: {"msgtype": "template_card", "template_card": card("case-1")}
    await stage.say("village-doctor-01", BOT, "会诊")
    (shown,) = await stage.service("village-doctor-01", BOT)
    stage.receiver.answering = lambda channel, m: 503
    tapped = await stage.tap("village-doctor-01", BOT, shown["seq"], "accept")
    assert len((await stage.exchange(tapped["exchange"]))["attempts"]) == 1
    assert len(stage.receiver.of(BOT, "event")) == 1


async def test_a_used_task_id_is_an_invalid_answer(stage: Stage) -> None:
    stage.receiver.answering = lambda channel, m: {"msgtype": "template_card", "template_card": card("case-1")}
    for _ in range(2):
        said = await stage.say("village-doctor-01", BOT, "会诊")
        record = await stage.exchange(said["exchange"])
    assert record["outcome"] == "invalid"
    assert "task_id" in record["reason"]


async def test_stream_with_card_shows_the_card_once(stage: Stage) -> None:
    both = {"msgtype": "stream_with_template_card", "template_card": card("case-9")}
    stage.receiver.answering = lambda channel, m: {**both, "stream": {"id": "s1", "finish": m["msgtype"] == "stream", "content": "见卡片"}}
    await stage.say("village-doctor-01", BOT, "会诊")

    async def finished() -> Any:
        found = await stage.service("village-doctor-01", BOT, 2)
        return found if found[0]["finished"] else None

    assert [m["type"] for m in await until(finished)] == ["markdown", "card"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"msgtype": "text", "text": {"content": "x"}}, "text"),
        ({"msgtype": "markdown", "markdown": {"content": "x"}}, "markdown"),
        (stream("长" * 6827), "20480"),
        (stream(""), "content"),
        (stream("x", ident=""), "id"),
        ({"msgtype": "stream", "stream": {"id": "s", "finish": "yes", "content": "x"}}, "finish"),
        ({"msgtype": "stream", "stream": {"id": "s", "text": "x"}}, "text"),
        ({"msgtype": "stream"}, "stream"),
        ({**stream("x"), "extra": 1}, "extra"),
        (stream("x", False, msg_item=[{}]), "msg_item"),
        (stream("x", msg_item=[{"msgtype": "image", "image": {"base64": "AAAA", "md5": "0"}}]), "md5"),
        ({"msgtype": "template_card", "template_card": {"card_type": "button_interaction"}}, "main_title"),
        ({"response_type": "update_template_card", "template_card": card()}, "msgtype"),
        ([1], "object"),
        ("nonsense", "JSON"),
        (b'{"encrypt":"x"}', "lacks"),
        (b"OK", "JSON"),
        (b"<xml/>", "JSON"),
        (b"[" * 5000, "JSON"),
    ],
)
async def test_answers_the_robot_would_not_take(stage: Stage, answer: Any, reason: str) -> None:
    stage.receiver.answering = lambda channel, m: answer
    said = await stage.say("village-doctor-01", BOT, "会诊")
    record = await stage.exchange(said["exchange"])
    assert record["outcome"] == "invalid"
    assert reason in record["reason"]
    assert [m["content"] for m in await stage.service("village-doctor-01", BOT)] == [FAULT]


async def test_the_envelope_in_upper_case_or_with_a_receive_id_is_refused(stage: Stage) -> None:
    token, _, _ = stage.receiver.credentials[BOT]

    def envelope(receive_id: str, names: tuple[str, ...]) -> bytes:
        encrypted = PrpCrypto(stage.receiver.key(BOT)).encrypt(json.dumps(stream("好")), receive_id)
        encrypted = encrypted.decode() if isinstance(encrypted, bytes) else encrypted
        return json.dumps(dict(zip(names, (encrypted, _get_signature(token, "1795170645", "n", encrypted), 1795170645, "n"), strict=True))).encode()

    lower, upper = ("encrypt", "msgsignature", "timestamp", "nonce"), ("Encrypt", "MsgSignature", "TimeStamp", "Nonce")
    for body, outcome in ((envelope("", lower), "answered"), (envelope("ww0001", lower), "invalid"), (envelope("", upper), "invalid")):
        stage.receiver.answering = lambda channel, m, body=body: body
        said = await stage.say("village-doctor-01", BOT, "会诊")
        assert (await stage.exchange(said["exchange"]))["outcome"] == outcome


async def test_an_image_in_the_finished_stream(stage: Stage) -> None:
    data = b"\x89PNG\r\n\x1a\n"
    item = {"msgtype": "image", "image": {"base64": base64.b64encode(data).decode(), "md5": hashlib.md5(data).hexdigest()}}  # noqa: S324
    stage.receiver.answering = lambda channel, m: stream("看图", msg_item=[item])
    await stage.say("village-doctor-01", BOT, "图")
    (reply,) = await stage.service("village-doctor-01", BOT)
    assert reply["images"][0].startswith("data:image/png;base64,")


async def test_files_are_encrypted_and_live_five_minutes(stage: Stage) -> None:
    content = bytes(range(256)) * 3
    sent = {"type": "file", "name": "ct.dcm", "data_base64": base64.b64encode(content).decode()}
    await stage.post(f"village-doctor-01/chats/{BOT}/messages", sent)
    (message,) = await until(lambda: stage.receiver.of(BOT))
    assert message["msgtype"] == "file"
    assert set(message["file"]) == {"url"}
    sealed = (await stage.client.get(message["file"]["url"])).content
    key = stage.receiver.key(BOT)
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    plain = decryptor.update(sealed) + decryptor.finalize()
    assert len(sealed) % 32 == 0
    assert plain[: -plain[-1]] == content
    assert 1 <= plain[-1] <= 32
    stage.shift = 301
    assert (await stage.client.get(message["file"]["url"])).status_code == 404
    await stage.post(f"village-doctor-01/chats/{GROUP}/messages", sent)
    assert len(stage.receiver.of(BOT)) == 1, "files in a group stay among its members"


async def test_voice_quote_and_entering(stage: Stage) -> None:
    stage.receiver.answering = lambda channel, m: {"msgtype": "text", "text": {"content": "您好"}} if m["msgtype"] == "event" else None
    await stage.post(f"village-doctor-01/chats/{BOT}/enter")
    (greeting,) = await stage.service("village-doctor-01", BOT)
    assert greeting["content"] == "您好"
    await stage.post(f"village-doctor-01/chats/{BOT}/messages", {"type": "voice", "recognition": "三号胸痛"})
    await stage.post(f"village-doctor-01/chats/{BOT}/messages", {"type": "text", "content": "这个", "quote": greeting["seq"]})
    await until(lambda: len(stage.receiver.of(BOT)) == 3)
    assert {m["msgtype"]: m for m in stage.receiver.of(BOT)}["voice"]["voice"] == {"content": "三号胸痛"}
    assert {m["msgtype"]: m for m in stage.receiver.of(BOT)}["text"]["quote"] == {"msgtype": "text", "text": {"content": "您好"}}
