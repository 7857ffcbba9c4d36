"""A consultation that an expert took."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from core.calls.commands import EnterCall, Entered, RequestSeat, SeatTicket
from core.calls.commands_guests import InviteGuest, TakeInvitation
from core.calls.commands_rooms import DoorView, InvitationView, Knock, RoomView, ViewRoom
from core.foundation.actor import Actor
from core.foundation.practice import Practice
from core.people.commands import EnsureAccount
from core.people.service import actor_for
from tests.core.dispatch.ward import CRITICAL, Ward, open_ward
from tests.support.county import NUMBER_WITH_WECHAT, OFFICIAL_ACCOUNT, SYSTEM


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

    async def view(self, seat: str, call_id: str) -> RoomView:
        result: RoomView = await self.practice.ask(self.people[seat], ViewRoom(call_id=call_id))
        return result

    async def knock(self, name: str) -> DoorView:
        result: DoorView = await self.practice.execute(self.people[name], Knock(consultation_id=self.consultation_id))
        return result

    async def somebody(self, name: str) -> Actor:
        """A person of WeChat whom the house knows only by his account."""
        ensured = EnsureAccount(app=OFFICIAL_ACCOUNT, subject=f"o-{name}", unionid=f"u-{name}")
        account = await self.practice.execute(SYSTEM, ensured)
        self.people[name] = await actor_for(account.account_id, "h5", self.practice.clock.now())
        return self.people[name]

    async def invite(self, by: str, call_id: str, seat: str, *, minutes: int = 10, called: str = "杨翻译") -> InvitationView:
        order = InviteGuest.model_validate({"call_id": call_id, "seat": seat, "called": called, "minutes": minutes})
        result: InvitationView = await self.practice.execute(self.people[by], order)
        return result

    async def take(self, name: str, invitation: InvitationView) -> None:
        await self.practice.execute(self.people[name], TakeInvitation(invitation_id=invitation.invitation_id))

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


