"""What the ticker process does for backups: it asks whether the last one is too old, and keeps the list of destroyed keys outside."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime

from core.foundation.clock import SystemClock
from core.foundation.keyring.models import KeyringEdition
from core.foundation.orders import Command
from core.oversight.backups import CheckBackups
from miniprogram_api.app.backup import let_go
from miniprogram_api.app.settings import Settings
from miniprogram_api.backups.key_lines import add_erased, erased_now
from miniprogram_api.backups.lock_lines import add_locks, locked_now

logger = logging.getLogger("huizhen.backups")

EVERY_S = 5.0
"""A destroyed key is on the list outside so soon: what is lost before that would come back with a restore."""


def backup_rounds(settings: Settings) -> list[Command]:
    """The check that goes on by itself once given. In the demonstration only where it has backups."""
    if settings.demo and not settings.backup_repository:
        return []
    return [CheckBackups(max_age_hours=settings.backup_max_age_hours, second=bool(settings.backup_second_repository))]


async def keep_erased(settings: Settings, every_s: float = EVERY_S) -> None:
    """Add every destroyed key, and every lock, to its list, until cancelled, and let go of the copies that a migration made of the key ring before.
    The key ring is looked through only when its edition has grown."""
    seen = -1
    while True:
        try:
            row = await KeyringEdition.get_or_none(id=1)
            edition = 0 if row is None else row.edition
            if edition != seen:
                erased = await erased_now()
                await asyncio.to_thread(add_erased, settings.erased_file, erased)
                if erased:
                    newest = max(map(datetime.fromisoformat, erased.values()))
                    await asyncio.to_thread(let_go, settings.backups_dir, "keyring", newest)
                await asyncio.to_thread(add_locks, settings.locked_file, await locked_now(), SystemClock().real_now())
                seen = edition
        except Exception as error:  # database or storage may be away for a moment; the next round tries again
            logger.warning("list of destroyed keys not kept: %s", type(error).__name__)
        await asyncio.sleep(every_s)
