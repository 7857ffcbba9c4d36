"""The simulator alone, against anybody's bot: its accounts, people and faults from one TOML file (docs/simulator.md)."""

import base64
import binascii
import hashlib
import secrets
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from . import settings
from .conditions import Conditions, ConditionsError, checked
from .settings import SettingsError

NAMES = ("王芳", "李强", "张秀英", "刘洋", "陈静", "杨军", "赵敏", "黄磊", "周婷", "吴刚", "徐丽", "孙波")
MOST_PEOPLE = 50
CHANNELS = ("official_account", "mini_program", "wecom")
Channel = Literal["official_account", "mini_program", "wecom"]


def _address(value: str) -> str:
    if value and not value.startswith(("http://", "https://")):
        raise ValueError("要以 http:// 或 https:// 开头 / must begin with http:// or https://")
    return value


def _key(value: str) -> str:
    try:
        good = not value or (len(value) == 43 and len(base64.b64decode(value + "=", validate=True)) == 32)
    except (binascii.Error, ValueError):
        good = False
    if not good:
        raise ValueError("要 43 个字母和数字 / must be 43 letters and digits (huizhen simulator --example makes one)")
    return value


def _filled(value: str) -> str:
    if not value.strip():
        raise ValueError("不能空着 / must not be empty")
    return value


Address = Annotated[str, AfterValidator(_address)]
Key = Annotated[str, AfterValidator(_key)]
Filled = Annotated[str, AfterValidator(_filled)]


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Callback(Table):
    """Where callbacks go and what they are signed and sealed with; without an address nothing is delivered."""

    token: str = ""
    encoding_aes_key: Key = ""
    callback_url: Address = ""


class OfficialAccount(Callback):
    name: Filled = "演示服务号"
    original_id: Filled = "gh_demo"
    appid: Filled
    secret: Filled
    security: settings.Security = "security"
    templates: dict[str, str] = Field(default_factory=dict)


class MiniProgram(OfficialAccount):
    name: Filled = "演示小程序"
    original_id: Filled = "gh_demo_mini"
    message_format: Literal["json", "xml"] = "json"


class App(Callback):
    agentid: int
    secret: Filled
    name: Filled = "演示应用"
    messages_a_minute: Annotated[int, Field(ge=1)] = 30


class Robot(Callback):
    aibotid: Filled
    name: Filled = "演示机器人"


class Wecom(Table):
    corpid: Filled
    app: App | None = None
    robot: Robot | None = None


class Person(Table):
    """Ids that are left out are made from the key, the same at each start."""

    key: Annotated[str, Field(pattern=r"^[0-9A-Za-z_.\-]{1,64}$")]
    name: Filled
    role: str = "person"
    title: str = ""
    place: str = ""
    channels: list[Channel] | None = None
    official_account_openid: str = ""
    mini_program_openid: str = ""
    unionid: str = ""
    phone: str = ""
    userid: str = ""


class Group(settings.Group):
    """Without members: everybody of the corp."""

    model_config = ConfigDict(extra="forbid")


class Config(Table):
    port: Annotated[int, Field(ge=0, le=65535)] = 8090
    listen: str = "127.0.0.1"
    origin: Address = ""
    state: str = ""
    people_count: Annotated[int, Field(ge=1, le=MOST_PEOPLE)] = 4
    redirect_origins: list[Address] = Field(default_factory=list)
    official_account: OfficialAccount | None = None
    mini_program: MiniProgram | None = None
    wecom: Wecom | None = None
    people: list[Person] = Field(default_factory=list)
    groups: list[Group] = Field(default_factory=list)
    faults: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True)
class Setup:
    """What a config says. `state` is the folder that keeps what happens, None for none; `faults` None where the file names none."""

    platform: settings.Platform
    roster: settings.Roster
    faults: Conditions | None
    port: int
    listen: str
    origin: str
    state: Path | None


def load(path: Path, apis: frozenset[str]) -> Setup:
    """Read a config. Raises SettingsError that says in Chinese and in English what to change; values of the file are never repeated."""
    try:
        config = Config.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as exc:
        raise SettingsError(f"读不了配置文件 / the config cannot be read: {path.name} ({exc.strerror})") from None
    except UnicodeDecodeError:
        raise SettingsError("配置文件要用 UTF-8 保存 / the config must be saved as UTF-8") from None
    except tomllib.TOMLDecodeError as exc:
        raise SettingsError(f"配置文件不是正确的 TOML / the config is not TOML: {exc}") from None
    except ValidationError as exc:
        raise SettingsError("\n".join(_wrong(error) for error in exc.errors(include_input=False, include_url=False))) from None
    _fits(config)
    try:
        faults = checked(config.faults, Conditions(), apis) if config.faults else None
    except ConditionsError as exc:
        raise SettingsError(f"[faults] {exc.sentence} / {exc.english}") from None
    state = (path.parent / config.state).resolve() if config.state else None
    return Setup(_platform(config), _roster(config), faults, config.port, config.listen, config.origin.rstrip("/"), state)


def _wrong(error: Any) -> str:
    where = ".".join(str(part + 1 if isinstance(part, int) else part) for part in error["loc"])
    kind = error["type"]
    if kind == "missing":
        return f"{where}:没有写,请加上这一项 / is missing, add it"
    if kind == "extra_forbidden":
        return f"{where}:没有这一项,请改正拼写或删掉 / is not known, correct its spelling or remove it"
    if kind == "value_error":
        return f"{where}:{error['ctx']['error']}"
    return f"{where}:值不对 / the value is wrong: {error['msg']}"


