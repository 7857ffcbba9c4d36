"""What connects us to the platforms: the credentials of each account and the addresses of the platforms' APIs."""

from __future__ import annotations

import base64
import ipaddress
import re
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

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


def _socket_address(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in ("ws", "wss") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("a connection's address is wss://host/path")
    if parts.scheme == "ws" and not is_loopback(address):
        raise ValueError("a connection must be wss, except on this machine itself")
    return address


SocketAddress = Annotated[str, AfterValidator(_socket_address)]
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
    """A WeCom intelligent robot; `name` is what people write after @.

    With `long_connection` we call the platform (by `secret`) and need no callback address: then token and key may be left out.
    """

    aibotid: str
    name: str
    secret: SecretStr | None = None
    long_connection: bool = False
    connection_url: SocketAddress = "wss://openws.work.weixin.qq.com"
    """Another one where WeCom is run by the corporation itself: its console shows it."""

    @model_validator(mode="before")
    @classmethod
    def _without_address(cls, values: Any) -> Any:
        # Nobody is told them, so that nothing passes at a callback address that is not used.
        if isinstance(values, dict) and values.get("long_connection") is True:
            key = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
            return {"token": secrets.token_hex(16), "encoding_aes_key": key, **values}
        return values

    @model_validator(mode="after")
    def _secret_given(self) -> WeComRobotSettings:
        if self.long_connection and self.secret is None:
            raise ValueError("a long connection needs the robot's secret")
        return self


class AppGroup(_Settings):
    """A group that the app made; written as a mere text, its chatid. With `members` it is one that `huizhen wechat setup` makes and keeps: staff
    alone, by their userids, the `owner` among them, under a `chatid` of our choice."""

    chatid: str
    name: str = ""
    owner: str = ""
    members: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _only_the_chatid(cls, values: Any) -> Any:
        return {"chatid": values} if isinstance(values, str) else values


class WeComSettings(_Settings):
    """One corporation with its app and its robot."""

    corpid: str
    app: WeComAppSettings | None = None
    robot: WeComRobotSettings | None = None
    app_groups: dict[str, AppGroup] = {}
    """The chatid of a group with the robot → the group with the same people that the app made (it may send unprompted only there)."""
    group_webhooks: dict[str, SecretStr] = {}
    """The chatid of a group → the key of its message push. Whoever has the key can write there."""


class SpeechSettings(_Settings):
    """A recogniser of speech that answers `<url>/v1/audio/transcriptions` (https, or on this machine)."""

    url: Base
    model: str = Field(default="whisper-1", min_length=1, max_length=120)
    key: SecretStr = SecretStr("")


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
    speech: SpeechSettings | None = None
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
