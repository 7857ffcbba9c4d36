"""One unit of work: what a handler may use while it carries out an order inside the transaction."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from core.foundation.access import check_access
from core.foundation.actor import Actor, Role
from core.foundation.database import statements
from core.foundation.events import lane_of
from core.foundation.keys import Sealer
from core.foundation.locking import check_concerned, check_lock
from core.foundation.models import AuditEntry, AuditSubject, DueWork, OutboxEvent
from core.foundation.orders import Command, Grant, Order, handler_of

if TYPE_CHECKING:
    from core.foundation.practice import Practice


logger = logging.getLogger("huizhen.audit")

_CODE = re.compile(r"(?!1\d{10}$|\d{17}[\dXx]$)[!-~]{0,100}")
"""What the audit may hold of an act: an id or a code. No white space, nothing beyond ASCII, no phone or ID number: never a person's words."""
WITHHELD = "withheld"
"""Stands in the audit where an order named something that is no id and no code."""


Afterwards = Callable[[], Awaitable[None]]
"""What is done right after the commit by whoever gave the order. An event says the same: a worker does it where this process is killed before."""


@dataclass(slots=True)
class _Subject:
    kind: str = ""
    id: str = ""
    detail: dict[str, str] | None = None


class Work:
    """``now`` is domain time and stands still for the whole unit; ``grant`` is the access entry that opened the door; ``entry_id`` is the id of
    the audit entry that the unit will leave: what it tells and notes elsewhere names it."""

    def __init__(self, practice: Practice, actor: Actor, order: Order) -> None:
        self.practice = practice
        self.actor = actor
        self.order = order
        self.now: datetime = practice.clock.now()
        self.grant: Grant = Grant(Role.VISITOR, "unchecked")
        self.lanes: set[str] = set()
        self.keeps = False
        self.blinded: set[int] = set()
        self.entry_id = practice.ids.new()
        self.kept = False
        self.afterwards: list[Afterwards] = []
        self.let_in: set[str] = set()
        self._subject = _Subject()
        self._opened: set[str] = set()
        self._reason: str | None = None

    @property
    def role(self) -> Role:
        """The role in which the actor acts."""
        return self.grant.role

    def new_id(self) -> str:
        return self.practice.ids.new()

    def new_code(self, prefix: str, length: int = 4) -> str:
        return self.practice.ids.code(prefix, length)

    async def emit(self, topic: str, *, key: str = "", lane: str = "", **ids: str) -> str:
        """Tell of something after the commit. ``ids`` are ids and codes, never a person's words. Events with one ``key`` stay in order.

        ``lane``: where it goes in a hurry, in place of its topic's own; order holds within a lane.
        """
        event_id = self.new_id()
        lane = lane or lane_of(topic)
        real_now = self.practice.clock.real_now()
        values = {
            "id": event_id, "topic": topic, "lane": lane, "key": key, "body": ids, "entry_id": self.entry_id, "created_at": real_now,
            "claimed_until": real_now,
        }  # fmt: skip
        await statements.insert(OutboxEvent, values)
        self.lanes.add(lane)
        return event_id

    async def schedule(self, kind: str, ref: str, due_at: datetime, *, step: str = "") -> str:
        """Have ``kind`` done for ``ref`` at domain time ``due_at``."""
        due_id = self.new_id()
        await DueWork.create(id=due_id, kind=kind, ref=ref, step=step, due_at=due_at)
        self.lanes.add("due")
        return due_id

    async def unschedule(self, kind: str, ref: str) -> None:
        """Drop what is still pending of ``kind`` for ``ref``."""
        await DueWork.filter(kind=kind, ref=ref, state="pending").update(state="dropped")

    async def sealer(self, kind: str, subject_id: str) -> Sealer:
        """What opens and seals values of this subject. Whoever takes that of a patient is held to have looked at him."""
        if kind == "patient":
            self._opened.add(subject_id)
        sealer = await self.practice.keys.sealer(kind, subject_id)
        if kind == "patient":
            await check_lock(self, subject_id, sealer)
        return sealer

    def blind(self, kind: str, value: str) -> str:
        self.blinded.add(self.practice.keys.blind_edition)
        return self.practice.keys.blind(kind, value)

    def concerns(self, kind: str, subject_id: str, **detail: str) -> None:
        """Name whom or what the audit entry of this order is about. ``detail`` holds ids and codes, never a person's words."""
        self._subject = _Subject(kind, _code(self, subject_id), {name: _code(self, value) for name, value in detail.items()} or None)
        if "reason" in detail:
            self.because(detail["reason"])

    def because(self, reason: str) -> None:
        """Name why, where a reason was given: its code, or the id of the row that keeps the words sealed."""
        self._reason = _code(self, reason)[:60]

    def keep_what_is_written(self) -> None:
        """Let what this order has written stay although it is about to be refused (a counted wrong try, a code to be confirmed)."""
        self.keeps = True

    async def execute(self, command: Command, *, as_system: bool = False, prepared: Any = None) -> Any:
        """Carry out another command in the same transaction, with its own access check and audit entry."""
        actor = Actor.system("worker") if as_system else self.actor
        inner = Work(self.practice, actor, command)
        inner.now, inner.let_in = self.now, self.let_in
        result = await inner.carry_out(prepared)
        self.lanes |= inner.lanes
        self.afterwards += inner.afterwards
        self.blinded |= inner.blinded
        return result

    async def carry_out(self, prepared: Any = None) -> Any:
        """Check access, run the handler, write the audit entry."""
        self.grant = await check_access(self, self.order)
        handler = handler_of(type(self.order))
        result = await (handler(self, self.order) if prepared is None else handler(self, self.order, prepared))
        await self.audit("done")
        return result

    async def audit(self, outcome: str) -> None:
        """Write the audit entry of this order, and a line for each patient whose data it opened beside the one whom it concerns."""
        if outcome == "done" and self._subject.kind == "patient":
            await check_concerned(self, self._subject.id)
        others = self._looked_at() if outcome == "done" else []
        if others:
            await AuditSubject.bulk_create([AuditSubject(id=self.new_id(), entry_id=self.entry_id, patient_id=one) for one in others])
        await statements.insert(AuditEntry, self.entry(outcome, others))

    def entry(self, outcome: str, others: Sequence[str] = ()) -> dict[str, Any]:
        """The audit entry of this order, to be written; ``others``: patients whose data it opened beside."""
        organisations = sorted(self.actor.organisations(self.grant.role))
        return {
            "id": self.entry_id,
            "at": self.now,
            "real_at": self.practice.clock.real_now(),
            "account_id": self.actor.account_id,
            "role": self.grant.role.value,
            "relation": self.grant.relation,
            "organisation_id": organisations[0] if organisations else "",
            "channel": self.actor.channel,
            "action": self.order.name,
            "outcome": outcome,
            "subject_kind": self._subject.kind,
            "subject_id": self._subject.id,
            "detail": self._detail(others),
            "reason": self._reason,
            "session_id": self.actor.session_id or None,
            "address": self.actor.address or None,
        }

    def _looked_at(self) -> list[str]:
        """The other patients of a list, sorted. What the system opens goes to nobody, and one's own side is no stranger."""
        if self.role in (Role.SYSTEM, Role.VISITOR, Role.PATIENT):
            return []
        own = {self._subject.id} if self._subject.kind == "patient" else set()
        return sorted(self._opened - own)

    def _detail(self, others: Sequence[str]) -> dict[str, str]:
        detail = dict(self._subject.detail or {})
        if self.actor.user:
            detail["user"] = _code(self, self.actor.user)
        if others:
            detail |= {"patients": str(len(others)), "shown": shown_digest(others)}
        return detail


def shown_digest(patient_ids: Iterable[str]) -> str:
    """SHA-256 of the patients' ids, sorted, a line each: the lines beside an entry belong to what the tree holds of it."""
    return hashlib.sha256("\n".join(sorted(patient_ids)).encode()).hexdigest()


def _code(work: Work, value: str) -> str:
    """``value`` if it is an id or a code; words of a person do not get into the audit, whoever hands them over."""
    if _CODE.fullmatch(value):
        return value
    logger.error("%s names something in its audit entry that is no id and no code", work.order.name)
    return WITHHELD
