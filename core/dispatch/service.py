"""The room's front: loading this module registers its handlers, relations, hooks and due kinds."""

from __future__ import annotations

from core.dispatch import alert_views, alerts, expert_desk, helpers, nudging, offer_views, offers, reassigning, requests, search, waiting_cases
from core.dispatch.first_measures import rule_set as measures_rules
from core.matching.weights import rule_set as weight_rules
from nlp.interface.engine import RuleSet

__all__ = [
    "alert_views", "alerts", "expert_desk", "helpers", "nudging", "offer_views", "offers", "reassigning", "requests", "rule_sets", "search",
    "waiting_cases",
]  # fmt: skip


def rule_sets() -> tuple[RuleSet, ...]:
    """The rules of care of dispatch and matching that the hospital signs beside the engine's."""
    return weight_rules(), measures_rules()
