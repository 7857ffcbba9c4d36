"""What a person wants gone and a law keeps is locked: kept under its key, and used for nothing but what is named here.

Source: 个人信息保护法 article 47 (where the term of a law has not run out, processing other than storing and protecting stops). The lock stands
in the key ring, beside the key, so that no order can pass it by and none asks the database for it. The person's own side may look (article 45); the
system goes on keeping; staff come in only where a room above says so (an emergency, with its reason).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from core.foundation.actor import Role
from core.foundation.keys import Sealer, SubjectLocked

if TYPE_CHECKING:
    from core.foundation.work import Work

Opens = Callable[["Work", str], Awaitable[bool]]
OPENS = TypeVar("OPENS", bound=Opens)
_OPENS: list[Opens] = []
NOT_LOCKED_OUT = (Role.PATIENT, Role.SYSTEM, Role.VISITOR)


def opens_locked(opens: OPENS) -> OPENS:
    """Registers ``(work, patient_id) -> bool``: whether this order may open a locked patient's data all the same."""
    _OPENS.append(opens)
    return opens


CARE = (Role.VILLAGE_DOCTOR, Role.DUTY_DOCTOR, Role.EXPERT, Role.PHARMACIST, Role.SCHEDULER)
"""Who works with a record. Administrators and auditors go on with what is no use of it: what is kept, who looked, openings to review."""


async def check_concerned(work: Work, patient_id: str) -> None:
    """The same for an order that is about one patient and opened none of his words (a picture is streamed, a state is changed)."""
    if work.role not in CARE:
        return
    sealer = (await work.practice.keys.sealers([f"patient:{patient_id}"])).get(f"patient:{patient_id}")
    if sealer is not None:
        await check_lock(work, patient_id, sealer)


async def is_locked(work: Work, patient_id: str) -> bool:
    """Whether the patient's data are only kept."""
    sealer = (await work.practice.keys.sealers([f"patient:{patient_id}"])).get(f"patient:{patient_id}")
    return sealer is not None and sealer.locked


async def check_lock(work: Work, patient_id: str, sealer: Sealer) -> None:
    """:class:`SubjectLocked` where the data are locked and nothing lets this order in. Who was let in stays so to the order's end: it may itself
    bring to an end what let it in."""
    if not sealer.locked or work.role in NOT_LOCKED_OUT or patient_id in work.let_in:
        return
    for opens in _OPENS:
        if await opens(work, patient_id):
            work.let_in.add(patient_id)
            return
    raise SubjectLocked
