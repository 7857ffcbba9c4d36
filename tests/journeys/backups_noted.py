"""What `huizhen backup`, its copying and a drill leave in a house: ``… HOURS_AGO copied drilled`` (any of the last two may be left out)."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta

from core.oversight.backups import BackupCopied, BackupDrilled, BackupTaken
from core.practice_rooms import load_rooms
from miniprogram_api.app.rekeying import open_for_rekeying
from miniprogram_api.app.settings import Settings
from miniprogram_api.app.signing import OPERATOR


async def main(hours_ago: float, *also: str) -> None:
    load_rooms()
    async with open_for_rekeying(Settings()) as practice:
        set_id, at = practice.ids.new(), practice.clock.real_now() - timedelta(hours=hours_ago)
        await practice.execute(OPERATOR, BackupTaken(set_id=set_id, taken_at=at))
        if "copied" in also:
            await practice.execute(OPERATOR, BackupCopied(set_id=set_id, taken_at=at))
        if "drilled" in also:
            await practice.execute(OPERATOR, BackupDrilled(set_id=set_id, clean=True, seconds=40))


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]), *sys.argv[2:]))
