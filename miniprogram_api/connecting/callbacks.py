"""What a platform sends to one callback address of ours, made with the credentials of the settings: the check of the address, and one event.

The event is of a kind that no platform has: it is acknowledged, and nobody is told, remembered or made an account for.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.channels.crypto import Envelope, Sealed, signature_of
from bot.channels.document import cdata, write_json
from bot.channels.settings import Callback, ChannelSettings, Mode

EVENT = "huizhen_doctor"
"""Event and sender; openids and userids of people have other forms."""
TITLES = {"official-account": "服务号回调", "mini-program": "小程序消息推送", "wecom-app": "企业微信应用回调", "wecom-robot": "企业微信机器人回调"}


@dataclass(frozen=True, slots=True)
class Check:
    """The check of an address: its query and the body that must come back."""

    query: dict[str, str]
    expected: bytes


@dataclass(frozen=True, slots=True)
class Sending:
    """One callback."""

    query: dict[str, str]
    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Caller:
    """One channel as its platform calls it. ``channel``: the last part of the address that we listen on."""

    channel: str
    url: str
    callback: Callback
    receive_id: str
    account: str
    """original id, corpid or aibotid."""
    mode: Mode = "security"
    json: bool = False
    agentid: int = 0

    @property
    def weixin(self) -> bool:
        """Whether WeChat calls, not WeCom: it checks an address by token alone, and only on ports 80 and 443."""
        return self.channel in ("official-account", "mini-program")

    def check(self, now: datetime) -> Check:
        """What the platform sends when the address is saved in its console."""
        said = str(secrets.randbelow(9 * 10**18) + 10**18)
        nonce, stamp = _nonce(), str(int(now.timestamp()))
        if self.weixin:
            signature = signature_of(self._token, stamp, nonce)
            return Check({"signature": signature, "timestamp": stamp, "nonce": nonce, "echostr": said}, said.encode())
        sealed = self._sealed(said.encode(), now, lambda sealed: "+" in sealed.encrypt)
        query = {"msg_signature": sealed.signature, "timestamp": str(sealed.timestamp), "nonce": sealed.nonce, "echostr": sealed.encrypt}
        return Check(query, said.encode())

    def event(self, now: datetime, *, forged: bool = False) -> Sending:
        """The event. ``forged``: signed by somebody who does not know the token."""
        token = "forged" if forged else self._token
        plain = self._plain(now)
        if self.mode == "plain":
            nonce, stamp = _nonce(), str(int(now.timestamp()))
            query = {"signature": signature_of(token, stamp, nonce), "timestamp": stamp, "nonce": nonce, "openid": EVENT}
            return Sending(query, plain, self._content_type)
        sealed = self._sealed(plain, now, lambda _: True)
        stamp = str(sealed.timestamp)
        query = {"timestamp": stamp, "nonce": sealed.nonce, "msg_signature": signature_of(token, stamp, sealed.nonce, sealed.encrypt)}
        if self.weixin:
            query |= {"signature": signature_of(token, stamp, sealed.nonce), "openid": EVENT, "encrypt_type": "aes"}
        return Sending(query, self._wrapped(sealed), self._content_type)

    @property
    def _token(self) -> str:
        return self.callback.token.get_secret_value()

    @property
    def _content_type(self) -> str:
        return "application/json; charset=utf-8" if self.json else "text/xml; charset=utf-8"

    def _sealed(self, plain: bytes, now: datetime, fits: Callable[[Sealed], bool]) -> Sealed:
        envelope = Envelope(self._token, self.callback.encoding_aes_key.get_secret_value(), self.receive_id)
        for _ in range(200):
            sealed = envelope.seal(plain, now=now, nonce=_nonce())
            if fits(sealed):
                break
        return sealed

    def _plain(self, now: datetime) -> bytes:
        if self.channel == "wecom-robot":
            return write_json({
                "msgid": f"{EVENT}-{secrets.token_hex(8)}", "create_time": int(now.timestamp()), "aibotid": self.account, "chattype": "single",
                "from": {"userid": EVENT}, "msgtype": "event", "event": {"eventtype": EVENT},
            })  # fmt: skip
        values: dict[str, str | int] = {
            "ToUserName": self.account, "FromUserName": EVENT, "CreateTime": int(now.timestamp()), "MsgType": "event", "Event": EVENT,
        }  # fmt: skip
        if self.agentid:
            values["AgentID"] = self.agentid
        return write_json(values) if self.json else _xml(values)

    def _wrapped(self, sealed: Sealed) -> bytes:
        if self.channel == "wecom-robot":
            return write_json({"encrypt": sealed.encrypt})
        values: dict[str, str | int] = {"ToUserName": self.account, "Encrypt": sealed.encrypt}
        if self.agentid:
            values["AgentID"] = self.agentid
        return write_json(values) if self.json else _xml(values)


def callers(settings: ChannelSettings) -> list[Caller]:
    """One for each channel of the settings that is called by a platform."""
    found: list[Caller] = []
    if (oa := settings.official_account) is not None:
        found.append(Caller("official-account", oa.callback_url, oa, oa.appid, oa.original_id, oa.mode))
    if (mini := settings.mini_program) is not None:
        found.append(
            Caller("mini-program", mini.callback_url, mini, mini.appid, mini.original_id, mini.mode, json=mini.message_format == "json")
        )
    if settings.wecom is not None:
        app, robot = settings.wecom.app, settings.wecom.robot
        if app is not None:
            found.append(Caller("wecom-app", app.callback_url, app, settings.wecom.corpid, settings.wecom.corpid, agentid=app.agentid))
        if robot is not None and not robot.long_connection:
            found.append(Caller("wecom-robot", robot.callback_url, robot, "", robot.aibotid, json=True))
    return found


def _nonce() -> str:
    return str(secrets.randbelow(9 * 10**9) + 10**9)


def _xml(values: dict[str, str | int]) -> bytes:
    inside = "".join(f"<{name}>{value if isinstance(value, int) else cdata(value)}</{name}>" for name, value in values.items())
    return f"<xml>{inside}</xml>".encode()
