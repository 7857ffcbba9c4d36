"""Re-encryption in a process of its own, killed with SIGKILL, while this process reads and writes the same rows: words of which some are
from before there was a key for an account's month, and get theirs on the way."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from core.conversations import reading
from core.conversations.models import Message
from core.conversations.words import sealer_of, words_key
from core.foundation.errors import Conflict
from core.foundation.keyring.models import WrappedKey
from core.foundation.practice import Practice
from tests.conftest import DatabaseUrls
from tests.core.foundation.encryption.every_column import AT
from tests.support.forked import Forked

pytestmark = pytest.mark.storage

ROWS = 400
PEOPLE = 40


async def begin(urls: DatabaseUrls, folder: Path, seconds: int) -> Forked:
    module = "tests.core.foundation.encryption.renewing_process"
    return await Forked.begin(module, urls.practice, urls.keyring, str(folder), str(seconds))


async def said(practice: Practice) -> dict[str, str]:
    texts: dict[str, str] = {}
    people = [practice.ids.new() for _ in range(PEOPLE)]
    rows = []
    for number in range(ROWS):
        key, account = practice.ids.new(), people[number % PEOPLE]
        texts[key] = f"第 {number} 句"
        own = words_key(account, AT) if number % 3 and number % PEOPLE > 9 else None
        sealed = (await sealer_of(practice.keys, own, account)).seal("message", "body", key, texts[key])
        rows.append(
            Message(
                id=key, conversation_id=account, account_id=account, dedupe_key=key, kind="text", words_key=own, body=sealed, state="delivered",
                received_at=AT,
            )
        )  # fmt: skip
    await Message.bulk_create(rows, batch_size=200)
    return texts


async def read(practice: Practice, row: Message) -> str:
    return await reading.opened(practice, row, "body")


async def test_killed_and_begun_again_while_people_read_and_write(practice: Practice, database_urls: DatabaseUrls, tmp_path: Path) -> None:
    texts = await said(practice)
    working, changed, reads = True, 0, 0

    async def people() -> None:
        nonlocal changed, reads
        while working:
            for key in practice.rng.sample(list(texts), 5):
                row = await Message.get(id=key)
                assert await read(practice, row) == texts[key]
                reads += 1
            row = await Message.get(id=practice.rng.choice(list(texts)))
            text = f"改过 {changed}"
            sealer = await sealer_of(practice.keys, row.words_key, row.account_id)
            with contextlib.suppress(Conflict):  # it has got its own key since it was read
                await row.change(body=sealer.seal("message", "body", row.id, text))
                texts[row.id] = text
                changed += 1
            await asyncio.sleep(0.005)

    busy = asyncio.create_task(people())
    kills = 0
    for seconds, batches in ((0, 5), (100, 10**6)):
        process = await begin(database_urls, tmp_path, seconds)
        told = []
        while line := await process.hear():
            told.append(line)
            if len(told) == batches:
                await process.kill()
                kills += 1
                break
        else:
            assert (await process.end(), told[-1]) == (0, "finished 0")
    working = False
    await busy
    assert kills == 1
    assert changed > 5
    assert reads > 25
    rows = await Message.all()
    assert {row.id: await read(practice, row) for row in rows} == texts
    assert {row.words_key for row in rows} == {words_key(row.account_id, AT) for row in rows}
    heads = {row.words_key: bytes(row.body)[:4] for row in rows}
    assert set(heads.values()) <= {bytes((2, 1, 0, 1)), bytes((2, 1, 0, 2))}
    versions = {row.id: row.key_version for row in await WrappedKey.filter(id__startswith="words:")}
    assert {f"words:{key}": head[3] for key, head in heads.items()} == versions, "nothing is under a former key"
    assert await WrappedKey.filter(former__isnull=False).count() == 0
