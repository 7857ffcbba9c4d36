"""The audit's tree in a running house: keys, anchors, and the two loops of the ticker process that sequence and anchor."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from pathlib import Path

from core.foundation.actor import Actor
from core.foundation.audit.anchoring import Anchorer, has_signed
from core.foundation.audit.anchors import Anchor, AnchorFailed, FileAnchor
from core.foundation.audit.heads import HeadKeys
from core.foundation.audit.key_acts import BeginLog
from core.foundation.audit.sequencer import LEASE, LEASE_S, Sequencer
from core.foundation.leases import take_lease
from core.foundation.practice import Practice
from core.people.alarms import AlarmAdministrators
from miniprogram_api.app.settings import Settings

logger = logging.getLogger("huizhen.audit")

SEQUENCE_EVERY_S = 0.5
"""An entry is in the tree within a second of its commit."""
_SYSTEM = Actor.system("ticker")


class HeadKeyGone(Exception):
    """A log was begun here, and the key that signs its heads is not there. None is made in its place: that would be another log.

    ``logs``: what anchors hold (anchor, log); empty where the database alone tells of it.
    """

    def __init__(self, path: Path, logs: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__("audit key gone")
        self.path = path
        self.logs = tuple(logs)


async def known_keys(settings: Settings) -> HeadKeys | None:
    """The keys of this house's log; None where there is no file."""
    try:
        return await asyncio.to_thread(HeadKeys.load, settings.audit_key_file)
    except FileNotFoundError:
        return None


async def head_keys(settings: Settings, practice: Practice) -> HeadKeys:
    """The keys of this house's log, made when it has none, has signed nothing yet and no anchor holds a log of it: that leaves an entry.

    :class:`HeadKeyGone`; AnchorFailed where an anchor cannot be asked, ValueError or KeyError where one cannot be used.
    """
    if (keys := await known_keys(settings)) is not None:
        return keys
    held = [(anchor.name, log) for anchor in await asyncio.to_thread(anchors_of, settings) for log in sorted(await anchor.logs({}))]
    if held or await has_signed():
        raise HeadKeyGone(settings.audit_key_file, held)
    keys = HeadKeys.new(practice.ids.new())
    await practice.execute(_SYSTEM, BeginLog(log_id=keys.log_id, key=keys.current))
    try:
        await asyncio.to_thread(keys.put_first, settings.audit_key_file)
    except FileExistsError:  # another process was faster
        return await asyncio.to_thread(HeadKeys.load, settings.audit_key_file)
    level = logging.INFO if settings.demo else logging.WARNING  # a demonstration's log is kept nowhere else
    logger.log(level, "审计日志从现在开始,编号 %s。请把编号抄下来,放在这台机器以外的地方", keys.log_id)
    return keys


def anchors_of(settings: Settings) -> list[Anchor]:
    """The anchors that are set up; the file is always one of them. ValueError or KeyError when the bucket's file cannot be used."""
    anchors: list[Anchor] = [FileAnchor(settings.anchors_dir)]
    if settings.audit_bucket_file.exists():
        from core.foundation.audit.bucket import open_bucket

        anchors.append(open_bucket(json.loads(settings.audit_bucket_file.read_text("utf-8"))))
    if settings.audit_anchor_house:
        from core.foundation.audit.second_house import SecondHouseAnchor

        anchors.append(SecondHouseAnchor(settings.audit_anchor_house))
    return anchors


async def sequence(practice: Practice, name: str) -> None:
    """Bring entries into the tree until cancelled."""
    sequencer = Sequencer(practice, name)
    while True:
        try:
            await sequencer.run_once()
        except Exception as error:  # The database may be away for a moment; the next round tries again.
            logger.warning("entries not sequenced: %s", type(error).__name__)
        await asyncio.sleep(SEQUENCE_EVERY_S)


async def anchor(practice: Practice, settings: Settings, name: str) -> None:
    """Sign and anchor until cancelled, while this process leads. A house that cannot sign goes on with its work, and says so."""

    async def tell(kind: str, which: str) -> None:
        await practice.execute(_SYSTEM, AlarmAdministrators.model_validate({"kind": f"audit.{kind}", "about": which}))

    anchorer: Anchorer | None = None
    while True:
        try:
            if await take_lease(practice, LEASE, name, LEASE_S):
                if anchorer is None:
                    keys = await head_keys(settings, practice)
                    anchorer = Anchorer(practice, keys, await asyncio.to_thread(anchors_of, settings), tell)
                await anchorer.run_once()
        except HeadKeyGone:
            logger.error("the key that signs the audit's heads is gone: put it back from its copy (secrets/audit.key)")
        except AnchorFailed as error:
            logger.warning("an anchor cannot be asked which log this house has (%s): none is begun", error.args[0] if error.args else "")
        except Exception as error:  # nothing of this may stop the ticker
            logger.warning("audit's head not anchored: %s", type(error).__name__, exc_info=True)
        await asyncio.sleep(settings.audit_anchor_seconds)
