"""Every notification of opinion, decision, prescription and emergency dose says something, and names the patient to nobody else."""

from __future__ import annotations

import pytest

from bot.channels.words import as_words
from bot.sending.notice import Notice
from bot.sending.notices import RENDERERS, render
from core.consultations.commands import CompleteConsultation
from core.foundation.practice import Practice
from core.notifications.models import Notification
from core.prescriptions.commands import Release, ReturnPrescription, Withdraw
from core.prescriptions.commands_doses import DeclineDose, OrderDose
from core.prescriptions.knowledge_base import knowledge
from tests.core.dispatch.ward import open_ward
from tests.core.prescriptions.pharmacy import Pharmacy, item, open_pharmacy


@pytest.fixture
async def pharmacy(practice: Practice) -> Pharmacy:
    return await open_pharmacy(await open_ward(practice, hearts=3))


async def hear(practice: Practice, said: dict[str, list[str]]) -> None:
    """Add to ``said``, by kind, what is rendered of what is waiting now; it is marked sent. What is over by now says nothing."""
    for row in await Notification.filter(state="queued").order_by("id"):
        notice = await render(practice, row)
        if isinstance(notice, Notice) and notice.shapes:
            said.setdefault(row.kind, []).append("\n".join(filter(None, (as_words(shape) for shape in notice.shapes))))
        await Notification.filter(id=row.id).update(state="sent")


async def test_from_the_opinion_to_the_drugs(pharmacy: Pharmacy) -> None:
    practice = pharmacy.ward.practice
    said: dict[str, list[str]] = {}
    await hear(practice, said)
    assert "调整降压药" in said["opinion.given"][0]
    await pharmacy.decide("partly", "先减半")
    dose = knowledge().doses["glucose_intravenous"]
    await pharmacy.give(pharmacy.doctor, DeclineDose(consultation_id=pharmacy.consultation_id, dose=dose.code, why="not_used"))
    await hear(practice, said)
    assert "没有用" in said["emergency_dose.not_given"][0]
    await pharmacy.give(
        pharmacy.doctor,
        OrderDose(consultation_id=pharmacy.consultation_id, dose=dose.code, ruled_out=tuple(dose.contraindications), confirm=True),
    )
    await pharmacy.facts()
    together = await pharmacy.propose(item("simvastatin", "20"), item("clarithromycin", "250", 2))
    await hear(practice, said)
    assert "辛伐他汀" in said["prescription.blocked"][0]
    assert "来源" in said["prescription.blocked"][0]
    assert "现在不能签" in said["prescription.to_sign"][0]
    await pharmacy.give(pharmacy.expert, Withdraw(prescription_id=together.prescription_id, reason="换药"))
    await pharmacy.facts(systolic=96)
    view = await pharmacy.propose(item("amlodipine", "5"))
    await hear(practice, said)
    assert "先减半" in said["decision.made"][0]
    assert "50%葡萄糖" in said["emergency_dose.ordered"][0]
    assert "1 条提醒" in said["prescription.to_sign"][1]
    signed = await pharmacy.sign(view, **{"low_pressure_warn:amlodipine": "先减半观察"})
    await hear(practice, said)
    assert "请看理由" in said["prescription.to_review"][0]
    await pharmacy.give(pharmacy.pharmacist, ReturnPrescription(prescription_id=signed.prescription_id, revision=1, reason="剂量请再核对"))
    await hear(practice, said)
    assert "剂量请再核对" in said["prescription.returned"][0]
    await pharmacy.give(pharmacy.expert, Withdraw(prescription_id=signed.prescription_id, reason="改用别的药"))
    await pharmacy.facts()
    far = await pharmacy.propose(item("warfarin", "2.5"))
    await pharmacy.sign(far, pharmacy.ward.county.duty_doctor)
    await pharmacy.give(pharmacy.pharmacist, Release(prescription_id=far.prescription_id, revision=far.revision, confirm=True))
    await hear(practice, said)
    assert "华法林钠" in said["prescription.ready"][0]
    assert "17.80 元" in said["prescription.ready"][0]
    back = await pharmacy.sign(await pharmacy.propose(item("loratadine", "10")))
    await pharmacy.give(pharmacy.pharmacist, Release(prescription_id=back.prescription_id, revision=1, confirm=True))
    await pharmacy.give(pharmacy.pharmacist, ReturnPrescription(prescription_id=back.prescription_id, revision=1, reason="患者说过敏"))
    await hear(practice, said)
    assert "先不要取药" in said["prescription.stopped"][0]
    assert "取药码不能用了" in said["prescription.stopped"][0]
    assert "氯雷他定" not in said["prescription.stopped"][0]
    await pharmacy.dispense(far)
    later = await pharmacy.sign(await pharmacy.propose(item("metformin", "500")))
    await pharmacy.ward.pass_time(days=3, minutes=1)
    assert later.prescription_id
    await pharmacy.give(pharmacy.doctor, CompleteConsultation(consultation_id=pharmacy.consultation_id, without="急救在先"))
    await hear(practice, said)

    told = [kind for kind in RENDERERS if not kind.endswith(".closed")]
    kinds = {kind for kind in told if kind.startswith(("prescription.", "emergency_dose.", "opinion.", "decision."))}
    assert kinds <= set(said)
    assert not any("李秀英" in words for kind in kinds for words in said[kind])
