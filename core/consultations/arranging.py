"""改时间: a time that one side proposes and the other agrees to; the reminders of what has not begun then follow the agreed time."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, cast

from core.consultations.beginning import REMINDER, SOON, URGENT_AFTER
from core.consultations.closing import tell_patient, tell_village_doctor
from core.consultations.commands_arranging import AgreeTime, ProposeTime, ReadTimeProposal, TimeProposalView
from core.consultations.errors import ProposalOver, TimeNotToBeMoved, TimeOutOfRange
from core.consultations.hooks import when_closed, when_returned
from core.consultations.models import Consultation, TimeProposal
from core.consultations.timeline import BEGINNING, consultation_of, hold, note
from core.consultations.workflow import STATE_LABELS, State
from core.foundation.actor import Role
from core.foundation.clock import spoken
from core.foundation.orders import answers, handles
from core.foundation.work import Work
from core.intake.urgency import urgency
from core.notifications.service import tell
from core.people.service import practitioner_card

FURTHEST = timedelta(days=14)
SOON_BEFORE = timedelta(minutes=15)
Side = Literal["expert", "village_doctor"]


@handles(ProposeTime)
async def propose_time(work: Work, order: ProposeTime) -> TimeProposalView:
    row = await _to_be_moved(work, order.consultation_id)
    if not work.now < order.at <= work.now + FURTHEST:
        raise TimeOutOfRange(days=str(FURTHEST.days))
    side = _side(work)
    standing = await TimeProposal.filter(consultation_id=row.id, state="open").order_by("-id").first()
    if standing is not None and standing.at == order.at:
        return await (_agreed(work, row, standing) if standing.proposed_by != side else _view(work, row, standing))
    await TimeProposal.filter(consultation_id=row.id, state="open").update(state="over", answered_at=work.now)
    made = await TimeProposal.create(
        id=work.new_id(), consultation_id=row.id, at=order.at, proposed_by=side, account_id=work.actor.account_id, state="open", proposed_at=work.now
    )
    await note(work, row.id, "time.proposed", ids={"at": spoken(order.at)})
    await tell(work, await _other_side(work, row, side), "time.proposed", urgent=True, consultation_id=row.id, proposal_id=made.id)
    if side == "expert":
        await tell_patient(work, row, "time_proposed")
    return await _view(work, row, made)


@handles(AgreeTime)
async def agree_time(work: Work, order: AgreeTime) -> TimeProposalView:
    row = await _to_be_moved(work, order.consultation_id)
    proposal = await TimeProposal.get_or_none(id=order.proposal_id, consultation_id=row.id)
    if proposal is not None and proposal.state == "agreed" and row.meets_at == proposal.at:
        return await _view(work, row, proposal)
    if proposal is None or proposal.state != "open" or proposal.at <= work.now or proposal.proposed_by == _side(work):
        raise ProposalOver(code=row.code)
    return await _agreed(work, row, proposal)


async def _agreed(work: Work, row: Consultation, proposal: TimeProposal) -> TimeProposalView:
    await proposal.change(conflict=ProposalOver(code=row.code), state="agreed", answered_at=work.now)
    row = await note(work, row.id, "time.agreed", ids={"at": spoken(proposal.at)}, meets_at=proposal.at)
    await work.unschedule(BEGINNING, row.id)
    if proposal.at - SOON_BEFORE > work.now:
        await work.schedule(BEGINNING, row.id, proposal.at - SOON_BEFORE, step=SOON)
    await work.schedule(BEGINNING, row.id, proposal.at + URGENT_AFTER, step=REMINDER)
    if proposal.proposed_by == "village_doctor":
        await tell_village_doctor(work, row, "time_agreed")
    else:
        await tell(work, proposal.account_id, "consultation.progress", urgent=True, consultation_id=row.id, step="time_agreed")
    await tell_patient(work, row, "time_agreed")
    return await _view(work, row, proposal)


async def _to_be_moved(work: Work, consultation_id: str) -> Consultation:
    """The row, held; :class:`TimeNotToBeMoved` unless an expert has it, it has not begun and it can wait."""
    row = await hold(consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    if State(row.state) is not State.ASSIGNED:
        raise TimeNotToBeMoved(code=row.code, why=f"现在是“{STATE_LABELS[State(row.state)]}”,接诊以后、开始以前才能改。")
    if urgency(row.urgency).starts_at_once:
        raise TimeNotToBeMoved(code=row.code, why=f"病情{urgency(row.urgency).label},请现在就联系对方;不能继续请发「退回会诊」,马上请别的专家。")
    return row


def _side(work: Work) -> Side:
    return "expert" if work.role is Role.EXPERT else "village_doctor"


async def _other_side(work: Work, row: Consultation, side: Side) -> str:
    """The account that is to answer."""
    if side == "expert" or row.expert_id is None:
        return str(row.requester_account_id)
    card = await practitioner_card(work, row.expert_id)
    return card.account_id


@answers(ReadTimeProposal)
async def read_time_proposal(work: Work, order: ReadTimeProposal) -> TimeProposalView:
    proposal = await TimeProposal.get_or_none(id=order.proposal_id)
    if proposal is None:
        raise ProposalOver(code="")
    row = await consultation_of(proposal.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    return await _view(work, row, proposal)


async def _view(work: Work, row: Consultation, proposal: TimeProposal) -> TimeProposalView:
    by_expert = proposal.proposed_by == "expert" and row.expert_id is not None
    card = await practitioner_card(work, str(row.expert_id) if by_expert else row.village_doctor_id)
    fresh = await TimeProposal.get(id=proposal.id)
    return TimeProposalView(
        proposal_id=fresh.id, consultation_id=row.id, code=row.code, at=fresh.at, by=cast(Side, fresh.proposed_by), who=card.introduced,
        state=cast(Literal["open", "agreed", "over"], fresh.state),
    )


@when_returned
@when_closed
async def no_time_stands(work: Work, row: Consultation) -> None:
    """Another expert will have another time; what is over has none."""
    await TimeProposal.filter(consultation_id=row.id, state="open").update(state="over", answered_at=work.now)
    if row.meets_at is not None and State(row.state) is State.PENDING:
        await note(work, row.id, "time.void", meets_at=None)
