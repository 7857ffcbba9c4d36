"""The room's front: loading this module registers its handlers and relations; other rooms import from here."""

from __future__ import annotations

from core.appointments import booking, slots
from core.appointments.roster import absent, on_duty

__all__ = ["absent", "booking", "on_duty", "slots"]
