"""Organisations as a tree: made, renamed, moved, closed. A child is of a smaller kind than its parent, so that there is never a circle."""

from __future__ import annotations

from tortoise.expressions import F

from core.foundation.actor import Role
from core.foundation.orders import Order, answers, handles
from core.foundation.work import Work
from core.people.access import acts_in_county_of
from core.people.commands_staff import (
    CloseOrganisation,
    MoveOrganisation,
    OrganisationRef,
    Organisations,
    OrganisationsView,
    OrganisationView,
    RegisterOrganisation,
    RenameOrganisation,
)
from core.people.errors import OrganisationUnknown
from core.people.errors_staff import ChildrenOutside, OrganisationClosed, OrganisationExists, OrganisationInUse, OtherCounty
from core.people.models import Organisation, RoleHeld
from core.people.regions import RANK, check_below, check_region, lies_in
from core.people.roles import running
from core.people.rules import county_of

_NAMED = 3
"""Houses named in a refusal."""


@handles(RegisterOrganisation)
async def register_organisation(work: Work, order: RegisterOrganisation) -> OrganisationRef:
    await _check_place(order.kind, order.region_code, order.parent_id)
    await _check_name(order.full_name, order.region_code)
    organisation_id = work.new_id()
    await Organisation.create(
        id=organisation_id, name=order.full_name, kind=order.kind, parent_id=order.parent_id, region_code=order.region_code,
        region_name=order.region_name, latitude=order.latitude, longitude=order.longitude, phone=order.phone, created_at=work.now,
    )
    work.concerns("organisation", organisation_id)
    return OrganisationRef(organisation_id=organisation_id)


@handles(RenameOrganisation)
async def rename_organisation(work: Work, order: RenameOrganisation) -> OrganisationView:
    row = await open_organisation(order.organisation_id)
    if row.name != order.full_name:
        await _check_name(order.full_name, row.region_code)
        await row.change(name=order.full_name)
    return _seen(work, row)


@handles(MoveOrganisation)
async def move_organisation(work: Work, order: MoveOrganisation) -> OrganisationView:
    # The door was opened by the county where it is to be; where it was must be the administrator's too.
    await in_reach(work, order, order.organisation_id)
    row = await open_organisation(order.organisation_id)
    await _check_place(row.kind, order.region_code, order.parent_id)
    children = await Organisation.filter(parent_id=row.id, closed_at__isnull=True).order_by("id")
    outside = [child.name for child in children if not lies_in(child.region_code, order.region_code, row.kind)]
    if outside:
        raise ChildrenOutside(names="、".join(outside[:_NAMED]))
    await row.change(parent_id=order.parent_id, region_code=order.region_code, region_name=order.region_name or row.region_name)
    return _seen(work, row)


@handles(CloseOrganisation)
async def close_organisation(work: Work, order: CloseOrganisation) -> OrganisationView:
    row = await open_organisation(order.organisation_id)
    await row.change(closed_at=work.now)
    houses = await Organisation.filter(parent_id=row.id, closed_at__isnull=True).count()
    roles = await RoleHeld.filter(running(work.now), organisation_id=row.id).count()
    roles += await RoleHeld.filter(organisation_id=row.id, ended_at__isnull=True, valid_from__gt=work.now).count()
    if houses or roles:
        raise OrganisationInUse(houses=houses, roles=roles)
    return _seen(work, row)


@answers(Organisations)
async def organisations(work: Work, order: Organisations) -> OrganisationsView:
    rows = await Organisation.filter(region_code__startswith=order.region_code).order_by("region_code", "id")
    rows.sort(key=lambda row: RANK.get(row.kind, len(RANK)))
    return OrganisationsView(organisations=tuple(view_of(row) for row in rows))


async def open_organisation(organisation_id: str) -> Organisation:
    """The organisation; :class:`OrganisationUnknown` when there is none, :class:`OrganisationClosed` when it is closed."""
    row = await Organisation.get_or_none(id=organisation_id)
    if row is None:
        raise OrganisationUnknown
    if row.closed_at is not None:
        raise OrganisationClosed
    return row


async def hold_organisation(organisation_id: str) -> Organisation:
    """The same, kept from being closed or moved until this transaction is through."""
    await Organisation.filter(id=organisation_id).update(version=F("version") + 1)
    return await open_organisation(organisation_id)


async def in_reach(work: Work, order: Order, organisation_id: str) -> None:
    """:class:`OtherCounty` unless the system acts, or somebody who may give this order in the county of ``organisation_id`` as well."""
    if work.role is Role.SYSTEM:
        return
    if not await acts_in_county_of(work, order, organisation_id):
        raise OtherCounty


async def _check_place(kind: str, region_code: str, parent_id: str | None) -> None:
    check_region(region_code, kind)
    if parent_id is None:
        return
    parent = await hold_organisation(parent_id)
    check_below(region_code, kind, parent.region_code, parent.kind)


async def _check_name(name: str, region_code: str) -> None:
    if await Organisation.filter(name=name, region_code__startswith=county_of(region_code), closed_at__isnull=True).exists():
        raise OrganisationExists


def _seen(work: Work, row: Organisation) -> OrganisationView:
    work.concerns("organisation", row.id)
    return view_of(row)


def view_of(row: Organisation) -> OrganisationView:
    return OrganisationView(
        organisation_id=row.id, full_name=row.name, kind=row.kind, parent_id=row.parent_id, region_code=row.region_code,
        region_name=row.region_name, latitude=row.latitude, longitude=row.longitude, phone=row.phone, closed_at=row.closed_at,
    )
