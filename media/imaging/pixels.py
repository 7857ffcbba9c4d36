"""The pixels of one frame as numbers: decoded, with the values that change them, grey or colour. Runs only where a crash harms nobody.

Decoders: uncompressed, deflated and RLE by pydicom; JPEG (8 bit), JPEG lossless, JPEG-LS and JPEG 2000 by GDCM, with Pillow and OpenJPEG after
it; High-Throughput JPEG 2000 by OpenJPEG. Twelve-bit lossy JPEG, JPEG 2000 part 2, JPIP, JPEG XL and video have no decoder here and are said so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, cast

from media.imaging.broken import BrokenDicom
from media.imaging.content import file_of
from media.imaging.engine import DEFLATED, EXPLICIT, MEDIA_VIDEO, check, data_set_of, quiet

if TYPE_CHECKING:
    import numpy as np
    from pydicom.dataset import Dataset

MAX_FRAME_PIXELS = 64 << 20
"""Of one frame: 8,192 × 8,192. A mammogram has 14 million."""
NOTHING_TO_SEE = frozenset({"SR", "KO", "PR", "AU"})

_TAGS = (
    "SOPClassUID", "Modality", "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames", "Rows", "Columns",
    "PixelAspectRatio", "PixelSpacing", "ImagerPixelSpacing", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation",
    "SmallestImagePixelValue", "PixelPaddingValue", "PixelPaddingRangeLimit", "WindowCenter", "WindowWidth", "VOILUTFunction", "RescaleIntercept",
    "RescaleSlope", "RescaleType", "ModalityLUTSequence", "VOILUTSequence", "RedPaletteColorLookupTableDescriptor",
    "GreenPaletteColorLookupTableDescriptor", "BluePaletteColorLookupTableDescriptor", "RedPaletteColorLookupTableData",
    "GreenPaletteColorLookupTableData", "BluePaletteColorLookupTableData", "SegmentedRedPaletteColorLookupTableData",
    "SegmentedGreenPaletteColorLookupTableData", "SegmentedBluePaletteColorLookupTableData", "PixelData", "FloatPixelData",
    "DoubleFloatPixelData", "ExtendedOffsetTable", "ExtendedOffsetTableLengths", "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
)
"""What changes how a picture looks. Names, texts and private elements of the file are never even read."""
_OF_THE_FRAME = ("PixelValueTransformationSequence", "FrameVOILUTSequence", "PixelMeasuresSequence")


def read_picture(data: bytes) -> Dataset:
    """What of a checked file makes its picture; :class:`BrokenDicom` when there is none or it cannot be shown."""
    from pydicom import filereader
    from pydicom.dataset import FileMetaDataset
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.tag import Tag

    summary = check(data)
    if not summary.has_pixels:
        raise BrokenDicom("no_picture")
    if summary.transfer_syntax_uid in MEDIA_VIDEO:
        raise BrokenDicom("video")
    if (summary.rows or 0) * (summary.columns or 0) > MAX_FRAME_PIXELS:
        raise BrokenDicom("too_many_pixels")
    content, start, encoding, syntax = data_set_of(data)
    quiet()
    file = cast(BinaryIO, file_of(content))
    file.seek(start)
    dataset = filereader.read_dataset(file, encoding.implicit, not encoding.big_endian, specific_tags=[Tag(name) for name in _TAGS])
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = EXPLICIT if syntax == DEFLATED else syntax  # type: ignore[assignment]
    try:
        get_decoder(dataset.file_meta.TransferSyntaxUID)
    except NotImplementedError:
        raise BrokenDicom("not_shown") from None
    return dataset


def frame_pixels(dataset: Dataset, frame: int) -> tuple[np.ndarray[Any, Any], str]:
    """Frame ``frame`` (from 0) as (rows, columns) or (rows, columns, 3), and its photometric interpretation after decoding."""
    from pydicom.pixels.decoders.base import get_decoder

    decoder = get_decoder(dataset.file_meta.TransferSyntaxUID)
    if not decoder.is_available:
        raise BrokenDicom("not_shown")
    try:
        pixels, facts = decoder.as_array(dataset, index=frame)
    except NotImplementedError:
        raise BrokenDicom("not_shown") from None
    except MemoryError:
        raise BrokenDicom("too_many_pixels") from None
    except RuntimeError:
        # Every decoder was asked and refused: a twelve-bit lossy JPEG is one that none of them knows.
        raise BrokenDicom("not_shown" if _is_twelve_bit_jpeg(dataset) else "undecodable") from None
    return pixels, str(facts["photometric_interpretation"])


def _is_twelve_bit_jpeg(dataset: Dataset) -> bool:
    from pydicom.uid import JPEGExtended12Bit

    return bool(dataset.file_meta.TransferSyntaxUID == JPEGExtended12Bit and int(dataset.get("BitsStored") or 8) > 8)


def values_of_frame(dataset: Dataset, frame: int) -> Dataset:
    """The values that apply to frame ``frame``: those of the file, overruled by the functional groups of an enhanced object (PS3.3 C.7.6.16)."""
    from pydicom.dataset import Dataset as PydicomDataset

    values = PydicomDataset()
    values.file_meta = dataset.file_meta
    values.update({element.tag: element for element in dataset if element.keyword in _VALUES})
    groups = [group[0] for name in ("SharedFunctionalGroupsSequence",) if (group := dataset.get(name))]
    per_frame = dataset.get("PerFrameFunctionalGroupsSequence")
    if per_frame and frame < len(per_frame):
        groups.append(per_frame[frame])
    for group in groups:
        for name in _OF_THE_FRAME:
            if items := group.get(name):
                values.update({element.tag: element for element in items[0] if element.keyword in _VALUES})
    return values


_VALUES = frozenset(
    {
        "Modality", "WindowCenter", "WindowWidth", "VOILUTFunction", "VOILUTSequence", "RescaleSlope", "RescaleIntercept", "RescaleType",
        "ModalityLUTSequence", "PixelPaddingValue", "PixelPaddingRangeLimit", "PixelSpacing", "ImagerPixelSpacing", "PixelAspectRatio",
        "BitsStored", "PixelRepresentation",
    }
)  # fmt: skip
