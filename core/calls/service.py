"""The room's front: loading this module registers its handlers, relations and due work."""

from __future__ import annotations

from core.calls import attending, guests, moderating, phoning, reading, running, seats, standing, talking
from core.calls.attending import seen
from core.calls.rules import ENTRY_LABELS, TOLD_WITH_WORDS
from core.calls.waiting import waits
from core.consultations.rules import word_entries

word_entries(ENTRY_LABELS, with_words=TOLD_WITH_WORDS)

__all__ = ["attending", "guests", "moderating", "phoning", "reading", "running", "seats", "seen", "standing", "talking", "waits"]
