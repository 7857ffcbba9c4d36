"""The lines of a register held against the practice and the lines before them, before anything is made of any. Reads only.

A line that is there already is passed over: the same table again changes nothing, and one that was cut off is completed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from core.foundation.errors import DomainError
from core.foundation.keys import KeyRing
from core.people.commands_staff import RegisterOrganisation, RegisterPractitioner
from core.people.errors_staff import OtherCounty, OutsideParent, ParentTooSmall
from core.people.models import Identity, Organisation, Practitioner
from core.people.regions import RANK, check_below
from core.people.register_files import OrganisationLine, PractitionerLine, Problem
from core.people.rules import county_of

L = TypeVar("L")


@dataclass(frozen=True, slots=True)
class Checked(Generic[L]):
    """``new``: the lines to be made, in the order in which they can be; ``there``: how many are there already. With problems nothing is made."""

    new: tuple[L, ...]
    there: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _House:
    name: str
    kind: str
    region_code: str


async def check_organisations(lines: Sequence[OrganisationLine], county: str | None = None) -> Checked[OrganisationLine]:
    """Parents may stand after their children. ``county``: six digits outside which no line may lie."""
    known = {(row.name, county_of(row.region_code)): row for row in await Organisation.filter(closed_at__isnull=True)}
    houses: dict[str, list[_House]] = defaultdict(list)
    for row in known.values():
        houses[row.name].append(_House(row.name, row.kind, row.region_code))
    problems: list[Problem] = []
    here = 0
    new: list[OrganisationLine] = []
    seen: dict[tuple[str, str], OrganisationLine] = {}
    for one in lines:
        place = (one.name, county_of(one.region_code))
        if county is not None and county_of(one.region_code) != county:
            problems.append(Problem(one.line, OtherCounty.sentence))
        elif (before := seen.get(place)) is not None:
            problems.append(Problem(one.line, f"和第 {before.line} 行是同一家机构。"))
        elif (there := known.get(place)) is None:
            new.append(one)
            houses[one.name].append(_House(one.name, one.kind, one.region_code))
        elif (there.kind, there.region_code) != (one.kind, one.region_code):
            problems.append(Problem(one.line, "本县已有同名机构,但类别或区划代码不同。"))
        else:
            here += 1
        seen[place] = one
    problems += [Problem(one.line, wrong) for one in new if (wrong := _parent_problem(one, houses))]
    in_order = tuple(sorted(new, key=lambda one: (RANK[one.kind], one.line)))
    return Checked(in_order, here, tuple(sorted(problems, key=lambda one: one.line)))


def _parent_problem(one: OrganisationLine, houses: dict[str, list[_House]]) -> str:
    if not one.parent:
        return ""
    refusal: DomainError | None = None
    for parent in houses.get(one.parent, []):
        try:
            check_below(one.region_code, one.kind, parent.region_code, parent.kind)
            return ""
        except (OutsideParent, ParentTooSmall) as wrong:
            refusal = wrong
    return refusal.message if refusal is not None else f"上级机构「{one.parent}」既没有登记,也不在表里。"


async def organisation_order(one: OrganisationLine) -> RegisterOrganisation:
    """What registers the line; its parent is registered by now."""
    parent = await _house_named(one.parent, one.region_code) if one.parent else None
    return RegisterOrganisation.model_validate({
        "full_name": one.name, "kind": one.kind, "region_code": one.region_code, "region_name": one.region_name,
        "parent_id": None if parent is None else parent.id, "latitude": one.latitude, "longitude": one.longitude, "phone": one.phone,
    })


async def _house_named(name: str, region_code: str) -> Organisation | None:
    """Of several houses of this name the one nearest to the region."""
    found = await Organisation.filter(name=name, closed_at__isnull=True)

    def common(row: Organisation) -> int:
        return next((size for size in (12, 9, 6, 4, 2) if row.region_code[:size] == region_code[:size]), 0)

    return max(found, key=common, default=None)


async def check_practitioners(
    keys: KeyRing, lines: Sequence[PractitionerLine], corp: str, county: str | None = None
) -> tuple[Checked[PractitionerLine], dict[str, str]]:
    """``corp``: the WeCom that the accounts belong to; ``county``: only its houses are known. Second: the id of each house by its name."""
    houses: dict[str, list[Organisation]] = defaultdict(list)
    for row in await Organisation.filter(closed_at__isnull=True):
        if county is None or county_of(row.region_code) == county:
            houses[row.name].append(row)
    licences = {str(row.licence_blind): row for row in await Practitioner.filter(licence_blind__isnull=False)}
    identities = {row.subject: row.account_id for row in await Identity.filter(app=corp)}
    people = {row.account_id: row for row in await Practitioner.all()}
    problems: list[Problem] = []
    here = 0
    new: list[PractitionerLine] = []
    by_user: dict[str, int] = {}
    by_licence: dict[str, int] = {}
    for one in lines:
        blind = keys.blind("licence", one.licence_number) if one.licence_number else ""
        himself = people.get(identities.get(one.userid, ""))
        holder = licences.get(blind)
        if one.userid in by_user:
            problems.append(Problem(one.line, f"企业微信账号和第 {by_user[one.userid]} 行相同。"))
        elif blind and blind in by_licence:
            problems.append(Problem(one.line, f"执业证号和第 {by_licence[blind]} 行相同。"))
        elif len(houses.get(one.organisation, [])) != 1:
            none = f"机构「{one.organisation}」没有登记,请先导入机构。"
            problems.append(Problem(one.line, "有几家同名的机构,请先改成不同的名称。" if houses.get(one.organisation) else none))
        elif himself is None and holder is None:
            new.append(one)
        elif himself is None or (holder is not None and holder.id != himself.id) or (himself.licence_blind or "") != blind:
            problems.append(Problem(one.line, "企业微信账号或执业证号已经登记给另一位,请核对。"))
        else:
            here += 1
        by_user.setdefault(one.userid, one.line)
        by_licence.setdefault(blind, one.line)
    return Checked(tuple(new), here, tuple(problems)), {name: rows[0].id for name, rows in houses.items()}


def practitioner_order(one: PractitionerLine, organisation_id: str, corp: str) -> RegisterPractitioner:
    """What registers the line."""
    return RegisterPractitioner.model_validate({
        "organisation_id": organisation_id, "full_name": one.name, "sex": one.sex, "title_name": one.title_name,
        "licence_number": one.licence_number, "licence_valid_until": one.licence_valid_until, "scope": one.scope,
        "department_code": one.department_code, "expertise": one.expertise, "years_of_practice": one.years, "roles": one.roles,
        "app": corp, "subject": one.userid,
    })
