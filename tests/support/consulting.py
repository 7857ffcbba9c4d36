"""What a consultation needs before experts are asked, brought by its village doctor."""

from __future__ import annotations

from typing import Any

from core.consultations.commands import AttachConsent, ConfirmPatient, WaiveMaterial
from core.consultations.models import Consultation


async def ready(ward: Any, consultation_id: str) -> None:
    """``ward``: whatever has a ``practice`` and a ``county``. Patient, consent on paper, and that there is no image: the search begins."""
    practice, doctor = ward.practice, ward.county.village_doctor
    row = await Consultation.get(id=consultation_id)
    await practice.execute(doctor, ConfirmPatient(consultation_id=consultation_id))
    await practice.execute(doctor, WaiveMaterial(consultation_id=consultation_id))
    if row.consented_at is None:
        photo = await practice.blobs.put(practice.ids.new(), "patient", row.patient_id, b"\xff\xd8 paper")
        await practice.execute(doctor, AttachConsent(
            consultation_id=consultation_id, blob_id=photo.id, media_type="image/jpeg", size=photo.size, sha256=photo.sha256
        ))
