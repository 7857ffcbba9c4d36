"""What tests of dispatch do over and over: ask for a consultation, let time pass, look at offers and at what people were told."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.appointments.commands import SetShift
from core.consultations.models import Consultation, TimelineEntry
from core.dispatch.commands import AcceptOffer, ConsultationRequested, RequestConsultation
from core.dispatch.models import ExpertOffer
from core.foundation.actor import Actor, Role
from core.foundation.clock import ManualClock
from core.foundation.due import tick
from core.foundation.practice import Practice
from core.notifications.models import Notification
from core.people.commands_staff import RegisterPractitioner
from core.people.service import actor_for
from tests.core.dispatch.line_engine import LineEngine
from tests.support.county import CORP, NUMBER_WITHOUT_WECHAT, SYSTEM, WHOLE_WEEK, SmallCounty, seed_small
from tests.support.kept import once

CRITICAL = "胸痛2小时 出冷汗 血压90/60"
EMERGENT = "头晕 紧急"
URGENT = "咳嗽 三天"
ROUTINE = "头晕 不急"


@dataclass
class Ward:
    practice: Practice
    clock: ManualClock
    county: SmallCounty
    hearts: tuple[Actor, ...]
    """Eight heart experts, all on duty round the clock."""

    async def request(self, text: str, number: int = NUMBER_WITHOUT_WECHAT, **where: Any) -> ConsultationRequested:
        result: ConsultationRequested = await self.practice.execute(
            self.county.village_doctor, RequestConsultation(number=number, text=text, **where)
        )
        return result

    async def row(self, consultation_id: str) -> Consultation:
        return await Consultation.get(id=consultation_id)

    async def offers(self, consultation_id: str, state: str = "offered") -> list[ExpertOffer]:
        return await ExpertOffer.filter(consultation_id=consultation_id, state=state).order_by("id")

    def who(self, offer: ExpertOffer) -> Actor:
        people = (*self.hearts, *self.county.experts)
        return next(one for one in people if one.practitioner_id == offer.practitioner_id)

    async def accept(self, offer: ExpertOffer) -> Any:
        return await self.practice.execute(self.who(offer), AcceptOffer(offer_id=offer.id))

    async def pass_time(self, **delta: float) -> None:
        """Move the clock and do all that is due by then."""
        self.clock.advance(**delta)
        while (await tick(self.practice)).done:
            pass

    async def told(self, actor: Actor) -> list[str]:
        """What this account was told, in order: kind or kind/step."""
        rows = await Notification.filter(account_id=actor.account_id).order_by("id")
        return [f"{row.kind}/{row.ids['step']}" if "step" in row.ids else row.kind for row in rows]

    async def timeline(self, consultation_id: str) -> list[str]:
        rows = await TimelineEntry.filter(consultation_id=consultation_id).order_by("sequence")
        assert [row.sequence for row in rows] == list(range(1, len(rows) + 1))
        return [row.kind for row in rows]


async def add_heart_expert(practice: Practice, county: SmallCounty, number: int, **differently: Any) -> Actor:
    """A heart expert on duty round the clock; ``differently`` changes the registration."""
    facts: dict[str, Any] = {
        "organisation_id": county.provincial_hospital, "full_name": "陈" + "一二三四五六七八九"[number % 9], "sex": "male",
        "title_name": "副主任医师", "licence_number": f"1102000000{number:05d}", "licence_valid_until": date(2030, 1, 1),
        "department_code": "03.04", "expertise": ("I20-I25",), "years_of_practice": 10, "roles": (Role.EXPERT,), "app": CORP,
        "subject": f"heart{number:02d}",
    }
    registered = await practice.execute(SYSTEM, RegisterPractitioner(**(facts | differently)))
    await practice.execute(
        SYSTEM, SetShift(practitioner_id=registered.practitioner_id, duty="expert", weekdays=WHOLE_WEEK, start_minute=0, end_minute=1440)
    )
    return await actor_for(registered.account_id, "wecom_app", practice.clock.now())


async def open_ward(practice: Practice, hearts: int = 8) -> Ward:
    async def people(practice: Practice) -> tuple[SmallCounty, tuple[Actor, ...]]:
        county = await seed_small(practice)
        return county, tuple([await add_heart_expert(practice, county, number) for number in range(hearts)])

    county, added = await once(f"ward of {hearts}", practice, people)
    practice.engines.clinical = LineEngine()
    assert isinstance(practice.clock, ManualClock)
    return Ward(practice, practice.clock, copy(county), added)
