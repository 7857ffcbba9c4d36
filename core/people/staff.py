"""Practitioners: enrolled, with what their licence says and the roles they hold; changed, deactivated, and told before the licence runs out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from core.foundation.actor import ROLE_LABELS, Role
from core.foundation.clock import SHANGHAI
from core.foundation.due import due
from core.foundation.orders import Done, handles
from core.foundation.work import Work
from core.people.commands import EnsureAccount
from core.people.commands_staff import (
    ActivatePractitioner,
    ChangeLicence,
    DeactivatePractitioner,
    PractitionerRef,
    PractitionerView,
    RegisterPractitioner,
    ReviewLicence,
)
from core.people.errors import AlreadyPractitioner, DepartmentUnknown
from core.people.errors_staff import AlreadyActive, AlreadyInactive, LicenceMissing, RoleOutOfScope, TitleUnknown
from core.people.holders import holders
from core.people.models import Organisation, Practitioner, RoleHeld
from core.people.names import certificate_name
from core.people.organisations import hold_organisation
from core.people.practitioner_views import practitioner_row, practitioner_view
from core.people.practitioners import TITLES, covers, scope_of_title
from core.people.register_orders import wecom_of
from core.people.role_grants import keep_an_administrator
from core.people.roles import LICENSED
from core.people.rules import check_expertise, check_roles, county_of, local_date
from core.people.telling import tell_person
from nlp.interface.departments import department

REVIEW = "practitioner.licence.audit"
"""An audit of the register: the demonstration's clock does not jump to it."""
NOTICE = timedelta(days=30)

due(REVIEW, lambda row: ReviewLicence(practitioner_id=row.ref, step=row.step))


@handles(RegisterPractitioner)
async def register_practitioner(work: Work, order: RegisterPractitioner) -> PractitionerRef:
    scope = order.scope or scope_of_title(order.title_name)
    _check(order, scope)
    name = certificate_name(order.full_name)
    await hold_organisation(order.organisation_id)
    account = await work.execute(EnsureAccount(app=order.app or await wecom_of(work), subject=order.subject), as_system=True)
    licence_blind = work.blind("licence", order.licence_number) if order.licence_number else None
    if await Practitioner.filter(account_id=account.account_id).exists():
        raise AlreadyPractitioner
    await _check_licence_free(licence_blind, None)
    practitioner_id = work.new_id()
    sealer = await work.sealer("practitioner", practitioner_id)
    await Practitioner.create(
        id=practitioner_id,
        organisation_id=order.organisation_id,
        account_id=account.account_id,
        full_name=sealer.seal("practitioner", "full_name", practitioner_id, name),
        sex=order.sex,
        title_name=order.title_name,
        licence_number=sealer.seal("practitioner", "licence_number", practitioner_id, order.licence_number),
        licence_blind=licence_blind,
        licence_valid_until=order.licence_valid_until,
        scope=scope,
        department_code=order.department_code,
        expertise=list(order.expertise),
        years_of_practice=order.years_of_practice,
        demonstration=work.practice.demo,
        created_at=work.now,
    )
    await RoleHeld.bulk_create(
        RoleHeld(
            id=work.new_id(), organisation_id=order.organisation_id, account_id=account.account_id, role=role.value, granted_at=work.now
        )
        for role in dict.fromkeys(order.roles)
    )
    if licence_blind is not None:
        await _review_later(work, practitioner_id, order.licence_valid_until)
    work.concerns("practitioner", practitioner_id)
    return PractitionerRef(practitioner_id=practitioner_id, account_id=account.account_id)


def _check(order: RegisterPractitioner, scope: str | None) -> None:
    check_roles(order.roles)
    check_expertise(order.expertise)
    check_title(order.title_name)
    check_scope(order.roles, scope, order.title_name, licensed=bool(order.licence_number))
    if order.department_code is not None:
        try:
            department(order.department_code)
        except KeyError:
            raise DepartmentUnknown from None


def check_title(title_name: str) -> None:
    if title_name not in TITLES:
        raise TitleUnknown


def check_scope(roles: Iterable[Role], scope: str | None, title_name: str, *, licensed: bool) -> None:
    """Each role in which somebody practises needs a licence, and a scope of practice that covers it."""
    for role in roles:
        if role in LICENSED and not licensed:
            raise LicenceMissing
        if not covers(scope, title_name, role):
            raise RoleOutOfScope(role=ROLE_LABELS[role])


@handles(ChangeLicence)
async def change_licence(work: Work, order: ChangeLicence) -> PractitionerView:
    row = await practitioner_row(order.practitioner_id)
    changes: dict[str, Any] = {"licence_valid_until": order.licence_valid_until}
    if order.title_name is not None:
        check_title(order.title_name)
        changes["title_name"] = order.title_name
    if order.scope is not None:
        changes["scope"] = order.scope
    if order.licence_number is not None:
        blind = work.blind("licence", order.licence_number)
        await _check_licence_free(blind, row.id)
        sealer = await work.sealer("practitioner", row.id)
        changes |= {"licence_number": sealer.seal("practitioner", "licence_number", row.id, order.licence_number), "licence_blind": blind}
    await row.change(**changes)
    await work.unschedule(REVIEW, row.id)
    if row.licence_blind is not None:
        await _review_later(work, row.id, order.licence_valid_until)
    return await practitioner_view(work, row)


@handles(DeactivatePractitioner)
async def deactivate_practitioner(work: Work, order: DeactivatePractitioner) -> PractitionerView:
    row = await practitioner_row(order.practitioner_id)
    if not row.active:
        raise AlreadyInactive
    await keep_an_administrator(work, row.account_id, None)
    await row.change(active=False, deactivated_at=work.now)
    await tell_person(work, row.account_id, "staff.deactivated", practitioner_id=row.id)
    return await practitioner_view(work, row)


@handles(ActivatePractitioner)
async def activate_practitioner(work: Work, order: ActivatePractitioner) -> PractitionerView:
    row = await practitioner_row(order.practitioner_id)
    if row.active:
        raise AlreadyActive
    await row.change(active=True, deactivated_at=None)
    return await practitioner_view(work, row)


@handles(ReviewLicence)
async def review_licence(work: Work, order: ReviewLicence) -> Done:
    """The county's administrators and the practitioner himself are told, once for each day on which a licence ends."""
    row = await practitioner_row(order.practitioner_id)
    work.concerns("practitioner", row.id)
    if not row.active or row.licence_valid_until.isoformat() != order.step:
        return Done(done=False)
    house = await Organisation.get(id=row.organisation_id)
    for account_id in await holders(work, Role.ADMINISTRATOR, county=county_of(house.region_code)):
        await tell_person(work, account_id, "licence.expiring", practitioner_id=row.id)
    await tell_person(work, row.account_id, "licence.expiring_own", practitioner_id=row.id)
    return Done()


async def _check_licence_free(licence_blind: str | None, own: str | None) -> None:
    if licence_blind is not None and await Practitioner.filter(licence_blind=licence_blind).exclude(id=own or "").exists():
        raise AlreadyPractitioner


async def _review_later(work: Work, practitioner_id: str, valid_until: date) -> None:
    """Nine in the morning thirty days before; at once where that is past; not for one that has run out already."""
    if valid_until < local_date(work.now):
        return
    morning = datetime.combine(valid_until, time(9), SHANGHAI) - NOTICE
    await work.schedule(REVIEW, practitioner_id, max(morning, work.now), step=valid_until.isoformat())
