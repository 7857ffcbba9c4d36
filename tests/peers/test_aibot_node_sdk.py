"""Tencent's own `@wecom/aibot-node-sdk`, which no one here wrote, lives on the simulator's long connection.

Its version and its dependencies are pinned by the repository's package.json and package-lock.json. Its envelope and ours meet in test_wechat_crypto.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.simulator.crypto import CallbackCipher
from bot.simulator.long_connection import PATH
from tests.bot.simulator.conftest import Stage, key43, stage  # noqa: F401 - a fixture
from tests.bot.simulator.test_wecom import card
from tests.support.peers import need

pytestmark = pytest.mark.peer

MODULES = Path(os.environ.get("HUIZHEN_NODE_MODULES", Path(__file__).parents[2] / "node_modules"))
GROUP = "group:village-doctors"
PATIENCE_S = 60
SECRET = "secret-bot"
PROGRAM = """
const {WSClient} = require(process.argv[1]);
const readline = require("readline");
const crypto = require("crypto");
const say = (what, more) => console.log(JSON.stringify({what, ...more}));
const quiet = {debug() {}, info() {}, warn() {}, error() {}};
const client = new WSClient({wsUrl: process.argv[2], botId: "bot1", secret: process.argv[3], heartbeatInterval: 300,
  maxAuthFailureAttempts: 0, maxReconnectAttempts: 2, reconnectInterval: 100, logger: quiet});
const told = (promise, name) => promise.then((ack) => say(name, {errcode: ack.errcode}), (no) => say(name, {errcode: no.errcode ?? -99}));
client.on("authenticated", () => say("authenticated"));
client.on("error", (error) => say("error", {message: String(error.message)}));
client.on("event.disconnected_event", (frame) => say("displaced", {body: frame.body}));
client.on("message.text", async (frame) => {
  say("text", {body: frame.body});
  if (frame.body.text.content.includes("卡片")) {
    await told(client.replyTemplateCard(frame, JSON.parse(process.argv[4])), "carded");
    return;
  }
  await told(client.replyStream(frame, "s1", "正在看", false), "chunk");
  await told(client.replyStream(frame, "s1", "正在看,先测血压", false), "chunk");
  await told(client.replyStream(frame, "s1", "正在看,先测血压。**好了**", true), "chunk");
  await told(client.replyStream(frame, "s1", "再改一次", true), "after");
});
client.on("message.file", async (frame) => {
  const {buffer} = await client.downloadFile(frame.body.file.url, frame.body.file.aeskey);
  say("file", {sha256: crypto.createHash("sha256").update(buffer).digest("hex")});
});
client.on("event.enter_chat", (frame) => told(client.replyWelcome(frame, {msgtype: "text", text: {content: "您好,我是会诊助手"}}), "welcomed"));
client.on("event.template_card_event", (frame) => {
  say("tapped", {event: frame.body.event});
  const changed = {...JSON.parse(process.argv[4]), main_title: {title: "已接诊"}, replace_text: "已确认"};
  told(client.updateTemplateCard(frame, changed), "updated");
});
readline.createInterface({input: process.stdin}).on("line", (line) => {
  const {chatid, content} = JSON.parse(line);
  told(client.sendMessage(chatid, {msgtype: "markdown", markdown: {content}}), "sent");
}).on("close", () => { client.disconnect(); process.exit(0); });
client.connect();
"""


class Sdk:
    """The SDK in a Node of its own: what it reports, in order."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.told: list[dict[str, Any]] = []

    async def report(self, what: str, count: int = 1) -> list[dict[str, Any]]:
        """The reports of this name, once there are that many."""
        assert self.process.stdout
        async with asyncio.timeout(PATIENCE_S):
            while len(found := [one for one in self.told if one["what"] == what]) < count:
                line = await self.process.stdout.readline()
                assert line, f"the program ended before {what}: {self.told}"
                self.told.append(json.loads(line))
        return found

    def send(self, chatid: str, content: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"chatid": chatid, "content": content}).encode() + b"\n")


Starting = Callable[..., Any]


