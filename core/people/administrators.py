"""The first administrator: a one-time code made on the server, redeemed from WeCom by whoever shall be it. And who the administrators are."""

from __future__ import annotations

from datetime import date, timedelta

from tortoise.expressions import F

from core.foundation.actor import Role
from core.foundation.orders import Done, answers, handles
from core.foundation.work import Work
from core.people.cards import practitioner_cards
from core.people.commands_staff import (
    AdministratorInvited,
    Administrators,
    AdministratorsView,
    AdministratorView,
    InviteAdministrator,
    RedeemInvitation,
)
from core.people.errors import AlreadyPractitioner
from core.people.errors_staff import AdministratorExists, InvitationElsewhere, InvitationWrong
from core.people.holders import holders
from core.people.models import AdministratorInvitation, Practitioner, RoleHeld
from core.people.names import certificate_name
from core.people.organisations import open_organisation
from core.people.roles import is_running

VALID_FOR = timedelta(minutes=30)
"""Real time, as the life of every code."""
CODE_LENGTH = 10
"""Fifty bits: not to be guessed in half an hour, short enough to be read out."""
TRIES = 20
"""Wrong codes after which the live one is worth nothing."""
WECOM = ("wecom_app", "wecom_robot")
_LIVE = "first"
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
NO_LICENCE_UNTIL = date(9999, 12, 31)


@handles(InviteAdministrator)
async def invite_administrator(work: Work, order: InviteAdministrator) -> AdministratorInvited:
    await _check_none(work)
    await open_organisation(order.organisation_id)
    real_now = work.practice.clock.real_now()
    await AdministratorInvitation.filter(live_for=_LIVE).update(live_for=None, version=F("version") + 1)
    invitation_id = work.new_id()
    sealer = await work.sealer("invitation", invitation_id)
    code = work.practice.ids.token(CODE_LENGTH)
    await AdministratorInvitation.create(
        id=invitation_id, organisation_id=order.organisation_id,
        full_name=sealer.seal("administrator_invitation", "full_name", invitation_id, certificate_name(order.full_name)),
        phone=sealer.seal("administrator_invitation", "phone", invitation_id, order.phone), code_blind=work.blind("invitation", code),
        live_for=_LIVE, created_at=real_now, expires_at=real_now + VALID_FOR,
    )
    work.concerns("organisation", order.organisation_id)
    return AdministratorInvited(code=f"{code[:5]}-{code[5:]}", expires_at=real_now + VALID_FOR)


@handles(RedeemInvitation)
async def redeem_invitation(work: Work, order: RedeemInvitation) -> Done:
    if work.actor.channel not in WECOM:
        raise InvitationElsewhere
    real_now = work.practice.clock.real_now()
    code = order.invitation_code.upper().translate(_READ_AS)
    row = await AdministratorInvitation.get_or_none(code_blind=work.blind("invitation", code), live_for=_LIVE)
    if row is None or row.expires_at <= real_now or row.attempts >= TRIES:
        work.keep_what_is_written()
        await AdministratorInvitation.filter(live_for=_LIVE).update(attempts=F("attempts") + 1)
        raise InvitationWrong
    # Taken first: of two who send it at once, one finds it used.
    practitioner_id = work.new_id()
    await row.change(conflict=InvitationWrong(), live_for=None, used_at=real_now, practitioner_id=practitioner_id)
    await _check_none(work)
    if await Practitioner.filter(account_id=work.actor.account_id).exists():
        raise AlreadyPractitioner
    opener, sealer = await work.sealer("invitation", row.id), await work.sealer("practitioner", practitioner_id)
    name = opener.open("administrator_invitation", "full_name", row.id, bytes(row.full_name))
    await Practitioner.create(
        id=practitioner_id, organisation_id=row.organisation_id, account_id=work.actor.account_id,
        full_name=sealer.seal("practitioner", "full_name", practitioner_id, name), sex="", title_name="",
        licence_number=sealer.seal("practitioner", "licence_number", practitioner_id, ""), licence_valid_until=NO_LICENCE_UNTIL,
        years_of_practice=0, demonstration=work.practice.demo, created_at=work.now,
    )
    await RoleHeld.create(
        id=work.new_id(), organisation_id=row.organisation_id, account_id=work.actor.account_id, role=Role.ADMINISTRATOR.value,
        granted_at=work.now,
    )
    work.concerns("practitioner", practitioner_id)
    return Done()


@answers(Administrators)
async def administrators(work: Work, order: Administrators) -> AdministratorsView:
    held = await RoleHeld.filter(role=Role.ADMINISTRATOR.value, ended_at__isnull=True).order_by("granted_at", "id")
    people = {row.account_id: row for row in await Practitioner.filter(account_id__in=[one.account_id for one in held])}
    cards = await practitioner_cards(work, [row.id for row in people.values()])
    return AdministratorsView(administrators=tuple(
        AdministratorView(
            practitioner_id=row.id, full_name=cards[row.id].full_name, organisation=cards[row.id].organisation, since=one.granted_at,
            valid_until=one.valid_until, counts=row.active and is_running(one, work.now),
        )
        for one in held if (row := people.get(one.account_id)) is not None
    ))


async def _check_none(work: Work) -> None:
    """:class:`AdministratorExists` where one could do it in the practice itself."""
    if await holders(work, Role.ADMINISTRATOR):
        raise AdministratorExists
