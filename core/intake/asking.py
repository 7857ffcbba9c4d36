"""Which question comes next, and whether it is still to be asked where the patient is."""

from __future__ import annotations

from core.foundation.work import Work
from core.intake.rules import emergency_question
from core.people.service import village_doctors_of
from nlp.interface.assessment import Assessment, Facts, Question
from nlp.interface.engine import ClinicalEngine
from nlp.interface.urgency import Urgency


def next_question(engine: ClinicalEngine, facts: Facts, assessment: Assessment, *, place_known: bool) -> Question | None:
    """In danger of life, and of somebody in despair, only what the hospital needs; otherwise the engine's next question until nothing would change
    the level."""
    danger = assessment.emergency
    if danger is not None:
        question = emergency_question(assessment, facts, place_known=place_known)
        if assessment.level is Urgency.CRITICAL or danger.first or (question is not None and question == danger.question):
            return question
    return None if assessment.complete else engine.next_question(facts)


async def lives_somewhere(work: Work, patient_id: str | None) -> bool:
    """A patient on a village doctor's list can be found through her."""
    return patient_id is not None and bool(await village_doctors_of(work, patient_id))
