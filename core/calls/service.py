"""The room's front: loading this module registers its handlers, relations and due work."""

from __future__ import annotations

from core.calls import (
    attending,
    guests,
    moderating,
    phoning,
    reading,
    recording,
    recording_disposal,
    recording_rules,
    recording_store,
    running,
    seats,
    standing,
    talking,
)
from core.calls.attending import seen
from core.calls.recording_store import look_at
from core.calls.rules import ENTRY_LABELS, TOLD_WITH_WORDS
from core.calls.waiting import waits
from core.consultations.rules import word_entries

word_entries(ENTRY_LABELS, with_words=TOLD_WITH_WORDS)
word_entries(recording_rules.ENTRY_LABELS)

__all__ = [
    "attending", "guests", "look_at", "moderating", "phoning", "reading", "recording", "recording_disposal", "recording_store", "running", "seats",
    "seen", "standing", "talking", "waits",
]  # fmt: skip
