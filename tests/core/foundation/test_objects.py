"""One contract for the folder and the bucket: objects are whole or not there, and what fails fails in a typed way."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.foundation.objects.bucket import PART, BucketObjects, BucketSettings
from core.foundation.objects.folder import FolderObjects
from core.foundation.objects.port import FileGone, FilesAway, Objects
from core.foundation.objects.unfinished import S3Uploads, signed
from tests.support.object_store import ID, REGION, SECRET, ObjectServer, object_server

NAME = "01J0000000000000000000FILE"
LATER = timedelta(minutes=5)


@pytest.fixture(scope="module")
def server() -> Iterator[ObjectServer]:
    with object_server() as running:
        yield running


@pytest.fixture(params=["folder", "bucket"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    if request.param == "folder":
        return FolderObjects(tmp_path / "blobs")
    running: ObjectServer = request.getfixturevalue("server")
    return BucketObjects(running.settings(f"contract-{random.randrange(1 << 40)}"))


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def read(objects: Objects, name: str = NAME) -> bytes:
    return b"".join([piece async for piece in objects.read(name)])


async def lying(objects: Objects, moment: datetime) -> set[str]:
    return {name async for page in objects.lying_since(moment) for name in page}


async def test_what_was_put_is_read_whole_and_in_ranges(objects: Objects) -> None:
    data = random.Random(7).randbytes(2 * PART + 12_345)
    await objects.put(NAME, pieces(*(data[at : at + 700_000] for at in range(0, len(data), 700_000))))
    assert hashlib.sha256(await read(objects)).digest() == hashlib.sha256(data).digest()
    assert await objects.size(NAME) == len(data)
    assert await objects.read_at(NAME, 0, 20) == data[:20]
    assert await objects.read_at(NAME, PART - 3, 10) == data[PART - 3 : PART + 7]
    assert await objects.read_at(NAME, len(data) - 4, 100) == data[-4:]
    assert await objects.read_at(NAME, len(data), 1) == b""


async def test_a_put_takes_the_place_of_what_lay_there(objects: Objects) -> None:
    await objects.put(NAME, pieces(b"first, and longer"))
    await objects.put(NAME, pieces(b"second"))
    assert await read(objects) == b"second"
    await objects.put(NAME, pieces())
    assert await read(objects) == b""


async def test_what_is_not_there_is_gone_and_can_be_deleted_again(objects: Objects) -> None:
    await objects.put(NAME, pieces(b"x"))
    for _ in range(2):
        await objects.delete(NAME)
    for asked in (read(objects), objects.size(NAME), objects.read_at(NAME, 0, 1)):
        with pytest.raises(FileGone):
            await asked


class Unplugged(ConnectionResetError):
    pass


async def breaks_off(size: int) -> AsyncIterator[bytes]:
    for _ in range(0, size, 1 << 20):
        yield b"x" * (1 << 20)
    raise Unplugged


async def test_a_source_that_fails_changes_nothing_and_leaves_nothing(objects: Objects) -> None:
    await objects.put(NAME, pieces(b"before"))
    with pytest.raises(Unplugged):
        await objects.put(NAME, breaks_off(2 * PART))
    assert await read(objects) == b"before"
    assert await objects.sweep_unfinished(datetime.now(UTC) + LATER) == 0


async def test_a_caller_that_goes_away_changes_nothing_and_leaves_nothing(objects: Objects) -> None:
    begun = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        for _ in range(2 * PART >> 20):
            yield b"x" * (1 << 20)
        begun.set()
        while True:
            await asyncio.sleep(0.02)
            yield b"x"

    putting = asyncio.create_task(objects.put(NAME, slow()))
    await begun.wait()
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    with pytest.raises(FileGone):
        await objects.size(NAME)
    assert await objects.sweep_unfinished(datetime.now(UTC) + LATER) == 0


async def test_ten_who_put_at_once_leave_one_whole_object(objects: Objects) -> None:
    contents = [bytes([number]) * (1 << 20) for number in range(10)]
    await asyncio.gather(*(objects.put(NAME, pieces(one[:400_000], one[400_000:])) for one in contents))
    assert await read(objects) in contents
    assert await lying(objects, datetime.now(UTC) + LATER) == {NAME}


async def test_only_what_lay_before_is_named(objects: Objects) -> None:
    names = {f"01J00000000000000000000{number:03d}" for number in range(12)}
    for name in names:
        await objects.put(name, pieces(b"x"))
    assert await lying(objects, datetime.now(UTC) + LATER) == names
    assert await lying(objects, datetime.now(UTC) - LATER) == set()


def left_behind(objects: Objects) -> None:
    """As a process leaves it that was killed in the middle."""
    if isinstance(objects, FolderObjects):
        path = objects.path_of(NAME)
        path.parent.mkdir(parents=True)
        path.with_name(f"{NAME}.0abc.part").write_bytes(b"half")
        return
    settings: BucketSettings = objects._settings  # type: ignore[attr-defined]
    import boto3

    client = boto3.client(
        "s3", endpoint_url=settings.endpoint, region_name=REGION, aws_access_key_id=ID, aws_secret_access_key=SECRET
    )
    begun = client.create_multipart_upload(Bucket=settings.bucket, Key=f"files/{NAME}")
    client.upload_part(Bucket=settings.bucket, Key=f"files/{NAME}", PartNumber=1, UploadId=begun["UploadId"], Body=b"half")
    client.create_multipart_upload(Bucket=settings.bucket, Key=f"others/{NAME}")


async def test_what_a_killed_process_left_is_swept_once(objects: Objects) -> None:
    left_behind(objects)
    with pytest.raises(FileGone):
        await objects.size(NAME)
    assert await objects.sweep_unfinished(datetime(2009, 1, 1, tzinfo=UTC)) == 0
    assert await objects.sweep_unfinished(datetime.now(UTC) + LATER) == 1
    assert await objects.sweep_unfinished(datetime.now(UTC) + LATER) == 0
    assert await lying(objects, datetime.now(UTC) + LATER) == set()


async def test_what_was_put_is_in_its_folder_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    fsync = os.fsync

    def seen(descriptor: int) -> None:
        fsync(descriptor)
        synced.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")))

    monkeypatch.setattr(os, "fsync", seen)
    objects = FolderObjects(tmp_path / "blobs")
    await objects.put(NAME, pieces(b"x"))
    place = objects.path_of(NAME).parent
    assert synced[:2] == [tmp_path, tmp_path / "blobs"], "the folders that were made"
    assert synced[2].parent == place
    assert synced[3:] == [place], "the rename, after the content"
    synced.clear()
    await objects.put(NAME, pieces(b"y"))
    assert synced[1:] == [place]


async def test_a_store_that_goes_away_is_told_and_is_there_again_when_it_comes_back() -> None:
    with object_server() as own:
        objects = BucketObjects(own.settings("leaves"))
        await objects.put(NAME, pieces(b"x"))
        own.stop()
        for asked in (
            read(objects), objects.size(NAME), objects.read_at(NAME, 0, 1), objects.put(NAME, pieces(b"y")), objects.delete(NAME),
            lying(objects, datetime.now(UTC)), objects.sweep_unfinished(datetime.now(UTC)),
        ):  # fmt: skip
            with pytest.raises(FilesAway) as told:
                await asked
            assert SECRET not in repr(told.value.__cause__)
        own.start()
        own.settings("leaves")
        await objects.put(NAME, pieces(b"z"))
        assert await read(objects) == b"z"


async def test_who_may_not_is_told_that_the_store_does_not_serve(server: ObjectServer) -> None:
    objects = BucketObjects(BucketSettings("no-such-bucket-here", server.url, REGION, "files", ID, SECRET))
    for asked in (objects.put(NAME, pieces(b"y")), lying(objects, datetime.now(UTC)), objects.sweep_unfinished(datetime.now(UTC))):
        with pytest.raises((FilesAway, FileGone)):
            await asked


def test_secrets_are_in_no_text(server: ObjectServer) -> None:
    assert SECRET not in repr(server.settings("quiet"))
    assert SECRET not in repr(BucketObjects(server.settings("quiet")))


def test_requests_are_signed_as_amazons_own_library_signs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    at = datetime(2026, 11, 20, 13, 7, 5, tzinfo=UTC)

    class Stopped(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return at if tz else at.replace(tzinfo=None)

        @classmethod
        def utcnow(cls) -> datetime:
            return at.replace(tzinfo=None)

    import botocore.auth
    import botocore.compat

    for module in (botocore.auth, botocore.compat):
        for name, stopped in (("get_current_datetime", lambda remove_tzinfo=True: at.replace(tzinfo=None)),):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, stopped)
    rng = random.Random(11)
    for _ in range(50):
        key = "".join(rng.choice("abz019-_.~/") for _ in range(12)).strip("/") or "k"
        value = "".join(rng.choice("abcXYZ019-_.~") for _ in range(20))
        method, url = rng.choice(
            (("GET", "http://127.0.0.1:9000/files?prefix=f%2F&uploads="), ("DELETE", f"https://s3.example.org/files/{key}?uploadId={value}"))
        )
        ours = signed(method, url, "cn-north-1", ID, SECRET, at)
        theirs = AWSRequest(method=method, url=url, headers={"x-amz-content-sha256": ours["x-amz-content-sha256"]})
        S3SigV4Auth(Credentials(ID, SECRET), "s3", "cn-north-1").add_auth(theirs)
        assert theirs.headers["X-Amz-Date"] == ours["x-amz-date"]
        assert theirs.headers["Authorization"].split("Signature=")[1] == ours["Authorization"].split("Signature=")[1], url


async def test_an_answer_that_is_no_list_of_uploads_is_a_typed_error(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(3)
    good = b"<R><IsTruncated>false</IsTruncated><Upload><Key>k</Key><UploadId>1</UploadId><Initiated>2026-01-01T00:00:00Z</Initiated></Upload></R>"
    uploads = S3Uploads("b", "http://127.0.0.1:9", REGION, ID, SECRET)
    for number in range(300):
        damaged = bytearray(good)
        for _ in range(number % 5):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)

        async def answers(*_: Any, content: bytes = bytes(damaged), **__: Any) -> bytes:
            return content

        monkeypatch.setattr(uploads, "ask", answers)
        try:
            assert all(one.upload_id for one in await uploads.begun_before(datetime.now(UTC) + LATER, "")) or number % 5
        except FilesAway:
            assert number % 5
