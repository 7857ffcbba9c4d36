"""The real-name check that is still owed."""

from __future__ import annotations

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Grant


class CheckRealName(Command):
    """Ask once more about a patient whose name could not be verified when he was registered. ``step`` counts the tries."""

    name = "people.check_real_name"
    title = "实名核验"
    access = (Grant(Role.SYSTEM),)
    patient_id: Id
    step: int
