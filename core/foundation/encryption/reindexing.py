"""``reindex``: every blind index made anew under a new blind key, while the house is open; writing waits while it happens.

An index is asked with one value, so there cannot be old and new ones side by side: all change in one transaction, and with them the row that
says which blind key is in force. An order that made index values with the former key finds that out before it commits (``fence``), and is
carried out again. New blind keys lie wrapped in the key ring, the first one beside the master keys (or wrapped there as well).
"""

from __future__ import annotations

import asyncio
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from tortoise import Tortoise
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from core.foundation.database.away import AWAY, is_passing
from core.foundation.database.connection import APP, PRACTICE
from core.foundation.encryption.fields import BlindIndex, blind_indexes, sealed_tables
from core.foundation.encryption.renewal import Progress, Renewal
from core.foundation.encryption.ring import LOOK_EVERY_S
from core.foundation.encryption.sealer import SealBroken
from core.foundation.encryption.walking import count_rows, index_rows_after, replace_index
from core.foundation.keyring.models import KeyRenewal
from core.foundation.models import BlindEdition

if TYPE_CHECKING:
    from core.foundation.practice import Practice

BATCH = 500
TRIES = 6
OVERLAP = timedelta(seconds=5 * LOOK_EVERY_S)
"""Between the new key being there and the change: every process can load it, and no order is still under way that saw no row to wait at."""


async def reindex(practice: Practice, *, overlap: timedelta = OVERLAP, progress: Progress | None = None) -> KeyRenewal:
    """Make every blind index anew. All or nothing: a stopped run changed nothing and is simply run again.

    Values whose row does not open, or whose subject is erased, become random: nothing finds them any more.
    """
    indexes = blind_indexes(Tortoise.apps[APP].values())
    async with Renewal(practice, "reindex", progress) as run:
        try:
            await BlindEdition.get_or_create(id=1, defaults={"edition": 1})
        except IntegrityError:
            await BlindEdition.get(id=1)
        edition = (await BlindEdition.get(id=1)).edition + 1
        run.row.target = str(edition)
        await practice.keys.make_blind_key(edition)
        await run.announce()
        await asyncio.sleep(overlap.total_seconds())
        run.row.total = await count_rows(one.table for one in indexes)
        await run.enter("reindex")
        await _change_over(run, practice, indexes, edition)
        await run.announce()
        await run.finish()
        return run.row


async def _change_over(run: Renewal, practice: Practice, indexes: list[BlindIndex], edition: int) -> None:
    """All in one transaction, tried again where the database chose it to give way to an order (a deadlock): nothing of it stays then."""
    for left in reversed(range(TRIES)):
        try:
            async with in_transaction(PRACTICE):
                # Whoever has asked at this row keeps it until he commits; whoever asks now waits, and then sees the new edition.
                await BlindEdition.filter(id=1).update(edition=edition)
                await _make_all(run, practice, indexes, edition)
            return
        except AWAY as error:
            if not left or not is_passing(error):
                raise
            run.row.done, run.row.place, run.row.cursor = 0, "", ""


async def _make_all(run: Renewal, practice: Practice, indexes: list[BlindIndex], edition: int) -> None:
    subjects = {table.table: table.columns for table in sealed_tables(Tortoise.apps[APP].values())}
    moved: dict[str, str] = {}
    for index in sorted(indexes, key=lambda one: not one.blind.of):  # those that follow another index come last
        cursor = ""
        while rows := await index_rows_after(index, subjects.get(index.table, {}), cursor, BATCH):
            sealers = await practice.keys.sealers({row.subject for row in rows if row.subject})
            changes = []
            for row in rows:
                if not index.blind.of:
                    fresh = moved.get(row.value or "", secrets.token_hex(32))
                elif row.sealed is None:
                    continue
                else:
                    try:
                        text = sealers[row.subject].open(index.table, index.blind.of, row.key, row.sealed)
                    except (KeyError, SealBroken):
                        fresh = secrets.token_hex(32)
                        run.row.unopened += row.subject in sealers
                    else:
                        if row.value is None and not text:
                            continue
                        kind = f"{index.blind.kind}.{row.plain[index.blind.part]}" if index.blind.part else index.blind.kind
                        fresh = practice.keys.blind_of(edition, kind, index.blind.text(text, row.plain) if index.blind.text else text)
                if row.value is not None:
                    moved[row.value] = fresh
                changes.append((fresh, row.key))
            await replace_index(index, changes)
            run.row.done += len(rows)
            run.tell()
            cursor = rows[-1].key
