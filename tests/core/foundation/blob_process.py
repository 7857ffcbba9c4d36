"""Puts a file of so many MiB and reads it whole and in parts, in a process of its own; prints what memory that took beyond what it had before.

``python -m tests.core.foundation.blob_process folder PATH MIB`` or ``… bucket URL BUCKET MIB``
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

from core.foundation.blobs import BlobStore
from core.foundation.encryption.sealer import Sealer
from core.foundation.keys import KeyRing
from core.foundation.objects.bucket import BucketObjects, BucketSettings
from tests.support.object_store import ID, REGION, SECRET

NAME = "01J0000000000000000000FILE"


class OneKey:
    async def sealer(self, kind: str, subject_id: str) -> Sealer:
        return Sealer(f"{kind}:{subject_id}", bytes(32))


def peak_mib() -> int:
    """Not getrusage's: that begins with what the parent had when it made this process."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) >> 10


async def content(mib: int) -> AsyncIterator[bytes]:
    for number in range(mib * 4):
        yield number.to_bytes(4, "big") * (1 << 16)


async def main(where: str, place: list[str], mib: int) -> None:
    objects: Any = Path(place[0]) if where == "folder" else BucketObjects(BucketSettings(place[1], place[0], REGION, "files", ID, SECRET))
    blobs = BlobStore(objects, cast(KeyRing, OneKey()))
    await blobs.put("01J0000000000000000000WARM", "patient", "p", b"x" * (3 << 20))  # the libraries are loaded before it is measured
    await blobs.get("01J0000000000000000000WARM", "patient", "p")
    before, began = peak_mib(), time.monotonic()
    stored = await blobs.put(NAME, "patient", "p", content(mib))
    put_s, began = time.monotonic() - began, time.monotonic()
    size = 0
    async for piece in blobs.stream(NAME, "patient", "p", sha256=stored.sha256):
        size += len(piece)
    read_s = time.monotonic() - began
    assert size == stored.size == mib << 20
    reader = await blobs.reader(NAME, "patient", "p")
    assert await asyncio.to_thread(reader.read_at, size - 4, 4) == (mib * 4 - 1).to_bytes(4, "big")
    assert await blobs.is_whole(NAME)
    print(peak_mib() - before, f"{put_s:.2f}", f"{read_s:.2f}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2:-1], int(sys.argv[-1])))
