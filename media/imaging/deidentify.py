"""An image without who it shows: an allow-list of attributes, stricter than the Basic Profile of DICOM PS3.15 annex E (edition 2024b).

Kept is what is needed to show and measure the pixels; nothing that table E.1-1 removes, empties or replaces is on the list but UIDs, which
are exchanged, and the days of study, series, acquisition and content, which are moved (Retain Longitudinal Temporal Information With Modified
Dates Option). Everything else goes: private groups, overlays, curves, sequences, comments, device names. Pixels are not touched: text that is
burned into them, and a face that can be made of a head, stay. So an image that may carry text is withheld unless it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO

from media.imaging.photos import photo_type

KEPT = (
    "SOPClassUID", "ImageType", "Modality", "Manufacturer", "SeriesNumber", "InstanceNumber", "AcquisitionNumber", "NumberOfFrames",
    "BodyPartExamined", "Laterality", "ImageLaterality", "ViewPosition", "PatientPosition", "PatientOrientation", "ImagePositionPatient",
    "ImageOrientationPatient", "SliceLocation", "SliceThickness", "SpacingBetweenSlices", "PixelSpacing", "ImagerPixelSpacing",
    "PixelAspectRatio", "KVP", "ExposureTime", "XRayTubeCurrent", "Exposure", "ConvolutionKernel", "ReconstructionDiameter",
    "DataCollectionDiameter", "GantryDetectorTilt", "DistanceSourceToDetector", "DistanceSourceToPatient", "ScanningSequence",
    "SequenceVariant", "ScanOptions", "MRAcquisitionType", "RepetitionTime", "EchoTime", "InversionTime", "NumberOfAverages",
    "MagneticFieldStrength", "EchoNumbers", "FlipAngle", "EchoTrainLength", "FrameTime", "CineRate", "SamplesPerPixel",
    "PhotometricInterpretation", "PlanarConfiguration", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation",
    "SmallestImagePixelValue", "LargestImagePixelValue", "PixelPaddingValue", "RescaleIntercept", "RescaleSlope", "RescaleType",
    "WindowCenter", "WindowWidth", "VOILUTFunction", "LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod",
    "RedPaletteColorLookupTableDescriptor", "GreenPaletteColorLookupTableDescriptor", "BluePaletteColorLookupTableDescriptor",
    "RedPaletteColorLookupTableData", "GreenPaletteColorLookupTableData", "BluePaletteColorLookupTableData", "PresentationLUTShape",
    "BurnedInAnnotation", "PixelData",
)  # fmt: skip
UIDS = ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID")
DAYS = ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate")
TIMES = ("StudyTime", "SeriesTime", "AcquisitionTime", "ContentTime")
EMPTY = ("PatientBirthDate", "PatientSex", "StudyID", "AccessionNumber", "ReferringPhysicianName")
"""Type 2: must be there, may be empty."""
_MAY_CARRY_TEXT = frozenset(("US", "IVUS", "SC", "OT", "ES", "GM", "XC", "OP", "DOC", "ECG", "HD", "SMR", "RF", "XA", "PX"))
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
WITHHELD = {"burned_in": "图上可能有烧录的文字", "no_pixels": "不是图像(报告或文档)", "enhanced": "增强多帧格式,位置写在未保留的序列里"}


class ImageWithheld(Exception):
    """The image is not given; ``reason`` is a key of :data:`WITHHELD`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class NewNames:
    """``patient``: pseudonym; ``uid``: exchanges one; ``shift_days``: by how much days are moved."""

    patient: str
    uid: Callable[[str], str]
    shift_days: int


def deidentified(data: bytes, names: NewNames, *, with_text: bool = False) -> bytes:
    """A new file; :class:`ImageWithheld` for what is not given. ``data`` has been checked when it arrived."""
    from pydicom import dcmread, dcmwrite
    from pydicom.dataset import Dataset, FileMetaDataset

    if photo_type(data[:16]) is not None:
        # A photo of paper shows the name that stands on it.
        raise ImageWithheld("burned_in")
    source = dcmread(BytesIO(data))
    if "PixelData" not in source:
        raise ImageWithheld("no_pixels")
    if "PerFrameFunctionalGroupsSequence" in source:
        raise ImageWithheld("enhanced")
    if not with_text and may_carry_text(source):
        raise ImageWithheld("burned_in")
    out = Dataset()
    for keyword in KEPT:
        if keyword in source:
            out[keyword] = source[keyword]
    for keyword in UIDS:
        if source.get(keyword):
            setattr(out, keyword, names.uid(str(source[keyword].value)))
    for keyword in DAYS:
        setattr(out, keyword, _moved(str(source.get(keyword, "")), names.shift_days))
    for keyword in TIMES:
        if keyword in source:
            out[keyword] = source[keyword]
    for keyword in EMPTY:
        setattr(out, keyword, "")
    out.SpecificCharacterSet = "ISO_IR 192"
    out.PatientID = out.PatientName = names.patient
    _mark(out)
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = source.file_meta.TransferSyntaxUID
    meta.MediaStorageSOPClassUID = source.SOPClassUID
    meta.MediaStorageSOPInstanceUID = out.SOPInstanceUID
    out.file_meta = meta
    file = BytesIO()
    dcmwrite(file, out, enforce_file_format=True)
    return file.getvalue()


def may_carry_text(source: object) -> bool:
    """Says so itself, or is of a kind that often does and does not deny it."""
    get = source.get  # type: ignore[attr-defined]
    said = str(get("BurnedInAnnotation", "")).upper()
    if said in ("YES", "NO"):
        return said == "YES"
    kind = [str(part).upper() for part in get("ImageType", None) or ()]
    captured = str(get("SOPClassUID", "")).startswith(_SECONDARY_CAPTURE)
    return str(get("Modality", "")).upper() in _MAY_CARRY_TEXT or captured or "SECONDARY" in kind


def _moved(day: str, shift_days: int) -> str:
    try:
        return f"{datetime.strptime(day, '%Y%m%d') + timedelta(days=shift_days):%Y%m%d}"  # noqa: DTZ007 a day, no moment
    except (ValueError, OverflowError):
        return ""


def _mark(out: object) -> None:
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    codes = []
    for value, meaning in (
        ("113100", "Basic Application Confidentiality Profile"),
        ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    ):
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "DCM", meaning
        codes.append(code)
    out.PatientIdentityRemoved = "YES"  # type: ignore[attr-defined]
    out.LongitudinalTemporalInformationModified = "MODIFIED"  # type: ignore[attr-defined]
    out.DeidentificationMethod = "Allow-list within PS3.15 E.1-1"  # type: ignore[attr-defined]
    out.DeidentificationMethodCodeSequence = Sequence(codes)  # type: ignore[attr-defined]
