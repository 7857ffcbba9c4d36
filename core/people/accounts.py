"""Accounts, the identities behind them and phones; from an account to an actor."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from tortoise.expressions import F, Q

from core.foundation.actor import Actor, HeldRole, Role
from core.foundation.database.statements import find
from core.foundation.encryption.erasure import before_erasure
from core.foundation.errors import Conflict
from core.foundation.orders import handles
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.people.commands import AccountRef, EnsureAccount
from core.people.errors import AccountUnknown
from core.people.models import Account, CareRelation, Identity, JoinReview, PatientClaim, Practitioner, RoleHeld, Session, VerifiedPhone
from core.people.roles import roles_now

logger = logging.getLogger("huizhen.people")

Joining = Callable[[Work, str, str], Awaitable[None]]
J = TypeVar("J", bound=Joining)
_JOININGS: list[Joining] = []


def joins_accounts(joining: J) -> J:
    """Registers ``(work, from_account, to_account) -> None``: how a room above hands its rows over when two accounts turn out to be one person."""
    _JOININGS.append(joining)
    return joining


@handles(EnsureAccount)
async def ensure_account(work: Work, order: EnsureAccount) -> AccountRef:
    identity = await Identity.get_or_none(app=order.app, subject=order.subject)
    if identity is None:
        account_id = None if order.unionid is None else await _account_of_union(order.unionid)
        created = account_id is None
        if account_id is None:
            account_id = work.new_id()
            await Account.create(id=account_id, created_at=work.now)
        await Identity.create(
            id=work.new_id(), account_id=account_id, app=order.app, subject=order.subject, unionid=order.unionid, created_at=work.now
        )
        work.concerns("account", account_id)
        return AccountRef(account_id=account_id, created=created)
    if order.unionid is not None and identity.unionid != order.unionid:
        await _learn_union(work, identity, order.unionid)
    work.concerns("account", identity.account_id)
    return AccountRef(account_id=identity.account_id, created=False)


async def _account_of_union(unionid: str) -> str | None:
    identity = await Identity.filter(unionid=unionid).order_by("id").first()
    return None if identity is None else identity.account_id


async def _learn_union(work: Work, identity: Identity, unionid: str) -> None:
    """The platform told the unionid of a known identity later: if another account has it, both are one person's."""
    other = await _account_of_union(unionid)
    await identity.change(unionid=unionid)
    if other is None or other == identity.account_id:
        return
    practitioners = {row.account_id for row in await Practitioner.filter(account_id__in=[other, identity.account_id])}
    if len(practitioners) == 2:
        # Two people's licences are never one person's, whatever one phone was signed in to.
        logger.warning("two practitioners' accounts have one unionid: %s, %s", *sorted((other, identity.account_id)))
        return
    kept, left = sorted((other, identity.account_id), key=lambda one: (one not in practitioners, one))
    await join_accounts(work, left, kept)
    identity.account_id = kept


async def join_accounts(work: Work, left: str, kept: str) -> None:
    """Everything of account ``left`` becomes ``kept``'s, sessions and tokens too. What ``left`` sealed stays sealed under its key.

    Both rows are held, so that of two joinings at once the second meets what the first left; :class:`Conflict` when one is gone by then.
    """
    held = await Account.filter(id__in=[left, kept], joined_to_id__isnull=True).order_by("id").select_for_update()
    if len(held) != 2:
        raise Conflict
    for mine in await CareRelation.filter(account_id=left).order_by("id"):
        await _carry_relation(mine, kept)
    await Identity.filter(account_id=left).update(account_id=kept)
    await _carry_phone(work, left, kept)
    await Account.filter(id=left).update(joined_to_id=kept, version=F("version") + 1)
    for joining in _JOININGS:
        await joining(work, left, kept)


async def _carry_relation(mine: CareRelation, kept: str) -> None:
    """Of two relations to one patient one is left: the patient's own, else the one that holds."""
    twice = await CareRelation.get_or_none(account_id=kept, patient_id=mine.patient_id)
    own = mine.self_of_id is not None
    own_twice = own and await CareRelation.filter(account_id=kept, self_of_id__isnull=False).exists()
    if twice is not None:
        await mine.delete()
        if own and not own_twice:
            await twice.change(relation="self", self_of_id=mine.patient_id, scope=mine.scope, guardian=False, ended_at=None, until=None)
        elif twice.ended_at is not None and mine.ended_at is None:
            await twice.change(
                relation=mine.relation, scope=mine.scope, guardian=mine.guardian, since=mine.since, until=mine.until, ended_at=None, ended_by="",
                end_reason="",
            )
    elif own_twice:
        await mine.change(account_id=kept, relation="other", self_of_id=None)
    else:
        await mine.change(account_id=kept)


