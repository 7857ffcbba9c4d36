"""Invitations of a third person into a running call: made by the moderator, taken by the first who signs in, over with the call.

A guest sees the call and what is shown in it. His account holds no role for it: every door but those of the call stays closed to him.
"""

from __future__ import annotations

from datetime import timedelta

from core.calls.attending import end_attendance
from core.calls.commands_guests import InviteGuest, TakeInvitation, TakenView, WithdrawInvitation
from core.calls.commands_rooms import InvitationView
from core.calls.errors import InvitationOver, InvitationTaken, InvitationUnknown, OwnSeat, SeatInvited
from core.calls.models import Call, CallInvitation, CallPlace
from core.calls.room import sitting
from core.calls.rules import SEAT_LABELS
from core.consultations.models import Consultation
from core.consultations.service import hold, note
from core.foundation.orders import Done, handles
from core.foundation.work import Work
from core.people.cards import practitioner_cards
from core.people.service import patient_accounts


def _open_seat(call_id: str, seat: str) -> str:
    return f"{call_id}:{seat}"


@handles(InviteGuest)
async def invite_guest(work: Work, order: InviteGuest) -> InvitationView:
    here = await sitting(work, order.call_id, held=True)
    here.check("invite", order.seat)
    now = work.practice.clock.real_now()
    # A link that nobody used in time holds no seat.
    await CallInvitation.filter(call_id=here.call.id, seat=order.seat, state="open", expires_at__lte=now).update(state="over", open_seat=None)
    if await CallInvitation.filter(open_seat=_open_seat(here.call.id, order.seat)).exists():
        raise SeatInvited(seat=SEAT_LABELS[order.seat])
    invitation_id = work.new_id()
    sealer = await work.sealer("patient", here.row.patient_id)
    made = await CallInvitation.create(
        id=invitation_id, call_id=here.call.id, consultation_id=here.row.id, seat=order.seat, open_seat=_open_seat(here.call.id, order.seat),
        called=sealer.seal("call_invitation", "called", invitation_id, order.called), invited_by=work.actor.account_id, state="open",
        expires_at=now + timedelta(minutes=order.minutes),
    )
    await note(work, here.row.id, f"call.invited.{order.seat}")
    work.lanes.add(f"call:{here.call.id}")
    return invitation_view(made, order.called)


def invitation_view(row: CallInvitation, called: str) -> InvitationView:
    return InvitationView.model_validate({
        "invitation_id": row.id, "seat": row.seat, "seat_label": SEAT_LABELS[row.seat], "called": called, "state": row.state,
        "expires_at": row.expires_at, "link": f"/h5/guest/{row.id}/",
    })  # fmt: skip


@handles(WithdrawInvitation)
async def withdraw_invitation(work: Work, order: WithdrawInvitation) -> Done:
    here = await sitting(work, order.call_id, held=True)
    invitation = await CallInvitation.get_or_none(id=order.invitation_id, call_id=here.call.id)
    here.check("withdraw", "student" if invitation is None else invitation.seat)
    if invitation is None or invitation.state == "over":
        raise InvitationUnknown
    await invitation.change(state="over", open_seat=None)
    if invitation.account_id is not None:
        await CallPlace.filter(call_id=here.call.id, account_id=invitation.account_id).update(state="refused", hand_at=None)
        sits = here.there.get(invitation.seat)
        if sits is not None and sits.account_id == invitation.account_id:
            await end_attendance(work, here.call, sits.id, "removed")
    work.lanes.add(f"call:{here.call.id}")
    return Done()


@handles(TakeInvitation)
async def take_invitation(work: Work, order: TakeInvitation) -> TakenView:
    found = await CallInvitation.get_or_none(id=order.invitation_id)
    if found is None:
        raise InvitationUnknown
    row = await hold(found.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    invitation = await CallInvitation.get(id=order.invitation_id)
    me, now = work.actor.account_id, work.practice.clock.real_now()
    call = await Call.get(id=invitation.call_id)
    if invitation.state == "over" or call.ended_at is not None:
        raise InvitationOver
    if invitation.state == "taken" and invitation.account_id != me:
        raise InvitationTaken
    if invitation.state == "open":
        if invitation.expires_at <= now:
            raise InvitationOver
        if me in await _own_accounts(work, row):
            raise OwnSeat
        if await CallInvitation.filter(call_id=call.id, account_id=me, state="taken").exists():
            raise OwnSeat
        await invitation.change(conflict=InvitationTaken(), state="taken", account_id=me, taken_at=now)
        # Whoever was here as another guest before waits anew.
        await CallPlace.filter(call_id=call.id, account_id=me).update(state="removed", seat=invitation.seat, muted=False, hand_at=None)
        work.lanes.add(f"call:{call.id}")
    return TakenView.model_validate({"consultation_id": row.id, "seat": invitation.seat, "seat_label": SEAT_LABELS[invitation.seat]})


async def _own_accounts(work: Work, row: Consultation) -> set[str]:
    """The accounts of those who have a seat in the call of the consultation anyhow."""
    cards = await practitioner_cards(work, {one for one in (row.village_doctor_id, row.expert_id) if one is not None})
    return {card.account_id for card in cards.values()} | {row.requester_account_id} | set(await patient_accounts(work, row.patient_id))


async def close_invitations(work: Work, call: Call) -> None:
    """The call is over, and with it whatever was given for it."""
    await CallInvitation.filter(call_id=call.id).exclude(state="over").update(state="over", open_seat=None)
