"""改派: the desk takes a consultation from the expert who has not begun and asks another by name. One step from one state: only one may."""

from __future__ import annotations

from core.consultations.hooks import call_returned
from core.consultations.models import Consultation
from core.consultations.service import consultation_of, hold, make_step, tell_everybody
from core.consultations.workflow import STATE_LABELS, Event, State
from core.dispatch.commands_desk import ReassignConsultation, Reassigned
from core.dispatch.errors import NothingToReassign, SameExpert
from core.dispatch.search import resume_search, still_open, who_may_be_asked
from core.foundation.orders import handles
from core.foundation.work import Work
from core.notifications.service import tell
from core.people.service import practitioner_card


@handles(ReassignConsultation)
async def reassign(work: Work, order: ReassignConsultation) -> Reassigned:
    row = await hold(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    if State(row.state) is not State.ASSIGNED or row.expert_id is None:
        raise NothingToReassign(code=row.code, why=await _why_not(work, row))
    before = await practitioner_card(work, row.expert_id)
    if order.practitioner_id == row.expert_id:
        raise SameExpert(code=row.code, expert=before.introduced)
    chosen = await who_may_be_asked(work, row, order.practitioner_id)
    row = await make_step(
        work, row, Event.RETURN, kind="reassigned", practitioner_id=before.practitioner_id, words=order.reason, expert_id=None, busy_expert_id=None,
        assigned_at=None, alarmed_at=None,
    )
    await call_returned(work, row)
    await resume_search(work, await consultation_of(row.id), chosen)
    await tell_everybody(work, row, "reassigned")
    await tell(work, before.account_id, "consultation.taken_back", urgent=True, consultation_id=row.id)
    asked = await practitioner_card(work, chosen.practitioner_id)
    return Reassigned(consultation_id=row.id, code=row.code, taken_from=before.introduced, asked=asked.introduced)


async def _why_not(work: Work, row: Consultation) -> str:
    if State(row.state) is State.PENDING:
        asked = [(await practitioner_card(work, one.practitioner_id)).introduced for one in await still_open(row.id)]
        return f"还没有专家接,正在请{'、'.join(asked)}。要再请一位,用「指派」。" if asked else "还没有专家接,请用「指派」。"
    if State(row.state) is State.IN_PROGRESS:
        return "会诊已经开始。"
    return f"现在是“{STATE_LABELS[State(row.state)]}”。"
