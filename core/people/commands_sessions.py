"""What can be asked of sessions: sign in, hand it over to a page, where I am signed in, end one or all others, change a refresh token for
the next, replace the tokens' key."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Grant, Query, Result


class SessionOpened(Result):
    """``token`` is the access token, good until ``token_expires_at``; ``refresh_token`` gives the next, until ``expires_at``. Both are secrets."""

    session_id: Id
    account_id: Id
    token: str
    token_expires_at: datetime
    refresh_token: str
    expires_at: datetime


class OpenSession(Command):
    """Sign an account in on one device, after the platform said who it is. ``kind``: h5, mini_program or terminal; ``device``: iPhone · 微信."""

    name = "people.open_session"
    title = "登录"
    access = (Grant(Role.SYSTEM),)
    gives = SessionOpened
    account_id: Id
    kind: Literal["h5", "mini_program", "terminal"]
    device: str = Field(default="", max_length=40)


class CloseSession(Command):
    """End a sign-in of one's own, with the pages that it opened. ``session_id`` None: the one that asks."""

    name = "people.close_session"
    title = "退出登录"
    access = (Grant(Role.VISITOR),)
    no_relation = "凭这次登录的凭据"
    session_id: Id | None = None


class HandedOver(Result):
    """``code`` opens one page session, once, until ``expires_at`` (real time); only its hash is stored."""

    code: str
    expires_at: datetime


class HandOverSession(Command):
    """From the mini program to a page that it opens: a one-time code in place of the token, which never stands in an address."""

    name = "people.hand_over_session"
    title = "带着登录打开网页"
    access = (Grant(Role.VISITOR),)
    no_relation = "凭这次登录的凭据"
    gives = HandedOver


class RedeemHandOver(Command):
    """The code becomes a session of the page. HandOverSpent when it is unknown, used, a minute old, or its session has ended."""

    name = "people.redeem_hand_over"
    title = "网页接过登录"
    access = (Grant(Role.SYSTEM),)
    gives = SessionOpened
    code: str = Field(min_length=20, max_length=80)


class SessionView(Result):
    """``kind``: h5, mini_program or terminal. ``device``: iPhone · 微信, "" when it said nothing of itself. ``last_seen`` is rounded down to the
    quarter hour; times are real time, which the demonstration's clock may be ahead of: to be read there are ``first_seen_ago`` and
    ``last_seen_ago``, 半小时内, 约 3 小时前, 5 天前."""

    session_id: Id
    kind: str
    device: str
    first_seen: datetime
    last_seen: datetime
    first_seen_ago: str
    last_seen_ago: str
    expires_at: datetime
    current: bool


class SessionsView(Result):
    sessions: tuple[SessionView, ...]


class MySessions(Query):
    """Where the person is signed in: first the device that asks, then what was used last. Pages that the mini program opened belong to its
    sign-in and are not listed apart."""

    name = "people.my_sessions"
    title = "我的设备"
    access = (Grant(Role.VISITOR),)
    no_relation = "只有他自己的"
    gives = SessionsView


class SessionsClosed(Result):
    closed: int


class CloseOtherSessions(Command):
    """End every sign-in of the person but the one that asks (in a chat, where there is none: all)."""

    name = "people.close_other_sessions"
    title = "退出其他设备"
    access = (Grant(Role.VISITOR),)
    no_relation = "只有他自己的"
    gives = SessionsClosed


class RefreshSession(Command):
    """Change a refresh token for the next one and a new access token. ``page``: the token came as a page's cookie, not in a body.

    SessionOver (401) when it opens nothing; SessionReused (401) when it was changed before: then every sign-in that came from this one has ended.
    The same token again gives the same answer while the first answer may still be on its way: for half a minute, and longer as long as nobody
    has used what the first answer brought.
    """

    name = "people.refresh_session"
    title = "续登录"
    access = (Grant(Role.SYSTEM),)
    gives = SessionOpened
    refresh_token: str = Field(min_length=40, max_length=120)
    page: bool = False


class KeysReplaced(Result):
    void: int


class ReplaceTokenKeys(Command):
    """The key under access tokens may be known to others: nothing that it signed is taken any more. Nobody is signed out: refresh tokens hold."""

    name = "people.replace_token_keys"
    title = "更换登录签名密钥"
    access = (Grant(Role.SYSTEM),)
    gives = KeysReplaced
