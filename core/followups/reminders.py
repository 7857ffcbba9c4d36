"""Occurrences come due: each is told once, outside the quiet hours; who does not answer three times is told to the village doctor."""

from __future__ import annotations

from datetime import timedelta

from core.followups.commands import Lapse, OccurrenceView, ReadOccurrence, Remind
from core.followups.errors import PlanUnknown
from core.followups.models import FollowupPlan, Occurrence
from core.followups.plans import LAPSE, REMIND, appoint, plan_of, routine_of
from core.followups.rules import is_overtaken, next_due
from core.followups.templates import REMINDERS, TELLING, TEMPLATES, Routine, Task
from core.foundation.due import due
from core.foundation.orders import Done, answers, handles
from core.foundation.work import Work
from core.notifications.rules import is_quiet, quiet_ends
from core.notifications.service import tell
from core.notifications.telling import wants_reminders
from core.people.service import patient_accounts, practitioner_card, village_doctors_of

due(REMIND, lambda row: Remind(occurrence_id=row.ref))
due(LAPSE, lambda row: Lapse(occurrence_id=row.ref))


@handles(Remind)
async def remind(work: Work, order: Remind) -> Done:
    """Tell it, and appoint the next one. The row is compared and set first: whoever comes second finds it told."""
    row = await Occurrence.get_or_none(id=order.occurrence_id)
    if row is None or row.state != "pending" or row.due_at > work.now:
        return Done(done=False)
    plan = await plan_of(row.plan_id)
    work.concerns("patient", plan.patient_id)
    routine = routine_of(plan, row.task)
    if is_overtaken(routine, row.due_at, work.now):
        # The house stood still (or the clock jumped) past the next time: only the newest is told, not a heap of them.
        await row.change(state="overtaken", closed_at=work.now)
    else:
        await _tell(work, plan, row, routine)
    if routine.task is not Task.VISIT:
        await appoint(work, plan, routine, row.number + 1, next_due(routine, row.due_at))
    return Done()


async def _tell(work: Work, plan: FollowupPlan, row: Occurrence, routine: Routine) -> None:
    accounts = await patient_accounts(work, plan.patient_id)
    if routine.task is Task.VISIT or not accounts:
        await tell_doctor(work, plan, "followup.due", occurrence_id=row.id)
    wanted = bool(accounts) and await wants_reminders(accounts[0])
    if accounts and not wanted:
        await row.change(state="silent", closed_at=None if routine.task is Task.VISIT else work.now)
        return
    await row.change(state="reminded", reminded_at=work.now)
    if accounts:
        await tell(work, accounts[0], "followup.reminder", occurrence_id=row.id)
    told_at = quiet_ends(work.now) if is_quiet(work.now) else work.now
    await work.schedule(LAPSE, row.id, told_at + timedelta(hours=routine.within_hours), step=str(row.number))


async def tell_doctor(work: Work, plan: FollowupPlan, kind: str, *, urgent: bool = False, **ids: str) -> str | None:
    """Tell the plan's village doctor, or who has the patient on a list now where she left the clinic; how he is called, or None without one."""
    doctors = await village_doctors_of(work, plan.patient_id)
    if not doctors:
        return None
    card = await practitioner_card(work, plan.village_doctor_id if plan.village_doctor_id in doctors else doctors[0])
    await tell(work, card.account_id, kind, urgent=urgent, plan_id=plan.id, **ids)
    return card.called


@handles(Lapse)
async def lapse(work: Work, order: Lapse) -> Done:
    row = await Occurrence.get_or_none(id=order.occurrence_id)
    if row is None or row.state != "reminded":
        return Done(done=False)
    plan = await plan_of(row.plan_id)
    work.concerns("patient", plan.patient_id)
    await row.change(state="missed", closed_at=work.now)
    if row.task == Task.VISIT.value:
        again = next_due(routine_of(plan, row.task), work.now, sooner_days=TEMPLATES[plan.template].visit_again_days)
        await appoint(work, plan, routine_of(plan, row.task), row.number + 1, again)
    await plan.change(missed_in_row=plan.missed_in_row + 1)
    if plan.missed_in_row == TELLING.lost_after:
        await tell_doctor(work, plan, "followup.lost")
    return Done()


@answers(ReadOccurrence)
async def read_occurrence(work: Work, order: ReadOccurrence) -> OccurrenceView:
    row = await Occurrence.get_or_none(id=order.occurrence_id)
    if row is None:
        raise PlanUnknown
    plan = await plan_of(row.plan_id)
    work.concerns("patient", plan.patient_id)
    return OccurrenceView(
        occurrence_id=row.id, plan_id=plan.id, patient_id=plan.patient_id, task=Task(row.task), state=row.state, reminder=REMINDERS[Task(row.task)]
    )
