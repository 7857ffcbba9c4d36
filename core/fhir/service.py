"""The room's front: loading this module registers its handler. A case is gathered from the rooms below and checked before it leaves."""

from __future__ import annotations

import asyncio

from core.consultations.models import Consultation
from core.consultations.service import consultation_of
from core.fhir import afterwards, calls, clinical, encounter, medications
from core.fhir.commands import BundleView, Everything
from core.fhir.elements import Case, Json
from core.fhir.validation import validate
from core.foundation.orders import answers
from core.foundation.work import Work


@answers(Everything)
async def everything(work: Work, order: Everything) -> BundleView:
    row = await consultation_of(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    case = Case(order.base)
    met = await gather(case, work, row)
    bundle = case.bundle(now=work.now, bundle_id=work.new_id(), about=met, operation="$everything")
    await asyncio.to_thread(validate, bundle)
    return BundleView(bundle=bundle)


async def gather(case: Case, work: Work, row: Consultation) -> Json:
    """Everything of one consultation into ``case``; the reference to its Encounter."""
    met = await encounter.encounter(case, work, row)
    await clinical.vital_signs(case, work, row, met)
    await clinical.allergies(case, work, row)
    await clinical.pre_consultation(case, work, row, met)
    await clinical.imaging_studies(case, row, met)
    await clinical.consents(case, row)
    await clinical.appointments(case, work, row)
    await encounter.opinion_and_decision(case, work, row, met)
    await encounter.provenance(case, work, row, met)
    await calls.calls(case, work, row, met)
    await afterwards.communications(case, work, row, met)
    await afterwards.followups(case, work, row, met)
    await medications.medication_requests(case, work, row, met)
    await medications.emergency_dose(case, work, row, met)
    await afterwards.coverage(case, work, row, met)
    return met
