"""Checks a file: is it DICOM (or a photo), whole, identified, and of a size that can be handled? Pixels are counted, not decoded.

Caps are this project's own: they bound memory and time for any file whatever.
"""

from __future__ import annotations

import contextlib
import logging
import zlib
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from media.imaging.broken import BrokenDicom, only_broken
from media.imaging.content import Content, file_of
from media.imaging.deidentify import NewNames, deidentified
from media.imaging.photos import photo_summary, photo_type
from media.imaging.render_process import RenderProcess, Shown
from media.imaging.structure import Encoding, Pixels, Walker, guess_encoding, read_file_meta
from media.imaging.summary import DicomSummary

logger = logging.getLogger("huizhen.imaging")

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

MAX_SIZE = 512 << 20
MAX_INFLATED = 512 << 20
MAX_RATIO = 200
"""Deflate reaches 1,000 on zeros; real images stay below 20."""
MAX_FRAMES = 20_000
MAX_DECODED = 4 << 30
"""Bytes of all frames once decoded."""
MAX_SIDE = 65_535

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"
MEDIA_VIDEO = tuple(f"1.2.840.10008.1.2.4.10{number}" for number in range(9))

_TAGS = (
    "SpecificCharacterSet", "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "Modality", "SeriesDescription",
    "StudyDescription", "Rows", "Columns", "SamplesPerPixel", "BitsAllocated", "NumberOfFrames", "PhotometricInterpretation",
    "BodyPartExamined", "AcquisitionDate", "ContentDate", "SeriesDate", "StudyDate",
)


class ImagingEngine:
    """The engine as the practice holds it. Safe to call from a thread; raises nothing but :class:`BrokenDicom` and, for a frame, FileNeeded."""

    def __init__(self) -> None:
        self._decoder = RenderProcess()

    def check(self, data: Content) -> DicomSummary:
        return check(data)

    def render(self, key: str, data: Content | None, frame: int, window: str, max_side: int) -> Shown:
        """One frame as a picture; ``key`` is the SHA-256 of ``data``, which may be left out while the decoder holds it (else FileNeeded)."""
        return self._decoder.render(key, data, frame, window, max_side)

    def deidentified(self, data: bytes, names: NewNames, *, with_text: bool = False) -> bytes:
        """A copy of ``data`` without who it shows; ImageWithheld."""
        return deidentified(data, names, with_text=with_text)

    def close(self) -> None:
        self._decoder.stop()


def build() -> ImagingEngine:
    return ImagingEngine()


def check(data: Content) -> DicomSummary:
    """What ``data`` says of itself, or :class:`BrokenDicom` with the reason."""
    try:
        with only_broken("malformed"):
            return _check(data)
    except BrokenDicom as broken:
        if broken.place:
            logger.info("a file is not taken: %s (%s)", broken.code, broken.place)
        raise


def _check(data: Content) -> DicomSummary:
    if len(data) == 0:
        raise BrokenDicom("empty")
    if len(data) > MAX_SIZE:
        raise BrokenDicom("too_large")
    if photo_type(data[:16]) is not None:
        return photo_summary(data)
    dataset_bytes, start, encoding, syntax = data_set_of(data)
    pixels = Walker(dataset_bytes, encoding).walk(start)
    dataset = _values(dataset_bytes, start, encoding)
    return _summary(dataset, syntax, pixels)


def data_set_of(data: Content) -> tuple[Content, int, Encoding, str]:
    """The bytes that hold the data set, where it starts, how it is encoded, and its transfer syntax."""
    if data[128:132] != b"DICM":
        # Without a preamble nothing says that it is DICOM: it must at least begin like a data set, and name its UIDs below.
        encoding = guess_encoding(data, 0)
        if encoding is None:
            raise BrokenDicom("truncated" if data[:128].strip(b"\x00") == b"" and len(data) < 132 else "not_dicom")
        return data, 0, encoding, _guessed_syntax(encoding)
    meta = read_file_meta(data)
    if meta.sop_class == MEDIA_DIRECTORY:
        raise BrokenDicom("directory")
    if meta.start >= len(data):
        raise BrokenDicom("truncated")
    if not meta.transfer_syntax:
        encoding = guess_encoding(data, meta.start)
        if encoding is None:
            raise BrokenDicom("unknown_syntax")
        return data, meta.start, encoding, _guessed_syntax(encoding)
    if meta.transfer_syntax == DEFLATED:
        # The one kind that is read whole: a deflated stream has no places to go to.
        return _inflate(data[meta.start : len(data)]), 0, Encoding(implicit=False, big_endian=False), DEFLATED
    if not _is_known(meta.transfer_syntax):
        raise BrokenDicom("unknown_syntax")
    return data, meta.start, _encoding_found(data, meta.start, meta.transfer_syntax), meta.transfer_syntax


def _encoding_found(data: Content, start: int, syntax: str) -> Encoding:
    """As declared; but some devices write the other VR kind than they declare, and every reader follows what is there."""
    declared = Encoding(implicit=syntax == IMPLICIT, big_endian=syntax == BIG_ENDIAN)
    found = guess_encoding(data, start)
    return declared if found is None or declared.big_endian else found


def _guessed_syntax(encoding: Encoding) -> str:
    return IMPLICIT if encoding.implicit else BIG_ENDIAN if encoding.big_endian else EXPLICIT


def _is_known(syntax: str) -> bool:
    from pydicom.uid import AllTransferSyntaxes, PrivateTransferSyntaxes

    return syntax in AllTransferSyntaxes or syntax in PrivateTransferSyntaxes


