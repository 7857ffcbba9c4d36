"""The list of a consultation is worked out by a worker, outside the transaction, from the record as it stands, and kept with the model's version."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from core.candidates.commands import WorkOutCandidates
from core.candidates.models import CandidateList
from core.candidates.values import added_to, known_values
from core.consultations.models import Consultation
from core.consultations.service import complaint_opened, consultation_of
from core.foundation.actor import Actor
from core.foundation.events import Event, listens
from core.foundation.keys import SubjectErased
from core.foundation.orders import Done, handles, prepares
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.intake.models import Intake
from core.intake.record import opened
from core.intake.rules import with_record
from core.intake.signatures import clinical_engine, unsigned_rule_sets
from core.people.rules import local_date
from core.people.service import patient_card
from nlp.interface.assessment import Facts
from nlp.interface.candidates import Worked
from nlp.interface.engine import ClinicalEngine

STALE = "candidates.stale"
_SYSTEM = Actor.system("worker")


@dataclass(frozen=True, slots=True)
class Prepared:
    worked: Worked
    rules_signed: bool


@listens("consultation.created")
async def at_its_beginning(practice: Practice, event: Event) -> None:
    await _work_out(practice, event)


@listens(STALE)
async def when_something_was_added(practice: Practice, event: Event) -> None:
    await _work_out(practice, event)


async def _work_out(practice: Practice, event: Event) -> None:
    try:
        order = WorkOutCandidates(consultation_id=event.body["consultation_id"])
        await practice.execute(_SYSTEM, order, idempotency_key=f"candidates:{event.id}")
    except SubjectErased:  # meanwhile
        return


@prepares(WorkOutCandidates)
async def work_out(practice: Practice, actor: Actor, order: WorkOutCandidates) -> Prepared:
    engine = clinical_engine(practice)
    work = Work(practice, actor, order)
    row = await consultation_of(order.consultation_id)
    facts = await case_facts(work, row, engine)
    added = await added_to(work, row)
    values = {**await known_values(work, row), **added.values}
    worked = await asyncio.to_thread(engine.work_out, facts, values, added.examined)
    return Prepared(worked, not await unsigned_rule_sets(engine))


async def case_facts(work: Work, row: Consultation, engine: ClinicalEngine) -> Facts:
    """What the patient told beforehand, and over it what the village doctor wrote; age and sex from the record."""
    told = await _told_before(work, row)
    reading = await asyncio.to_thread(engine.read, await complaint_opened(work, row))
    card = await patient_card(work, row.patient_id)
    return with_record(engine.merge(told or Facts(), reading), sex=card.sex, birth=card.birth_date, today=local_date(row.created_at))


async def _told_before(work: Work, row: Consultation) -> Facts | None:
    """What the pre-consultation knew; None without one, or where who told it has taken his words with him."""
    intake = None if row.intake_id is None else await Intake.get_or_none(id=row.intake_id)
    try:
        return None if intake is None else await opened(work, intake, "facts", Facts)
    except SubjectErased:
        return None


@handles(WorkOutCandidates)
async def keep_list(work: Work, order: WorkOutCandidates, prepared: Prepared) -> Done:
    row = await consultation_of(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    before = await latest_list(row.id)
    found = prepared.worked.candidates
    if before is not None and before.digest == found.digest and (await opened_list(work, before)).candidates.inputs == found.inputs:
        return Done(done=False)
    list_id = work.new_id()
    sealer = await work.sealer("patient", row.patient_id)
    await CandidateList.create(
        id=list_id, consultation_id=row.id, patient_id=row.patient_id, number=1 if before is None else before.number + 1, model=found.model,
        digest=found.digest, rules_signed=prepared.rules_signed, made_at=work.now,
        body=sealer.seal("candidate_list", "body", list_id, prepared.worked.model_dump_json()),
    )
    work.concerns("patient", row.patient_id, consultation=row.code, list=list_id)
    return Done()


async def latest_list(consultation_id: str) -> CandidateList | None:
    return await CandidateList.filter(consultation_id=consultation_id).order_by("-number").first()


async def opened_list(work: Work, row: CandidateList) -> Worked:
    sealer = await work.sealer("patient", row.patient_id)
    return Worked.model_validate_json(sealer.open("candidate_list", "body", row.id, bytes(row.body)))
