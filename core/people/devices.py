"""我的设备: where somebody is signed in, and ending it there. A page goes with the mini program that opened it. Times are real time."""

from __future__ import annotations

from datetime import datetime

from tortoise.expressions import Q

from core.foundation.clock import ago
from core.foundation.errors import NotFound
from core.foundation.orders import Done, answers, handles
from core.foundation.work import Work
from core.people.commands_sessions import CloseOtherSessions, CloseSession, MySessions, SessionsClosed, SessionsView, SessionView
from core.people.models import Session
from core.people.sessions import KINDS, end_sessions, root_of


@handles(CloseSession)
async def close_session(work: Work, order: CloseSession) -> Done:
    session = await Session.get_or_none(id=order.session_id or work.actor.session_id, account_id=work.actor.account_id, kind__in=KINDS)
    if session is None:
        raise NotFound
    await end_sessions(work, Q(id=session.id) | Q(opened_by=session.id), "signed_out")
    work.concerns("account", session.account_id)
    return Done()


@handles(CloseOtherSessions)
async def close_other_sessions(work: Work, order: CloseOtherSessions) -> SessionsClosed:
    real_now = work.practice.clock.real_now()
    mine = await Session.filter(account_id=work.actor.account_id, kind__in=KINDS, closed_at__isnull=True, expires_at__gt=real_now)
    current = next((session for session in mine if session.id == work.actor.session_id), None)
    kept = None if current is None else root_of(current)
    others = [session.id for session in mine if root_of(session) != kept]
    await end_sessions(work, Q(id__in=others), "signed_out")
    work.concerns("account", work.actor.account_id)
    return SessionsClosed(closed=len({root_of(session) for session in mine} - {kept}))


@answers(MySessions)
async def my_sessions(work: Work, order: MySessions) -> SessionsView:
    real_now = work.practice.clock.real_now()
    mine = await Session.filter(
        account_id=work.actor.account_id, kind__in=KINDS, closed_at__isnull=True, expires_at__gt=real_now
    ).order_by("-created_at", "-id")
    present = {session.id for session in mine}
    # A page goes with the mini program that opened it, as long as that is signed in.
    listed = [session for session in mine if session.opened_by is None or session.opened_by not in present]
    parts = {one.id: [session for session in mine if session.id == one.id or session.opened_by == one.id] for one in listed}
    views = [_seen(one, parts[one.id], work.actor.session_id, real_now) for one in listed]
    return SessionsView(sessions=tuple(sorted(views, key=lambda view: (view.current, view.last_seen), reverse=True)))


def _seen(one: Session, parts: list[Session], asking: str | None, real_now: datetime) -> SessionView:
    last_seen = max(part.seen_at or part.created_at for part in parts)
    return SessionView(
        session_id=one.id, kind=one.kind, device=one.device, first_seen=one.created_at, expires_at=one.expires_at, last_seen=last_seen,
        first_seen_ago=ago(real_now - one.created_at), last_seen_ago=ago(real_now - last_seen), current=asking in {part.id for part in parts},
    )