@pytest.fixture
async def start(stage: Stage) -> AsyncIterator[Starting]:  # noqa: F811
    need(shutil.which("node") is not None, "node")
    need((MODULES / "@wecom" / "aibot-node-sdk" / "package.json").exists(), "@wecom/aibot-node-sdk (npm)")
    running: list[asyncio.subprocess.Process] = []

    async def started(secret: str = SECRET) -> Sdk:
        address = stage.origin.replace("http://", "ws://") + PATH
        arguments = ["-e", PROGRAM, str(MODULES / "@wecom" / "aibot-node-sdk"), address, secret, json.dumps(card("case-1"))]
        process = await asyncio.create_subprocess_exec("node", *arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
        running.append(process)
        return Sdk(process)

    yield started
    for process in running:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def shown(stage: Stage, person: str, chat: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:  # noqa: F811
    async with asyncio.timeout(PATIENCE_S):
        while True:
            for message in await stage.messages(person, chat):
                if message["from"] == "service" and wanted(message):
                    return message
            await asyncio.sleep(0.05)


async def test_it_hears_a_group_and_answers_by_a_stream(stage: Stage, start: Starting) -> None:  # noqa: F811
    sdk = await start()
    await sdk.report("authenticated")
    await stage.say("village-doctor-01", GROUP, "@会诊助手 会诊 3号 胸痛2小时")
    (heard,) = await sdk.report("text")
    body = heard["body"]
    assert body["text"]["content"] == "@会诊助手 会诊 3号 胸痛2小时"
    assert (body["chattype"], body["chatid"], body["from"]["userid"], body["aibotid"]) == ("group", "village-doctors", "wu01", "bot1")
    assert "response_url" not in body
    assert [one["errcode"] for one in await sdk.report("chunk", 3)] == [0, 0, 0]
    assert (await sdk.report("after"))[0]["errcode"] == 846605, "a finished stream stays as it is"
    reply = await shown(stage, "village-doctor-02", GROUP, lambda message: message.get("finished", False))
    assert reply["content"] == "正在看,先测血压。**好了**"
    assert stage.receiver.received == [], "nothing goes to the webhook meanwhile"


async def test_its_card_is_tapped_and_changed(stage: Stage, start: Starting) -> None:  # noqa: F811
    sdk = await start()
    await sdk.report("authenticated")
    await stage.say("village-doctor-01", GROUP, "@会诊助手 卡片")
    assert (await sdk.report("carded"))[0]["errcode"] == 0
    message = await shown(stage, "village-doctor-01", GROUP, lambda message: message["type"] == "card")
    await stage.tap("village-doctor-01", GROUP, message["seq"], "accept")
    (tapped,) = await sdk.report("tapped")
    assert tapped["event"]["eventtype"] == "template_card_event"
    assert tapped["event"]["template_card_event"]["task_id"] == "case-1"
    assert (await sdk.report("updated"))[0]["errcode"] == 0
    changed = await shown(stage, "village-doctor-02", GROUP, lambda message: message["type"] == "card" and "replace_text" in message["card"])
    assert changed["card"]["main_title"]["title"] == "已接诊"


async def test_it_greets_and_sends_unprompted_where_it_was_spoken_to(stage: Stage, start: Starting) -> None:  # noqa: F811
    sdk = await start()
    await sdk.report("authenticated")
    sdk.send("village-doctors", "还没人说过话")
    assert (await sdk.report("sent"))[0]["errcode"] == 93006
    await stage.post("village-doctor-01/chats/wecom_robot/enter")
    assert (await sdk.report("welcomed"))[0]["errcode"] == 0
    await shown(stage, "village-doctor-01", "wecom_robot", lambda message: message.get("content") == "您好,我是会诊助手")
    sdk.send("wu01", "王主任 3 点来电")
    assert (await sdk.report("sent", 2))[1]["errcode"] == 0
    await shown(stage, "village-doctor-01", "wecom_robot", lambda message: message.get("content") == "王主任 3 点来电")


async def test_it_opens_a_file_with_the_key_that_came_with_it(stage: Stage, start: Starting) -> None:  # noqa: F811
    sdk = await start()
    await sdk.report("authenticated")
    data = secrets.token_bytes(70_000)
    message = {"type": "file", "name": "心电图.pdf", "data_base64": base64.b64encode(data).decode()}
    await stage.post("village-doctor-01/chats/wecom_robot/messages", message)
    assert (await sdk.report("file"))[0]["sha256"] == hashlib.sha256(data).hexdigest()


async def test_a_wrong_secret_is_refused(start: Starting) -> None:
    sdk = await start("wrong")
    assert "40001" in (await sdk.report("error"))[0]["message"]
    assert not [one for one in sdk.told if one["what"] == "authenticated"]


async def test_a_newer_connection_ends_the_older(stage: Stage, start: Starting) -> None:  # noqa: F811
    first = await start()
    await first.report("authenticated")
    second = await start()
    await second.report("authenticated")
    (displaced,) = await first.report("displaced")
    assert displaced["body"]["event"] == {"eventtype": "disconnected_event"}
    await stage.say("village-doctor-01", GROUP, "@会诊助手 会诊")
    await second.report("text")
    assert not [one for one in first.told if one["what"] == "text"]


async def test_heartbeats_keep_it(stage: Stage, start: Starting) -> None:  # noqa: F811
    """Three unanswered heartbeats would have ended the connection: the SDK counts."""
    sdk = await start()
    await sdk.report("authenticated")
    await asyncio.sleep(2.0)
    await stage.say("village-doctor-01", GROUP, "@会诊助手 会诊")
    await sdk.report("chunk", 3)
    assert len(await sdk.report("authenticated")) == 1


CRYPTO = """
const {WecomCrypto} = require(process.argv[1]);
const [token, key, stamp, nonce, sealed, words] = JSON.parse(process.argv[2]);
const ours = new WecomCrypto(token, key, "");
console.log(JSON.stringify({opened: ours.decrypt(sealed), signed: ours.computeSignature(stamp, nonce, sealed),
  answer: ours.encrypt(words, stamp, nonce)}));
"""


async def test_its_envelope_and_the_simulators_open_each_other() -> None:
    need(shutil.which("node") is not None, "node")
    need((MODULES / "@wecom" / "aibot-node-sdk" / "package.json").exists(), "@wecom/aibot-node-sdk (npm)")
    key, words = key43(), "会诊 😷 ]]> " * 20
    cipher = CallbackCipher("tokenbot", key, "")
    sealed = cipher.seal(words.encode())
    given = json.dumps(["tokenbot", key, "1700000000", "n1", sealed, words])
    process = await asyncio.create_subprocess_exec(
        "node", "-e", CRYPTO, str(MODULES / "@wecom" / "aibot-node-sdk"), given, stdout=asyncio.subprocess.PIPE
    )
    told = json.loads((await asyncio.wait_for(process.communicate(), PATIENCE_S))[0])
    assert told["opened"] == words
    assert told["signed"] == cipher.sign("1700000000", "n1", sealed)
    cipher.check(told["answer"]["signature"], "1700000000", "n1", told["answer"]["encrypt"])
    assert cipher.open(told["answer"]["encrypt"]).decode() == words
