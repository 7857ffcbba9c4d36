"""Who acts: an account with the roles it holds, or the system itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """The roles of architecture.md; ``VISITOR`` is any signed-in account, ``SYSTEM`` a process acting on a due row or an event."""

    PATIENT = "patient"
    VILLAGE_DOCTOR = "village_doctor"
    DUTY_DOCTOR = "duty_doctor"
    EXPERT = "expert"
    PHARMACIST = "pharmacist"
    SCHEDULER = "scheduler"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    VISITOR = "visitor"
    SYSTEM = "system"


ROLE_LABELS: dict[Role, str] = {
    Role.PATIENT: "患者",
    Role.VILLAGE_DOCTOR: "村医",
    Role.DUTY_DOCTOR: "值班医生",
    Role.EXPERT: "专家",
    Role.PHARMACIST: "药师",
    Role.SCHEDULER: "调度员",
    Role.ADMINISTRATOR: "管理员",
    Role.AUDITOR: "审计员",
    Role.VISITOR: "访客",
    Role.SYSTEM: "系统",
}


@dataclass(frozen=True, slots=True)
class HeldRole:
    role: Role
    organisation_id: str


@dataclass(frozen=True, slots=True)
class WithheldRole:
    """A role that somebody holds and may not act in now. ``reason`` is a sentence that says why and what to do."""

    role: Role
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Actor:
    """``channel`` is where the order came from: official_account, mini_program, wecom_app, wecom_robot, terminal, api, h5, system.

    ``session_id``: the session in which it was given, "" where the platform vouches for each message (chat). ``address``: the network that it
    came from (:func:`core.foundation.audit.origin.network_of`), never the whole address. ``withheld``: roles that do not count now, with the
    reason. ``user``: the operating system's user, where the order was typed on the machine itself.
    """

    account_id: str
    roles: tuple[HeldRole, ...]
    channel: str
    practitioner_id: str | None = None
    session_id: str = ""
    address: str = ""
    withheld: tuple[WithheldRole, ...] = ()
    user: str = ""

    @staticmethod
    def system(process: str, *, user: str = "") -> Actor:
        """The process ``process`` acting by itself (``ticker``, ``worker`` …)."""
        return Actor(account_id=f"system:{process}", roles=(HeldRole(Role.SYSTEM, ""),), channel="system", user=user)

    @property
    def is_system(self) -> bool:
        return self.account_id.startswith("system:")

    def holds(self, role: Role) -> bool:
        if role is Role.VISITOR:
            return not self.is_system
        return any(held.role is role for held in self.roles)

    def withheld_from(self, roles: Iterable[Role]) -> WithheldRole | None:
        """The first withheld role among ``roles``."""
        wanted = set(roles)
        return next((one for one in self.withheld if one.role in wanted), None)

    def organisations(self, role: Role) -> frozenset[str]:
        """The organisations at which the actor holds ``role``."""
        return frozenset(held.organisation_id for held in self.roles if held.role is role)
