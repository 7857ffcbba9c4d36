"""What can be asked of sessions: where I am signed in, end one or all others, change a refresh token for the next, replace the tokens' key."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Grant, Query, Result
from core.people.commands import SessionOpened


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
