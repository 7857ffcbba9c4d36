"""Everything that is known of the experts at this moment, for the rules of matching."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import timedelta

from core.appointments.models import Absence
from core.appointments.roster import on_duty
from core.consultations.models import Consultation
from core.consultations.picture import Picture
from core.dispatch.models import ExpertOffer
from core.foundation.actor import Role
from core.foundation.work import Work
from core.intake.urgency import urgency
from core.matching.expected import expected_spans
from core.matching.icd10 import parse
from core.matching.rules import Candidate, Ranked, Wanted, rank
from core.matching.service import conflicts_about
from core.people.models import Practitioner, RoleHeld
from core.people.relations import ever_spoke
from core.people.roles import running
from core.people.rules import local_date

MEASURED_DAYS = 90
MEASURED_OFFERS = 5_000
"""How far back answers are measured, and at most how many offers are looked at."""
ENOUGH_ANSWERS = 3
LONGEST_ANSWER_S = 3_600.0
"""A routine offer answered next morning says nothing about emergencies: longer answers count as an hour."""


async def ranked_experts(work: Work, row: Consultation, picture: Picture, *, asking_again: bool = False) -> tuple[Ranked, ...]:
    """All experts for this consultation, best first, the excluded ones last with their reason.

    ``asking_again``: a person at the desk asks, who may also call somebody off duty or asked before.
    """
    wanted = Wanted(
        urgency=urgency(row.urgency).code,
        department_code=row.department_code,
        departments={row.department_code: 1.0} | {code: share for code, share in picture.departments if code != row.department_code},
        spans=expected_spans(row.department_code, picture.findings),
        organisation_id=row.organisation_id,
        today=local_date(work.now),
    )
    candidates = await _candidates(work, row)
    if asking_again:
        candidates = [replace(one, asked_before=False, on_duty=True, absent=False) for one in candidates]
    return rank(wanted, candidates, work.practice.rng)


async def _candidates(work: Work, row: Consultation) -> list[Candidate]:
    accounts = await RoleHeld.filter(running(work.now), role=Role.EXPERT.value).values_list("account_id", flat=True)
    experts = await Practitioner.filter(account_id__in=list(accounts), active=True).order_by("id")
    duty = set(await on_duty("expert", work.now, None))
    away = {one.practitioner_id for one in await Absence.filter(starts_at__lte=work.now, ends_at__gt=work.now)}
    busy = {one.busy_expert_id for one in await Consultation.filter(busy_expert_id__isnull=False)}
    asked = {one.practitioner_id for one in await ExpertOffer.filter(consultation_id=row.id)}
    conflicts = await conflicts_about(row.patient_id)
    relatives = {one.account_id for one in await ever_spoke(row.patient_id)}
    answers = await mean_answers(work)
    taken = await _taken_lately(work)
    return [
        Candidate(
            practitioner_id=one.id,
            organisation_id=one.organisation_id,
            department_code=one.department_code,
            expertise=tuple(parse(code) for code in one.expertise),
            title_name=one.title_name,
            years_of_practice=one.years_of_practice,
            licence_valid_until=one.licence_valid_until,
            on_duty=one.id in duty,
            absent=one.id in away,
            busy=one.id in busy,
            asked_before=one.id in asked,
            conflict="knows_patient" if one.account_id in relatives else conflicts.get(one.id, ""),
            answer_s=answers.get(one.id),
            taken_lately=taken[one.id],
        )
        for one in experts
    ]


async def mean_answers(work: Work) -> dict[str, float]:
    """Practitioner id → mean seconds until he answered, over the last offers; an offer that ran out counts as its whole time."""
    offers = (
        await ExpertOffer.filter(
            offered_at__gte=work.now - timedelta(days=MEASURED_DAYS), state__in=("accepted", "declined", "deferred", "expired")
        )
        .order_by("-id")
        .limit(MEASURED_OFFERS)
        .values_list("practitioner_id", "offered_at", "answered_at", "expires_at")
    )
    seconds: dict[str, list[float]] = defaultdict(list)
    for practitioner_id, offered_at, answered_at, expires_at in offers:
        seconds[str(practitioner_id)].append(min(((answered_at or expires_at) - offered_at).total_seconds(), LONGEST_ANSWER_S))
    return {one: sum(values) / len(values) for one, values in seconds.items() if len(values) >= ENOUGH_ANSWERS}


async def _taken_lately(work: Work) -> Counter[str]:
    rows = await Consultation.filter(assigned_at__gte=work.now - timedelta(days=7)).values_list("expert_id", flat=True)
    return Counter(str(one) for one in rows if one is not None)
