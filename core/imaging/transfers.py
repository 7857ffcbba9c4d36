"""Files that come in pieces over a link that breaks: what has come lies safely, the sender goes on there, a worker joins the pieces.

How much has come is one number in a row, moved by compare-and-set together with the row of the piece: two senders at once, a killed process and a
repeated request can neither lose a byte nor store it twice. Pieces lie sealed under the patient's key like everything else.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, cast

from tortoise.expressions import F
from tortoise.transactions import in_transaction

from core.consultations.commands import AttachConsent
from core.consultations.service import open_consultation
from core.foundation.actor import Actor
from core.foundation.database.connection import PRACTICE
from core.foundation.due import due
from core.foundation.errors import Conflict, DomainError, NotFound, Unavailable
from core.foundation.events import Event, listens
from core.foundation.keys import SealBroken
from core.foundation.orders import Done, answers, handles
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.imaging.commands import (
    MAX_IMAGE,
    MAX_PHOTO,
    BeginPicture,
    BeginTransfer,
    CompleteTransfer,
    EndTransfer,
    ExpireTransfer,
    ReceiveUpload,
    SettleTransfer,
    TransferKind,
    TransferState,
    TransferView,
    UploadView,
)
from core.imaging.commands_pictures import ReceivePicture
from core.imaging.errors import (
    NOT_TAKEN,
    TRANSFER_SENTENCES,
    FileEmpty,
    FileTooLarge,
    OffsetMoved,
    PhotoExpected,
    TooManyTransfers,
    TransferClosed,
    TransferEnded,
    UploadUnknown,
)
from core.imaging.files import drop_file, drop_unheld, lost_here
from core.imaging.models import Transfer, TransferPiece, Upload
from core.imaging.pictures import check_number
from core.people.service import actor_for
from media.imaging.photos import photo_type

logger = logging.getLogger("huizhen.imaging")

KEPT_FOR = timedelta(hours=24)
"""Real time: a sender's link is slow in it, and a demonstration's day is over in a minute."""
MOST_UNFINISHED = 20
"""Files on their way of one account: more is a mistake, or somebody filling the disk."""
_LIMITS = {"image": MAX_IMAGE, "picture": MAX_PHOTO, "consent": MAX_PHOTO}


async def sends(upload_id: str, account_id: str) -> bool:
    return await Transfer.filter(id=upload_id, account_id=account_id).exists()


@handles(BeginTransfer)
async def begin_transfer(work: Work, order: BeginTransfer) -> TransferView:
    return await _begin(work, order, order.kind)


@handles(BeginPicture)
async def begin_picture(work: Work, order: BeginPicture) -> TransferView:
    await check_number(order.consultation_id, work.actor.account_id)
    return await _begin(work, order, "picture")


async def _begin(work: Work, order: BeginTransfer | BeginPicture, kind: TransferKind) -> TransferView:
    row = await open_consultation(work, order.consultation_id)
    if order.length == 0:
        raise FileEmpty
    if order.length > _LIMITS[kind]:
        raise FileTooLarge(limit=_LIMITS[kind] >> 20)
    account_id = work.actor.account_id
    if await Transfer.filter(account_id=account_id, state="receiving").count() >= MOST_UNFINISHED:
        raise TooManyTransfers
    twin = await _twin(row.id, order.sha256) if kind != "consent" else None
    expires_at = work.practice.clock.real_now() + KEPT_FOR
    transfer = await Transfer.create(
        id=work.new_id(), organisation_id=row.organisation_id, consultation_id=row.id, patient_id=row.patient_id, account_id=account_id,
        kind=kind, length=order.length, received=order.length if twin else 0, expected_sha256=order.sha256,
        state="done" if twin else "receiving", sha256=order.sha256 if twin else "", upload_id=twin, begun_at=work.now,
        expires_at=expires_at,
    )  # fmt: skip
    if twin is None:
        await work.schedule("imaging.transfer", transfer.id, work.now + KEPT_FOR)
    return _view(transfer)


async def _twin(consultation_id: str, sha256: str) -> str | None:
    """The upload of this consultation with the same content, if one was taken or is being looked at."""
    if not sha256:
        return None
    upload = await Upload.filter(consultation_id=consultation_id, sha256=sha256, state__in=["received", "accepted"]).order_by("id").first()
    return None if upload is None else upload.id


@answers(TransferState)
async def transfer_state(work: Work, order: TransferState) -> TransferView:
    return _view(await _transfer(order.upload_id))


# The technical writer stands outside ``execute``: it records that bytes have come, nothing of care. What the file becomes is an order.


async def keep_piece(practice: Practice, transfer: TransferView, start: int, data: bytes) -> int:
    """Store ``data`` as the bytes from ``start``; how many have come then. :class:`OffsetMoved` when somebody stored bytes there meanwhile.

    Finished even when the caller goes away in the middle: it is his broken connection that made this piece worth keeping.
    """
    return await asyncio.shield(_keep(practice, transfer, start, data))


async def _keep(practice: Practice, transfer: TransferView, start: int, data: bytes) -> int:
    piece_id = practice.ids.new()
    try:
        await practice.blobs.put(piece_id, "patient", transfer.patient_id, data)
        async with in_transaction(PRACTICE):
            moved = await Transfer.filter(id=transfer.upload_id, state="receiving", received=start).update(
                received=start + len(data), version=F("version") + 1
            )
            if not moved:
                raise OffsetMoved
            await TransferPiece.create(id=piece_id, transfer_id=transfer.upload_id, start=start, size=len(data))
    except BaseException:
        with contextlib.suppress(Exception):  # where the database is away nobody can say; the daily sweep will
            await drop_unheld(practice, [piece_id])
        raise
    return start + len(data)


@handles(CompleteTransfer)
async def complete_transfer(work: Work, order: CompleteTransfer) -> TransferView:
    transfer = await _transfer(order.upload_id)
    work.concerns("patient", transfer.patient_id)
    if transfer.state == "ended":
        raise TransferEnded
    if transfer.received < transfer.length:
        raise OffsetMoved
    if transfer.state == "receiving":
        await transfer.change(state="complete")
        await work.emit("transfer.complete", key=transfer.consultation_id, upload_id=transfer.id)
    return _view(transfer)


@dataclass(frozen=True, slots=True)
class _Joined:
    size: int
    sha256: str
    media_type: str | None


@listens("transfer.complete")
async def join_transfer(practice: Practice, event: Event) -> None:
    """One file of the pieces, given to the practice as if it had come in one. Each step bears being done again."""
    transfer = await Transfer.get_or_none(id=event.body["upload_id"])
    if transfer is None or transfer.state != "complete":
        return
    became, refusal = None, ""
    try:
        joined = await _join(practice, transfer)
    except (NotFound, SealBroken) as lost:
        await lost_here(practice, f"pieces of upload {transfer.id}", lost)
        joined, refusal = _Joined(0, "0" * 64, None), "upload.lost_here"
    if not refusal and transfer.expected_sha256 not in ("", joined.sha256):
        refusal = "upload.checksum"
    if not refusal:
        try:
            became = await _hand_over(practice, transfer, joined)
        except DomainError as refused:
            if isinstance(refused, Unavailable) or type(refused) is Conflict:
                raise  # it passes: the event is tried again
            refusal = refused.code
    order = SettleTransfer(upload_id=transfer.id, sha256=joined.sha256, became=became, refusal_code=refusal)
    await practice.execute(Actor.system("worker"), order, idempotency_key=f"settle:{transfer.id}")
    await practice.signals.publish(f"upload:{transfer.id}")


async def _join(practice: Practice, transfer: Transfer) -> _Joined:
    """The pieces as one file under the transfer's id, hashed on the way."""
    head = bytearray()

    async def content() -> AsyncIterator[bytes]:
        at = 0
        for piece in await TransferPiece.filter(transfer_id=transfer.id).order_by("start"):
            if piece.start != at:
                raise NotFound
            at += piece.size
            async for chunk in practice.blobs.stream(piece.id, "patient", transfer.patient_id):
                head.extend(chunk[: max(0, 16 - len(head))])
                yield chunk
                await asyncio.sleep(0)  # sealing is work for the processor: others get their turn
        if at != transfer.length:
            raise NotFound

    stored = await practice.blobs.put(transfer.id, "patient", transfer.patient_id, content())
    return _Joined(stored.size, stored.sha256, photo_type(bytes(head)))


