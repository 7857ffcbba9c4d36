"""The files people send in the story: a real DICOM image that ships with pydicom, a broken copy of it, and a photograph."""

from __future__ import annotations

import base64
import importlib.util
from pathlib import Path

_SMALL_JPEG = (
    "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////"
    "wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA="
)


def write_files(folder: Path) -> Path:
    """consent.jpg, image.dcm and broken.dcm in ``folder``."""
    spec = importlib.util.find_spec("pydicom")
    assert spec is not None
    assert spec.origin is not None
    image = (Path(spec.origin).parent / "data" / "test_files" / "CT_small.dcm").read_bytes()
    (folder / "image.dcm").write_bytes(image)
    (folder / "broken.dcm").write_bytes(image[: len(image) // 3])
    (folder / "consent.jpg").write_bytes(base64.b64decode(_SMALL_JPEG))
    return folder
