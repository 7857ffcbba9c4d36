"""Loads every room's service, so that its handlers, relations and due kinds are registered. The composition and the tests import this."""

from __future__ import annotations

import importlib

ROOMS = (
    "people", "conversations", "intake", "appointments", "notifications", "matching", "consultations", "dispatch", "calls", "imaging",
    "prescriptions", "candidates", "oversight", "coverage", "credentials", "followups", "fhir", "deidentification",
)

_FOUNDATION = (
    "demonstration", "rule_signing", "retention", "audit.witness", "audit.proofs", "audit.finding", "audit.recovery", "audit.key_acts",
    "encryption.key_acts",
)


def load_rooms() -> None:
    """Import what the foundation can be asked, then ``core.<room>.service`` of every room, bottom first."""
    for module in _FOUNDATION:
        importlib.import_module(f"core.foundation.{module}")
    for room in ROOMS:
        importlib.import_module(f"core.{room}.service")