async def _hand_over(practice: Practice, transfer: Transfer, joined: _Joined) -> str | None:
    """Give the order of a whole file in the sender's name; the upload that it became."""
    sender = await actor_for(transfer.account_id, "h5", practice.clock.now())
    file = {"consultation_id": transfer.consultation_id, "blob_id": transfer.id, "size": joined.size, "sha256": joined.sha256}
    key = f"transfer:{transfer.id}"
    if transfer.kind == "consent":
        if joined.media_type is None:
            raise PhotoExpected
        await practice.execute(sender, AttachConsent.model_validate({**file, "media_type": joined.media_type}), idempotency_key=key)
        return None
    if (twin := await _twin(transfer.consultation_id, joined.sha256)) is not None:
        return twin
    receive = ReceivePicture if transfer.kind == "picture" else ReceiveUpload
    received = await practice.execute(sender, receive.model_validate({**file, "upload_id": transfer.id}), idempotency_key=key)
    return cast(UploadView, received).upload_id


@handles(SettleTransfer)
async def settle_transfer(work: Work, order: SettleTransfer) -> TransferView:
    transfer = await _transfer(order.upload_id)
    work.concerns("patient", transfer.patient_id)
    if transfer.state == "complete":
        await transfer.change(
            state="refused" if order.refusal_code else "done", refusal_code=order.refusal_code, sha256=order.sha256, upload_id=order.became
        )
        await _drop_pieces(work, transfer.id)
        # The joined file stays where an order recorded it, and goes where none did (refused, or the content was here already).
        await work.emit("file.dropped", blob_id=transfer.id)
    return _view(transfer)


