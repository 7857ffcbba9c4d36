"""A consultation with a signed opinion, from which every test of prescriptions starts, and the steps that it takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from core.appointments.commands import SetShift
from core.consultations.commands_opinions import Decide, GiveOpinion, OpinionView
from core.foundation.actor import Actor, Role
from core.people.commands_staff import RegisterPractitioner
from core.people.service import actor_for
from core.prescriptions.commands import Dispense, PrescriptionView, Propose, Sign, View
from core.prescriptions.commands_facts import FactsView, ReadFacts, RecordFacts
from core.prescriptions.items import Item
from tests.core.dispatch.ward import EMERGENT, Ward
from tests.support.county import CORP, NUMBER_WITH_WECHAT, SYSTEM, WHOLE_WEEK


def item(drug: str, dose: str, times: int = 1, days: int = 7) -> Item:
    return Item(drug=drug, dose=Decimal(dose), times_per_day=times, days=days)


@dataclass
class Pharmacy:
    """The woman (51, number 5), her village doctor, the expert who has written his opinion."""

    ward: Ward
    consultation_id: str
    expert: Actor
    opinion: OpinionView

    @property
    def doctor(self) -> Actor:
        return self.ward.county.village_doctor

    @property
    def pharmacist(self) -> Actor:
        return self.ward.county.pharmacist

    async def give(self, actor: Actor, order: Any) -> Any:
        return await self.ward.practice.execute(actor, order)

    async def ask(self, actor: Actor, query: Any) -> Any:
        return await self.ward.practice.ask(actor, query)

    async def facts(self, **facts: Any) -> None:
        known: dict[str, Any] = {"allergies_asked": True, "pregnancy": "no", "systolic": 130}
        read: FactsView = await self.ask(self.doctor, ReadFacts(consultation_id=self.consultation_id))
        await self.give(self.doctor, RecordFacts(consultation_id=self.consultation_id, version=read.version, **(known | facts)))

    async def propose(self, *items: Item) -> PrescriptionView:
        view: PrescriptionView = await self.give(
            self.expert, Propose(consultation_id=self.consultation_id, diagnosis="高血压", items=items, note="两周后复诊")
        )
        return view

    async def sign(self, view: PrescriptionView, actor: Actor | None = None, **reasons: str) -> PrescriptionView:
        order = Sign(prescription_id=view.prescription_id, revision=view.revision, reasons=reasons, confirm=True)
        signed: PrescriptionView = await self.give(actor or self.doctor, order)
        return signed

    async def code_of(self, view: PrescriptionView) -> str:
        """The 取药码, as the village doctor prints it."""
        seen: PrescriptionView = await self.ask(self.doctor, View(prescription_id=view.prescription_id))
        assert seen.dispense_code is not None
        return seen.dispense_code

    async def dispense(self, view: PrescriptionView) -> PrescriptionView:
        order = Dispense(prescription_id=view.prescription_id, dispense_code=await self.code_of(view))
        dispensed: PrescriptionView = await self.give(self.pharmacist, order)
        return dispensed

    async def decide(self, choice: str = "agree", reason: str = "") -> None:
        order = Decide.model_validate({
            "consultation_id": self.consultation_id, "opinion_id": self.opinion.opinion_id, "choice": choice, "reason": reason, "confirm": True,
        })
        await self.give(self.doctor, order)


async def open_pharmacy(ward: Ward, number: int = NUMBER_WITH_WECHAT) -> Pharmacy:
    asked = await ward.request(EMERGENT, number=number)
    offer = (await ward.offers(asked.consultation_id))[0]
    await ward.accept(offer)
    expert = ward.who(offer)
    opinion = await ward.practice.execute(expert, GiveOpinion(consultation_id=asked.consultation_id, advice="调整降压药", confirm=True))
    return Pharmacy(ward, asked.consultation_id, expert, opinion)


async def add_staff(ward: Ward, house: str, role: Role, title: str, number: int, **differently: Any) -> Actor:
    """Somebody more of ``role`` at ``house``, on duty round the clock."""
    facts: dict[str, Any] = {
        "organisation_id": house, "full_name": "钱多多", "sex": "male", "title_name": title, "licence_number": f"1202000000{number:05d}",
        "licence_valid_until": date(2030, 1, 1), "years_of_practice": 8, "roles": (role,), "app": CORP, "subject": f"more{number:02d}",
    }
    registered = await ward.practice.execute(SYSTEM, RegisterPractitioner(**(facts | differently)))
    if role in (Role.DUTY_DOCTOR, Role.PHARMACIST):
        await ward.practice.execute(SYSTEM, SetShift.model_validate({
            "practitioner_id": registered.practitioner_id, "duty": role.value, "weekdays": WHOLE_WEEK, "start_minute": 0, "end_minute": 1440,
        }))
    return await actor_for(registered.account_id, "wecom_app", ward.practice.clock.now())
