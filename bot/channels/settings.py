"""What connects us to the platforms: the credentials of each account and the addresses of the platforms' APIs."""

from __future__ import annotations

import ipaddress
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from bot.channels.crypto import Envelope, decode_aes_key
from bot.channels.message import ChannelName


class _Settings(BaseModel):
    # Unknown entries are allowed: the simulator reads the same file and may keep entries of its own in it.
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


def _aes_key(value: SecretStr) -> SecretStr:
    decode_aes_key(value.get_secret_value())
    return value


def _callback_token(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[0-9A-Za-z_-]{3,64}", value.get_secret_value()):
        raise ValueError("a callback token has 3 to 64 letters and digits")
    return value


def is_loopback(address: str) -> bool:
    """Whether an address stays on this machine."""
    host = urlsplit(address).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def checked_base(address: str) -> str:
    """An API base without its trailing slash. ValueError where it is not https and leaves this machine."""
    parts = urlsplit(address)
    if not parts.hostname or parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("an API base is a plain address: scheme, host, path")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(address)):
        raise ValueError("an API base must be https, except on this machine itself")
    return address.rstrip("/")


AesKey = Annotated[SecretStr, AfterValidator(_aes_key)]
CallbackToken = Annotated[SecretStr, AfterValidator(_callback_token)]
Base = Annotated[str, AfterValidator(checked_base)]
Mode = Literal["security", "compatible", "plain"]


class Callback(_Settings):
    """What one callback address needs to open and answer what arrives there."""

    token: CallbackToken
    encoding_aes_key: AesKey
    previous_encoding_aes_key: AesKey | None = None
    callback_url: str = ""

    def envelope(self, receive_id: str, window: timedelta = timedelta(minutes=5)) -> Envelope:
        """The envelope of this address. `receive_id`: appid, corpid or, for the robot, empty."""
        previous = self.previous_encoding_aes_key
        return Envelope(
            self.token.get_secret_value(),
            self.encoding_aes_key.get_secret_value(),
            receive_id,
            previous_encoding_aes_key=previous.get_secret_value() if previous else None,
            window=window,
        )


class OfficialAccountSettings(Callback):
    """A verified service account. `templates` maps our names to the platform's template ids; `fields` maps, under our name of a template, a field as
    `bot.sending.templates` calls it to what it is called in this account's template."""

    original_id: str
    appid: str
    secret: SecretStr
    mode: Mode = "security"
    templates: dict[str, str] = {}
    fields: dict[str, dict[str, str]] = {}


class MiniProgramSettings(Callback):
    """A mini program. `templates` maps our names to subscription template ids, `fields` as for the Official Account; `long_term` names those that
    are long-term subscriptions: an accept stays until it is taken back."""

    original_id: str
    appid: str
    secret: SecretStr
    mode: Mode = "security"
    message_format: Literal["json", "xml"] = "json"
    templates: dict[str, str] = {}
    fields: dict[str, dict[str, str]] = {}
    long_term: frozenset[str] = frozenset()


class WeComAppSettings(Callback):
    """A self-built WeCom app."""

    agentid: int
    secret: SecretStr
    messages_a_minute: int = Field(default=30, ge=10)
    """What the platform delivers to one member; it drops the rest without a word."""


class WeComRobotSettings(Callback):
    """A WeCom intelligent robot; `name` is what people write after @."""

    aibotid: str
    name: str


class WeComSettings(_Settings):
    """One corporation with its app and its robot."""

    corpid: str
    app: WeComAppSettings | None = None
    robot: WeComRobotSettings | None = None


class SmsSettings(_Settings):
    """An SMS gateway. `templates` maps our names (`bot.sending.sms.SMS_TEMPLATES`) to the gateway's template ids."""

    address: Base
    key: str
    secret: SecretStr
    templates: dict[str, str] = {}


class Addresses(_Settings):
    """Where the platforms answer. `wechat_open` is opened by people's browsers, the others by us."""

    wechat_api: Base = "https://api.weixin.qq.com"
    wechat_open: Base = "https://open.weixin.qq.com"
    wecom_api: Base = "https://qyapi.weixin.qq.com"
    pages: str = ""
    """The origin of our own pages, as people's browsers know it; part of no platform."""


class ChannelSettings(_Settings):
    """Every account of this installation. A missing entry means that the channel is not connected."""

    official_account: OfficialAccountSettings | None = None
    mini_program: MiniProgramSettings | None = None
    wecom: WeComSettings | None = None
    sms: SmsSettings | None = None
    addresses: Addresses = Addresses()

    def apps(self) -> dict[ChannelName, str]:
        """The appid or corpid under which people of each connected channel are known."""
        found: dict[ChannelName, str] = {}
        if self.official_account is not None:
            found[ChannelName.OFFICIAL_ACCOUNT] = self.official_account.appid
        if self.mini_program is not None:
            found[ChannelName.MINI_PROGRAM] = self.mini_program.appid
        if self.wecom is not None:
            found[ChannelName.WECOM_APP] = found[ChannelName.WECOM_ROBOT] = self.wecom.corpid
        return found

    @classmethod
    def read(cls, path: Path, addresses: Addresses | None = None) -> ChannelSettings:
        """Read the credentials file. pydantic.ValidationError where it does not fit, OSError where it is missing."""
        settings = cls.model_validate_json(path.read_bytes())
        return settings if addresses is None else settings.model_copy(update={"addresses": addresses})