def _inflate(zipped: bytes) -> bytes:
    """Deflate with a limit (PS3.5 A.5): a bomb is refused before it has taken the memory."""
    limit = min(MAX_INFLATED, max(len(zipped), 1) * MAX_RATIO)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = inflater.decompress(zipped, limit)
    except zlib.error:
        raise BrokenDicom("malformed") from None
    if inflater.unconsumed_tail:
        raise BrokenDicom("expands")
    if not inflater.eof:
        raise BrokenDicom("truncated")
    return data


def _values(data: Content, start: int, encoding: Encoding) -> Dataset:
    """The few values that are needed, read by pydicom; it stops at the pixel data."""
    from pydicom import filereader
    from pydicom.tag import Tag

    quiet()
    file = cast(BinaryIO, file_of(data))
    file.seek(start)
    return filereader.read_dataset(
        file,
        encoding.implicit,
        not encoding.big_endian,
        stop_when=lambda tag, vr, length: int(tag) >= 0x7FE00008,
        specific_tags=[Tag(name) for name in _TAGS],
    )


_is_quiet = False


def quiet() -> None:
    """pydicom's warnings quote values, which are a patient's: they must not reach a log."""
    global _is_quiet
    if _is_quiet:
        return
    import logging
    import warnings

    from pydicom import config

    config.settings.reading_validation_mode = config.IGNORE
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module=r"pydicom\..*")
    _is_quiet = True


def _summary(dataset: Dataset, syntax: str, pixels: Pixels | None) -> DicomSummary:
    uids = [_uid(dataset, name) for name in ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")]
    rows, columns = _number(dataset, "Rows"), _number(dataset, "Columns")
    frames = 0
    if pixels is None and (rows or columns or _is_image(uids[0])):
        # Cut exactly between two elements, before the pixels.
        raise BrokenDicom("truncated")
    if pixels is not None:
        frames = _number(dataset, "NumberOfFrames") or 1
        _check_pixels(dataset, pixels, syntax, rows, columns, frames)
    return DicomSummary(
        sop_class_uid=uids[0],
        sop_instance_uid=uids[1],
        series_instance_uid=uids[2],
        study_instance_uid=uids[3],
        transfer_syntax_uid=syntax,
        modality=_text(dataset, "Modality")[:16] or "OT",
        description=(_text(dataset, "SeriesDescription") or _text(dataset, "StudyDescription"))[:64],
        rows=rows if pixels is not None else None,
        columns=columns if pixels is not None else None,
        frames=frames,
        has_pixels=pixels is not None,
        body_part=_text(dataset, "BodyPartExamined").upper()[:16],
        taken_on=_day(dataset),
    )


def _day(dataset: Dataset) -> str:
    """The day of the picture, or of what it belongs to; "" where no date can be read (PS3.5 6.2, DA)."""
    for name in ("AcquisitionDate", "ContentDate", "SeriesDate", "StudyDate"):
        text = _text(dataset, name).replace(".", "")
        with contextlib.suppress(ValueError):
            return datetime.strptime(text, "%Y%m%d").date().isoformat()  # noqa: DTZ007 - a day without an hour
    return ""


def _is_image(sop_class: str) -> bool:
    """Whether objects of this class always have pixels (PS3.4 annex B: the classes named … Image Storage)."""
    from pydicom.uid import UID

    return "Image Storage" in UID(sop_class).name


def _check_pixels(dataset: Dataset, pixels: Pixels, syntax: str, rows: int | None, columns: int | None, frames: int) -> None:
    """Sizes within the caps, and data as long as the sizes say (PS3.5 8)."""
    if not rows or not columns:
        raise BrokenDicom("pixel_length")
    if rows > MAX_SIDE or columns > MAX_SIDE or not 0 < frames <= MAX_FRAMES:
        raise BrokenDicom("too_many_pixels")
    samples = _number(dataset, "SamplesPerPixel") or 1
    bits = {(0x7FE0, 0x0008): 32, (0x7FE0, 0x0009): 64}.get(pixels.tag) or _number(dataset, "BitsAllocated") or 8
    if not 0 < samples <= 4 or not 0 < bits <= 64:
        raise BrokenDicom("malformed")
    length = (rows * columns * samples * bits * frames + 7) // 8
    if length > MAX_DECODED:
        raise BrokenDicom("too_many_pixels")
    if pixels.fragments is not None:
        if pixels.fragments == 0 or pixels.length == 0 or (pixels.fragments < frames and syntax not in MEDIA_VIDEO):
            raise BrokenDicom("pixel_length")
        return
    if _text(dataset, "PhotometricInterpretation") == "YBR_FULL_422":
        length = length * 2 // 3
    if pixels.length < length:
        raise BrokenDicom("pixel_length")


def _uid(dataset: Dataset, name: str) -> str:
    """PS3.5 9.1: digits and dots, at most 64."""
    value = _text(dataset, name)
    if not 1 <= len(value) <= 64 or not set(value) <= set("0123456789."):
        raise BrokenDicom("missing_uids")
    return value


def _text(dataset: Dataset, name: str) -> str:
    value: Any = dataset.get(name)
    if value is None:
        return ""
    return str(value).replace("\x00", "").strip()


def _number(dataset: Dataset, name: str) -> int | None:
    value: Any = dataset.get(name)
    return None if value is None or value == "" else int(value)
