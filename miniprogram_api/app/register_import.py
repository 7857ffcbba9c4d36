"""Taking in what the tables say, on the machine itself: only when all lines are well, anything is made.

Each line is an order of its own, so that nobody who works at the same time waits for the whole table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.foundation.errors import DomainError
from core.foundation.practice import Practice
from core.people.commands_staff import RegisterOrganisation, RegisterPractitioner
from core.people.register_check import check_organisations, check_practitioners, organisation_order, practitioner_order
from core.people.register_files import OrganisationLine, PractitionerLine, Problem
from miniprogram_api.app.signing import OPERATOR

Progress = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Imported:
    made: int
    there: int


class NotImported(Exception):
    """Nothing was made: ``problems`` say why. (Or, of a line refused at the last moment, what came before it.)"""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = sorted(problems, key=lambda one: one.line)


async def import_organisations(practice: Practice, lines: list[OrganisationLine], progress: Progress) -> Imported:
    """:class:`NotImported` when anything is wrong with any line. Parents may stand after their children."""
    checked = await check_organisations(lines)
    if checked.problems:
        raise NotImported(checked.problems)
    for one in checked.new:
        await _give(practice, one.line, await organisation_order(one))
        progress(1)
    progress(checked.there)
    return Imported(len(checked.new), checked.there)


async def import_practitioners(practice: Practice, lines: list[PractitionerLine], corp: str, progress: Progress) -> Imported:
    """:class:`NotImported` when anything is wrong with any line. ``corp``: the WeCom that the accounts belong to."""
    checked, houses = await check_practitioners(practice.keys, lines, corp)
    if checked.problems:
        raise NotImported(checked.problems)
    for one in checked.new:
        await _give(practice, one.line, practitioner_order(one, houses[one.organisation], corp))
        progress(1)
    progress(checked.there)
    return Imported(len(checked.new), checked.there)


async def _give(practice: Practice, line: int, order: RegisterOrganisation | RegisterPractitioner) -> None:
    """Somebody else may have changed something since the check: then it stops here, and the same table completes it."""
    try:
        await practice.execute(OPERATOR, order)
    except DomainError as refusal:
        raise NotImported([Problem(line, f"{refusal.message}(前面的行已经导入;改好后再导入一次,已有的会跳过)")]) from None
