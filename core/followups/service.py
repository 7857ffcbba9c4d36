"""The room's front: loading this module registers its handlers, relations, listeners and due kinds; other rooms import from here."""

from __future__ import annotations

from core.followups import case_readings, offers, on_list, plans, readings, reminders, worse
from core.followups.templates import rule_set
from nlp.interface.engine import RuleSet

__all__ = ["case_readings", "offers", "on_list", "plans", "readings", "reminders", "rule_sets", "worse"]


def rule_sets() -> tuple[RuleSet, ...]:
    """The rules of care of follow-up that the hospital signs beside the engine's."""
    return (rule_set(),)
