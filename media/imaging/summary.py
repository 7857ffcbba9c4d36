"""What a checked file says of itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DicomSummary:
    """Identifiers as the device wrote them, never changed. ``rows`` and ``columns`` are None for objects without an image (reports);
    ``frames`` is 0 for them. ``description``: series or study description in its own character set, "" when there is none.
    ``body_part``: its code (CHEST, HEAD …), ``taken_on``: YYYY-MM-DD; "" when the device did not say."""

    sop_class_uid: str
    sop_instance_uid: str
    series_instance_uid: str
    study_instance_uid: str
    transfer_syntax_uid: str
    modality: str
    description: str
    rows: int | None
    columns: int | None
    frames: int
    has_pixels: bool
    body_part: str = ""
    taken_on: str = ""
