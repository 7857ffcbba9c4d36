"""An order that names two things: the door asks about one of them, and the other must belong to it."""

from __future__ import annotations

import pytest

from core.consultations.errors import ConsultationUnknown
from core.fhir.commands import Everything
from core.followups.commands import StartPlan
from core.followups.models import FollowupPlan
from core.foundation.practice import Practice
from core.prescriptions.commands import Check
from core.prescriptions.errors import PrescriptionUnknown
from tests.core.dispatch.ward import EMERGENT, open_ward
from tests.core.prescriptions.pharmacy import item, open_pharmacy

pytestmark = pytest.mark.storage


async def test_a_plan_is_not_hung_on_another_patients_consultation(practice: Practice) -> None:
    ward = await open_ward(practice, hearts=3)
    asked, county = await ward.request(EMERGENT), ward.county  # the old man's
    with pytest.raises(ConsultationUnknown):
        await practice.execute(county.village_doctor, StartPlan(
            patient_id=county.woman, template="hypertension", consultation_id=asked.consultation_id
        ))
    assert not await FollowupPlan.exists()
    # One that was hung there before this was asked does not travel with the other's record.
    plan = await practice.execute(county.village_doctor, StartPlan(patient_id=county.woman, template="hypertension"))
    await FollowupPlan.filter(id=plan.plan_id).update(consultation_id=asked.consultation_id)
    bundle = (await practice.ask(county.village_doctor, Everything(consultation_id=asked.consultation_id))).bundle
    assert "CarePlan" not in [entry["resource"]["resourceType"] for entry in bundle["entry"]]


async def test_a_check_does_not_read_another_consultations_prescription(practice: Practice) -> None:
    ward = await open_ward(practice, hearts=4)
    pharmacy = await open_pharmacy(ward)
    await pharmacy.facts()
    proposed = await pharmacy.propose(item("amlodipine", "5"))
    other = await ward.request(EMERGENT)
    with pytest.raises(PrescriptionUnknown):
        await pharmacy.ask(pharmacy.doctor, Check(
            consultation_id=other.consultation_id, prescription_id=proposed.prescription_id, items=(item("amlodipine", "5"),)
        ))
