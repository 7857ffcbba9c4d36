"""What is told of follow-up names the patient as the one who reads it knows her."""

from __future__ import annotations

from bot.channels.words import as_words
from bot.sending.notice import Notice
from bot.sending.notices import render
from core.followups.commands import PlanView, StartPlan
from core.foundation.practice import Practice
from core.notifications.models import Notification
from core.people.models import ListedPatient
from tests.support.county import NUMBER_WITH_WECHAT, seed_small


async def test_the_number_is_the_one_on_the_list_of_the_doctor_who_is_told(practice: Practice) -> None:
    county = await seed_small(practice)
    plan: PlanView = await practice.execute(county.village_doctor, StartPlan(patient_id=county.woman, template="hypertension"))
    hers = await ListedPatient.get(patient_id=county.woman)
    await ListedPatient.create(
        id=practice.ids.new(), organisation_id=hers.organisation_id, practitioner_id=county.duty_doctor.practitioner_id, patient_id=county.woman,
        number=77, created_at=hers.created_at.replace(year=2020),
    )
    for told, who in ((county.village_doctor, f"{NUMBER_WITH_WECHAT} 号病人"), (county.duty_doctor, "77 号病人"), (county.pharmacist, "一位病人")):
        row = Notification(id=practice.ids.new(), account_id=told.account_id, kind="followup.high", ids={"plan_id": plan.plan_id})
        notice = await render(practice, row)
        assert isinstance(notice, Notice)
        assert who in (as_words(notice.shapes[0]) or "")
