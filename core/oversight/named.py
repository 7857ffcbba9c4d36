"""Which patient an order of this room names, and where he is at home."""

from __future__ import annotations

from core.consultations.models import Consultation
from core.foundation.orders import Order
from core.foundation.work import Work
from core.oversight.commands import BreakTheGlass
from core.oversight.errors import PatientNotNamed
from core.people.models import ListedPatient, Organisation, Patient


async def patient_named(work: Work, order: Order) -> Patient | None:
    """The patient whom ``order`` names by id, by the code of a consultation or by ID number; None when there is none."""
    if not isinstance(order, BreakTheGlass):
        return None
    if sum(one is not None for one in (order.patient_id, order.consultation_code, order.id_number)) != 1:
        raise PatientNotNamed
    if order.id_number is not None:
        return await Patient.get_or_none(id_number_blind=work.blind("id_number", order.id_number.upper()))
    patient_id = order.patient_id
    if order.consultation_code is not None:
        row = await Consultation.get_or_none(code=order.consultation_code.upper())
        patient_id = None if row is None else row.patient_id
    return None if patient_id is None else await Patient.get_or_none(id=patient_id)


async def regions_of(patient: Patient) -> list[str]:
    """Region codes of the houses that know him, the one that looks after him first: his village doctors', else the one that keeps the record."""
    listed = await ListedPatient.filter(patient_id=patient.id).order_by("created_at", "id")
    ids = [row.organisation_id for row in listed] or [patient.organisation_id]
    houses = {row.id: row.region_code for row in await Organisation.filter(id__in=ids)}
    return [houses[one] for one in ids if one in houses]
