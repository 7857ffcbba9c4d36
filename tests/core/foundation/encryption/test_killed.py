"""Re-encryption in a process of its own, killed with SIGKILL, while this process reads and writes the same rows."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.conversations.models import Message
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
        sealed = (await practice.keys.sealer("account", account)).seal("message", "body", key, texts[key])
        rows.append(
            Message(id=key, conversation_id=account, account_id=account, dedupe_key=key, kind="text", body=sealed, state="delivered", received_at=AT)
        )
    await Message.bulk_create(rows, batch_size=200)
    return texts


async def read(practice: Practice, row: Message) -> str:
    return (await practice.keys.sealer("account", row.account_id)).open("message", "body", row.id, bytes(row.body))


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
            sealer = await practice.keys.sealer("account", row.account_id)
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
    assert {bytes(row.body)[:4] for row in rows} == {bytes((2, 1, 0, 2))}
    assert await WrappedKey.filter(former__isnull=False).count() == 0
