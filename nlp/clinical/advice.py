"""What to do, with a clock and with named signs: by level, by what is complained of, for a child, in pregnancy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from nlp.interface.urgency import Urgency

from .case import Case
from .expressions import Expression
from .knowledge import Rule, expression, table

CRITICAL_DO_NOW = ("身边留人,坐下或平躺,不要走动", "把正在吃的药和检查单带上")
CRITICAL_DO_NOT = ("不要自己开车去", "不要吃喝")


@dataclass(frozen=True)
class AdviceEntry:
    id: str
    levels: frozenset[Urgency]
    when: Expression | None
    unless: Expression | None
    says: frozenset[str]
    """Lines of first aid that say the same."""
    text: str


@cache
def entries() -> tuple[AdviceEntry, ...]:
    return tuple(
        AdviceEntry(
            id=row["id"],
            levels=frozenset(Urgency(level) for level in row["levels"]),
            when=expression(row["when"]) if row.get("when") else None,
            unless=expression(row["unless"]) if row.get("unless") else None,
            says=frozenset(row.get("says", ())),
            text=row["text"],
        )
        for row in table("advice.toml")["advice"]
    )


@cache
def _instead() -> dict[str, str]:
    """First-aid lines that are left out where the other is said."""
    found: dict[str, str] = table("advice.toml")["instead"]
    return found


def advice(case: Case, level: Urgency | None, fired: list[Rule]) -> tuple[str, ...]:
    """The sentences that fit, at most eight: first what to do, then the signs that mean 120 or coming back earlier."""
    if level is None:
        return ()
    found = [
        entry
        for entry in entries()
        if level in entry.levels and (entry.when is None or entry.when(case) is not None) and (entry.unless is None or entry.unless(case) is None)
    ]
    # first aid of the worst rules (washing a bite, nothing to eat before an operation) follows the first sentence
    worst = max((rule.level.severity for rule in fired), default=0)
    speaking = [rule for rule in fired if rule.level.severity == worst and level is not Urgency.CRITICAL]
    first_aid = [text for rule in speaking for text in (*rule.do_now, *rule.do_not)]
    opening = found[:1]
    said = [text for text in first_aid if not any(text in entry.says for entry in opening) and _instead().get(text) not in first_aid][:5]
    rest = [entry.text for entry in found[1:] if entry.says.isdisjoint(said)]
    return tuple(dict.fromkeys([*(entry.text for entry in opening), *said, *rest]))[:8]
