"""Reading and checking DICOM. ``build()`` gives the engine that the practice uses; nothing heavy is loaded before it checks something."""

from __future__ import annotations

from media.imaging.broken import BrokenDicom
from media.imaging.engine import ImagingEngine, build, check
from media.imaging.summary import DicomSummary

__all__ = ["BrokenDicom", "DicomSummary", "ImagingEngine", "build", "check"]
