"""What was prescribed and given: in one consultation, and to one patient over time."""

from __future__ import annotations

from functools import partial

from tortoise.expressions import Q

from core.consultations.service import consultation_of
from core.foundation.actor import Role
from core.foundation.orders import answers
from core.foundation.withheld import shown
from core.foundation.work import Work
from core.prescriptions.commands_lists import CaseMedicines, CaseMedicinesView, PatientPrescriptions, PrescriptionList
from core.prescriptions.dose_views import dose_view
from core.prescriptions.models import EmergencyDose, Prescription
from core.prescriptions.reading import PATIENTS_STATES, SHOWN
from core.prescriptions.views import views_of


@answers(CaseMedicines)
async def case_medicines(work: Work, order: CaseMedicines) -> CaseMedicinesView:
    row = await consultation_of(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    found = await Prescription.filter(consultation_id=row.id).order_by("-id")
    dose = await EmergencyDose.get_or_none(consultation_id=row.id)
    lines, withheld = await shown(work, found, partial(views_of, work))
    return CaseMedicinesView(prescriptions=lines, dose=None if dose is None else await dose_view(work, dose), withheld=withheld)


@answers(PatientPrescriptions)
async def patient_prescriptions(work: Work, order: PatientPrescriptions) -> PrescriptionList:
    work.concerns("patient", order.patient_id)
    clinics = work.actor.organisations(Role.VILLAGE_DOCTOR)
    hers = Q(village_doctor_id=work.actor.practitioner_id, organisation_id__in=list(clinics)) | Q(state__in=PATIENTS_STATES)
    rows = await Prescription.filter(hers, patient_id=order.patient_id).order_by("-id").limit(SHOWN)
    lines, withheld = await shown(work, rows, partial(views_of, work))
    return PrescriptionList(prescriptions=lines, withheld=withheld)
