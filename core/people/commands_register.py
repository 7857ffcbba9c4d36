"""Orders of the administrator about the tables from which a county's houses and people are taken in."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core.foundation.orders import Command, Query, Result
from core.people.commands_staff import ADMINISTRATION

MOST_AT_ONCE = 200
"""Lines that one order takes in: all or none of them, in one transaction. What is larger the operator takes in by the command line."""
What = Literal["organisations", "practitioners"]


class LineProblem(Result):
    """What is wrong in ``line`` (the heading is line 1; 0: the whole table)."""

    line: int
    sentence: str


class RegisterChecked(Result):
    """``new`` lines would be made, ``there`` are there already. With ``problems`` nothing is made."""

    new: int
    there: int
    problems: tuple[LineProblem, ...]


class CheckRegister(Query):
    """试导入: what taking the table in would do, and what is wrong with which line. Nothing is made.

    ``table``: CSV with its heading, as text. ``region_code``: the county's six digits; no line may lie outside it.
    """

    name = "people.check_register"
    title = "试导入名册"
    access = ADMINISTRATION
    gives = RegisterChecked
    audited = True
    region_code: str = Field(pattern=r"^[0-9]{6}$")
    what: What
    table: str = Field(max_length=400_000, repr=False)


class ImportRegister(Command):
    """The table taken in: every line or none. RegisterWrong, which names the first line that is wrong."""

    name = "people.import_register"
    title = "导入名册"
    access = ADMINISTRATION
    gives = RegisterChecked
    region_code: str = Field(pattern=r"^[0-9]{6}$")
    what: What
    table: str = Field(max_length=400_000, repr=False)
