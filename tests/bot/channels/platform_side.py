"""The platform's half of the callbacks, made with wechatpy's crypto so that our own code is not tested by itself."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr
from wechatpy.crypto import PrpCrypto, _get_signature

from bot.channels.mini_program import MiniProgram
from bot.channels.official_account import OfficialAccount
from bot.channels.settings import MiniProgramSettings, OfficialAccountSettings, WeComAppSettings, WeComRobotSettings
from bot.channels.wecom_app import WeComApp
from bot.channels.wecom_robot import WeComRobot

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))
TOKEN = "callbacktoken"
KEY = base64.b64encode(bytes(range(32))).decode().rstrip("=")
OTHER_KEY = base64.b64encode(bytes(range(32, 64))).decode().rstrip("=")
OPENID = "oAbcdefghijklmnopqrstuvwxyz1"


@dataclass(frozen=True)
class Platform:
    """Signs and encrypts as the platform does."""

    receive_id: str
    key: str = KEY
    token: str = TOKEN

    def encrypted(self, message: str | bytes) -> str:
        return PrpCrypto(base64.b64decode(self.key + "=")).encrypt(message, self.receive_id).decode()

    def query(self, encrypt: str, *, stamp: str = STAMP, nonce: str = "nonce1") -> dict[str, str]:
        return {"msg_signature": _get_signature(self.token, stamp, nonce, encrypt), "timestamp": stamp, "nonce": nonce}

    def plain_query(self, *, stamp: str = STAMP, nonce: str = "nonce1") -> dict[str, str]:
        return {"signature": _get_signature(self.token, stamp, nonce, ""), "timestamp": stamp, "nonce": nonce}

    def xml(self, message: str, **stamps: str) -> tuple[dict[str, str], bytes]:
        encrypt = self.encrypted(message)
        body = f"<xml><ToUserName><![CDATA[x]]></ToUserName><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>"
        return self.query(encrypt, **stamps), body.encode()

    def json(self, message: Any, name: str = "Encrypt", **stamps: str) -> tuple[dict[str, str], bytes]:
        encrypt = self.encrypted(message if isinstance(message, str) else json.dumps(message, ensure_ascii=False))
        return self.query(encrypt, **stamps), json.dumps({name: encrypt}).encode()

    def opened(self, encrypt: str, signature: str, timestamp: str, nonce: str) -> str:
        assert signature == _get_signature(self.token, timestamp, nonce, encrypt)
        return PrpCrypto(base64.b64decode(self.key + "=")).decrypt(encrypt, self.receive_id)


OA = Platform("wxoaoaoaoaoaoaoaoa")
MP = Platform("wxmpmpmpmpmpmpmpmp")
WC = Platform("wwcorpcorpcorpcorp")
BOT = Platform("")


def official_account(**changes: Any) -> OfficialAccount:
    return OfficialAccount(official_account_settings(**changes))


def official_account_settings(**changes: Any) -> OfficialAccountSettings:
    return OfficialAccountSettings(
        **{"original_id": "gh_1", "appid": OA.receive_id, "secret": SecretStr("oasecret"), "token": TOKEN, "encoding_aes_key": KEY, **changes}
    )


def mini_program_settings(**changes: Any) -> MiniProgramSettings:
    return MiniProgramSettings(
        **{"original_id": "gh_2", "appid": MP.receive_id, "secret": SecretStr("mpsecret"), "token": TOKEN, "encoding_aes_key": KEY, **changes}
    )


def mini_program(**changes: Any) -> MiniProgram:
    return MiniProgram(mini_program_settings(**changes))


def app_settings(**changes: Any) -> WeComAppSettings:
    return WeComAppSettings(**{"agentid": 1000002, "secret": SecretStr("wcsecret"), "token": TOKEN, "encoding_aes_key": KEY, **changes})


def wecom_app(**changes: Any) -> WeComApp:
    return WeComApp(app_settings(**changes), WC.receive_id)


def robot_settings(**changes: Any) -> WeComRobotSettings:
    return WeComRobotSettings(**{"aibotid": "aib1", "name": "会诊助手", "token": TOKEN, "encoding_aes_key": KEY, **changes})


def wecom_robot(**changes: Any) -> WeComRobot:
    return WeComRobot(robot_settings(**changes))


def xml_message(content: str, *, to: str = "gh_1", sender: str = OPENID, created: str = STAMP) -> str:
    return (
        f"<xml><ToUserName><![CDATA[{to}]]></ToUserName><FromUserName><![CDATA[{sender}]]></FromUserName>"
        f"<CreateTime>{created}</CreateTime>{content}</xml>"
    )


def xml_text(text: str, message_id: str = "7001", **names: str) -> str:
    return xml_message(f"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{text}]]></Content><MsgId>{message_id}</MsgId>", **names)


def xml_event(event: str, fields: str = "", **names: str) -> str:
    return xml_message(f"<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{event}]]></Event>{fields}", **names)


def robot_message(kind: str, content: Any, **fields: Any) -> dict[str, Any]:
    return {
        "msgid": "m1",
        "aibotid": "aib1",
        "chatid": "village-doctors",
        "chattype": "group",
        "from": {"userid": "wu01"},
        "response_url": "https://qyapi.weixin.qq.com/cgi-bin/aibot/response?response_code=r1",
        "msgtype": kind,
        kind: content,
        **fields,
    }
