"""Photos taken by a phone (an electrocardiogram on paper, a film on the light box): what kind they are, what they say of themselves, how they look.

They are images of modality XC (PS3.3 C.7.3.1.1.1, external-camera photography) under identifiers derived from their content (PS3.5 B.2), so that the
same photo sent twice is one image. What the phone wrote into the file (place, device) is in no picture that is shown.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING

from media.imaging.broken import BrokenDicom
from media.imaging.content import Content, pieces_of
from media.imaging.summary import DicomSummary

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PHOTO = 64 << 20
"""Bytes: a phone's largest photos have a third of it."""
MAX_PIXELS = 120_000_000
_PHOTOGRAPH = "1.2.840.10008.5.1.4.1.1.77.1.4"
"""VL Photographic Image Storage."""
_JPEG = "1.2.840.10008.1.2.4.50"
_EXIF, _TAKEN = 0x8769, 0x9003
_ENDS = {"image/jpeg": b"\xff\xd9", "image/png": b"IEND"}


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo as a file, for the decoder."""

    data: bytes


def photo_type(head: bytes) -> str | None:
    """The media type; None when it is no photo."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return None


def photo_summary(data: Content) -> DicomSummary:
    """What a photo says of itself; its pixels are counted, not decoded. :class:`BrokenDicom` for what only begins like one."""
    if len(data) > MAX_PHOTO:
        raise BrokenDicom("too_large")
    whole = b"".join(pieces_of(data))
    kind = photo_type(whole[:16]) or ""
    with _opened(whole) as image:
        rows, columns, taken = image.height, image.width, _taken_on(image)
    if rows * columns > MAX_PIXELS:
        raise BrokenDicom("too_many_pixels")
    # A broken-off file ends before its end mark; a thumbnail inside has one of its own, near the beginning.
    if kind in _ENDS and whole.rfind(_ENDS[kind]) < len(whole) // 2:
        raise BrokenDicom("truncated")
    digest = hashlib.sha256(whole).digest()
    return DicomSummary(
        sop_class_uid=_PHOTOGRAPH, sop_instance_uid=_uid(digest, b"instance"), series_instance_uid=_uid(digest, b"series"),
        study_instance_uid=_uid(digest, b"study"), transfer_syntax_uid=_JPEG if kind == "image/jpeg" else "", modality="XC", description="",
        rows=rows, columns=columns, frames=1, has_pixels=True, taken_on=taken,
    )


def photo_picture(photo: Photo) -> Image:
    """Upright, in colour, whole; :class:`BrokenDicom` when it cannot be decoded."""
    from PIL import ImageOps

    with _opened(photo.data) as image:
        if image.width * image.height > MAX_PIXELS:
            raise BrokenDicom("too_many_pixels")
        upright = ImageOps.exif_transpose(image)
        return upright.convert("RGB")


def _opened(data: bytes) -> Image:
    from PIL import Image as PilImage
    from PIL import UnidentifiedImageError

    # The limit is ours: Pillow's own would warn of what is allowed here.
    PilImage.MAX_IMAGE_PIXELS = None
    try:
        return PilImage.open(BytesIO(data), formats=("JPEG", "PNG", "WEBP"))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        raise BrokenDicom("not_dicom") from None


def _taken_on(image: Image) -> str:
    """The day that the camera wrote, YYYY-MM-DD; "" where it wrote none."""
    with contextlib.suppress(Exception):
        text = str(image.getexif().get_ifd(_EXIF).get(_TAKEN, ""))[:10]
        return datetime.strptime(text, "%Y:%m:%d").date().isoformat()  # noqa: DTZ007 - a day without an hour
    return ""


def _uid(digest: bytes, kind: bytes) -> str:
    return f"2.25.{int.from_bytes(hashlib.sha256(kind + digest).digest()[:16])}"
