"""Our envelope and our reading of messages beside two implementations that no one here wrote.

wechatpy (Python) for Official Account, mini program and WeCom app; Tencent's own `@wecom/aibot-node-sdk` for the
robot, from the repository's node_modules (or the folder that HUIZHEN_NODE_MODULES names).
"""

from __future__ import annotations

import base64
import json
import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.enterprise import parse_message as parse_work_message
from wechatpy.enterprise.crypto import WeChatCrypto as WorkCrypto

from bot.channels.crypto import Envelope, decode_aes_key, encrypt_blocks
from bot.channels.outgoing import Text
from tests.bot.channels.platform_side import (
    KEY,
    NOW,
    OA,
    OPENID,
    STAMP,
    TOKEN,
    WC,
    official_account,
    robot_message,
    wecom_app,
    wecom_robot,
    xml_event,
    xml_message,
    xml_text,
)
from tests.support.peers import need

pytestmark = pytest.mark.peer

MESSAGES = ["", "a", "会诊", "x" * 11, "x" * 12, "]]>", "😷" * 400, "\n\r\t"]


def _random_texts(count: int) -> list[str]:
    rng = random.Random(20)
    return ["".join(rng.choice("会诊咳嗽abc<>&]]>😷 \n") for _ in range(rng.randrange(1, 300))) for _ in range(count)]


def _random_key(rng: random.Random) -> str:
    return base64.b64encode(rng.randbytes(32)).decode().rstrip("=")


@pytest.mark.parametrize(("peer", "receive_id"), [(WeChatCrypto, OA.receive_id), (WorkCrypto, WC.receive_id)])
def test_wechatpy_and_we_open_each_others_envelopes(peer: Any, receive_id: str) -> None:
    rng = random.Random(9)
    for text in [text for text in MESSAGES if text] + _random_texts(100):
        key, nonce = _random_key(rng), str(rng.randrange(10**9))
        theirs, ours = peer(TOKEN, key, receive_id), Envelope(TOKEN, key, receive_id)
        sealed = ours.seal(text.encode(), now=NOW, nonce=nonce)
        read = theirs.decrypt_message({"Encrypt": sealed.encrypt}, sealed.signature, str(sealed.timestamp), sealed.nonce)
        assert read == text
        body = theirs.encrypt_message(text, nonce, STAMP)
        encrypt = body.split("<Encrypt><![CDATA[")[1].split("]]>")[0]
        signature = body.split("<MsgSignature><![CDATA[")[1].split("]]>")[0]
        assert ours.open({"msg_signature": signature, "timestamp": STAMP, "nonce": nonce}, encrypt, NOW).message.decode() == text


def test_wechatpy_checks_our_address_answers() -> None:
    echo = WC.encrypted("5927012")
    query = WC.query(echo)
    theirs = WorkCrypto(TOKEN, KEY, WC.receive_id).check_signature(query["msg_signature"], STAMP, query["nonce"], echo)
    assert theirs.encode() == wecom_app().verify_url(query | {"echostr": echo}, NOW)


def test_wechatpy_reads_our_answers() -> None:
    query, body = OA.xml(xml_text("你好"))
    account = official_account()
    reply = account.passive_reply(account.receive(query, {}, body, NOW), [Text(text="注意]]>休息")], NOW, "n9")
    outer = reply.body.decode()
    signature = outer.split("<MsgSignature><![CDATA[")[1].split("]]>")[0]
    opened = WeChatCrypto(TOKEN, KEY, OA.receive_id).decrypt_message(outer, signature, STAMP, "n9")
    message = parse_message(opened)
    assert (message.type, message.content, message.target) == ("text", "注意]]>休息", OPENID)


