"""What a person wants gone and a law keeps is locked: kept under its key, and used for nothing but what is named here.

Source: 个人信息保护法 article 47 (where the term of a law has not run out, processing other than storing and protecting stops). The lock stands in the
key ring, beside the key, so that no order can pass it by and none asks the database for it. The person's own side may look (article 45); the system
goes on keeping; staff come in only where a room above says so (an emergency, with its reason).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from core.foundation.actor import Role
from core.foundation.keys import Sealer, SubjectLocked

if TYPE_CHECKING:
    from core.foundation.work import Work

Opens = Callable[["Work", str], Awaitable[bool]]
O = TypeVar("O", bound=Opens)
_OPENS: list[Opens] = []
NOT_LOCKED_OUT = (Role.PATIENT, Role.SYSTEM, Role.VISITOR)


def opens_locked(opens: O) -> O:
    """Registers ``(work, patient_id) -> bool``: whether this order may open a locked patient's data all the same."""
    _OPENS.append(opens)
    return opens


async def check_lock(work: Work, patient_id: str, sealer: Sealer) -> None:
    """:class:`SubjectLocked` where the data are locked and nothing lets this order in."""
    if not sealer.locked or work.role in NOT_LOCKED_OUT:
        return
    for opens in _OPENS:
        if await opens(work, patient_id):
            return
    raise SubjectLocked
