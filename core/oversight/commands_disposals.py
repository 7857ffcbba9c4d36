"""What can be asked about what is to be deleted because its time is over."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Grant, Query, Result

DisposalState = Literal["announced", "held", "alive", "erasing", "done"]
HoldReason = Literal["dispute", "request", "inquiry", "other"]
ReleaseReason = Literal["settled", "withdrawn", "mistake", "other"]

REASONS: dict[str, str] = {
    "dispute": "有纠纷或投诉", "request": "本人或家属要求", "inquiry": "检查或司法机关要求", "settled": "事情已了结",
    "withdrawn": "本人或家属不再要求", "mistake": "点错了", "other": "其他原因",
}
"""Why something is kept, or no longer kept."""


class DisposalView(Result):
    """``kind``: record (everything of one patient) or process (what was said in the month ``subject``). Ids, months, times and numbers only.

    ``place``: the house in whose register the patient is. ``reason_label``: why it is kept. ``gone`` of ``total`` words or files are erased;
    ``kept`` of them wait for open cases.
    """

    disposal_id: Id
    kind: Literal["record", "process"]
    subject: str
    state: DisposalState
    state_label: str
    announced_at: datetime
    due_at: datetime
    done_at: datetime | None
    place: str
    held_at: datetime | None
    reason: str
    reason_label: str
    total: int
    gone: int
    kept: int


class DisposalList(Result):
    """``counts``: how many there are in each state; of each state the list shows fifty at most."""

    disposals: tuple[DisposalView, ...]
    counts: dict[str, int]


class Disposals(Query):
    """What is being erased and announced, the next first; what is kept, and the latest that were done or came alive again."""

    name = "oversight.disposals"
    title = "到期资料的清理"
    access = (Grant(Role.ADMINISTRATOR), Grant(Role.AUDITOR), Grant(Role.SYSTEM))
    no_relation = "病历只列本县的,只有编号、月份和时间"
    gives = DisposalList
    audited = True
    disposal_id: Id | None = None
    """This one alone, if it is in the list."""


class HoldDisposal(Command):
    """The house keeps it all the same (a dispute, a request of the patient): it is not deleted until an administrator takes this back."""

    name = "oversight.hold_disposal"
    title = "到期资料继续保留"
    access = (Grant(Role.ADMINISTRATOR, "same_county"),)
    gives = DisposalView
    disposal_id: Id
    reason: HoldReason


class ReleaseDisposal(Command):
    """The house keeps it no longer: it is announced anew, to everybody who was told before, and goes thirty days later."""

    name = "oversight.release_disposal"
    title = "取消继续保留"
    access = (Grant(Role.ADMINISTRATOR, "same_county"),)
    gives = DisposalView
    disposal_id: Id
    reason: ReleaseReason


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
