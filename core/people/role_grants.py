"""Roles granted and ended. Of administrators one stays, whoever ends whom at the same time."""

from __future__ import annotations

from typing import Any

from tortoise.expressions import F

from core.foundation.actor import ROLE_LABELS, Role
from core.foundation.orders import handles
from core.foundation.work import Work
from core.people.commands_staff import EndRole, GrantRole, PractitionerView
from core.people.errors_staff import (
    LastAdministrator,
    LicenceMissing,
    RoleAlreadyHeld,
    RoleDatesInvalid,
    RoleNotRunning,
    RoleOutOfScope,
)
from core.people.models import Organisation, Practitioner, RoleHeld
from core.people.organisations import hold_organisation, in_reach
from core.people.practitioner_views import practitioner_row, practitioner_view
from core.people.practitioners import covers
from core.people.roles import LICENSED
from core.people.rules import county_of
from core.people.telling import tell_person


@handles(GrantRole)
async def grant_role(work: Work, order: GrantRole) -> PractitionerView:
    row = await practitioner_row(order.practitioner_id)
    # The door was opened by the county of the organisation; the person must belong to the administrator's reach too.
    await in_reach(work, order, row.organisation_id)
    await hold_organisation(order.organisation_id)
    role = Role(order.role)
    if role in LICENSED and row.licence_blind is None:
        raise LicenceMissing
    if not covers(row.scope, row.title_name, role):
        raise RoleOutOfScope(role=ROLE_LABELS[role])
    begins = order.valid_from or work.now
    if order.valid_until is not None and order.valid_until <= max(begins, work.now):
        raise RoleDatesInvalid
    dates: dict[str, Any] = {"granted_at": work.now, "valid_from": order.valid_from, "valid_until": order.valid_until, "ended_at": None}
    held = await RoleHeld.get_or_none(account_id=row.account_id, organisation_id=order.organisation_id, role=role.value)
    if held is None:
        await RoleHeld.create(
            id=work.new_id(), account_id=row.account_id, organisation_id=order.organisation_id, role=role.value, **dates
        )
    elif held.ended_at is None and (held.valid_until is None or work.now < held.valid_until):
        raise RoleAlreadyHeld
    else:
        await held.change(**dates)
    await tell_person(work, row.account_id, "role.granted", practitioner_id=row.id, role=role.value, organisation_id=order.organisation_id)
    return await practitioner_view(work, row)


@handles(EndRole)
async def end_role(work: Work, order: EndRole) -> PractitionerView:
    row = await practitioner_row(order.practitioner_id)
    if order.role == Role.ADMINISTRATOR.value:
        await keep_an_administrator(work, row.account_id, order.organisation_id)
    held = await RoleHeld.get_or_none(account_id=row.account_id, organisation_id=order.organisation_id, role=order.role)
    if held is None or held.ended_at is not None or (held.valid_until is not None and held.valid_until <= work.now):
        raise RoleNotRunning
    await held.change(conflict=RoleNotRunning(), ended_at=work.now)
    await tell_person(work, row.account_id, "role.ended", practitioner_id=row.id, role=order.role, organisation_id=order.organisation_id)
    return await practitioner_view(work, row)


async def keep_an_administrator(work: Work, account_id: str, organisation_id: str | None) -> None:
    """:class:`LastAdministrator` when without this one (at one organisation, or anywhere) a county would have none who stays.

    All administrators' rows are taken first: of two who end each other at once, the second finds what the first has done.
    """
    await RoleHeld.filter(role=Role.ADMINISTRATOR.value, ended_at__isnull=True).update(version=F("version") + 1)
    rows = await RoleHeld.filter(role=Role.ADMINISTRATOR.value, ended_at__isnull=True).order_by("id")
    accounts = [one.account_id for one in rows]
    inactive = {one.account_id for one in await Practitioner.filter(account_id__in=accounts, active=False)}
    houses = {house.id: county_of(house.region_code) for house in await Organisation.filter(id__in=[one.organisation_id for one in rows])}
    going = {one.id for one in rows if one.account_id == account_id and organisation_id in (None, one.organisation_id)}
    staying = {
        houses[one.organisation_id] for one in rows
        if one.id not in going and one.account_id not in inactive and one.valid_until is None
        and (one.valid_from is None or one.valid_from <= work.now)
    }
    if any(houses[one.organisation_id] not in staying for one in rows if one.id in going):
        raise LastAdministrator
