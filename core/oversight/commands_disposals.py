"""What can be asked about what is to be deleted because its time is over."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Grant, Query, Result

DisposalState = Literal["announced", "held", "alive", "erasing", "done"]


class DisposalView(Result):
    """``kind``: record (everything of one patient) or process (what was said in the month ``subject``). Ids, months and times only."""

    disposal_id: Id
    kind: Literal["record", "process"]
    subject: str
    state: DisposalState
    state_label: str
    announced_at: datetime
    due_at: datetime
    done_at: datetime | None


class DisposalList(Result):
    disposals: tuple[DisposalView, ...]


class Disposals(Query):
    """What is announced, the next first, and the latest that were done or kept."""

    name = "oversight.disposals"
    title = "到期资料的清理"
    access = (Grant(Role.ADMINISTRATOR), Grant(Role.AUDITOR), Grant(Role.SYSTEM))
    no_relation = "病历只列本县的,只有编号、月份和时间"
    gives = DisposalList
    audited = True


class HoldDisposal(Command):
    """The house keeps it all the same (a dispute, a request of the patient): it is not deleted. Until a person decides otherwise there is no
    order that takes this back."""

    name = "oversight.hold_disposal"
    title = "到期资料继续保留"
    access = (Grant(Role.ADMINISTRATOR, "same_county"),)
    gives = DisposalView
    disposal_id: Id


class ReviewRetention(Command):
    """The system, when it starts and once a day, in batches: what has been kept long enough is announced."""

    name = "oversight.review_retention"
    title = "查找到期资料"
    access = (Grant(Role.SYSTEM),)
    after: str = Field(default="", max_length=26)
    """The patient up to whom it has looked today."""


class Dispose(Command):
    """The system: what was announced and is still over goes for good; what is needed again stays."""

    name = "oversight.dispose"
    title = "清理到期资料"
    access = (Grant(Role.SYSTEM),)
    gives = DisposalView
    disposal_id: Id
