"""A second site that follows: sets are taken by the clock, and copied to two further repositories as soon as they are there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from core.foundation.errors import DomainError
from core.foundation.practice import Practice
from core.oversight.backups import BackupTaken
from miniprogram_api.app.rekeying import open_for_rekeying
from miniprogram_api.app.settings import Settings
from miniprogram_api.app.signing import OPERATOR
from miniprogram_api.backups.failures import BackupFailed
from miniprogram_api.backups.repository import Repository
from miniprogram_api.backups.sets import Targets, alone, sets_in, tags_of, targets_of
from miniprogram_api.backups.taking import Progress, Say, Taken, take


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
    """Take a set, leave it in the audit, copy it to the second site where there is one."""
    began = time.monotonic()
    taken = await take(settings, practice, full=full, say=say, progress=progress)
    await practice.execute(OPERATOR, BackupTaken(set_id=taken.seal.set_id, taken_at=taken.seal.reaches))
    took = time.monotonic() - began
    if not settings.backup_second_repository:
        return Round(taken, took, None)
    say("送到第二份仓库")
    began = time.monotonic()
    with alone(settings):
        await bring_to(targets_of(settings), targets_of(settings, second=True))
    return Round(taken, took, time.monotonic() - began)


async def bring_to(first: Targets, second: Targets) -> None:
    """Copy the finished sets that the second site lacks, and remove there what is gone here: what was thinned out, and destroyed keys above all."""
    sets = await sets_in(first)
    # The data first: a set is one when its key ring is there.
    await second.data.take_from(first.data, [one.data.id for one in sets])
    await second.keys.take_from(first.keys, [one.keys.id for one in sets])
    kept = {one.id for one in sets}
    await _forget_others(second.data, {(one.id, "") for one in sets}, kept)
    await _forget_others(second.keys, {(one.id, str(one.erased)) for one in sets}, kept)


async def _forget_others(repository: Repository, wanted: set[tuple[str, str]], sets: set[str]) -> None:
    gone = []
    for one in await repository.snapshots():
        tags = tags_of(one)
        if tags.get("set") not in sets or (tags["set"], tags.get("erased", "")) not in wanted:
            gone.append(one.id)
    await repository.forget(gone)


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
        except (DomainError, OSError) as error:
            told(BackupFailed(f"这一轮没有做成({type(error).__name__}):请检查数据库与存储;到时会再做。"))
        done += 1
        if done == rounds:
            return
        await asyncio.sleep(max(0.0, pause - (time.monotonic() - began)))
