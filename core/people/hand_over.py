"""The mini program opens a page: its sign-in goes over by a code that is good once, for a minute, while the session that asked for it runs.

The code is a session of kind ``hand_over``: its hash is stored, it opens nothing but the page's own session, and it names the session it came from.
"""

from __future__ import annotations

from datetime import timedelta

from core.foundation.errors import NotFound
from core.foundation.orders import handles
from core.foundation.work import Work
from core.people.commands_sessions import HandedOver, HandOverSession, RedeemHandOver, SessionOpened
from core.people.errors import HandOverSpent
from core.people.models import Session
from core.people.rules import SESSION_TIMES
from core.people.sessions import ID_LENGTH, runs, start_session, token_hash

VALID_FOR = timedelta(seconds=60)
"""Real time."""
_KIND = "hand_over"


@handles(HandOverSession)
async def hand_over_session(work: Work, order: HandOverSession) -> HandedOver:
    real_now = work.practice.clock.real_now()
    session = await Session.get_or_none(id=work.actor.session_id, kind="mini_program", account_id=work.actor.account_id)
    if session is None or not runs(session, real_now):
        raise NotFound
    await Session.filter(account_id=session.account_id, kind=_KIND, expires_at__lte=real_now).delete()
    code = session.id + work.practice.ids.token(43)
    expires_at = min(real_now + VALID_FOR, session.expires_at)
    await Session.create(
        id=work.new_id(), account_id=session.account_id, kind=_KIND, token_hash=token_hash(code), created_at=real_now, expires_at=expires_at
    )
    work.concerns("account", session.account_id)
    return HandedOver(code=code, expires_at=expires_at)


@handles(RedeemHandOver)
async def redeem_hand_over(work: Work, order: RedeemHandOver) -> SessionOpened:
    real_now = work.practice.clock.real_now()
    given = await Session.get_or_none(token_hash=token_hash(order.code), kind=_KIND)
    session = await Session.get_or_none(id=order.code[:ID_LENGTH])
    if given is None or session is None or session.account_id != given.account_id or not (runs(given, real_now) and runs(session, real_now)):
        raise HandOverSpent
    await given.change(conflict=HandOverSpent(), closed_at=real_now)
    expires_at = min(real_now + SESSION_TIMES["h5"], session.expires_at)
    return await start_session(
        work, account_id=given.account_id, kind="h5", expires_at=expires_at, device=session.device, opened_by=session.id
    )
