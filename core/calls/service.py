"""The room's front: loading this module registers its handlers, relations and due work."""

from __future__ import annotations

from core.calls import attending, reading, running, seats
from core.calls.attending import seen
from core.calls.rules import ENTRY_LABELS
from core.consultations.rules import word_entries

word_entries(ENTRY_LABELS)

__all__ = ["attending", "reading", "running", "seats", "seen"]
