"""The files people send in the story: a real DICOM image that ships with pydicom, a broken copy of it, and a JPEG photograph."""

from __future__ import annotations

import importlib.util
from io import BytesIO
from pathlib import Path

from pydicom import dcmread
from pydicom.uid import generate_uid


def write_files(folder: Path) -> Path:
    """consent.jpg, image.dcm and broken.dcm in ``folder``."""
    spec = importlib.util.find_spec("pydicom")
    assert spec is not None
    assert spec.origin is not None
    shipped = Path(spec.origin).parent / "data" / "test_files"
    image = taken_anew((shipped / "CT_small.dcm").read_bytes())
    (folder / "image.dcm").write_bytes(image)
    (folder / "broken.dcm").write_bytes(image[: len(image) // 3])
    pictured = (shipped / "SC_rgb_jpeg_dcmtk.dcm").read_bytes()
    start = pictured.index(b"\xff\xd8\xff")
    (folder / "consent.jpg").write_bytes(pictured[start : pictured.index(b"\xff\xd9", start) + 2])
    return folder


def taken_anew(image: bytes) -> bytes:
    """The same picture as another examination: one UID belongs to one patient, and several are seen in one demonstration."""
    dataset = dcmread(BytesIO(image))
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID = (generate_uid() for _ in range(3))
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    written = BytesIO()
    dataset.save_as(written)
    return written.getvalue()
