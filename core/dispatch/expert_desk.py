"""The expert's desk in one reading: invitations with the clock running, his cases, what was finished lately, his own month."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from statistics import median

from core.consultations.models import Consultation
from core.consultations.relations import treated_by
from core.consultations.rules import DECISION_LABELS, Reader
from core.consultations.service import latest_of, picture_opened, statuses_of
from core.consultations.workflow import CLOSED_STATES, OPEN_STATES
from core.dispatch.commands import DeskFigures, ExpertCase, ExpertDesk, ExpertDeskView
from core.dispatch.models import ExpertOffer
from core.dispatch.offer_views import open_offers, region_names
from core.foundation.clock import SHANGHAI, shanghai
from core.foundation.orders import answers
from core.foundation.withheld import shown
from core.foundation.work import Work
from core.intake.urgency import urgency
from core.people.cards import patient_cards, practitioner_cards

FINISHED_SHOWN = 10
OPEN_SHOWN = 20
ANSWERED = ("accepted", "declined", "deferred")


@answers(ExpertDesk)
async def expert_desk(work: Work, order: ExpertDesk) -> ExpertDeskView:
    me = work.actor.practitioner_id
    work.concerns("practitioner", me or "")
    taken = treated_by(me, work.now)
    running = await taken.filter(state__in=[state.value for state in OPEN_STATES]).order_by("-id").limit(OPEN_SHOWN)
    closed = taken.filter(state__in=[state.value for state in CLOSED_STATES])
    finished = await closed.order_by("-closed_at").limit(FINISHED_SHOWN)
    asked, unasked = await open_offers(work)
    offers = sorted(asked, key=lambda one: (-urgency(one.urgency).code.severity, one.expires_at))
    cases = sorted(running, key=lambda row: (-urgency(row.urgency).code.severity, row.id))
    lines, withheld = await shown(work, [*cases, *finished], partial(_lines, work))
    here = {row.id for row in cases}
    return ExpertDeskView(
        now=work.now, offers=tuple(offers), cases=tuple(one for one in lines if one.consultation_id in here),
        finished=tuple(one for one in lines if one.consultation_id not in here), figures=await _figures(work), withheld=(*unasked, *withheld),
    )


async def _lines(work: Work, rows: list[Consultation]) -> list[ExpertCase]:
    """One a row, in their order; with as many statements for many rows as for one."""
    statuses = await statuses_of(work, [(row, Reader.EXPERT) for row in rows])
    patients = await patient_cards(work, {row.patient_id for row in rows})
    doctors = await practitioner_cards(work, {row.village_doctor_id for row in rows})
    places, latest = await region_names({row.region_code for row in rows}), await latest_of(row.id for row in rows)
    lines = []
    for row, status in zip(rows, statuses, strict=True):
        patient, picture = patients[row.patient_id], await picture_opened(work, row)
        opinion, decision = latest.get(row.id, (None, None))
        lines.append(ExpertCase(
            consultation_id=row.id, code=row.code, state=status.state, state_label=status.state_label, urgency=row.urgency,
            urgency_label=status.urgency_label, headline=picture.headline,
            patient=f"{patient.full_name} {patient.sex_label} {patient.age_spoken}",
            place=f"{places[row.region_code]} · 村医 {doctors[row.village_doctor_id].called}", next=status.next, requested_at=row.created_at,
            assigned_at=row.assigned_at, closed_at=row.closed_at, opinion_revision=0 if opinion is None else opinion.revision,
            decision=None if decision is None else DECISION_LABELS[decision.choice],
        ))
    return lines


async def _figures(work: Work) -> DeskFigures:
    since = month_start(work.now)
    me = work.actor.practitioner_id
    times = await ExpertOffer.filter(practitioner_id=me, offered_at__gte=since, state__in=ANSWERED).values_list("offered_at", "answered_at")
    seconds = [(answered - offered).total_seconds() for offered, answered in times if answered is not None]
    return DeskFigures(
        since=since, cases=await Consultation.filter(expert_id=me, assigned_at__gte=since).count(), answered=len(seconds),
        median_answer_s=round(median(seconds)) if seconds else None,
    )


def month_start(now: datetime) -> datetime:
    """Midnight in China of the first day of the month."""
    local = shanghai(now)
    return datetime(local.year, local.month, 1, tzinfo=SHANGHAI).astimezone(now.tzinfo)
