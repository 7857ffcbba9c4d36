"""The room's front: loading this module registers its handlers, relations and listeners; other rooms import from here."""

from __future__ import annotations

from core.coverage import claims, insurer, memberships, prescriptions
from core.coverage.insurer import Insurer, connect_insurer

__all__ = ["Insurer", "claims", "connect_insurer", "insurer", "memberships", "prescriptions"]
