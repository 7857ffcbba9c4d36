"""Sessions: a sign-in on one device, carried by an access token of a quarter of an hour and a refresh token that each use changes for the next.

A refresh token that comes a second time was copied, or its answer was lost. It counts as lost, and gets the same answer again, as long as nobody
has used what the first answer brought, and for PARALLEL after it in any case (two tabs that ask at once). After that it counts as copied: the
sign-in and all that came from it end, and the person is told.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn

from tortoise.expressions import F, Q

from core.foundation.actor import Actor
from core.foundation.database.away import AWAY
from core.foundation.orders import handles
from core.foundation.retention import HALF_YEAR, Kept, keeps
from core.foundation.work import Work
from core.people.access_tokens import make_token, read_token
from core.people.accounts import actor_for, joins_accounts, live_account
from core.people.commands_sessions import (
    OpenSession,
    RefreshSession,
    SessionOpened,
)
from core.people.errors import SessionOver, SessionReused
from core.people.models import Practitioner, Session, SpentRefreshToken
from core.people.rules import SESSION_TIMES
from core.people.telling import tell_person

logger = logging.getLogger("huizhen.sessions")

PARALLEL = timedelta(seconds=30)
"""Real time, as all times here."""
SEEN_TO = timedelta(minutes=15)
KEPT_AFTER_END = timedelta(days=90)
"""How long an ended session is remembered, so that a device stays known."""
ID_LENGTH = 26
"""A refresh token begins with the id of its session."""

# Of people who never come back; of the others they go sooner, when they sign in.
keeps("sessions", Kept(Session, "expires_at", HALF_YEAR, "logs of who was signed in"))
keeps("spent_tokens", Kept(SpentRefreshToken, "spent_at", HALF_YEAR, "our choice: longer than a sign-in lasts"))

PAGES = ("h5",)
BEARERS = ("mini_program", "terminal")
KINDS = (*PAGES, *BEARERS)


def token_hash(token: str) -> str:
    """What is stored of a secret (it has 215 random bits or more; a slow hash adds nothing)."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who holds a token. ``actor`` is None where the token has run out while its session goes on: it wants refreshing."""

    session_id: str
    actor: Actor | None


async def signed_in(token: str, kinds: tuple[str, ...], real_now: datetime, now: datetime) -> SignedIn | None:
    """Who holds access ``token`` of a running session of one of ``kinds`` at the real time ``real_now``, the domain time being ``now``; None when
    nobody does.

    The session is looked up each time, and so are the person's roles: what has ended has ended with the next request.
    """
    said = await read_token(token, kinds, real_now)
    session = None if said is None else await Session.get_or_none(id=said.session_id)
    if said is None or session is None or session.kind != said.kind or not runs(session, real_now):
        return None
    if said.expires_at <= real_now:
        return SignedIn(session.id, None)
    await _note_use(session, said.turn, real_now)
    return SignedIn(session.id, await actor_for(session.account_id, session.kind, now, session_id=session.id))


async def session_actor(token: str, kind: str, real_now: datetime, now: datetime) -> Actor | None:
    """Who holds a ``token`` of ``kind`` that has not run out; None when nobody does."""
    found = await signed_in(token, (kind,), real_now, now)
    return None if found is None else found.actor


async def session_holder(session_id: str, real_now: datetime, now: datetime) -> Actor | None:
    """Who holds the running session ``session_id``, for who was told of it under seal; None when it has ended."""
    session = await Session.get_or_none(id=session_id)
    if session is None or not runs(session, real_now):
        return None
    return await actor_for(session.account_id, session.kind, now, session_id=session.id)


async def session_runs(session_id: str, real_now: datetime) -> bool:
    """Whether the session goes on: asked by what stays open longer than a request."""
    session = await Session.get_or_none(id=session_id)
    return session is not None and runs(session, real_now)


async def start_session(
    work: Work, *, account_id: str, kind: str, expires_at: datetime, device: str = "", opened_by: str | None = None
) -> SessionOpened:
    """A session with its first tokens."""
    session_id = work.new_id()
    refresh_token = session_id + work.practice.ids.token()
    real_now = work.practice.clock.real_now()
    session = await Session.create(
        id=session_id, account_id=account_id, kind=kind, token_hash=token_hash(refresh_token), opened_by=opened_by, created_at=real_now,
        expires_at=expires_at, device=device, seen_at=_quarter(real_now),
    )
    work.concerns("account", account_id)
    return await _answer(work, session, refresh_token)


@handles(OpenSession)
async def open_session(work: Work, order: OpenSession) -> SessionOpened:
    account = await live_account(order.account_id)
    real_now = work.practice.clock.real_now()
    await _forget_ended(work, account.id)
    new_device = await _is_new_device(account.id, order)
    opened = await start_session(
        work, account_id=account.id, kind=order.kind, expires_at=real_now + SESSION_TIMES[order.kind], device=order.device
    )
    if new_device:
        await tell_person(work, account.id, "session.new_device", session_id=opened.session_id)
    return opened


