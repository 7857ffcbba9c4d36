"""A file that somebody sent: fetched once, stored under the patient's key outside any transaction, then given to the practice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.channels.message import Incoming
from bot.dialogue.turn import FetchedFile, MediaAway, Turn
from core.consultations.commands import AttachConsent
from core.conversations.models import Message
from core.foundation.errors import DomainError, Unavailable
from core.foundation.objects.port import FileGone
from core.imaging.commands import ReceiveUpload
from core.imaging.commands_pictures import ReceivePicture

_PICTURES = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"))


async def hand_over(turn: Turn, order: AttachConsent | ReceiveUpload | ReceivePicture) -> Any:
    """Give the stored file to the practice. What it does not take is not kept; what could not be asked for the moment is, for the next try."""
    try:
        result = await turn.execute(order)
    except Unavailable:
        raise
    except DomainError:
        await turn.practice.blobs.drop_unrecorded(order.blob_id)
        raise
    await turn.practice.blobs.drop_unrecorded(order.blob_id)
    return result


async def stored_under(turn: Turn, patient_id: str, incoming: Incoming) -> dict[str, Any]:
    """The file of this message in the blob store: fetched once, whatever happens to this process in between."""
    return await _settled(turn, patient_id, incoming, lambda _file: "", turn.message_id, "")


async def copied(turn: Turn, patient_id: str, consultation_id: str, of_message: str, name: str) -> dict[str, Any] | None:
    """The photo kept for this consultation once more, as what ``name`` says it is: each record has a file of its own, and none goes with another.
    None where it is gone."""

    async def new_id() -> str:
        return turn.practice.ids.new()

    blob_id = await turn.settle(f"blob_{name}_{consultation_id}", new_id, of_message=of_message)

    async def copy() -> dict[str, Any]:
        settled = (await Message.get(id=of_message)).settled
        kept_as = (f"stored{kind}_{consultation_id}" for kind in ("", "_consent", "_image"))
        for source in (settled[key] for key in kept_as if key in settled):
            try:
                content = await turn.practice.blobs.get(source["blob_id"], "patient", patient_id, sha256=source["sha256"])
            except FileGone:
                continue
            kept = await turn.practice.blobs.put(blob_id, "patient", patient_id, content)
            return {**source, "blob_id": kept.id}
        raise FileGone

    try:
        stored: dict[str, Any] = await turn.settle(f"stored_{name}_{consultation_id}", copy, of_message=of_message)
    except FileGone:
        return None
    return stored


async def photo_for(
    turn: Turn, patient_id: str, incoming: Incoming, refused: Callable[[FetchedFile], str], *, of_message: str, consultation_id: str
) -> dict[str, Any]:
    """The photo of this message or an earlier one, for one consultation and under its patient's key: chosen twice, it is one file; chosen for another
    one after a slip, it is fetched once more. ``refused``: a code for what is not even stored, which is then all that the answer holds."""
    return await _settled(turn, patient_id, incoming, refused, of_message, f"_{consultation_id}")


async def _settled(
    turn: Turn, patient_id: str, incoming: Incoming, refused: Callable[[FetchedFile], str], of_message: str, suffix: str
) -> dict[str, Any]:
    async def new_id() -> str:
        return turn.practice.ids.new()

    blob_id = await turn.settle(f"blob{suffix}", new_id, of_message=of_message)

    async def fetch() -> dict[str, Any]:
        if turn.media is None:
            raise MediaAway
        file = await turn.media.fetch(incoming)
        if why := refused(file):
            return {"refused": why}
        kept = await turn.practice.blobs.put(blob_id, "patient", patient_id, file.content)
        return {"blob_id": kept.id, "size": kept.size, "sha256": kept.sha256, "media_type": media_type_of(file)}

    stored: dict[str, Any] = await turn.settle(f"stored{suffix}", fetch, of_message=of_message)
    return stored


def is_photo(file: FetchedFile) -> bool:
    return any(file.content.startswith(magic) for magic, _ in _PICTURES)


def media_type_of(file: FetchedFile) -> str:
    """What the bytes are, whatever the platform calls them."""
    return next((name for magic, name in _PICTURES if file.content.startswith(magic)), file.media_type.partition(";")[0].strip()[:80])
