"""The second factor of a signature: enrolled with a QR code, given as six digits, good for one place for a while.

A code is taken once: the row's ``last_step`` moves by compare-and-set, so of two that come at once with one code, one is refused. Wrong codes
are counted in the same step, whatever becomes of the order.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from core.foundation.actor import Actor
from core.foundation.orders import Done, answers, handles
from core.foundation.qr_code import qr_rows
from core.foundation.signing_keys import unlocks_signing
from core.foundation.work import Work
from core.people.cards import practitioner_card
from core.people.commands_second_factor import (
    BeginFactor,
    ConfirmFactor,
    FactorOffered,
    FactorView,
    MyFactor,
    ResetFactor,
    UnlockSigning,
)
from core.people.errors_second_factor import (
    CodeUsed,
    CodeWrong,
    FactorAbsent,
    FactorLocked,
    FactorNotBegun,
    OldCodeNeeded,
    OwnFactor,
    SecondFactorMissing,
    SecondFactorNeeded,
)
from core.people.models import Practitioner, SecondFactor, SigningUnlock
from core.people.telling import tell_person
from core.people.totp import SECRET_BYTES, address, matching_step, spelled

UNLOCKED_FOR = timedelta(minutes=30)
"""How long signing stays unlocked after the code, and after each signature. Real time, as all here."""
UNLOCKED_AT_MOST = timedelta(hours=8)
"""After that a new code is asked for, however busy the day."""
TRIES = 5
LOCKED_FOR = timedelta(minutes=15)
TO_CONFIRM = timedelta(minutes=15)
"""How long a QR code that was shown may be confirmed."""
CONFIRMED = "session+totp"
"""What stands in the signature about how it was unlocked."""


def place_of(actor: Actor) -> str:
    """Where the factor counts: one session, or one chat channel of the account."""
    return f"session:{actor.session_id}" if actor.session_id else f"chat:{actor.channel}"


@unlocks_signing
async def unlock(work: Work, practitioner_id: str) -> str:
    """Let the actor sign here, and go on letting him; :class:`SecondFactorNeeded` or :class:`SecondFactorMissing` otherwise."""
    real_now = work.practice.clock.real_now()
    given = await SigningUnlock.get_or_none(practitioner_id=practitioner_id, place=place_of(work.actor))
    if given is None or given.until <= real_now:
        row = await SecondFactor.get_or_none(practitioner_id=practitioner_id)
        raise SecondFactorMissing if row is None or row.secret is None else SecondFactorNeeded
    until = min(real_now + UNLOCKED_FOR, given.given_at + UNLOCKED_AT_MOST)
    if until - given.until >= timedelta(minutes=1):
        await SigningUnlock.filter(id=given.id).update(until=until)
    return CONFIRMED


@answers(MyFactor)
async def my_factor(work: Work, order: MyFactor) -> FactorView:
    practitioner_id = _himself(work)
    work.concerns("practitioner", practitioner_id)
    return await _view(work, practitioner_id)


@handles(BeginFactor)
async def begin_factor(work: Work, order: BeginFactor) -> FactorOffered:
    practitioner_id = _himself(work)
    work.concerns("practitioner", practitioner_id)
    sealer = await work.sealer("practitioner", practitioner_id)
    row = await _row(work, practitioner_id)
    if row.secret is not None:
        if order.old_code is None:
            raise OldCodeNeeded
        await _take(work, row, order.old_code)
    secret = secrets.token_bytes(SECRET_BYTES)
    await row.change(
        pending_secret=sealer.seal_bytes("second_factor", "pending_secret", row.id, secret), pending_at=work.practice.clock.real_now()
    )
    card = await practitioner_card(work, practitioner_id)
    return FactorOffered(secret=spelled(secret), address=(told := address(secret, card.called)), qr=qr_rows(told))


@handles(ConfirmFactor)
async def confirm_factor(work: Work, order: ConfirmFactor) -> FactorView:
    practitioner_id = _himself(work)
    work.concerns("practitioner", practitioner_id)
    real_now = work.practice.clock.real_now()
    row = await SecondFactor.get_or_none(practitioner_id=practitioner_id)
    if row is None or row.pending_secret is None or row.pending_at is None or real_now - row.pending_at > TO_CONFIRM:
        raise FactorNotBegun
    _check_lock(row, real_now)
    sealer = await work.sealer("practitioner", practitioner_id)
    secret = sealer.open_bytes("second_factor", "pending_secret", row.id, bytes(row.pending_secret))
    step = matching_step(secret, order.code, real_now)
    if step is None:
        await _count_wrong(work, row, real_now)
    await row.change(
        secret=sealer.seal_bytes("second_factor", "secret", row.id, secret), confirmed_at=real_now, last_step=step, wrong_tries=0,
        locked_until=None, pending_secret=None, pending_at=None,
    )
    await SigningUnlock.filter(practitioner_id=practitioner_id).delete()
    await _open(work, practitioner_id, real_now)
    await tell_person(work, work.actor.account_id, "factor.enrolled", practitioner_id=practitioner_id)
    return await _view(work, practitioner_id)


@handles(UnlockSigning)
async def unlock_signing(work: Work, order: UnlockSigning) -> FactorView:
    practitioner_id = _himself(work)
    work.concerns("practitioner", practitioner_id)
    row = await SecondFactor.get_or_none(practitioner_id=practitioner_id)
    if row is None or row.secret is None:
        raise SecondFactorMissing
    await _take(work, row, order.code)
    await _open(work, practitioner_id, work.practice.clock.real_now())
    return await _view(work, practitioner_id)


@handles(ResetFactor)
async def reset_factor(work: Work, order: ResetFactor) -> Done:
    if order.practitioner_id == work.actor.practitioner_id:
        raise OwnFactor
    work.concerns("practitioner", order.practitioner_id)
    practitioner = await Practitioner.get(id=order.practitioner_id)
    row = await SecondFactor.get_or_none(practitioner_id=practitioner.id)
    if row is None or (row.secret is None and row.pending_secret is None):
        raise FactorAbsent
    await row.change(
        secret=None, confirmed_at=None, wrong_tries=0, locked_until=None, pending_secret=None, pending_at=None
    )
    await SigningUnlock.filter(practitioner_id=practitioner.id).delete()
    await tell_person(work, practitioner.account_id, "factor.reset", practitioner_id=practitioner.id, by=str(work.actor.practitioner_id or ""))
    return Done()


def _himself(work: Work) -> str:
    if work.actor.practitioner_id is None:
        raise SecondFactorMissing
    return work.actor.practitioner_id


async def _row(work: Work, practitioner_id: str) -> SecondFactor:
    """His row, made when he has none; of two made at once the unique column lets one live, and the other order is tried again."""
    row = await SecondFactor.get_or_none(practitioner_id=practitioner_id)
    return row or await SecondFactor.create(id=work.new_id(), practitioner_id=practitioner_id)


async def _take(work: Work, row: SecondFactor, code: str) -> None:
    """Take ``code`` once; :class:`CodeWrong`, :class:`CodeUsed` or :class:`FactorLocked` otherwise. ``row`` has a secret."""
    real_now = work.practice.clock.real_now()
    _check_lock(row, real_now)
    sealer = await work.sealer("practitioner", row.practitioner_id)
    secret = sealer.open_bytes("second_factor", "secret", row.id, bytes(row.secret or b""))
    step = matching_step(secret, code, real_now)
    if step is None:
        await _count_wrong(work, row, real_now)
    elif step <= row.last_step:
        raise CodeUsed
    else:
        await row.change(conflict=CodeUsed(), last_step=step, wrong_tries=0, locked_until=None)


def _check_lock(row: SecondFactor, real_now: datetime) -> None:
    if row.locked_until is not None and real_now < row.locked_until:
        raise FactorLocked(minutes=int((row.locked_until - real_now).total_seconds() // 60) + 1)


async def _count_wrong(work: Work, row: SecondFactor, real_now: datetime) -> None:
    """Count it for good, and refuse."""
    tries = row.wrong_tries + 1
    work.keep_what_is_written()
    if tries >= TRIES:
        await row.change(wrong_tries=0, locked_until=real_now + LOCKED_FOR)
        await tell_person(work, work.actor.account_id, "factor.locked", practitioner_id=row.practitioner_id)
        raise FactorLocked(minutes=int(LOCKED_FOR.total_seconds() // 60))
    await row.change(wrong_tries=tries)
    raise CodeWrong(left=TRIES - tries)


async def _open(work: Work, practitioner_id: str, real_now: datetime) -> None:
    place, until = place_of(work.actor), real_now + UNLOCKED_FOR
    await SigningUnlock.filter(practitioner_id=practitioner_id, until__lt=real_now).exclude(place=place).delete()
    if not await SigningUnlock.filter(practitioner_id=practitioner_id, place=place).update(given_at=real_now, until=until):
        await SigningUnlock.create(id=work.new_id(), practitioner_id=practitioner_id, place=place, given_at=real_now, until=until)


async def _view(work: Work, practitioner_id: str) -> FactorView:
    real_now = work.practice.clock.real_now()
    row = await SecondFactor.get_or_none(practitioner_id=practitioner_id)
    given = await SigningUnlock.get_or_none(practitioner_id=practitioner_id, place=place_of(work.actor))
    locked = row is not None and row.locked_until is not None and real_now < row.locked_until
    return FactorView(
        enrolled=row is not None and row.secret is not None, enrolled_at=None if row is None else row.confirmed_at,
        unlocked_until=given.until if given is not None and real_now < given.until else None,
        locked_until=row.locked_until if row is not None and locked else None,
    )