@handles(RefreshSession)
async def refresh_session(work: Work, order: RefreshSession) -> SessionOpened:
    real_now = work.practice.clock.real_now()
    # The row is held: of two that come with one token at once, the second finds the first one's turn taken and gets the same answer.
    session = await Session.filter(id=order.refresh_token[:ID_LENGTH]).select_for_update().get_or_none()
    if session is None or session.kind not in (PAGES if order.page else BEARERS) or not runs(session, real_now):
        raise SessionOver
    work.concerns("account", session.account_id)
    held = token_hash(order.refresh_token)
    if held == session.token_hash:
        return await _turn(work, session, order.refresh_token, real_now)
    if held == session.earlier_hash and session.turned_at is not None:
        if session.arrived_turn < session.turn or real_now - session.turned_at <= PARALLEL:
            again = _next_token(work, session, order.refresh_token)
            if token_hash(again) != session.token_hash:  # The house's blind key was changed in between.
                raise SessionOver
            return await _answer(work, session, again)
        await _refuse_reused(work, session)
    if await SpentRefreshToken.filter(id=held, session_id=session.id).exists():
        await _refuse_reused(work, session)
    raise SessionOver


async def _turn(work: Work, session: Session, refresh_token: str, real_now: datetime) -> SessionOpened:
    session.salt = work.practice.ids.token()
    following = _next_token(work, session, refresh_token)
    held = token_hash(refresh_token)
    await SpentRefreshToken.create(id=held, session_id=session.id, spent_at=real_now)
    await session.change(
        token_hash=token_hash(following), earlier_hash=held, salt=session.salt, turn=session.turn + 1, turned_at=real_now,
        seen_at=_quarter(real_now),
    )
    return await _answer(work, session, following)


def _next_token(work: Work, session: Session, refresh_token: str) -> str:
    """The token after ``refresh_token``. Not to be told without it, without the row and without the house's key; made again, it is the same."""
    return session.id + work.blind("refresh_token", f"{session.salt}:{refresh_token}").upper()


async def _answer(work: Work, session: Session, refresh_token: str) -> SessionOpened:
    token, runs_out = await make_token(work, account_id=session.account_id, session_id=session.id, kind=session.kind, turn=session.turn)
    return SessionOpened(
        session_id=session.id, account_id=session.account_id, token=token, token_expires_at=min(runs_out, session.expires_at),
        refresh_token=refresh_token, expires_at=session.expires_at,
    )


async def _refuse_reused(work: Work, session: Session) -> NoReturn:
    await _end_family(work, session, "reused")
    await tell_person(work, session.account_id, "session.reused", session_id=session.id)
    work.keep_what_is_written()
    raise SessionReused


async def _end_family(work: Work, session: Session, because: str) -> None:
    root = root_of(session)
    await end_sessions(work, Q(id=root) | Q(opened_by=root), because)


async def end_sessions(work: Work, which: Q, because: str) -> None:
    """Close those of ``which`` that run, and wake whatever stays open in them. ``because``: a code of ``Session.closed_because``."""
    real_now = work.practice.clock.real_now()
    running = await Session.filter(which, closed_at__isnull=True).values_list("id", flat=True)
    await Session.filter(id__in=list(running), closed_at__isnull=True).update(closed_at=real_now, closed_because=because, version=F("version") + 1)
    work.lanes |= {f"session:{session_id}" for session_id in running}


def root_of(session: Session) -> str:
    """The session in which somebody signed in: this one, or the one that opened it."""
    return session.opened_by or session.id


def runs(session: Session, real_now: datetime) -> bool:
    """Neither ended nor run out at the real time ``real_now``."""
    return session.closed_at is None and session.expires_at > real_now


def _quarter(real_now: datetime) -> datetime:
    return real_now.replace(minute=real_now.minute // 15 * 15, second=0, microsecond=0)


async def _note_use(session: Session, turn: int, real_now: datetime) -> None:
    """That what the last refresh brought has arrived, and in which quarter hour the person was here: written once for each."""
    seen = _quarter(real_now)
    changes: dict[str, object] = {}
    if turn > session.arrived_turn:
        changes["arrived_turn"] = turn
    if session.seen_at is None or session.seen_at < seen:
        changes["seen_at"] = seen
    if not changes:
        return
    try:
        await Session.filter(id=session.id, closed_at__isnull=True).update(**changes, version=F("version") + 1)
    except AWAY as error:  # Not a reason to turn somebody away; the next request writes it.
        logger.warning("use of a session not noted: %s", type(error).__name__)


async def _is_new_device(account_id: str, order: OpenSession) -> bool:
    """A practitioner signs in on a kind of device that he has not used, and it is not his first. Patients are not told."""
    if not order.device or order.kind == "terminal" or not await Practitioner.filter(account_id=account_id).exists():
        return False
    known = {session.device for session in await Session.filter(account_id=account_id, kind=order.kind).only("id", "device")}
    return bool(known) and order.device not in known


async def _forget_ended(work: Work, account_id: str) -> None:
    """What ended is remembered for a while, its spent tokens not at all."""
    real_now = work.practice.clock.real_now()
    ended = await Session.filter(Q(closed_at__isnull=False) | Q(expires_at__lte=real_now), account_id=account_id).values_list("id", flat=True)
    if ended:
        await SpentRefreshToken.filter(session_id__in=list(ended)).delete()
        await Session.filter(id__in=list(ended), expires_at__lte=real_now - KEPT_AFTER_END).delete()


@joins_accounts
async def carry_sessions(work: Work, left: str, kept: str) -> None:
    """Two accounts turned out to be one person's: the sessions of the one go on as the other's."""
    await Session.filter(account_id=left).update(account_id=kept)
