"""Whether the doctor who signed came to one of the candidates: noted with the list, counted by version of the model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.candidates.commands import Agreement, CaseCandidates, CountAgreement, Share
from core.candidates.models import CandidateList
from core.candidates.rules import wilson
from core.candidates.working_out import opened_list
from core.consultations.models import Opinion
from core.consultations.service import consultation_of, diagnoses_in, latest_opinion
from core.foundation.actor import Actor
from core.foundation.events import Event, listens
from core.foundation.keys import SubjectErased
from core.foundation.models import AuditEntry
from core.foundation.orders import Done, handles
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.people.service import practitioner_card


@listens("consultation.opinion_given")
async def when_signed(practice: Practice, event: Event) -> None:
    order = CountAgreement(consultation_id=event.body["consultation_id"], opinion_id=event.body["opinion_id"])
    try:
        await practice.execute(Actor.system("worker"), order, idempotency_key=f"agreement:{event.id}")
    except SubjectErased:  # meanwhile
        return


@handles(CountAgreement)
async def count_agreement(work: Work, order: CountAgreement) -> Done:
    row = await consultation_of(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    opinion = await latest_opinion(row.id)
    if opinion is None or opinion.id != order.opinion_id:
        return Done(done=False)  # a later revision counts
    made = CandidateList.filter(consultation_id=row.id, made_at__lte=opinion.given_at)
    found = await made.order_by("-number").first()
    if found is None:
        return Done(done=False)
    await CandidateList.filter(consultation_id=row.id).exclude(id=found.id).update(outcome="", place=None, seen=False, opinion_id=None)
    coded = [one.icd10 for one in await diagnoses_in(work, row, opinion) if one.icd10]
    place = (await opened_list(work, found)).candidates.place_of(coded) if coded else None
    seen = await was_shown(work, found, opinion)
    await CandidateList.filter(id=found.id).update(
        outcome="coded" if coded else "uncoded", place=place, seen=seen, opinion_id=opinion.id, version=found.version + 1
    )
    return Done()


async def was_shown(work: Work, found: CandidateList, opinion: Opinion) -> bool:
    """Whether the one who signed had looked at the list by then: the audit says so."""
    card = await practitioner_card(work, opinion.practitioner_id)
    looks = AuditEntry.filter(
        action=CaseCandidates.name, outcome="done", account_id=card.account_id, subject_id=found.patient_id, at__lte=opinion.given_at
    )
    return any((one.detail or {}).get("list") == found.id for one in await looks.order_by("-id").limit(200))


def agreement(rows: Iterable[CandidateList]) -> Agreement:
    """Over rows with a coded diagnosis."""
    places = [row.place for row in rows if row.place is not None]

    def share(among: Sequence[int]) -> Share:
        count = sum(place in among for place in places)
        low, high = wilson(count, len(places))
        return Share(count=count, of=len(places), low=round(low, 3), high=round(high, 3))

    return Agreement(first=share((1,)), among_three=share((1, 2, 3)), among_five=share((1, 2, 3, 4, 5)), none=share((0,)))
