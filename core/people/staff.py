"""Organisations and the practitioners who work there."""

from __future__ import annotations

from core.foundation.orders import handles
from core.foundation.work import Work
from core.people.commands import EnsureAccount, OrganisationRef, PractitionerRef, RegisterOrganisation, RegisterPractitioner
from core.people.errors import AlreadyPractitioner, DepartmentUnknown, OrganisationUnknown
from core.people.models import Organisation, Practitioner, RoleHeld
from core.people.names import certificate_name
from core.people.rules import check_expertise, check_roles
from nlp.interface.departments import department


@handles(RegisterOrganisation)
async def register_organisation(work: Work, order: RegisterOrganisation) -> OrganisationRef:
    if order.parent_id is not None and not await Organisation.filter(id=order.parent_id).exists():
        raise OrganisationUnknown
    organisation_id = work.new_id()
    await Organisation.create(
        id=organisation_id,
        name=order.full_name,
        kind=order.kind,
        parent_id=order.parent_id,
        region_code=order.region_code,
        region_name=order.region_name,
        created_at=work.now,
    )
    work.concerns("organisation", organisation_id)
    return OrganisationRef(organisation_id=organisation_id)


@handles(RegisterPractitioner)
async def register_practitioner(work: Work, order: RegisterPractitioner) -> PractitionerRef:
    _check(order)
    name = certificate_name(order.full_name)
    if not await Organisation.filter(id=order.organisation_id).exists():
        raise OrganisationUnknown
    account = await work.execute(EnsureAccount(app=order.app, subject=order.subject), as_system=True)
    licence_blind = work.blind("licence", order.licence_number) if order.licence_number else None
    if await Practitioner.filter(account_id=account.account_id).exists() or (
        licence_blind is not None and await Practitioner.filter(licence_blind=licence_blind).exists()
    ):
        raise AlreadyPractitioner
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
    work.concerns("practitioner", practitioner_id)
    return PractitionerRef(practitioner_id=practitioner_id, account_id=account.account_id)


def _check(order: RegisterPractitioner) -> None:
    check_roles(order.roles)
    check_expertise(order.expertise)
    if order.department_code is not None:
        try:
            department(order.department_code)
        except KeyError:
            raise DepartmentUnknown from None
