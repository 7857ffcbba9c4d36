"""Writing to a consultation: every change goes through here, takes the row first and leaves an entry on the timeline.

The update comes before everything else, so that two writers queue at one row in one order (no deadlock) and the entry's number is unique.
"""

from __future__ import annotations

from typing import Any

from tortoise.expressions import F

from core.consultations.errors import ConsultationUnknown
from core.consultations.hooks import call_assigned, call_closed
from core.consultations.models import Consultation, TimelineEntry
from core.consultations.workflow import CLOSED_STATES, Event, State, step_of
from core.foundation.actor import Role
from core.foundation.audit.links import names_its_entry
from core.foundation.locking import check_concerned
from core.foundation.work import Work

names_its_entry("timeline_entry", "kind")
WAITING = "consultations.waiting"
BEGINNING = "consultations.beginning"
"""The due work of a draft that lacks something: it ends when the draft does."""


async def consultation_of(consultation_id: str) -> Consultation:
    """The row; :class:`ConsultationUnknown` when there is none."""
    row = await Consultation.get_or_none(id=consultation_id)
    if row is None:
        raise ConsultationUnknown
    return row


async def make_step(
    work: Work,
    consultation: Consultation,
    event: Event,
    *,
    role: Role | None = None,
    kind: str | None = None,
    practitioner_id: str | None = None,
    words: str | None = None,
    ids: dict[str, str] | None = None,
    **values: Any,
) -> Consultation:
    """Make the step ``event`` if the consultation is still where the table wants it; the row as it is then.

    The state itself is compared and set: exactly one of several at once wins, the others meet the new state and get
    :class:`IllegalStep` with it.
    """
    step = step_of(event, State(consultation.state), role or work.role)
    await check_concerned(work, consultation.patient_id)  # before the step that ends what may have let the actor in
    values |= {"state": step.to.value, "version": F("version") + 1, "timeline_length": F("timeline_length") + 1}
    if step.to in CLOSED_STATES:
        values |= {"closed_at": work.now, "busy_expert_id": None}
    changed = await Consultation.filter(id=consultation.id, state=consultation.state).update(**values)
    after = await consultation_of(consultation.id)
    if changed == 0:
        step_of(event, State(after.state), role or work.role)
        # The state came back to what it was in between: the caller may simply try again.
        return await make_step(work, after, event, role=role, kind=kind, practitioner_id=practitioner_id, words=words, ids=ids, **values)
    if State(consultation.state) is State.DRAFT:
        await work.unschedule(WAITING, after.id)
    if State(consultation.state) is State.ASSIGNED:
        await work.unschedule(BEGINNING, after.id)
    await _enter(work, after, kind or event.value, consultation.state, practitioner_id, words, ids)
    await work.emit(step.emits, key=after.id, consultation_id=after.id)
    if step.to is State.ASSIGNED:
        await call_assigned(work, after)
    if step.to in CLOSED_STATES:
        await call_closed(work, after)
    return after


async def note(
    work: Work,
    consultation_id: str,
    kind: str,
    *,
    practitioner_id: str | None = None,
    words: str | None = None,
    ids: dict[str, str] | None = None,
    **values: Any,
) -> Consultation:
    """Enter ``kind`` on the timeline without a change of state, setting ``values``; the row as it is then, locked by this transaction."""
    values |= {"version": F("version") + 1, "timeline_length": F("timeline_length") + 1}
    await Consultation.filter(id=consultation_id).update(**values)
    after = await consultation_of(consultation_id)
    await _enter(work, after, kind, after.state, practitioner_id, words, ids)
    return after


async def hold(consultation_id: str) -> Consultation:
    """Take the row for this transaction and read it: whoever decides from it must take it first."""
    await Consultation.filter(id=consultation_id).update(version=F("version") + 1)
    return await consultation_of(consultation_id)


async def _enter(
    work: Work,
    row: Consultation,
    kind: str,
    from_state: str,
    practitioner_id: str | None,
    words: str | None,
    ids: dict[str, str] | None,
) -> None:
    entry_id = work.new_id()
    sealed = None
    if words is not None:
        sealed = (await work.sealer("patient", row.patient_id)).seal("timeline_entry", "words", entry_id, words)
    await TimelineEntry.create(
        id=entry_id,
        consultation_id=row.id,
        sequence=row.timeline_length,
        at=work.now,
        kind=kind,
        from_state=from_state,
        to_state=row.state,
        account_id=work.actor.account_id,
        role=work.role.value,
        practitioner_id=practitioner_id or work.actor.practitioner_id,
        ids=ids or {},
        words=sealed,
        entry_id=work.entry_id,
    )
