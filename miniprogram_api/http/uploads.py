"""tus 1.0 (core, creation, checksum, termination, expiration): files that come in pieces over a link that breaks.

    POST   /v1/consultations/{id}/uploads   announce: Upload-Length, Upload-Metadata (kind image, picture or consent, sha256 of the whole file)
    HEAD   /v1/uploads/{id}                 where to go on
    PATCH  /v1/uploads/{id}                 bytes from there on
    DELETE /v1/uploads/{id}                 call it off
    GET    /v1/uploads/{id}                 what became of it (as for a file that came in one)

There is no lock: two who send at once both move one number by compare-and-set, the later one is answered 409 and asks where to go on. So a connection
that hangs half open somewhere never keeps its owner out.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import time
from datetime import UTC
from email.utils import format_datetime
from typing import Any

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import json as json_response

from core.foundation.errors import Invalid
from core.imaging import commands as imaging
from core.imaging.errors import FileTooLarge, OffsetMoved, TransferEnded
from core.imaging.transfers import keep_piece
from miniprogram_api.http.api import actor_of, by_order, carry_out, dumps, practice_of, problem, public

blueprint = Blueprint("uploads", url_prefix="/v1")

VERSION = "1.0.0"
PIECE = 4 << 20
"""Bytes of a piece at most. Two megabits a second bring one in seventeen seconds, but FLUSH_S cuts it before."""
FLUSH_S = 3.0
"""What has come is stored at least so often, so that a killed process costs a weak link three seconds."""
MAX_CHECKED = 8 << 20
"""Bytes of one PATCH with a checksum: it is held until the checksum is known."""
DIGITS = 15
_OFFER = {
    "Tus-Resumable": VERSION, "Tus-Version": VERSION, "Tus-Extension": "creation,checksum,termination,expiration", "Tus-Checksum-Algorithm": "sha256",
    "Tus-Max-Size": str(imaging.MAX_IMAGE),
}  # fmt: skip


class VersionNotSpoken(Invalid):
    code = "upload.version"
    status = 412
    sentence = "这个上传程序的版本不支持,请用 tus 1.0.0。"


class HeaderWrong(Invalid):
    code = "upload.header"
    status = 400
    sentence = "上传请求的格式不对。请重新选择文件再传。"


class BytesExpected(Invalid):
    code = "upload.content_type"
    status = 415
    sentence = "上传请求的内容类型不对,应为 application/offset+octet-stream。"


@blueprint.options("/uploads/<upload_id:str>")
@public("what this server can do holds no data")
async def offer(request: Request, upload_id: str) -> HTTPResponse:
    return HTTPResponse(status=204, headers=_OFFER)


@blueprint.options("/consultations/<consultation_id:str>/uploads")
@public("what this server can do holds no data")
async def offer_creation(request: Request, consultation_id: str) -> HTTPResponse:
    return HTTPResponse(status=204, headers=_OFFER)


@blueprint.post("/consultations/<consultation_id:str>/uploads")
@by_order(imaging.BeginTransfer)
async def begin(request: Request, consultation_id: str) -> HTTPResponse:
    """201 with Location. Upload-Offset is the length at once when the consultation has this content already."""
    _speaks(request)
    metadata = _metadata(request.headers.get("upload-metadata", ""))
    file = {"consultation_id": consultation_id, "length": _number(request, "upload-length"), "sha256": metadata.get("sha256", "").lower()}
    kind = metadata.get("kind", "image")
    of_kind = imaging.BeginPicture if kind == "picture" else imaging.BeginTransfer
    order = of_kind.model_validate(file if kind == "picture" else {**file, "kind": kind})
    begun = await carry_out(request, order)
    location = f"{getattr(request, 'mount', '')}/v1/uploads/{begun.upload_id}"
    body = {"upload_id": begun.upload_id, "state": begun.state}
    return json_response(body, 201, headers={"Location": location, **_standing(begun)}, dumps=dumps)


@blueprint.head("/uploads/<upload_id:str>")
@by_order(imaging.TransferState)
async def where(request: Request, upload_id: str) -> HTTPResponse:
    _speaks(request)
    transfer = await _complete(request, await _alive(request, upload_id))
    metadata = {"kind": transfer.kind, "sha256": transfer.expected_sha256}
    told = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in metadata.items() if value)
    return HTTPResponse(status=200, headers={**_standing(transfer), "Upload-Length": str(transfer.length), "Upload-Metadata": told})


@blueprint.patch("/uploads/<upload_id:str>", stream=True)
@by_order(imaging.CompleteTransfer)
async def go_on(request: Request, upload_id: str) -> HTTPResponse:
    _speaks(request)
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/offset+octet-stream":
        raise BytesExpected
    offset, checksum = _number(request, "upload-offset"), _checksum(request)
    transfer = await _alive(request, upload_id)
    if offset != transfer.received:
        return _moved(transfer)
    if transfer.state == "receiving":
        arriving = _Arriving(request, transfer)
        try:
            problems = await (arriving.all_at_once(checksum) if checksum is not None else arriving.as_it_comes())
        except OffsetMoved:
            return _moved(await _alive(request, upload_id))
        if problems is not None:
            return problems
        transfer = await _alive(request, upload_id)
    return HTTPResponse(status=204, headers=_standing(await _complete(request, transfer)))


@blueprint.delete("/uploads/<upload_id:str>")
@by_order(imaging.EndTransfer)
async def end(request: Request, upload_id: str) -> HTTPResponse:
    _speaks(request)
    await carry_out(request, imaging.EndTransfer(upload_id=upload_id))
    return HTTPResponse(status=204, headers={"Tus-Resumable": VERSION})


class _Arriving:
    """The body of one PATCH on its way into pieces."""

    def __init__(self, request: Request, transfer: imaging.TransferView) -> None:
        self._practice = practice_of(request)
        self._stream: Any = request.stream
        self._transfer = transfer
        self._at = transfer.received
        self._buffer = bytearray()
        self._came = 0

    async def all_at_once(self, checksum: bytes) -> HTTPResponse | None:
        """Nothing is kept of a body whose checksum is another (460)."""
        while (part := await self._stream.read()) is not None:
            self._take(part, MAX_CHECKED)
        if hashlib.sha256(self._buffer).digest() != checksum:
            return _mismatch()
        await self._keep()
        return None

    async def as_it_comes(self) -> None:
        """Stored every PIECE bytes and every FLUSH_S seconds; also what came before the connection broke."""
        stored_at = time.monotonic()
        reading: asyncio.Task[bytes | None] | None = None
        try:
            while True:
                reading = reading or asyncio.create_task(self._stream.read())
                await asyncio.wait({reading}, timeout=FLUSH_S)
                if reading.done():
                    part, reading = reading.result(), None
                    if part is None:
                        break
                    self._take(part, self._transfer.length)
                if len(self._buffer) >= PIECE or (self._buffer and time.monotonic() - stored_at >= FLUSH_S):
                    await self._keep()
                    stored_at = time.monotonic()
        except FileTooLarge:
            raise
        except BaseException:
            if reading is not None:
                reading.cancel()
            await asyncio.shield(self._keep())
            raise
        await self._keep()

    def _take(self, part: bytes, most: int) -> None:
        self._came += len(part)
        if self._came > min(most, self._transfer.length - self._transfer.received):
            raise FileTooLarge(limit=max(1, min(most, self._transfer.length) >> 20))
        self._buffer += part

    async def _keep(self) -> None:
        if self._buffer:
            data = bytes(self._buffer)
            self._buffer.clear()
            self._at = await keep_piece(self._practice, self._transfer, self._at, data)


async def _alive(request: Request, upload_id: str) -> imaging.TransferView:
    transfer: imaging.TransferView = await practice_of(request).ask(actor_of(request), imaging.TransferState(upload_id=upload_id))
    if transfer.state == "ended":
        raise TransferEnded
    return transfer


async def _complete(request: Request, transfer: imaging.TransferView) -> imaging.TransferView:
    """Say that all is there: by whoever notices first, should the process that took the last byte have died over it."""
    if transfer.state != "receiving" or transfer.received < transfer.length:
        return transfer
    complete: imaging.TransferView = await carry_out(request, imaging.CompleteTransfer(upload_id=transfer.upload_id), keyed=False)
    return complete


def _standing(transfer: imaging.TransferView) -> dict[str, str]:
    headers = {"Tus-Resumable": VERSION, "Upload-Offset": str(transfer.received), "Cache-Control": "no-store"}
    if transfer.state == "receiving":
        headers["Upload-Expires"] = format_datetime(transfer.expires_at.astimezone(UTC), usegmt=True)
    return headers


def _moved(transfer: imaging.TransferView) -> HTTPResponse:
    error = OffsetMoved()
    return problem(error.status, error.code, error.message, {"offset": transfer.received}, _standing(transfer))


def _mismatch() -> HTTPResponse:
    """460 is tus's own status; no standard phrase belongs to it."""
    body = {"type": "about:blank", "title": "Checksum Mismatch", "status": 460, "code": "upload.checksum", "fields": {},
            "detail": "这一段在路上变了样,没有存。请再传一次这一段。"}  # fmt: skip
    return HTTPResponse(dumps(body), 460, {"Tus-Resumable": VERSION}, content_type="application/problem+json")


def _speaks(request: Request) -> None:
    if request.headers.get("tus-resumable") != VERSION:
        raise VersionNotSpoken


def _number(request: Request, name: str) -> int:
    text = request.headers.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > DIGITS:
        raise HeaderWrong
    return int(text)


def _metadata(header: str) -> dict[str, str]:
    """Upload-Metadata: pairs of a name and a base64 value (tus, creation). Names that say nothing here (a file's name) are not kept."""
    found = {}
    for pair in header.split(",") if header.strip() else []:
        name, _, value = pair.strip().partition(" ")
        if name in ("kind", "sha256"):
            try:
                found[name] = base64.b64decode(value, validate=True).decode("ascii")
            except (binascii.Error, UnicodeDecodeError):
                raise HeaderWrong from None
    return found


def _checksum(request: Request) -> bytes | None:
    header = request.headers.get("upload-checksum")
    if header is None:
        return None
    algorithm, _, value = header.partition(" ")
    try:
        digest = base64.b64decode(value, validate=True)
    except binascii.Error:
        raise HeaderWrong from None
    if algorithm != "sha256" or len(digest) != 32:
        raise HeaderWrong
    return digest
