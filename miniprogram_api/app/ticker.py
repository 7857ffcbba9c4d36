"""The ticker process: one leader at a time (by a lease in the database) turns due rows into commands; another lease decides who brings audit
entries into their tree. `python -m miniprogram_api.app.ticker`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import signal
from collections.abc import Sequence

import uvloop

from core.candidates.commands import WatchDrift
from core.credentials.commands import ReviewAges
from core.foundation.actor import Actor
from core.foundation.due import tick
from core.foundation.leases import take_lease
from core.foundation.orders import Command
from core.foundation.practice import Practice
from core.foundation.retention import PruneRows
from core.imaging.commands import SweepFiles
from core.oversight.commands_disposals import ReviewRetention
from miniprogram_api.app import logging as house_logging
from miniprogram_api.app import settings as house_settings
from miniprogram_api.app.auditing import anchor, sequence
from miniprogram_api.app.composition import open_house
from miniprogram_api.app.process import announce_ready
from miniprogram_api.backups.watching import backup_rounds, keep_erased

logger = logging.getLogger("huizhen.ticker")

LEASE_S = 3.0
LONGEST_SLEEP_S = 0.5


async def run_ticker(practice: Practice, name: str, rounds: Sequence[Command] = ()) -> None:
    """Tick while leading; wake at a "due" or "clock" signal, at the latest after half a second. ``rounds``: given once besides, at the start."""
    swept = False
    with practice.signals.listen("due") as bell:
        while True:
            try:
                if await take_lease(practice, "ticker", name, LEASE_S):
                    while (await tick(practice)).more:
                        pass
                    if not swept:  # begins the daily rounds, and mends what the last stop left
                        await practice.execute(Actor.system("ticker"), SweepFiles())
                        await practice.execute(Actor.system("ticker"), PruneRows())
                        for one in rounds:
                            await practice.execute(Actor.system("ticker"), one)
                        swept = True
            except asyncio.CancelledError:
                raise
            except Exception as error:  # The database may be away for a moment; the next round tries again.
                logger.warning("tick failed: %s", type(error).__name__, exc_info=True)
            await bell.wait(LONGEST_SLEEP_S)


async def main() -> None:
    settings = house_settings.read()
    async with open_house(settings) as house:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, stop.set)
        name = secrets.token_hex(8)
        rounds = (ReviewRetention(), ReviewAges(), WatchDrift(), *backup_rounds(settings))
        loops = [
            asyncio.create_task(run_ticker(house.practice, name, rounds), name="ticker"),
            asyncio.create_task(keep_erased(settings), name="list of destroyed keys"),
            asyncio.create_task(sequence(house.practice, name), name="audit sequencer"),
            asyncio.create_task(anchor(house.practice, settings, name), name="audit anchors"),
        ]
        announce_ready()
        await stop.wait()
        for one in loops:
            one.cancel()
        for one in loops:
            with contextlib.suppress(asyncio.CancelledError):
                await one


if __name__ == "__main__":
    house_logging.configure("ticker")
    uvloop.run(main())
