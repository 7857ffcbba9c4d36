"""Taking in what the tables say: every line is held against the practice and the lines before it first; only when all is well, anything is made.

Each line is an order of its own, so that nobody who works at the same time waits for the whole table. A line that is there already is passed over:
the same table again changes nothing, and one that was cut off is completed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.foundation.errors import DomainError
from core.foundation.practice import Practice
from core.people.commands import RegisterOrganisation, RegisterPractitioner
from core.people.errors_staff import OutsideParent, ParentTooSmall
from core.people.models import Identity, Organisation, Practitioner
from core.people.regions import RANK, check_below
from core.people.rules import county_of
from miniprogram_api.app.register_files import OrganisationLine, PractitionerLine, Problem
from miniprogram_api.app.signing import OPERATOR

Progress = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Imported:
    made: int
    there: int


@dataclass(frozen=True, slots=True)
class _House:
    name: str
    kind: str
    region_code: str


class NotImported(Exception):
    """Nothing was made: ``problems`` say why. (Or, of a line refused at the last moment, what came before it.)"""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = sorted(problems, key=lambda one: one.line)


async def import_organisations(practice: Practice, lines: list[OrganisationLine], progress: Progress) -> Imported:
    """:class:`NotImported` when anything is wrong with any line. Parents may stand after their children."""
    known = {(row.name, county_of(row.region_code)): row for row in await Organisation.filter(closed_at__isnull=True)}
    houses: dict[str, list[_House]] = defaultdict(list)
    for row in known.values():
        houses[row.name].append(_House(row.name, row.kind, row.region_code))
    problems: list[Problem] = []
    new: list[OrganisationLine] = []
    seen: dict[tuple[str, str], OrganisationLine] = {}
    for one in lines:
        place = (one.name, county_of(one.region_code))
        if (before := seen.get(place)) is not None:
            problems.append(Problem(one.line, f"和第 {before.line} 行是同一家机构。"))
        elif (there := known.get(place)) is None:
            new.append(one)
            houses[one.name].append(_House(one.name, one.kind, one.region_code))
        elif (there.kind, there.region_code) != (one.kind, one.region_code):
            problems.append(Problem(one.line, "本县已有同名机构,但类别或区划代码不同。"))
        seen[place] = one
    problems += [Problem(one.line, wrong) for one in new if (wrong := _parent_problem(one, houses))]
    if problems:
        raise NotImported(problems)
    for one in sorted(new, key=lambda one: (RANK[one.kind], one.line)):
        parent = await _house_named(one.parent, one.region_code) if one.parent else None
        order = RegisterOrganisation.model_validate({
            "full_name": one.name, "kind": one.kind, "region_code": one.region_code, "region_name": one.region_name,
            "parent_id": None if parent is None else parent.id,
        })
        await _give(practice, one.line, order)
        progress(1)
    progress(len(lines) - len(new))
    return Imported(len(new), len(lines) - len(new))


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


async def _house_named(name: str, region_code: str) -> Organisation | None:
    """Of several houses of this name the one nearest to the region."""
    found = await Organisation.filter(name=name, closed_at__isnull=True)

    def common(row: Organisation) -> int:
        return next((size for size in (12, 9, 6, 4, 2) if row.region_code[:size] == region_code[:size]), 0)

    return max(found, key=common, default=None)


async def import_practitioners(practice: Practice, lines: list[PractitionerLine], corp: str, progress: Progress) -> Imported:
    """:class:`NotImported` when anything is wrong with any line. ``corp``: the WeCom that the accounts belong to."""
    houses: dict[str, list[Organisation]] = defaultdict(list)
    for row in await Organisation.filter(closed_at__isnull=True):
        houses[row.name].append(row)
    licences = {str(row.licence_blind): row for row in await Practitioner.filter(licence_blind__isnull=False)}
    identities = {row.subject: row.account_id for row in await Identity.filter(app=corp)}
    people = {row.account_id: row for row in await Practitioner.all()}
    problems: list[Problem] = []
    new: list[PractitionerLine] = []
    by_user: dict[str, int] = {}
    by_licence: dict[str, int] = {}
    for one in lines:
        blind = practice.keys.blind("licence", one.licence_number) if one.licence_number else ""
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
        by_user.setdefault(one.userid, one.line)
        by_licence.setdefault(blind, one.line)
    if problems:
        raise NotImported(problems)
    for one in new:
        order = RegisterPractitioner.model_validate({
            "organisation_id": houses[one.organisation][0].id, "full_name": one.name, "sex": one.sex, "title_name": one.title_name,
            "licence_number": one.licence_number, "licence_valid_until": one.licence_valid_until, "scope": one.scope,
            "department_code": one.department_code, "expertise": one.expertise, "years_of_practice": one.years, "roles": one.roles,
            "app": corp, "subject": one.userid,
        })
        await _give(practice, one.line, order)
        progress(1)
    progress(len(lines) - len(new))
    return Imported(len(new), len(lines) - len(new))


async def _give(practice: Practice, line: int, order: RegisterOrganisation | RegisterPractitioner) -> None:
    """Somebody else may have changed something since the check: then it stops here, and the same table completes it."""
    try:
        await practice.execute(OPERATOR, order)
    except DomainError as refusal:
        raise NotImported([Problem(line, f"{refusal.message}(前面的行已经导入;改好后再导入一次,已有的会跳过)")]) from None
