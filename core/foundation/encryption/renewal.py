"""One run of ``rotate`` or ``reencrypt``: who runs it, how far it has come, so that it goes on where a killed one stopped."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from core.foundation.encryption.ring import BELL, new_edition
from core.foundation.errors import Conflict
from core.foundation.keyring.models import KeyRenewal
from core.foundation.leases import release_lease, take_lease

if TYPE_CHECKING:
    from core.foundation.practice import Practice

Progress = Callable[[str, int, int], None]
"""Told (phase, done, total) after each batch."""

LEASE = "keys"
LEASE_S = 30.0
REST = 0.5
"""After each batch it rests for this share of the batch's time, so that people's writes find the database free."""


class AlreadyRunning(Conflict):
    code = "keys.running"
    sentence = "另一个密钥操作正在进行,请等它结束(或在它停止 30 秒后)再试。"


class Renewal:
    """The run in hand; use it as an asynchronous context manager. Raises :class:`AlreadyRunning` on entering while another one runs."""

    def __init__(self, practice: Practice, kind: str, progress: Progress | None = None) -> None:
        self.practice = practice
        self.kind = kind
        self.row = KeyRenewal()
        self.resumed = False
        self._progress = progress
        self._holder = secrets.token_hex(8)
        self._renew_at = 0.0
        self._began = time.monotonic()

    async def __aenter__(self) -> Renewal:
        if not await take_lease(self.practice, LEASE, self._holder, LEASE_S):
            raise AlreadyRunning
        self._renew_at = time.monotonic() + LEASE_S / 3
        found = await KeyRenewal.filter(kind=self.kind, finished_at__isnull=True).order_by("-id").first()
        self.resumed = found is not None
        if found is None:
            found = await KeyRenewal.create(
                id=self.practice.ids.new(), kind=self.kind, phase="begun", started_at=self.practice.clock.real_now()
            )
        self.row = found
        return self

    async def __aexit__(self, *_: object) -> None:
        await release_lease(LEASE, self._holder, self.practice)

    async def enter(self, phase: str, place: str = "") -> None:
        """Go on to the next phase, or the next table of one."""
        if (self.row.phase, self.row.place) != (phase, place):
            self.row.phase, self.row.place, self.row.cursor = phase, place, ""
            await self._save()

    async def advance(self, cursor: str, rows: int, *, unopened: int = 0) -> None:
        """Keep that everything up to ``cursor`` is done, keep the lease, rest."""
        self.row.cursor = cursor
        self.row.done += rows
        self.row.unopened += unopened
        await self._save()
        self.tell()
        now = time.monotonic()
        if now >= self._renew_at:
            if not await take_lease(self.practice, LEASE, self._holder, LEASE_S):
                raise AlreadyRunning
            self._renew_at = now + LEASE_S / 3
        await asyncio.sleep(min(0.2, (now - self._began) * REST))
        self._began = time.monotonic()

    def tell(self) -> None:
        if self._progress is not None:
            self._progress(self.row.phase, self.row.done, self.row.total)

    async def announce(self) -> None:
        """Let every process look at the key ring anew."""
        await new_edition()
        await self.practice.keys.look()
        await self.practice.signals.publish(BELL)

    async def finish(self) -> None:
        self.row.phase = "done"
        self.row.finished_at = self.practice.clock.real_now()
        await self._save()
        self.tell()

    async def _save(self) -> None:
        await self.row.save()
