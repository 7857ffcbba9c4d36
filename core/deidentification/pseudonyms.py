"""Pseudonyms and shifts of one copy: HMAC-SHA256 under its key, so that nobody without the key makes them, and no two copies share one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

SHORTEST, LONGEST = 30, 394
"""Days by which a patient's days lie back; whole days, so that intervals and times of day stay."""
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?")


@dataclass(frozen=True, slots=True)
class PatientKey:
    """What one patient's record is rewritten with. Everything but the patient himself is named anew for each patient: a doctor's or a clinic's
    pseudonym ties no two patients together."""

    key: bytes
    patient_id: str

    def __repr__(self) -> str:
        return "PatientKey(…)"

    @property
    def patient(self) -> str:
        return self._name("patient", self.patient_id)

    def pseudonym(self, row_id: str) -> str:
        """Of an id or whatever else names a row; a FHIR id."""
        return self.patient if row_id == self.patient_id else self._name("row", f"{self.patient_id}\x00{row_id}")

    def uid(self, uid: str) -> str:
        """A DICOM UID under the UUID root (PS3.5 B.2)."""
        return f"2.25.{int.from_bytes(self._digest('uid', f'{self.patient_id}{chr(0)}{uid}')[:16])}"

    @property
    def shift_days(self) -> int:
        drawn = int.from_bytes(self._digest("shift", self.patient_id)[:8])
        return -(SHORTEST + drawn % (LONGEST - SHORTEST + 1))

    def shifted(self, written: str) -> str | None:
        """A FHIR date or time moved; None when ``written`` is none."""
        if not _DATE.fullmatch(written):
            return None
        moved = timedelta(days=self.shift_days)
        try:
            if len(written) == 10:
                return (date.fromisoformat(written) + moved).isoformat()
            return (datetime.fromisoformat(written) + moved).isoformat().replace("+00:00", "Z")
        except (ValueError, OverflowError):
            return ""

    def _name(self, kind: str, of: str) -> str:
        return base64.b32encode(self._digest(kind, of)[:15]).decode().lower()

    def _digest(self, kind: str, of: str) -> bytes:
        return hmac.new(self.key, f"{kind}\x00{of}".encode(), hashlib.sha256).digest()
