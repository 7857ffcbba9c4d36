"""A consultation that an expert took."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from core.calls.commands import EnterCall, Entered, RequestSeat, SeatTicket
from core.foundation.actor import Actor
from core.foundation.practice import Practice
from tests.core.dispatch.ward import CRITICAL, Ward, open_ward
from tests.support.county import NUMBER_WITH_WECHAT


@dataclass
class Room:
    """``people``: who belongs on which seat."""

    ward: Ward
    consultation_id: str
    people: dict[str, Actor]

    @property
    def practice(self) -> Practice:
        return self.ward.practice

    async def ticket(self, seat: str) -> SeatTicket:
        result: SeatTicket = await self.practice.execute(self.people[seat], RequestSeat(consultation_id=self.consultation_id))
        return result

    async def enter(self, seat: str) -> Entered:
        ticket = await self.ticket(seat)
        result: Entered = await self.practice.execute(self.people[seat], EnterCall(ticket=ticket.ticket))
        return result

    async def timeline(self) -> list[str]:
        return [kind for kind in await self.ward.timeline(self.consultation_id) if kind.startswith("call.") or kind == "begin"]


@pytest.fixture
async def room(practice: Practice) -> Room:
    ward = await open_ward(practice)
    consultation_id = (await ward.request(CRITICAL, NUMBER_WITH_WECHAT)).consultation_id
    offer = (await ward.offers(consultation_id))[0]
    await ward.accept(offer)
    people = {"patient": ward.county.woman_account, "village_doctor": ward.county.village_doctor, "expert": ward.who(offer)}
    return Room(ward, consultation_id, people)


