"""What the relations of this room mean: whose consultation it is, who treats in it and for how long, whose patient it concerns, which county.

Access ends with the part that somebody has in a case. An expert who gave it back is no longer its expert; one who saw it to its end reads
it for :data:`READABLE_FOR` more, for questions, ratings and appeals, and what he signed himself always.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from core.appointments.roster import on_duty
from core.consultations.models import Consultation, Opinion
from core.consultations.workflow import OPEN_STATES, State
from core.foundation.actor import Role
from core.foundation.orders import Order, relation
from core.foundation.rows import row_named
from core.foundation.work import Work
from core.people.access import acts_in_county, of_own_patient
from core.people.houses import houses_above

READABLE_FOR = timedelta(days=30)
"""How long after the end of a consultation its expert, and those who took part with him, still read it."""


def is_readable(row: Consultation, now: datetime) -> bool:
    """Whether those who treated may still read it: it is open, or was closed within :data:`READABLE_FOR`."""
    return row.closed_at is None or row.closed_at > now - READABLE_FOR


def treated_by(practitioner_id: str | None, now: datetime) -> QuerySet[Consultation]:
    """The consultations that this expert treats, or treated lately enough to read them."""
    lately = Q(closed_at__isnull=True) | Q(closed_at__gt=now - READABLE_FOR)
    return Consultation.filter(lately, expert_id=practitioner_id, expert_id__isnull=False)


def asked_for_by(work: Work) -> QuerySet[Consultation]:
    """The consultations that the actor asked for as village doctor of a clinic where he still works."""
    clinics = work.actor.organisations(Role.VILLAGE_DOCTOR)
    return Consultation.filter(village_doctor_id=work.actor.practitioner_id, organisation_id__in=list(clinics))


def is_inviting(work: Work, village_doctor_id: str, clinic_id: str) -> bool:
    """Whether the actor is the village doctor who asked, and still works at the clinic that asked."""
    return village_doctor_id == work.actor.practitioner_id and clinic_id in work.actor.organisations(Role.VILLAGE_DOCTOR)


def is_treating(work: Work, row: Consultation) -> bool:
    """Whether the actor is the village doctor who asked for it, or its expert, and may still read it."""
    me = work.actor.practitioner_id
    if me is None:
        return False
    if row.village_doctor_id == me:
        return is_inviting(work, me, row.organisation_id)
    return row.expert_id == me and is_readable(row, work.now)


@relation("own_consultation")
async def own_consultation(work: Work, order: Order) -> bool:
    """The actor is the village doctor who asked for it, and still works at the clinic that asked."""
    row = await row_named(Consultation, order, "consultation_id")
    return row is not None and is_inviting(work, row.village_doctor_id, row.organisation_id)


@relation("assigned_consultation")
async def assigned_consultation(work: Work, order: Order) -> bool:
    """The actor is the expert who took it and did not give it back; it is open, or was closed within thirty days."""
    row = await row_named(Consultation, order, "consultation_id")
    return row is not None and row.expert_id is not None and row.expert_id == work.actor.practitioner_id and is_readable(row, work.now)


@relation("wrote_opinion")
async def wrote_opinion(work: Work, order: Order) -> bool:
    """The opinion that stands is the actor's own: what one signed, one may always read."""
    consultation_id = getattr(order, "consultation_id", None)
    latest = None if consultation_id is None else await Opinion.filter(consultation_id=consultation_id).order_by("-revision").first()
    return latest is not None and latest.practitioner_id == work.actor.practitioner_id


@relation("on_duty_above")
async def on_duty_above(work: Work, order: Order) -> bool:
    """It is open, and the actor is on duty now as duty doctor at a house above the clinic that asked."""
    row, practitioner_id = await row_named(Consultation, order, "consultation_id"), work.actor.practitioner_id
    held = work.actor.organisations(Role.DUTY_DOCTOR)
    if row is None or practitioner_id is None or not held or State(row.state) not in OPEN_STATES:
        return False
    houses = held.intersection(await houses_above(row.organisation_id))
    return bool(houses) and practitioner_id in await on_duty("duty_doctor", work.now, houses)


@relation("own_patient_consultation")
async def own_patient_consultation(work: Work, order: Order) -> bool:
    """It concerns the actor himself or somebody for whom he speaks, in what the order needs."""
    return await of_own_patient(work, order, Consultation, "consultation_id")


@relation("same_county")
async def consultation_of_county(work: Work, order: Order) -> bool:
    """It was asked for in a county where the actor holds a granted role."""
    row = await row_named(Consultation, order, "consultation_id")
    return row is not None and await acts_in_county(work, order, row.region_code)


@relation("assigned_intake")
async def assigned_intake(work: Work, order: Order) -> bool:
    """The pre-consultation belongs to a consultation that the actor treats, or treated within thirty days."""
    intake_id, practitioner_id = getattr(order, "intake_id", None), work.actor.practitioner_id
    if intake_id is None or practitioner_id is None:
        return False
    return await treated_by(practitioner_id, work.now).filter(intake_id=intake_id).exists()
