"""Reading consultations: 进度, the timeline, where a file goes."""

from __future__ import annotations

from functools import partial
from operator import itemgetter

from core.consultations.commands import ConsultationStatus, Progress, Status, StatusList, UploadTarget, UploadTargetView
from core.consultations.commands_case import Timeline, TimelineView
from core.consultations.errors import ConsultationUnknown
from core.consultations.hooks import involved_otherwise
from core.consultations.models import Consultation, TimelineEntry
from core.consultations.relations import asked_for_by, is_treating, treated_by
from core.consultations.rules import Reader
from core.consultations.timeline import consultation_of
from core.consultations.views import complaint_opened, entries_of, picture_opened, reader_of, status_of, statuses_of
from core.consultations.workflow import OPEN_STATES, State
from core.foundation.actor import Role
from core.foundation.orders import answers
from core.foundation.withheld import shown
from core.foundation.work import Work
from core.people.counties import counties_where
from core.people.relations import spoken_for
from core.people.scopes import Scope

SHOWN = 10
"""How many consultations 进度 lists; the newest. One by its code is always found."""

_TREATING = (Role.VILLAGE_DOCTOR, Role.EXPERT, Role.DUTY_DOCTOR)
_DESK_ROLES = (Role.SCHEDULER, Role.ADMINISTRATOR, Role.DUTY_DOCTOR, Role.AUDITOR)


@answers(Progress)
async def progress(work: Work, order: Progress) -> StatusList:
    work.concerns("account", work.actor.account_id)
    if order.code is not None:
        row = await Consultation.get_or_none(code=order.code.strip().upper())
        if row is None or not await _concerns_actor(work, row):
            raise ConsultationUnknown
        work.concerns("account", work.actor.account_id, code=row.code)
        rows = [row]
    else:
        rows = await _rows_of_actor(work)
    spoken = frozenset(await spoken_for(work, Scope.RECORD))
    seen = [(row, Reader.PATIENT if _is_patients(work, row, spoken) else reader_of(work, row)) for row in rows]
    lines, withheld = await shown(work, seen, partial(statuses_of, work, in_group=order.in_group), name=itemgetter(0))
    return StatusList(consultations=lines, withheld=withheld)


async def _rows_of_actor(work: Work) -> list[Consultation]:
    """Newest first: own, assigned, asked about, the county's open ones for the desk, the patients' for whom the actor speaks."""
    patients = await spoken_for(work, Scope.RECORD)
    found: dict[str, Consultation] = {}
    queries = [Consultation.filter(patient_id__in=patients)] if patients else []
    if work.actor.practitioner_id is not None:
        queries += [
            asked_for_by(work),
            treated_by(work.actor.practitioner_id, work.now),
        ]
        if asked := await involved_otherwise(work):
            queries.append(Consultation.filter(id__in=asked))
    counties = await counties_where(work.actor, *_DESK_ROLES)
    if counties:
        queries.append(Consultation.filter(region_code__in=counties, state__in=[state.value for state in OPEN_STATES]))
    for query in queries:
        for row in await query.order_by("-id").limit(SHOWN):
            found[row.id] = row
    return [found[key] for key in sorted(found, reverse=True)][:SHOWN]


async def _concerns_actor(work: Work, row: Consultation) -> bool:
    if is_treating(work, row):
        return True
    if _is_patients(work, row, frozenset(await spoken_for(work, Scope.RECORD))):
        return True
    return row.region_code in await counties_where(work.actor, *_DESK_ROLES) or row.id in await involved_otherwise(work)


def _is_patients(work: Work, row: Consultation, spoken: frozenset[str]) -> bool:
    """Whether the actor reads it as the patient, or as one of those who speak for him; ``spoken``: for whom he speaks."""
    if work.actor.practitioner_id is not None and work.actor.practitioner_id in (row.village_doctor_id, row.expert_id):
        return False
    return row.patient_id in spoken


@answers(Status)
async def status(work: Work, order: Status) -> ConsultationStatus:
    row = await consultation_of(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    return await status_of(work, row, Reader(order.reader))


@answers(Timeline)
async def timeline(work: Work, order: Timeline) -> TimelineView:
    row = await consultation_of(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    reader = Reader.PATIENT if work.role is Role.VISITOR else reader_of(work, row)
    treats = reader is not Reader.DESK or work.role in _TREATING
    # Who looks for an expert must be able to say what it is about; when that is over, steps and times are all the desk has to know.
    clinical = treats or (work.role is Role.SCHEDULER and State(row.state) in OPEN_STATES)
    images = await TimelineEntry.filter(consultation_id=row.id, kind__in=("material.arrived", "picture.arrived")).order_by("sequence")
    return TimelineView(
        status=await status_of(work, row, reader),
        complaint=await complaint_opened(work, row) if clinical else None,
        vitals=(await picture_opened(work, row)).vitals if clinical else (),
        entries=await entries_of(work, row, reader),
        images=tuple(one.ids["instance_id"] for one in images) if treats else (),
    )


@answers(UploadTarget)
async def upload_target(work: Work, order: UploadTarget) -> UploadTargetView:
    row = await consultation_of(order.consultation_id)
    return UploadTargetView(patient_id=row.patient_id)