def _fits(config: Config) -> None:
    """What no single line can get wrong."""
    wrong = []
    if not (config.official_account or config.mini_program or (config.wecom and (config.wecom.app or config.wecom.robot))):
        some = "[official_account], [mini_program], [wecom.app], [wecom.robot]"
        wrong.append(f"一个账号也没有,请至少写一个 / there is no account, add at least one of {some}")
    for name, account in _accounts(config).items():
        if not account.callback_url:
            continue
        if not account.token:
            wrong.append(f"{name}.token:有 callback_url 就要有 token / a callback_url needs a token")
        plain = isinstance(account, OfficialAccount) and account.security == "plain"
        if not account.encoding_aes_key and not plain:
            wrong.append(f'{name}.encoding_aes_key:加密要有它;不加密请写 security = "plain" / is needed unless security = "plain"')
    keys = [person.key for person in config.people]
    if len(set(keys)) != len(keys):
        wrong.append("people:有两个人的 key 相同 / two people have the same key")
    for field in ("official_account_openid", "mini_program_openid", "userid"):
        ids = [getattr(person, field) for person in config.people if getattr(person, field)]
        if len(set(ids)) != len(ids):
            wrong.append(f"people:有两个人的 {field} 相同 / two people have the same {field}")
    for group in config.groups:
        strays = [member for member in group.members if config.people and member not in keys]
        wrong += [f"groups.{group.chatid}:people 里没有这位成员 / no such member among the people: {stray}" for stray in strays]
    if config.official_account and config.mini_program and config.official_account.appid == config.mini_program.appid:
        wrong.append("mini_program.appid:和公众号的一样,两者要不同 / is the official account's, they must differ")
    if wrong:
        raise SettingsError("\n".join(wrong))


def _accounts(config: Config) -> dict[str, Callback]:
    wecom = config.wecom
    found = {"official_account": config.official_account, "mini_program": config.mini_program, "wecom.app": wecom.app if wecom else None,
             "wecom.robot": wecom.robot if wecom else None}  # fmt: skip
    return {name: account for name, account in found.items() if account is not None}


def aes_key() -> str:
    """A fresh EncodingAESKey."""
    while True:
        key = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        if key.isalnum():
            return key


def _platform(config: Config) -> settings.Platform:
    """Accounts that are not in the file get credentials that nobody knows, and nobody has them on his phone."""

    def said(table: Table | None, absent: dict[str, Any]) -> dict[str, Any]:
        values = {"configured": False, **absent} if table is None else table.model_dump()
        values["encoding_aes_key"] = values.get("encoding_aes_key") or aes_key()
        return values

    hidden = secrets.token_hex(16)
    nowhere = {"appid": f"absent-{hidden}", "secret": hidden, "token": hidden, "callback_url": ""}
    wecom = config.wecom
    app, robot = (wecom.app, wecom.robot) if wecom else (None, None)
    return settings.Platform.model_validate({
        "official_account": said(config.official_account, nowhere),
        "mini_program": said(config.mini_program, {**nowhere, "appid": f"absent-mini-{hidden}"}),
        "wecom": {
            "corpid": wecom.corpid if wecom else f"absent-{hidden}",
            "app": said(app, {"agentid": 0, **nowhere}),
            "robot": said(robot, {"aibotid": "", **nowhere}),
        },
        "redirect_origins": config.redirect_origins,
    })  # fmt: skip


def _roster(config: Config) -> settings.Roster:
    people = config.people or [
        Person(key=f"person-{n + 1}", name=f"{NAMES[n % len(NAMES)]}{n // len(NAMES) + 1 if n >= len(NAMES) else ''}(演示)")
        for n in range(config.people_count)
    ]  # fmt: skip
    roster = [_person(config, person) for person in people]
    members = [person.key for person in roster if person.userid]
    groups = [settings.Group(**{**group.model_dump(), "members": group.members or members}) for group in config.groups]
    if not groups and config.wecom and config.wecom.robot and members:
        groups = [settings.Group(chatid="demo-group", name="演示群", members=members)]
    return settings.Roster(people=roster, groups=groups)


def _person(config: Config, person: Person) -> settings.Person:
    """Who has which account: all there are, or those that his `channels` name."""
    values = person.model_dump(exclude={"channels"})
    oa, mini, wecom = config.official_account, config.mini_program, config.wecom
    for channel, field, account in (
        ("official_account", "official_account_openid", oa.appid if oa else ""),
        ("mini_program", "mini_program_openid", mini.appid if mini else ""),
        ("wecom", "userid", wecom.corpid if wecom and (wecom.app or wecom.robot) else ""),
    ):
        if not account or (person.channels is not None and channel not in person.channels):
            values[field] = ""
        elif not values[field]:
            values[field] = person.key if field == "userid" else _openid(account, person.key)
    return settings.Person(**values)


def _openid(appid: str, key: str) -> str:
    digest = hashlib.sha256(f"{appid}/{key}".encode()).digest()
    return "o" + base64.urlsafe_b64encode(digest).decode()[:27]
