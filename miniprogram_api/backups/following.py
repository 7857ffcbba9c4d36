"""A second site that follows: sets are taken by the clock, and copied to two further repositories as soon as they are there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from core.foundation.database.away import AWAY
from core.foundation.errors import DomainError
from core.foundation.practice import Practice
from core.oversight.backups import BackupCopied, BackupTaken
from miniprogram_api.app.rekeying import open_for_rekeying
from miniprogram_api.app.settings import Settings
from miniprogram_api.app.signing import OPERATOR
from miniprogram_api.backups.failures import BackupFailed
from miniprogram_api.backups.sets import Listed, Targets, alone, keep_of, listed, paired, tags_of, targets_of
from miniprogram_api.backups.taking import Progress, Say, Taken, let_go, take

_PASSING: tuple[type[Exception], ...] = (DomainError, OSError, *AWAY)
"""What a round meets and the next one may not: the database or the storage is away."""


@dataclass(frozen=True, slots=True)
class Round:
    """One round: the set, and how long taking and copying lasted (seconds)."""

    taken: Taken
    take_s: float
    copy_s: float | None
    """None without a second site."""


async def back_up_once(
    settings: Settings, practice: Practice, *, full: bool = True, say: Say = lambda line: None, progress: Progress | None = None
) -> Round:
    """Take a set, leave it in the audit, copy it to the second site where there is one, and let old sets go. What fails after the set was taken is
    raised when all the rest is done."""
    began = time.monotonic()
    taken = await take(settings, practice, full=full, say=say, progress=progress)
    await practice.execute(OPERATOR, BackupTaken(set_id=taken.seal.set_id, taken_at=taken.seal.reaches))
    took, copied, failure = time.monotonic() - began, None, None
    with alone(settings):
        targets = targets_of(settings)
        here = await listed(targets) if settings.backup_second_repository or keep_of(settings) else None
        if settings.backup_second_repository and here is not None:
            say("送到第二份仓库")
            began = time.monotonic()
            try:
                await bring_to(settings, targets, targets_of(settings, second=True), here)
                await practice.execute(OPERATOR, BackupCopied(set_id=taken.seal.set_id, taken_at=taken.seal.reaches))
            except BackupFailed as away:
                failure = away
            copied = time.monotonic() - began
        say("按设置清理旧快照")
        await let_go(settings, targets, here)
    if failure is not None:
        raise failure
    return Round(taken, took, copied)


async def bring_to(settings: Settings, first: Targets, second: Targets, here: Listed | None = None) -> None:
    """Copy the finished sets that the second site lacks. What goes there goes by its own count, never because it is gone here: whoever deletes here,
    or begins here anew, takes nothing from there. ``here``: what lies at the first, where that is known."""
    sets, there = paired(here or await listed(first)), await listed(second)
    known = paired(there)
    newest = max((one.reaches for one in known), default=None)
    whole = {one.id for one in known}
    half = {tags_of(one).get("set") for one in there.data} - whole
    # Older ones that are not there were thinned out there; those whose data came and whose keys did not were cut off in the middle.
    lacking = [one for one in sets if one.id not in whole and (newest is None or one.reaches >= newest or one.id in half)]
    # The data first: a set is one when its key ring is there.
    await second.data.take_from(first.data, [one.data.id for one in lacking])
    await second.keys.take_from(first.keys, [one.keys.id for one in lacking])
    await let_go(settings, second, None if lacking else there)


async def follow(settings: Settings, told: Callable[[Round | BackupFailed], None], *, rounds: int = 0, sleep_s: float | None = None) -> None:
    """Take and copy sets every so often until cancelled (or for so many ``rounds``). A round that fails is told, and the next one comes."""
    pause = settings.backup_follow_minutes * 60 if sleep_s is None else sleep_s
    done = 0
    while True:
        began = time.monotonic()
        try:
            async with open_for_rekeying(settings) as practice:
                told(await back_up_once(settings, practice, full=False))
        except BackupFailed as failure:
            told(failure)
        except _PASSING as error:
            told(BackupFailed(f"这一轮没有做成({type(error).__name__}):请检查数据库与存储;到时会再做。"))
        done += 1
        if done == rounds:
            return
        await asyncio.sleep(max(0.0, pause - (time.monotonic() - began)))
