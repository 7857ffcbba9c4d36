"""What the simulated platform knows from its two files: the accounts (platform.json) and the people (people.json)."""

import json
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, ValidationError


class SettingsError(Exception):
    """A file of the simulator is missing or cannot be used; the text says what to do."""


Security = Literal["plain", "compatible", "security"]


class Account(BaseModel):
    """An Official Account. `security`: plain text, both forms, or encrypted alone (wechat-facts, 1.2).

    Without `callback_url` nothing is delivered.
    """

    name: str = "会诊服务号"
    configured: bool = True
    security: Security = "security"
    original_id: str = ""
    appid: str
    secret: str
    token: str
    encoding_aes_key: str
    callback_url: str
    templates: dict[str, str] = Field(default_factory=dict)
    template_contents: dict[str, str] = Field(default_factory=dict)


class MiniProgram(Account):
    name: str = "会诊小程序"
    message_format: Literal["json", "xml"] = "json"


class WecomApp(BaseModel):
    configured: bool = True
    agentid: int
    secret: str
    token: str
    encoding_aes_key: str
    callback_url: str
    name: str = "会诊工作台"
    messages_a_minute: int = 30


class WecomRobot(BaseModel):
    configured: bool = True
    aibotid: str
    secret: str = ""
    """What a long connection proves itself with; empty where there may be none."""
    name: str = "会诊助手"
    token: str
    encoding_aes_key: str
    callback_url: str


class Wecom(BaseModel):
    corpid: str
    app: WecomApp
    robot: WecomRobot
    group_webhooks: dict[str, str] = Field(default_factory=dict)
    """chatid → key of the group's message push."""


class Sms(BaseModel):
    """An account with the SMS gateway. ``texts``: template id → the registered text, with its places in braces."""

    key: str
    secret: str
    texts: dict[str, str] = Field(default_factory=dict)


class Platform(BaseModel):
    official_account: Account
    mini_program: MiniProgram
    wecom: Wecom
    sms: Sms | None = None
    redirect_origins: list[str] = Field(default_factory=list)

    def account(self, channel: str) -> Account | WecomApp | WecomRobot:
        """The account behind official_account, mini_program, wecom_app or wecom_robot."""
        found: dict[str, Account | WecomApp | WecomRobot] = {
            "official_account": self.official_account, "mini_program": self.mini_program, "wecom_app": self.wecom.app,
            "wecom_robot": self.wecom.robot,
        }  # fmt: skip
        return found[channel]

    def title(self, channel: str) -> str:
        return self.account(channel).name

    def may_redirect_to(self, address: str) -> bool:
        """Pages may be signed in to only on the registered origin: by default the one that takes the callbacks."""
        allowed = {_origin(url) for url in self.redirect_origins or [self.official_account.callback_url]}
        return _origin(address) in allowed


class Person(BaseModel):
    key: str
    name: str
    role: str
    title: str = ""
    place: str = ""
    official_account_openid: str = ""
    mini_program_openid: str = ""
    unionid: str = ""
    phone: str = ""
    userid: str = ""
    groups: list[str] = Field(default_factory=list)
    preview: bool = False
    full_name: str = ""
    id_number: str = ""
    authenticator: str = ""
    """The key in the phone's authenticator app (base 32); empty where there is none."""


class Group(BaseModel):
    chatid: str
    name: str
    members: list[str] = Field(default_factory=list)
    webhook: str = ""
    """The key in the address of the group's webhook; empty where it has none."""


class Roster(BaseModel):
    people: list[Person]
    groups: list[Group] = Field(default_factory=list)


def _origin(address: str) -> tuple[str, str, int | None]:
    """Scheme, host and port; localhost is the same machine as 127.0.0.1, so the demo opens under both names."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ("", "", None)
    return (parts.scheme, "127.0.0.1" if host == "localhost" else host, port or {"http": 80, "https": 443}.get(parts.scheme))


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"{path.name} is missing: seed the demonstration first") from None
    except ValueError:
        raise SettingsError(f"{path.name} is not JSON") from None


def load(folder: Path) -> tuple[Platform, Roster]:
    """Read both files from the simulator's folder; raises SettingsError with the names of wrong fields, never their values."""
    try:
        platform = Platform.model_validate(_read(folder / "platform.json"))
        roster = Roster.model_validate(_read(folder / "people.json"))
    except ValidationError as exc:
        wrong = ", ".join(".".join(str(part) for part in error["loc"]) for error in exc.errors(include_input=False))
        raise SettingsError(f"{exc.title} of the simulator cannot be used, see: {wrong}") from None
    return platform, roster
