"""The room's front: loading this module registers its handlers and relations; other rooms import from here."""

from __future__ import annotations

from core.appointments import booking, county_roster, own_roster, slots
from core.appointments.roster import absent, on_duty

__all__ = ["absent", "booking", "county_roster", "on_duty", "own_roster", "slots"]
