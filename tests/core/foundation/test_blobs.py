"""Files in the store: whole or not there at all, over a folder and over a bucket alike; altered ones never open."""

from __future__ import annotations

import asyncio
import hashlib
import random
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from core.foundation.blobs import CHUNK, BlobStore
from core.foundation.errors import NotFound
from core.foundation.keys import SealBroken, Sealer
from core.foundation.objects.bucket import BucketObjects
from core.foundation.objects.layout import TABLE, frame
from core.foundation.objects.port import FilesAway
from core.foundation.practice import Practice
from tests.support.object_store import ObjectServer, object_server

pytestmark = pytest.mark.storage

KIND, SUBJECT = "patient", "01J0000000000000000PATIENT"


@pytest.fixture(scope="module")
def server() -> Iterator[ObjectServer]:
    with object_server() as running:
        yield running


@pytest.fixture(params=["folder", "bucket"])
def blobs(request: pytest.FixtureRequest, practice: Practice) -> BlobStore:
    if request.param == "folder":
        return practice.blobs
    running: ObjectServer = request.getfixturevalue("server")
    return BlobStore(BucketObjects(running.settings(f"files-{secrets.token_hex(4)}")), practice.keys)


async def raw(blobs: BlobStore, blob_id: str) -> bytes:
    return b"".join([piece async for piece in blobs.objects.read(blob_id)])


async def put_raw(blobs: BlobStore, blob_id: str, data: bytes) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield data

    await blobs.objects.put(blob_id, pieces())


async def hangs_up() -> AsyncIterator[bytes]:
    yield b"x" * (3 << 20)
    raise ConnectionResetError


