"""Fills the house of the settings (``fill ENTRIES FILES``), or follows it for one round (``follow``)."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys

from benchmarks.support.audit import fill
from core.foundation.audit.anchoring import Anchorer
from core.foundation.audit.anchors import FileAnchor
from core.foundation.audit.heads import HeadKeys
from core.foundation.audit.sequencer import Sequencer
from core.foundation.models import Blob
from core.practice_rooms import load_rooms
from miniprogram_api.app.settings import Settings
from miniprogram_api.app.signing import open_for_signing
from miniprogram_api.backups.following import Round, follow

FILE = 1 << 20
"""Bytes of each file, of random content, each of another patient."""


async def _nobody(kind: str, anchor: str) -> None:
    """Nobody is told here."""


async def filled(settings: Settings, entries: int, files: int) -> None:
    async with open_for_signing(settings) as practice:
        for _ in range(files):
            content, blob_id, subject = os.urandom(FILE), practice.ids.new(), practice.ids.new()
            await practice.blobs.put(blob_id, "patient", subject, content)
            await Blob.create(
                id=blob_id, subject_kind="patient", subject_id=subject, media_type="application/dicom", size=len(content),
                sha256=hashlib.sha256(content).hexdigest(), created_at=practice.clock.real_now(),
            )  # fmt: skip
        await fill(practice, entries)
        await Sequencer(practice, "benchmark").run_once()
        if settings.audit_key_file.exists():
            keys = HeadKeys.load(settings.audit_key_file)
        else:
            keys = HeadKeys.create(settings.audit_key_file, practice.ids.new())
        await Anchorer(practice, keys, [FileAnchor(settings.anchors_dir)], _nobody).run_once()


async def followed(settings: Settings) -> None:
    def told(outcome: object) -> None:
        if not isinstance(outcome, Round):
            raise TypeError(getattr(outcome, "sentence", str(outcome)))

    await follow(settings, told, rounds=1, sleep_s=0)


if __name__ == "__main__":
    load_rooms()
    what, *counts = sys.argv[1:]
    if what == "fill":
        asyncio.run(filled(Settings(), int(counts[0]), int(counts[1])))
    else:
        asyncio.run(followed(Settings()))
