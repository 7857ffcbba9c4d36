"""Sessions: who holds the token of one is the account that signed in."""

from __future__ import annotations

import hashlib
from datetime import datetime

from tortoise.expressions import F

from core.foundation.actor import Actor
from core.foundation.errors import NotFound
from core.foundation.orders import Done, handles
from core.foundation.work import Work
from core.people.accounts import actor_for, joins_accounts, live_account
from core.people.commands import CloseSession, OpenSession, SessionOpened
from core.people.models import Session
from core.people.rules import SESSION_TIMES


def token_hash(token: str) -> str:
    """What is stored of a bearer token (it has 215 random bits; a slow hash adds nothing)."""
    return hashlib.sha256(token.encode()).hexdigest()


async def session_actor(token: str, kind: str, real_now: datetime) -> Actor | None:
    """Who holds ``token`` of a running session of ``kind`` (h5, mini_program, terminal) at the real time ``real_now``; None when nobody does."""
    session = await Session.get_or_none(token_hash=token_hash(token))
    if session is None or session.kind != kind or session.closed_at is not None or session.expires_at <= real_now:
        return None
    return await actor_for(session.account_id, kind)


@handles(OpenSession)
async def open_session(work: Work, order: OpenSession) -> SessionOpened:
    account = await live_account(order.account_id)
    token = work.practice.ids.token()
    real_now = work.practice.clock.real_now()
    expires_at = real_now + SESSION_TIMES[order.kind]
    await Session.create(
        id=work.new_id(), account_id=account.id, kind=order.kind, token_hash=token_hash(token), created_at=real_now, expires_at=expires_at
    )
    work.concerns("account", account.id)
    return SessionOpened(token=token, account_id=account.id, expires_at=expires_at)


@handles(CloseSession)
async def close_session(work: Work, order: CloseSession) -> Done:
    session = await Session.get_or_none(token_hash=token_hash(order.token), account_id=work.actor.account_id)
    if session is None:
        raise NotFound
    real_now = work.practice.clock.real_now()
    if session.closed_at is None:
        await session.change(closed_at=real_now)
    await Session.filter(opened_by=session.id, closed_at__isnull=True).update(closed_at=real_now, version=F("version") + 1)
    work.concerns("account", session.account_id)
    return Done()


@joins_accounts
async def carry_sessions(_work: Work, left: str, kept: str) -> None:
    """Two accounts turned out to be one person's: the sessions of the one go on as the other's."""
    await Session.filter(account_id=left).update(account_id=kept)
