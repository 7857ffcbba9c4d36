"""One call of the platforms' API: what arrives, what may go wrong, and helpers to read it strictly."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .world import World

Body = dict[str, Any]

MESSAGES = {
    -1: "system error", 40001: "invalid credential, access_token is invalid or not latest", 40002: "invalid grant_type", 40003: "invalid openid",
    40007: "invalid media_id", 40008: "invalid message type", 40013: "invalid appid", 40014: "invalid access_token", 40029: "invalid code",
    40037: "invalid template_id", 40056: "invalid agentid", 40058: "invalid parameter", 40066: "invalid url", 40125: "invalid appsecret",
    40163: "code been used", 40164: "invalid ip, not in whitelist", 41001: "access_token missing", 42001: "access_token expired",
    42014: "invalid task_id: already used",
    42016: "update card failed", 43001: "require GET method", 43002: "require POST method", 43004: "require subscribe",
    43101: "user refuse to accept the msg", 44002: "empty post data", 44004: "empty content", 45002: "content size out of limit",
    45009: "reach max api daily quota limit", 45011: "api minute-quota reach limit, must slower, retry next minute",
    45015: "response out of time limit or subscription is canceled", 45047: "out of response count limit", 47001: "data format error",
    47003: "argument invalid", 48001: "api unauthorized", 60020: "not allow to access from your ip", 60111: "userid not found",
    81013: "user & party & tag all invalid",
}  # fmt: skip


class PlatformError(Exception):
    """The platform refuses a call: HTTP 200 with errcode and errmsg."""

    def __init__(self, errcode: int, errmsg: str = "") -> None:
        super().__init__(errcode)
        self.errcode = errcode
        self.errmsg = f"{MESSAGES.get(errcode, 'error')}{': ' + errmsg if errmsg else ''}"


@dataclass
class Call:
    """A call after its token was checked. `account` is official_account, mini_program or wecom ('' for calls without token)."""

    world: World
    query: dict[str, str]
    body: Body
    account: str = ""
    exchange: str = ""
    announce: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    deliver: list[int] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def asked(self, name: str) -> str:
        return self.query.get(name, "")


def check_code_grant(call: Call, appid: str, secret: str) -> None:
    """PlatformError unless the app proves itself and asks to exchange a code."""
    if call.asked("appid") != appid:
        raise PlatformError(40013)
    if not secrets.compare_digest(call.asked("secret").encode("utf-8", "replace"), secret.encode()):
        raise PlatformError(40125)
    if call.asked("grant_type") != "authorization_code":
        raise PlatformError(40002)


@dataclass(frozen=True)
class Endpoint:
    """How the platform treats one address."""

    handle: Callable[[Call], Body]
    method: str
    accounts: frozenset[str] = frozenset()
    daily: int = 50_000
    recorded: bool = False
    """Shown in the exchanges, because a message or a card comes of it."""


def text(body: Body, name: str, errcode: int = 40058, most: int = 0, *, bytes_most: int = 0) -> str:
    """A text that must be there and not empty."""
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise PlatformError(errcode, f"{name} is missing")
    if (most and len(value) > most) or (bytes_most and len(value.encode()) > bytes_most):
        raise PlatformError(45002, name)
    return value


def mapping(body: Body, name: str, errcode: int = 47001) -> Body:
    value = body.get(name)
    if not isinstance(value, dict):
        raise PlatformError(errcode, f"{name} must be an object")
    return value


def address(body: Body, name: str) -> str:
    """An optional web address."""
    value = body.get(name, "")
    if not isinstance(value, str) or (value and not value.startswith(("http://", "https://"))):
        raise PlatformError(40058, f"{name} must be an address")
    return value
