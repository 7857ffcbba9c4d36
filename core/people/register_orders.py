"""试导入 and 导入: a table of the administrator's county, read line by line; made whole or not at all."""

from __future__ import annotations

from collections import Counter
from typing import TypeVar

from core.foundation.errors import DomainError
from core.foundation.orders import Command, answers, handles
from core.foundation.work import Work
from core.people.commands_register import MOST_AT_ONCE, CheckRegister, ImportRegister, LineProblem, RegisterChecked
from core.people.errors_staff import RegisterWrong, WecomUnknown
from core.people.models import Identity, Practitioner
from core.people.register_check import Checked, check_organisations, check_practitioners, organisation_order, practitioner_order
from core.people.register_files import OrganisationLine, PractitionerLine, Problem, read_organisations, read_practitioners

L = TypeVar("L")


@answers(CheckRegister)
async def check_register(work: Work, order: CheckRegister) -> RegisterChecked:
    work.concerns("region", order.region_code)
    if order.what == "organisations":
        return _told(await _organisations(order))
    return _told((await _practitioners(work, order))[0])


@handles(ImportRegister)
async def import_register(work: Work, order: ImportRegister) -> RegisterChecked:
    work.concerns("region", order.region_code)
    if order.what == "organisations":
        houses = _sound(await _organisations(order))
        for house in houses.new:
            await _made(work, house.line, await organisation_order(house))
        return _told(houses)
    checked, ids, corp = await _practitioners(work, order)
    people = _sound(checked)
    for one in people.new:
        await _made(work, one.line, practitioner_order(one, ids[one.organisation], corp))
    return _told(people)


async def _organisations(order: CheckRegister | ImportRegister) -> Checked[OrganisationLine]:
    lines, problems = read_organisations(order.table.encode())
    checked = await check_organisations(lines, order.region_code)
    return Checked(checked.new, checked.there, (*_most(len(lines)), *problems, *checked.problems))


async def _practitioners(work: Work, order: CheckRegister | ImportRegister) -> tuple[Checked[PractitionerLine], dict[str, str], str]:
    lines, problems = read_practitioners(order.table.encode())
    corp = await wecom_of(work)
    checked, houses = await check_practitioners(work.practice.keys, lines, corp, order.region_code)
    return Checked(checked.new, checked.there, (*_most(len(lines)), *problems, *checked.problems)), houses, corp


def _most(count: int) -> tuple[Problem, ...]:
    return (Problem(0, f"一次最多 {MOST_AT_ONCE} 行,请分成几个文件;更大的请技术人员在服务器上导入。"),) if count > MOST_AT_ONCE else ()


def _told(checked: Checked[OrganisationLine] | Checked[PractitionerLine]) -> RegisterChecked:
    problems = sorted(checked.problems, key=lambda one: one.line)
    return RegisterChecked(
        new=len(checked.new), there=checked.there, problems=tuple(LineProblem(line=one.line, sentence=one.sentence) for one in problems)
    )


def _sound(checked: Checked[L]) -> Checked[L]:
    if checked.problems:
        raise _wrong(min(checked.problems, key=lambda one: one.line))
    return checked


async def _made(work: Work, line: int, order: Command) -> None:
    """One line in the same transaction, by its own order: the administrator's right to it is asked for there again."""
    try:
        await work.execute(order)
    except DomainError as refusal:
        raise _wrong(Problem(line, refusal.message)) from None


def _wrong(problem: Problem) -> RegisterWrong:
    return RegisterWrong(problem=str(problem))


async def wecom_of(work: Work) -> str:
    """The WeCom in which the actor works: of the platforms on which he is known the one on which most practitioners are."""
    own = [one.app for one in await Identity.filter(account_id=work.actor.account_id)]
    if not own:
        raise WecomUnknown
    staff = await Practitioner.all().values_list("account_id", flat=True)
    known = Counter([one.app for one in await Identity.filter(app__in=own, account_id__in=list(staff)).only("id", "app")])
    return min(own, key=lambda app: (-known[app], app))
