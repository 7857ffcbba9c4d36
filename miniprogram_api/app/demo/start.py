"""Seeding as the starter calls it: from settings to an open practice, and closed again."""

from __future__ import annotations

import json
import logging
import random
import time

import nlp.engine
from core.foundation.clock import SystemClock
from core.foundation.database.connection import close_database, open_database
from core.foundation.demonstration import read_offset
from core.foundation.ids import Ids
from core.foundation.practice import Engines, Practice
from core.foundation.signals import LocalSignals
from core.practice_rooms import load_rooms
from miniprogram_api.app.demo.seeding import Progress, seed_county
from miniprogram_api.app.files import open_files
from miniprogram_api.app.key_ring import key_ring
from miniprogram_api.app.settings import Settings

logger = logging.getLogger("huizhen.seed")


async def seed(settings: Settings, progress: Progress | None = None) -> bool:
    """Make what is still missing of the demonstration in the migrated databases of ``settings``; False when everything was there.

    Without ``progress`` each tenth is logged.
    """
    load_rooms()
    clock, rng = SystemClock(), random.SystemRandom()
    keys = key_ring(settings, clock)
    blobs = open_files(settings, keys)
    engines = Engines(clinical=nlp.engine.build())
    practice = Practice(clock, Ids(clock.real_now, rng), rng, keys, blobs, LocalSignals(), engines=engines, demo=True)
    credentials = json.loads(settings.channels_file.read_text("utf-8"))
    begun = time.monotonic()
    await open_database(settings.database_url, settings.keyring_url)
    try:
        await read_offset(practice)
        report = await seed_county(practice, settings.seed, settings.data_dir, credentials, progress or log_progress)
    finally:
        await close_database()
    logger.info(
        "county %d: %d organisations, %d practitioners, %d patients, slots until %s (%.1f s)",
        report.seed, report.organisations, report.practitioners, report.patients, report.slots_until, time.monotonic() - begun,
    )
    return report.made


def log_progress(done: int, total: int, what: str) -> None:
    if done * 10 // total != (done - 1) * 10 // total:
        logger.info("%s %d/%d", what, done, total)
