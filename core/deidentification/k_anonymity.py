"""k-anonymity: the finest table in which nobody stands with fewer than k, almost nobody left out; measured by pyCANON.

Sweeney, k-anonymity (2002): every combination of quasi-identifiers occurs at least k times. It says nothing of what is sensitive within a class.
"""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from core.deidentification.errors import CheckMissing, TooFewPatients
from core.deidentification.rules import COLUMNS, MOST_SUPPRESSED, Levels, Quasi, Row, every_levels, generalised


@dataclass(frozen=True, slots=True)
class Table:
    """``rows`` by patient, without those who are left out."""

    levels: Levels
    rows: dict[str, Row]
    suppressed: tuple[str, ...]


def check_library() -> None:
    """:class:`CheckMissing` where pyCANON is not installed: no copy is made unchecked."""
    if importlib.util.find_spec("pycanon") is None:
        raise CheckMissing


def table(people: Mapping[str, Quasi], k: int) -> Table:
    """The table that tells most; :class:`TooFewPatients` when there are fewer than ``k``."""
    if len(people) < k:
        raise TooFewPatients(count=len(people), k=k)
    found = [at(people, k, levels) for levels in every_levels()]
    allowed = int(len(people) * MOST_SUPPRESSED)
    return next(one for one in found if len(one.suppressed) <= allowed)


def at(people: Mapping[str, Quasi], k: int, levels: Levels) -> Table:
    """The table at ``levels``; who stands with fewer than ``k`` is left out."""
    return of_rows({patient: generalised(one, levels) for patient, one in people.items()}, k, levels)


def of_rows(rows: Mapping[str, Row], k: int, levels: Levels) -> Table:
    """The table of ``rows``, which stand at ``levels`` already."""
    sizes = Counter(rows.values())
    return Table(levels, {one: row for one, row in rows.items() if sizes[row] >= k}, tuple(one for one, row in rows.items() if sizes[row] < k))


def measured(rows: list[Row]) -> int:
    """k of ``rows`` as pyCANON counts it; 0 of an empty table. Loads pandas (a second): call it in a thread."""
    if not rows:
        return 0
    check_library()
    import pandas
    from pycanon import anonymity

    return int(anonymity.k_anonymity(pandas.DataFrame(rows, columns=list(COLUMNS)), list(COLUMNS)))