async def test_a_file_that_breaks_off_leaves_nothing_behind(practice: Practice, tmp_path: Path) -> None:
    blob_id = practice.ids.new()
    with pytest.raises(ConnectionResetError):
        await practice.blobs.put(blob_id, KIND, SUBJECT, hangs_up())
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 17])
async def test_what_was_put_comes_back_whole_and_in_parts(practice: Practice, blobs: BlobStore, size: int) -> None:
    blob_id, data = practice.ids.new(), random.Random(size).randbytes(size)
    stored = await blobs.put(blob_id, KIND, SUBJECT, data)
    assert (stored.size, stored.sha256) == (size, hashlib.sha256(data).hexdigest())
    assert await blobs.get(blob_id, KIND, SUBJECT, sha256=stored.sha256) == data
    assert await blobs.is_whole(blob_id)
    reader = await blobs.reader(blob_id, KIND, SUBJECT)
    assert len(reader) == size
    for start, length in ((0, 10), (CHUNK - 2, 4), (size - 3, 9), (0, size), (size, 1), (CHUNK // 2, 2 * CHUNK)):
        assert await asyncio.to_thread(reader.read_at, max(0, start), length) == data[max(0, start) : max(0, start) + length]
    assert await asyncio.to_thread(lambda: reader.file().read()) == data
    await blobs.delete(blob_id)
    with pytest.raises(NotFound):
        await blobs.get(blob_id, KIND, SUBJECT)
    with pytest.raises(NotFound):
        await blobs.reader(blob_id, KIND, SUBJECT)


async def test_it_opens_for_its_subject_and_under_its_name_alone(practice: Practice, blobs: BlobStore) -> None:
    blob_id, other = practice.ids.new(), practice.ids.new()
    stored = await blobs.put(blob_id, KIND, SUBJECT, b"of one person")
    with pytest.raises(SealBroken):
        await blobs.get(blob_id, KIND, practice.ids.new())
    await put_raw(blobs, other, await raw(blobs, blob_id))
    with pytest.raises(SealBroken):
        await blobs.get(other, KIND, SUBJECT)
    with pytest.raises(SealBroken):
        await blobs.get(blob_id, KIND, SUBJECT, sha256="0" * 64)
    assert await blobs.get(blob_id, KIND, SUBJECT, sha256=stored.sha256) == b"of one person"


async def test_the_same_file_of_two_people_looks_different_in_the_store(practice: Practice, blobs: BlobStore) -> None:
    ids = [practice.ids.new() for _ in range(2)]
    for blob_id in ids:
        await blobs.put(blob_id, KIND, practice.ids.new(), b"the same" * 5000)
    one, two = [await raw(blobs, blob_id) for blob_id in ids]
    assert one[50:] != two[50:]
    assert hashlib.sha256(b"the same" * 5000).digest() not in one


async def test_every_damage_is_seen_without_and_with_the_key(practice: Practice, tmp_path: Path) -> None:
    """Bits turned, bytes cut, added, repeated, chunks dropped and changed places: never another content, never another error."""
    blobs, rng = practice.blobs, random.Random(2026)
    blob_id, data = practice.ids.new(), rng.randbytes(2 * CHUNK + 100)
    await blobs.put(blob_id, KIND, SUBJECT, data)
    whole = await raw(blobs, blob_id)
    stride = CHUNK + 36
    first, second = whole[4 : 4 + stride], whole[4 + stride : 4 + 2 * stride]
    damaged = [whole[:4] + second + first + whole[4 + 2 * stride :], whole[:4] + first + whole[4 + 2 * stride :], whole[4:], b"", b"HZF2"]
    damaged += [whole[: rng.randrange(len(whole))] for _ in range(10)] + [whole + b"\x00", whole + whole]
    for _ in range(25):
        at = rng.choice((rng.randrange(len(whole)), rng.randrange(40), len(whole) - 1 - rng.randrange(150)))
        damaged.append(whole[:at] + bytes([whole[at] ^ (1 << rng.randrange(8))]) + whole[at + 1 :])
    for number, altered in enumerate(damaged):
        await put_raw(blobs, blob_id, altered)
        try:
            read = await blobs.get(blob_id, KIND, SUBJECT)
        except SealBroken:
            pass
        else:
            # The checksum alone is altered: the content proves itself.
            assert read == data, number
        assert altered[:4] != b"HZF2" or not await blobs.is_whole(blob_id), number
        try:
            reader = await blobs.reader(blob_id, KIND, SUBJECT)
            assert await asyncio.to_thread(reader.read_at, 0, len(data)) == data
        except SealBroken:
            pass


async def test_a_file_of_the_first_format_opens_and_is_written_anew(practice: Practice, blobs: BlobStore) -> None:
    sealer: Sealer = await practice.keys.sealer(KIND, SUBJECT)
    data = random.Random(5).randbytes(CHUNK + 500)
    blob_id = practice.ids.new()
    old = frame(sealer.seal_bytes(TABLE, "0.more", blob_id, data[:CHUNK])) + frame(sealer.seal_bytes(TABLE, "1.last", blob_id, data[CHUNK:]))
    await put_raw(blobs, blob_id, old)
    assert await blobs.get(blob_id, KIND, SUBJECT) == data
    reader = await blobs.reader(blob_id, KIND, SUBJECT)
    assert await asyncio.to_thread(reader.read_at, CHUNK - 5, 50) == data[CHUNK - 5 : CHUNK + 45]
    await put_raw(blobs, blob_id, old[: 4 + CHUNK + 32])
    with pytest.raises(SealBroken):
        await blobs.get(blob_id, KIND, SUBJECT)
    await put_raw(blobs, blob_id, old)
    assert await blobs.reseal(blob_id, KIND, SUBJECT)
    assert not await blobs.reseal(blob_id, KIND, SUBJECT)
    assert (await raw(blobs, blob_id))[:4] == b"HZF2"
    assert await blobs.get(blob_id, KIND, SUBJECT) == data


async def test_a_bucket_that_is_away_is_503_and_nothing_is_recorded(practice: Practice) -> None:
    with object_server() as own:
        blobs = BlobStore(BucketObjects(own.settings("gone")), practice.keys)
        stored = await blobs.put(practice.ids.new(), KIND, SUBJECT, b"x")
        own.stop()
        with pytest.raises(FilesAway) as told:
            await blobs.get(stored.id, KIND, SUBJECT)
        assert (told.value.status, told.value.retry_after_s) == (503, 10)
        with pytest.raises(FilesAway):
            await blobs.put(practice.ids.new(), KIND, SUBJECT, b"x")