async def _carry_phone(work: Work, left: str, kept: str) -> None:
    source = await Account.get(id=left)
    target = await Account.get(id=kept)
    if source.phone is not None and target.phone is None:
        phone = (await work.sealer("account", left)).open("account", "phone", left, bytes(source.phone))
        await target.change(
            phone=(await work.sealer("account", kept)).seal("account", "phone", kept, phone),
            phone_blind=source.phone_blind,
            phone_verified_at=source.phone_verified_at,
        )
    elif source.phone_blind is not None and source.phone_blind == target.phone_blind:
        latest = max(one.phone_verified_at for one in (source, target) if one.phone_verified_at is not None)
        await target.change(phone_verified_at=latest)


@before_erasure("account")
async def close_account(work: Work, account_id: str) -> None:
    """Nobody signs in as it any more, speaks through it or is found by it; the platform's user who comes again is a new account."""
    real_now = work.practice.clock.real_now()
    await Session.filter(account_id=account_id, closed_at__isnull=True).update(closed_at=real_now, closed_because="erased")
    await Identity.filter(account_id=account_id).delete()
    await CareRelation.filter(account_id=account_id).update(self_of_id=None)
    await CareRelation.filter(account_id=account_id, ended_at__isnull=True).update(ended_at=work.now, ended_by=account_id, end_reason="erased")
    await PatientClaim.filter(account_id=account_id).update(live_for=None)
    await JoinReview.filter(Q(older_id=account_id) | Q(newer_id=account_id), state="open").update(state="apart", decided_at=work.now)
    account = await Account.get_or_none(id=account_id)
    if account is not None and account.phone_blind is not None:
        blind = account.phone_blind
        await Account.filter(id=account_id).update(phone=None, phone_blind=None, phone_verified_at=None, version=F("version") + 1)
        if not await Account.filter(phone_blind=blind).exists():
            await VerifiedPhone.filter(phone_blind=blind).delete()


async def live_account(account_id: str) -> Account:
    """The account that lives on for ``account_id``; :class:`AccountUnknown` when there is none."""
    account = await find(Account, id=account_id)
    # However many were joined one after the other; each was joined into one that lived on, so that this ends.
    while account is not None and account.joined_to_id is not None:
        account = await find(Account, id=account.joined_to_id)
    if account is None:
        raise AccountUnknown
    return account


async def account_phone(work: Work, account_id: str) -> str | None:
    """The phone that the platform vouched for, or None."""
    account = await Account.get_or_none(id=account_id)
    if account is None or account.phone is None:
        return None
    return (await work.sealer("account", account_id)).open("account", "phone", account_id, bytes(account.phone))


async def phone_to_tell(practice: Practice, account_id: str) -> str | None:
    """The phone that the platform vouched for, for whoever sends what the practice tells him; None where there is none."""
    account = await live_account(account_id)
    if account.phone is None:
        return None
    return (await practice.keys.sealer("account", account.id)).open("account", "phone", account.id, bytes(account.phone))


async def actor_for(account_id: str, channel: str, now: datetime, *, session_id: str = "") -> Actor:
    """Who acts when ``account_id`` speaks on ``channel`` at the domain time ``now``: with the roles that count then, or as a patient when he
    is no practitioner.

    :class:`AccountUnknown` when there is no such account.
    """
    account = await live_account(account_id)
    practitioner = await find(Practitioner, account_id=account.id)
    if practitioner is None:
        return Actor(account.id, (HeldRole(Role.PATIENT, ""),), channel, session_id=session_id)
    held, withheld = roles_now(await RoleHeld.filter(account_id=account.id, ended_at__isnull=True).order_by("id"), practitioner, now)
    return Actor(account.id, held, channel, practitioner.id, session_id=session_id, withheld=withheld)


async def staff_subjects(app: str) -> frozenset[str]:
    """How the platform account ``app`` knows everybody in the roster who has not left."""
    here = {str(account_id) for account_id in await Practitioner.filter(active=True).values_list("account_id", flat=True)}
    rows = await Identity.filter(app=app).values_list("account_id", "subject")
    return frozenset(str(subject) for account_id, subject in rows if str(account_id) in here)
