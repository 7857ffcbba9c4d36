"""Objects in a bucket of any store that speaks S3, through obstore: large ones go up in parts, all come down in ranges."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from core.foundation.objects.port import FileGone, FilesAway
from core.foundation.objects.unfinished import S3Uploads

logger = logging.getLogger("huizhen.files")

PART = 8 << 20
"""Bytes of a part: S3 takes 10,000 of them, so that an object may have 80 GB. Three on their way at once: 32 MB of memory an upload at most."""
AT_ONCE = 3
CONNECT_S, REQUEST_S = 3, 30
RETRIES, RETRY_S = 2, 12
"""Somebody waits for the answer: within a quarter of a minute it is there or :class:`FilesAway`."""
PAGE = 500


@dataclass(frozen=True, slots=True)
class BucketSettings:
    """A bucket and who may write to it. ``endpoint`` empty: Amazon's own."""

    bucket: str
    endpoint: str = ""
    region: str = "us-east-1"
    prefix: str = "files"
    access_key_id: str = field(default="", repr=False)
    secret_access_key: str = field(default="", repr=False)


class BucketObjects:
    """``settings`` name the bucket. An upload that is called off is aborted; what a killed process left is swept."""

    def __init__(self, settings: BucketSettings) -> None:
        self._settings = settings
        self._opened: Any = None

    @property
    def _store(self) -> Any:
        """The client, opened when it is first needed: not every process reads files."""
        if self._opened is None:
            from obstore.store import S3Store

            chosen = {name: getattr(self._settings, name) for name in ("endpoint", "region", "access_key_id", "secret_access_key")}
            self._opened = S3Store(
                self._settings.bucket,
                prefix=self._settings.prefix,
                client_options={
                    "connect_timeout": timedelta(seconds=CONNECT_S), "timeout": timedelta(seconds=REQUEST_S),
                    "allow_http": self._settings.endpoint.startswith("http://"),
                },
                retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(seconds=RETRY_S)},
                **{name: value for name, value in chosen.items() if value},
            )  # fmt: skip
        return self._opened

    async def put(self, name: str, pieces: AsyncIterator[bytes]) -> None:
        import obstore

        source = _Source(pieces)
        putting = asyncio.ensure_future(
            obstore.put_async(self._store, name, source.pieces(), use_multipart=True, chunk_size=PART, max_concurrency=AT_ONCE)
        )
        try:
            with _answers():
                await asyncio.shield(putting)
        except asyncio.CancelledError:
            # The client aborts the upload when its source fails, not when it is itself cut off.
            source.called_off = True
            await asyncio.wait([putting], timeout=CONNECT_S)
            putting.cancel()
            raise
        except FilesAway:
            if source.failure is not None:
                raise source.failure from None
            raise

    async def read(self, name: str) -> AsyncIterator[bytes]:
        import obstore

        start, size, tag = 0, 1, None
        while start < size:
            options: Any = {"range": (start, start + PART)}
            if tag is not None:
                # Rewritten under a new key meanwhile: two halves of two objects would not open.
                options["if_match"] = tag
            with _answers():
                try:
                    answer = await obstore.get_async(self._store, name, options=options)
                    piece = bytes(await answer.bytes_async())
                except obstore.exceptions.GenericError:
                    if start == 0 and await self._is_empty(name):
                        return
                    raise
            size, tag = answer.meta["size"], answer.meta["e_tag"]
            start += len(piece)
            yield piece

    async def _is_empty(self, name: str) -> bool:
        """No range can be had of an object without a byte (416)."""
        return await self.size(name) == 0

    async def read_at(self, name: str, start: int, length: int) -> bytes:
        import obstore

        size = await self.size(name)
        if start >= size or length <= 0:
            return b""
        with _answers():
            return bytes(await obstore.get_range_async(self._store, name, start=start, end=min(start + length, size)))

    async def size(self, name: str) -> int:
        import obstore

        with _answers():
            return int((await obstore.head_async(self._store, name))["size"])

    async def delete(self, name: str) -> None:
        import obstore

        with _answers(), contextlib.suppress(FileGone, FileNotFoundError):
            await obstore.delete_async(self._store, name)

    async def lying_since(self, moment: datetime) -> AsyncIterator[list[str]]:
        import obstore

        pages = obstore.list(self._store, chunk_size=PAGE).__aiter__()
        while True:
            with _answers():
                try:
                    page = await pages.__anext__()
                except StopAsyncIteration:
                    return
            yield [found["path"].rpartition("/")[2] for found in page if found["last_modified"] < moment]

    async def sweep_unfinished(self, moment: datetime) -> int:
        uploads = S3Uploads(
            self._settings.bucket, self._settings.endpoint, self._settings.region, self._settings.access_key_id, self._settings.secret_access_key
        )
        gone = 0
        for upload in await uploads.begun_before(moment, f"{self._settings.prefix}/"):
            await uploads.abort(upload)
            gone += 1
        return gone


class _Source:
    """The pieces of an upload, with the reason why they stopped."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces
        self.failure: BaseException | None = None
        self.called_off = False

    async def pieces(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._pieces:
                if self.called_off:
                    raise ConnectionAbortedError
                yield piece
        except Exception as error:
            self.failure = error
            raise


@contextlib.contextmanager
def _answers() -> Iterator[None]:
    """What the client raises, as the port says it. The client's own text names addresses: only its kind is logged."""
    from obstore.exceptions import BaseError

    try:
        yield
    except FileNotFoundError:
        raise FileGone from None
    except (BaseError, OSError) as error:
        logger.warning("the object store does not serve: %s", type(error).__name__)
        raise FilesAway from error
