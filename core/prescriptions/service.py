"""The room's front: loading this module registers its handlers, relations and due kinds; other rooms import from here."""

from __future__ import annotations

from core.foundation.work import Work
from core.prescriptions import (
    case_facts,
    dose_views,
    emergency,
    emergency_head,
    facts,
    not_given,
    of_case,
    reading,
    relations,
    review,
    signing,
    stages,
    waiting,
    withdrawing,
    writing,
)
from core.prescriptions.commands import ItemView
from core.prescriptions.knowledge_base import rule_sets
from core.prescriptions.models import Prescription
from core.prescriptions.steps import body_of
from core.prescriptions.views import item_view

__all__ = [
    "case_facts", "dose_views", "emergency", "emergency_head", "facts", "items_of", "not_given", "of_case", "reading", "relations", "review",
    "rule_sets", "signing", "stages", "waiting", "withdrawing", "writing",
]


async def items_of(work: Work, row: Prescription) -> tuple[ItemView, ...]:
    """The drugs of a prescription with packs, price in fen and coverage class."""
    return tuple(item_view(one) for one in (await body_of(work, row)).items)