@handles(EndTransfer)
async def end_transfer(work: Work, order: EndTransfer) -> Done:
    transfer = await _transfer(order.upload_id)
    work.concerns("patient", transfer.patient_id)
    if transfer.state != "receiving":
        raise TransferEnded if transfer.state == "ended" else TransferClosed
    await work.unschedule("imaging.transfer", transfer.id)
    await _end(work, transfer)
    return Done()


due("imaging.transfer", lambda row: ExpireTransfer(upload_id=row.ref))


@handles(ExpireTransfer)
async def expire_transfer(work: Work, order: ExpireTransfer) -> Done:
    transfer = await _transfer(order.upload_id)
    work.concerns("patient", transfer.patient_id)
    if transfer.state not in ("receiving", "complete"):
        return Done(done=False)
    left = transfer.expires_at - work.practice.clock.real_now()
    if left > timedelta():
        await work.schedule("imaging.transfer", transfer.id, work.now + left)
        return Done(done=False)
    await _end(work, transfer)
    # Of one that was complete and never became anything, the joined file may lie there too.
    await work.emit("file.dropped", blob_id=transfer.id)
    return Done()


async def _end(work: Work, transfer: Transfer) -> None:
    await transfer.change(state="ended")
    await _drop_pieces(work, transfer.id)


async def _drop_pieces(work: Work, transfer_id: str) -> None:
    for piece in await TransferPiece.filter(transfer_id=transfer_id):
        await drop_file(work, piece.id)
    await TransferPiece.filter(transfer_id=transfer_id).delete()


async def as_upload(upload_id: str) -> tuple[UploadView, str | None]:
    """A transfer as an upload is told of, and the upload that it became, if it did."""
    transfer = await Transfer.get_or_none(id=upload_id)
    if transfer is None:
        raise UploadUnknown
    if transfer.state == "ended":
        raise TransferEnded
    states: dict[str, Literal["receiving", "received", "accepted", "refused"]] = {
        "receiving": "receiving", "complete": "received", "done": "accepted", "refused": "refused",
    }  # fmt: skip
    code = transfer.refusal_code
    view = UploadView(
        upload_id=transfer.id, consultation_id=transfer.consultation_id, state=states[transfer.state], refusal_code=code or None,
        refusal=TRANSFER_SENTENCES.get(code, NOT_TAKEN) if code else None, sha256=transfer.sha256 or None,
    )  # fmt: skip
    return view, transfer.upload_id


async def _transfer(upload_id: str) -> Transfer:
    transfer = await Transfer.get_or_none(id=upload_id)
    if transfer is None:
        raise UploadUnknown
    return transfer


def _view(row: Transfer) -> TransferView:
    return TransferView(
        upload_id=row.id, consultation_id=row.consultation_id, patient_id=row.patient_id, kind=cast(Literal["image", "consent"], row.kind),
        length=row.length, received=row.received, expected_sha256=row.expected_sha256,
        state=cast(Literal["receiving", "complete", "done", "refused", "ended"], row.state), expires_at=row.expires_at,
    )  # fmt: skip
