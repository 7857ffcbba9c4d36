"""What stands at the head of a record that was opened in an emergency: whose it is, and what he must not be given."""

from __future__ import annotations

from core.foundation.orders import answers
from core.foundation.work import Work
from core.people.cards import patient_card
from core.prescriptions.case_facts import in_words
from core.prescriptions.commands_facts import EmergencyHead, EmergencyHeadView
from core.prescriptions.facts import facts_without_case


@answers(EmergencyHead)
async def emergency_head(work: Work, order: EmergencyHead) -> EmergencyHeadView:
    work.concerns("patient", order.patient_id)
    card = await patient_card(work, order.patient_id)
    facts = await facts_without_case(work, order.patient_id)
    safety = (("过敏", "还没有问"), ("正在用的药", "还没有问")) if facts is None else in_words(facts)
    return EmergencyHeadView(patient=f"{card.full_name[0]}某", sex_label=card.sex_label, age=card.age_spoken, safety=safety)
