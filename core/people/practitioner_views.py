"""A practitioner as the administrator sees him: what his licence says, which roles he holds and which of them count."""

from __future__ import annotations

from core.foundation.actor import ROLE_LABELS, Role
from core.foundation.orders import answers
from core.foundation.work import Work
from core.people.cards import practitioner_name
from core.people.commands_staff import Practitioners, PractitionersView, PractitionerView, RoleView, ViewPractitioner
from core.people.errors_staff import PractitionerUnknown
from core.people.models import Organisation, Practitioner, RoleHeld, SecondFactor
from core.people.names import displayed
from core.people.practitioners import SCOPE_LABELS, scope_of_title
from core.people.roles import is_running, why_withheld


@answers(ViewPractitioner)
async def view_practitioner(work: Work, order: ViewPractitioner) -> PractitionerView:
    return await practitioner_view(work, await practitioner_row(order.practitioner_id))


@answers(Practitioners)
async def practitioners(work: Work, order: Practitioners) -> PractitionersView:
    rows = await Practitioner.filter(organisation_id=order.organisation_id).order_by("id")
    found = await _views(work, rows)
    work.concerns("organisation", order.organisation_id)
    return PractitionersView(practitioners=tuple(found))


async def practitioner_row(practitioner_id: str) -> Practitioner:
    """:class:`PractitionerUnknown` when there is none."""
    row = await Practitioner.get_or_none(id=practitioner_id)
    if row is None:
        raise PractitionerUnknown
    return row


async def practitioner_view(work: Work, row: Practitioner) -> PractitionerView:
    (view,) = await _views(work, [row])
    work.concerns("practitioner", row.id)
    return view


async def _views(work: Work, rows: list[Practitioner]) -> list[PractitionerView]:
    """However many in a few questions to the database."""
    await work.practice.keys.fetch("practitioner", [row.id for row in rows])
    held = await RoleHeld.filter(account_id__in=[row.account_id for row in rows]).order_by("id")
    ids = {row.organisation_id for row in rows} | {one.organisation_id for one in held}
    houses = {house.id: house.name for house in await Organisation.filter(id__in=ids)}
    factors = {one.practitioner_id for one in await SecondFactor.filter(practitioner_id__in=[row.id for row in rows], secret__isnull=False)}
    return [await _view(work, row, [one for one in held if one.account_id == row.account_id], houses, row.id in factors) for row in rows]


async def _view(work: Work, row: Practitioner, held: list[RoleHeld], houses: dict[str, str], has_factor: bool) -> PractitionerView:
    scope = row.scope or scope_of_title(row.title_name)
    return PractitionerView(
        practitioner_id=row.id, full_name=displayed(await practitioner_name(work, row), demonstration=row.demonstration),
        title_name=row.title_name, scope=scope, scope_label=SCOPE_LABELS.get(scope or "", ""), organisation_id=row.organisation_id,
        organisation=houses[row.organisation_id], licence_valid_until=row.licence_valid_until, licensed=row.licence_blind is not None,
        active=row.active, has_second_factor=has_factor, roles=tuple(_role(work, row, one, houses) for one in held),
    )


def _role(work: Work, row: Practitioner, held: RoleHeld, houses: dict[str, str]) -> RoleView:
    role = Role(held.role)
    reason = why_withheld(role, row, work.now) if (runs := is_running(held, work.now)) else None
    return RoleView(
        role=held.role, label=ROLE_LABELS[role], organisation_id=held.organisation_id, organisation=houses[held.organisation_id],
        granted_at=held.granted_at, valid_from=held.valid_from, valid_until=held.valid_until, ended_at=held.ended_at, running=runs,
        withheld=reason[1] if reason else "",
    )
