"""A worker process: thinks and sends. `python -m miniprogram_api.app.worker`. Here live the language and the imaging engine."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import signal
from pathlib import Path

import uvloop

from bot.runtime import BotRuntime
from core.foundation.events import ALARM_LANE, CARE_LANE, CHAT_LANE, IMAGE_LANE, SEND_LANE
from core.foundation.outbox import OutboxWorker, release_claims
from core.foundation.practice import Engines
from miniprogram_api.app import logging as house_logging
from miniprogram_api.app import settings as house_settings
from miniprogram_api.app.composition import open_house
from miniprogram_api.app.process import PROCESS_NAME, announce_ready

logger = logging.getLogger("huizhen.worker")


def build_engines(cache: Path | None = None, recordings: Path | None = None) -> Engines:
    """All engines; loading the dictionary takes a moment, so the process announces itself only afterwards.

    ``cache``: a private folder that keeps what the next start can use; ``recordings``: where the dumps of calls lie."""
    import media.calls.recordings
    import media.imaging
    import nlp.engine

    clinical = nlp.engine.build(cache and cache / "dictionary")
    clinical.warm()  # the first sentence of a person must not wait for the dictionary
    dumps = None if recordings is None else media.calls.recordings.Recordings(recordings)
    return Engines(clinical=clinical, imaging=media.imaging.build(), recordings=dumps)


async def main() -> None:
    settings = house_settings.read()
    engines = await asyncio.to_thread(build_engines, settings.data_dir / "cache", settings.recordings_dir)
    async with open_house(settings, engines=engines) as house:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, stop.set)
        runtime = BotRuntime(house.practice, house.channel_settings, house.channels, house.apis)
        runtime.start_worker()
        process = os.environ.get(PROCESS_NAME, "worker")
        await release_claims(house.practice, process)
        name = f"{process}:{secrets.token_hex(6)}"
        # Few pictures at a time: what is claimed must be done within the lease.
        batches = {CHAT_LANE: 8, ALARM_LANE: 8, CARE_LANE: 8, SEND_LANE: 8, IMAGE_LANE: 2}
        lanes = [asyncio.create_task(OutboxWorker(house.practice, lane, name, batch=size).run(), name=lane) for lane, size in batches.items()]
        announce_ready()
        await stop.wait()
        for lane in lanes:
            lane.cancel()
        for lane in lanes:
            with contextlib.suppress(asyncio.CancelledError):
                await lane
        await runtime.stop_worker()
        await asyncio.to_thread(engines.imaging.close)


if __name__ == "__main__":
    house_logging.configure(os.environ.get(PROCESS_NAME, "worker"))
    uvloop.run(main())
