"""Administrators and auditors hear that the last good backup is old; whoever asks is told when it was."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.sending.notices import render
from core.foundation.clock import ManualClock
from core.foundation.due import tick
from core.foundation.models import DueWork
from core.foundation.practice import Practice
from core.notifications.models import Notification
from core.oversight.backup_words import Made
from core.oversight.backups import CHECK, BackupCopied, BackupDrilled, BackupTaken, CheckBackups, ShowLastBackup
from tests.support.county import SYSTEM, seed_small

pytestmark = pytest.mark.storage


async def test_an_old_backup_is_told_once_a_day(practice: Practice, clock: ManualClock) -> None:
    county = await seed_small(practice)
    check = CheckBackups(max_age_hours=26)
    assert not (await practice.execute(SYSTEM, check)).done, "a house so young needs none yet"
    clock.advance(hours=27)
    assert (await practice.execute(SYSTEM, check)).done
    told = await Notification.filter(kind="backup.too_old")
    assert {row.account_id for row in told} == {county.administrator.account_id, county.auditor.account_id}
    notice: Any = await render(practice, told[0])
    assert "还没有做过备份" in notice.shapes[0].text
    assert "huizhen backup" in notice.shapes[0].text

    taken = BackupTaken(set_id=practice.ids.new(), taken_at=practice.clock.real_now())
    await practice.execute(SYSTEM, taken)
    clock.advance(hours=25)
    await tick(practice)
    assert await Notification.filter(kind="backup.too_old").count() == 2, "the check goes on by itself, and a good backup is no news"
    clock.advance(hours=6)
    await tick(practice)
    late = await Notification.filter(kind="backup.too_old").order_by("-id").first()
    assert late is not None
    assert "已经过期" in (await render(practice, late)).shapes[0].text
    waiting = await DueWork.filter(kind=CHECK, state="pending")
    assert len(waiting) == 1
    assert waiting[0].due_at - practice.clock.now() == timedelta(days=1)


async def test_a_second_site_that_falls_behind_is_told(practice: Practice, clock: ManualClock) -> None:
    county = await seed_small(practice)
    check = CheckBackups(max_age_hours=26, second=True)
    real = practice.clock.real_now
    await practice.execute(SYSTEM, BackupTaken(set_id=practice.ids.new(), taken_at=real()))
    await practice.execute(SYSTEM, BackupCopied(set_id=practice.ids.new(), taken_at=real()))
    clock.advance(hours=27)
    await practice.execute(SYSTEM, BackupTaken(set_id=practice.ids.new(), taken_at=real()))
    assert not (await practice.execute(SYSTEM, CheckBackups(max_age_hours=26))).done, "a house without a second site"
    assert (await practice.execute(SYSTEM, check)).done
    told = await Notification.filter(kind="backup.too_old")
    assert {row.account_id for row in told} == {county.administrator.account_id, county.auditor.account_id}
    assert "第二份备份已经过期" in (await render(practice, told[0])).shapes[0].text
    (waiting,) = await DueWork.filter(kind=CHECK, state="pending")
    assert CheckBackups.of_step(waiting.step) == check
    await practice.execute(SYSTEM, BackupCopied(set_id=practice.ids.new(), taken_at=real()))
    assert not (await practice.execute(SYSTEM, check)).done


async def test_when_the_last_good_one_was(practice: Practice, clock: ManualClock) -> None:
    never = await practice.ask(SYSTEM, ShowLastBackup())
    assert never.made == Made()
    assert (never.line, never.to_do) == ("这套演示没有设置备份", ()), "a demonstration is not asked for backups that nobody set up"
    await practice.execute(SYSTEM, CheckBackups(max_age_hours=30, second=True))
    assert (await practice.ask(SYSTEM, ShowLastBackup())).line == "还没有做过备份"
    taken_at, first, second = practice.clock.real_now().replace(microsecond=0), practice.ids.new(), practice.ids.new()
    await practice.execute(SYSTEM, BackupTaken(set_id=first, taken_at=taken_at))
    await practice.execute(SYSTEM, BackupCopied(set_id=first, taken_at=taken_at))
    await practice.execute(SYSTEM, BackupTaken(set_id=second, taken_at=taken_at + timedelta(minutes=15)))
    clock.advance(hours=1)
    await practice.execute(SYSTEM, BackupDrilled(set_id=second, clean=False, seconds=12))
    last = await practice.ask(SYSTEM, ShowLastBackup())
    assert (last.set_id, last.copied_set_id, last.drill_clean) == (second, first, False)
    assert last.made[:3] == (taken_at + timedelta(minutes=15), taken_at, taken_at)
    assert last.line == "今天 10:15 备份成功,第二份仓库落后 15 分钟,今天演练没有通过"
    assert len(last.to_do) == 1
    clock.advance(hours=30)
    assert "超过 30 小时" in (await practice.ask(SYSTEM, ShowLastBackup())).to_do[0], "the limits are those of the check that goes on"
