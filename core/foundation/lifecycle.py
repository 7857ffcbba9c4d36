"""How long what is kept of care stays, by class, and which rows say that somebody was cared for. Rooms declare; core/oversight/disposals.py acts.

Sources (in force when this was written; the originals are to be read before a house relies on them):
互联网诊疗管理办法(试行) 2018 and 互联网诊疗监管细则(试行) 2022: records as outpatient records, at least fifteen years; dialogues, audio and video of
the course, at least three. 医疗机构病历管理规定(2013) article 29: fifteen years from the last visit. 个人信息保护法 articles 19 and 47: not longer
than is needed, then deleted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tortoise.models import Model

if TYPE_CHECKING:
    from core.foundation.work import Work

LEAST_RECORD_YEARS = 15
LEAST_PROCESS_YEARS = 3


@dataclass(frozen=True, slots=True)
class Terms:
    """``record``: years after the last act of care; ``process``: years after the words were said. ValueError below what the law keeps."""

    record: int = LEAST_RECORD_YEARS
    process: int = LEAST_PROCESS_YEARS

    def __post_init__(self) -> None:
        if self.record < LEAST_RECORD_YEARS or self.process < LEAST_PROCESS_YEARS:
            raise ValueError("shorter than the law keeps")


_TERMS = Terms()


def set_terms(terms: Terms) -> None:
    """What this house chose; the composition says it once."""
    global _TERMS
    _TERMS = terms


def terms() -> Terms:
    """The terms in force."""
    return _TERMS


@dataclass(frozen=True, slots=True)
class Trace:
    """Rows of ``model`` with a ``patient_id``: each is an act of care at the latest of the times in ``at``. Those that ``open`` describes are
    under way: whatever they belong to stays."""

    model: type[Model]
    at: tuple[str, ...]
    open: Mapping[str, Any] = field(default_factory=dict)


_TRACES: dict[str, Trace] = {}


def leaves_trace(name: str, trace: Trace) -> None:
    """Declares that rows of a table keep their patient's record alive."""
    if name in _TRACES:
        raise RuntimeError(f"{name} is declared twice")
    _TRACES[name] = trace


def traces() -> dict[str, Trace]:
    """Every declared trace, by name."""
    return dict(sorted(_TRACES.items()))


Needed = Callable[["Work", datetime], Awaitable[set[str]]]
"""``(work, before) -> accounts`` whose words up to ``before`` an open case still needs: few, since hardly a case is open for years."""

_NEEDED: list[Needed] = []


def needs_words(needed: Needed) -> Needed:
    """Registers who still needs what was said."""
    _NEEDED.append(needed)
    return needed


async def words_needed(work: Work, before: datetime) -> set[str]:
    """The accounts whose words up to ``before`` stay."""
    found: set[str] = set()
    for needed in _NEEDED:
        found |= await needed(work, before)
    return found


async def kept_alive(patient_ids: list[str], since: datetime) -> set[str]:
    """Those of the patients for whom something was done since ``since``, or is still under way."""
    found: set[str] = set()
    for trace in _TRACES.values():
        left = [one for one in patient_ids if one not in found]
        if not left:
            break
        of_them = trace.model.filter(patient_id__in=left)
        for column in trace.at:
            found |= {str(one) for one in await of_them.filter(**{f"{column}__gte": since}).values_list("patient_id", flat=True)}
        if trace.open:
            found |= {str(one) for one in await of_them.filter(**trace.open).values_list("patient_id", flat=True)}
    return found


def years_before(moment: datetime, years: int) -> datetime:
    """The same day ``years`` earlier; of 29 February the day before."""
    try:
        return moment.replace(year=moment.year - years)
    except ValueError:
        return moment.replace(year=moment.year - years, day=28)
