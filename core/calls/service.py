"""The room's front: loading this module registers its handlers, relations and due work."""

from __future__ import annotations

from core.calls import attending, reading, recording, recording_disposal, recording_rules, recording_store, running, seats
from core.calls.attending import seen
from core.calls.rules import ENTRY_LABELS
from core.consultations.rules import word_entries

word_entries(ENTRY_LABELS)
word_entries(recording_rules.ENTRY_LABELS)

__all__ = ["attending", "reading", "recording", "recording_disposal", "recording_store", "running", "seats", "seen"]
