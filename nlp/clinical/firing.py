"""Which rules hold in a case, worked out once: only those are looked at of which something that they need was told."""

from __future__ import annotations

from functools import cache

from .case import Case
from .expressions import Evidence
from .knowledge import Rule, rules

_NOTE = "rules that hold"


@cache
def _by_need() -> tuple[frozenset[int], dict[str, tuple[int, ...]]]:
    """Places of the rules that need nothing named, and by what they need one of."""
    always = frozenset(place for place, rule in enumerate(rules()) if rule.when.needs is None)
    named: dict[str, list[int]] = {}
    for place, rule in enumerate(rules()):
        for code in rule.when.needs or ():
            named.setdefault(code, []).append(place)
    return always, {code: tuple(places) for code, places in named.items()}


def fired(case: Case) -> tuple[tuple[Rule, Evidence], ...]:
    """The rules that hold with what speaks for each, in the order of the files."""
    found = case.notes.get(_NOTE)
    if not isinstance(found, tuple):
        always, named = _by_need()
        places = set(always)
        for code in case.told:
            places.update(named.get(code, ()))
        everything = rules()
        looked = ((everything[place], everything[place].when(case)) for place in sorted(places))
        found = case.notes[_NOTE] = tuple((rule, evidence) for rule, evidence in looked if evidence is not None)
    return found