@pytest.mark.parametrize(
    ("message", "names"),
    [
        (xml_text("最近总是咳嗽"), {"content": "text"}),
        (
            xml_message("<MsgType>image</MsgType><PicUrl>http://p</PicUrl><MediaId>m</MediaId><MsgId>1</MsgId>"),
            {"media_id": "media_id", "image": "url"},
        ),
        (
            xml_message("<MsgType>voice</MsgType><MediaId>m</MediaId><Format>amr</Format><MsgId>1</MsgId>"),
            {"media_id": "media_id", "format": "format"},
        ),
        (xml_event("CLICK", "<EventKey>help</EventKey>"), {"key": "key"}),
        (xml_event("SCAN", "<EventKey>clinic7</EventKey><Ticket>t</Ticket>"), {"scene_id": "scene"}),
        (xml_event("subscribe", "<EventKey>qrscene_clinic7</EventKey><Ticket>t</Ticket>"), {"scene_id": "scene"}),
    ],
)
def test_wechatpy_and_we_read_the_same(message: str, names: dict[str, str]) -> None:
    query, body = OA.xml(message)
    ours, theirs = official_account().receive(query, {}, body, NOW), parse_message(message)
    assert (ours.sender, ours.account, int(ours.sent_at.timestamp())) == (theirs.source, theirs.target, theirs.time)
    for their_name, our_name in names.items():
        places = [ours, ours.tap, *ours.media]
        found = [getattr(place, our_name) for place in places if place is not None and getattr(place, our_name, "")]
        assert found == [getattr(theirs, their_name)]


def test_wechatpy_and_we_read_the_same_in_wecom() -> None:
    message = xml_message("<MsgType>text</MsgType><Content>进度</Content><MsgId>5</MsgId><AgentID>1000002</AgentID>", sender="wang")
    query, body = WC.xml(message)
    ours, theirs = wecom_app().receive(query, {}, body, NOW), parse_work_message(message)
    assert (ours.text, ours.sender, ours.account) == (theirs.content, theirs.source, str(theirs.agent))


SCRIPT = """
const sdk = require("@wecom/aibot-node-sdk");
const input = JSON.parse(require("fs").readFileSync(0, "utf8"));
const crypto = new sdk.WecomCrypto(input.token, input.key, "");
const out = {
  opened: input.ours.map(e => crypto.verifySignature(e.signature, e.timestamp, e.nonce, e.encrypt) ? crypto.decrypt(e.encrypt) : null),
  sealed: input.texts.map((text, i) => crypto.encrypt(text, input.timestamp, "n" + i)),
  file: sdk.decryptFile(Buffer.from(input.file, "base64"), input.key).toString("base64"),
};
console.log(JSON.stringify(out));
"""


def test_tencents_robot_sdk_and_we_open_each_others_envelopes() -> None:
    folder = Path(os.environ.get("HUIZHEN_NODE_MODULES", Path(__file__).parents[2] / "node_modules")).resolve()
    node = shutil.which("node")
    need(node is not None, "node")
    need((folder / "@wecom" / "aibot-node-sdk").is_dir(), "@wecom/aibot-node-sdk")
    assert node is not None
    texts = [json.dumps(robot_message("text", {"content": text}), ensure_ascii=False) for text in MESSAGES + _random_texts(50)]
    ours = Envelope(TOKEN, KEY, "")
    sealed = [ours.seal(text.encode(), now=NOW, nonce=f"n{index}") for index, text in enumerate(texts)]
    given = {
        "token": TOKEN,
        "key": KEY,
        "timestamp": STAMP,
        "texts": texts,
        "ours": [{"encrypt": one.encrypt, "signature": one.signature, "timestamp": str(one.timestamp), "nonce": one.nonce} for one in sealed],
        "file": base64.b64encode(encrypt_blocks(decode_aes_key(KEY), b"\x89PNG" * 100)).decode(),
    }
    run = subprocess.run(
        [node, "-e", SCRIPT],
        input=json.dumps(given).encode(),
        capture_output=True,
        check=True,
        timeout=60,
        env=os.environ | {"NODE_PATH": str(folder)},
    )
    theirs = json.loads(run.stdout)
    assert theirs["opened"] == texts
    assert base64.b64decode(theirs["file"]) == b"\x89PNG" * 100
    for index, one in enumerate(theirs["sealed"]):
        query = {"msg_signature": one["signature"], "timestamp": STAMP, "nonce": f"n{index}"}
        assert ours.open(query, one["encrypt"], NOW).message.decode() == texts[index]
        incoming = wecom_robot().receive(query, {}, json.dumps({"encrypt": one["encrypt"]}).encode(), NOW)
        assert incoming.sender == "wu01"
