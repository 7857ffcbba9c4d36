"""Erasing a subject: its data keys are destroyed, and with them everything that was ever sealed under them, wherever a copy of it lies."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from tortoise.transactions import in_transaction

from core.foundation.database.connection import KEYRING
from core.foundation.encryption.ring import BELL, new_edition
from core.foundation.keyring.models import WrappedKey

if TYPE_CHECKING:
    from core.foundation.practice import Practice
    from core.foundation.work import Work

Besides = Callable[["Work", str], Awaitable[list[str]]]
Ending = Callable[["Work", str], Awaitable[None]]
E = TypeVar("E", bound=Callable[..., Awaitable[None]])
B = TypeVar("B", bound=Callable[..., Awaitable[list[str]]])
AT_ONCE = 1000
"""Subjects that one statement names."""
_ENDINGS: dict[str, list[Ending]] = {}
_BESIDES: dict[str, list[Besides]] = {}


def before_erasure(kind: str) -> Callable[[E], E]:
    """Registers ``(work, subject_id) -> None``: what a room ends in the same transaction when a subject of ``kind`` is erased."""

    def register(ending: E) -> E:
        _ENDINGS.setdefault(kind, []).append(ending)
        return ending

    return register


def erased_with(kind: str) -> Callable[[B], B]:
    """Registers ``(work, subject_id) -> subjects`` (``<kind>:<id>``): what has keys of its own and is erased with a subject of ``kind``."""

    def register(besides: B) -> B:
        _BESIDES.setdefault(kind, []).append(besides)
        return besides

    return register


async def erase_subject(work: Work, kind: str, subject_id: str) -> bool:
    """Destroy the keys of subject ``kind:subject_id`` for good; False when it has none (any more). For use in an order's handler.

    It cannot be taken back, not even by the roll-back of the order's transaction: the key ring is another database. So the handler calls it
    last, when nothing can refuse any more. The audit entry of the order names the subject. Every process forgets the key at once: by the
    bell, and where that is not heard by the edition of the ring, within a second.
    """
    work.concerns(kind, subject_id, erased="key")
    return bool(await erase_all(work, [f"{kind}:{subject_id}"]))


async def erase_all(work: Work, subjects: Sequence[str]) -> int:
    """The same of several subjects (``<kind>:<id>``) at once, all or none; how many had a key. The order names in its entry whose they are."""
    return await destroy_all(work.practice, await ended(work, subjects))


async def ended(work: Work, subjects: Sequence[str]) -> list[str]:
    """End in the order's transaction what rooms end with ``subjects``; these and what has keys of its own and goes with them."""
    found = list(subjects)
    for subject in subjects:
        kind, _, subject_id = subject.partition(":")
        for ending in _ENDINGS.get(kind, ()):
            await ending(work, subject_id)
        for besides in _BESIDES.get(kind, ()):
            found += await besides(work, subject_id)
    return list(dict.fromkeys(found))


async def set_lock(practice: Practice, subjects: Sequence[str], *, locked: bool) -> int:
    """Lock what is under the keys of ``subjects``, or unlock it, in every process; how many changed. It can be taken back."""
    at = practice.clock.real_now() if locked else None
    async with in_transaction(KEYRING):
        changed = await WrappedKey.filter(id__in=list(subjects), erased_at__isnull=True, locked_at__isnull=locked).update(locked_at=at)
        if not changed:
            return 0
        await new_edition()
    await practice.keys.look()
    await practice.signals.publish(BELL)
    return changed


async def destroy_keys(practice: Practice, kind: str, *subject_ids: str) -> int:
    """The same without an audit entry, of several subjects in one step; how many had a key. For what is no person's (a test, a key that was never
    used), and for what the order's own entry names otherwise (a month of words)."""
    return await destroy_all(practice, [f"{kind}:{one}" for one in subject_ids])


async def destroy_all(practice: Practice, subjects: Sequence[str]) -> int:
    """The keys of ``subjects`` (``<kind>:<id>``) alone, all or none; how many had one."""
    # Both or neither: whoever is killed between them would leave every other process opening what is destroyed, and no repeat would tell them.
    async with in_transaction(KEYRING):
        destroyed = 0
        for start in range(0, len(subjects), AT_ONCE):
            # The row stays without keys: nobody makes the subject a new one, and what is left of it does not count as damaged.
            destroyed += await WrappedKey.filter(id__in=list(subjects[start : start + AT_ONCE]), erased_at__isnull=True).update(
                wrapped=b"", former=None, former_version=None, former_suite=None, erased_at=practice.clock.real_now()
            )
        if not destroyed:
            return 0
        await new_edition()
    await practice.keys.look()
    await practice.signals.publish(BELL)
    return destroyed
