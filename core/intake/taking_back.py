"""返回: the last sentence is taken back. The intake stands again where it stood before it, save that no danger that was told is made unsaid."""

from __future__ import annotations

from dataclasses import dataclass

from core.foundation.actor import Actor
from core.foundation.orders import handles, prepares
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.intake.asking import lives_somewhere, next_question
from core.intake.commands import TakeBack, TakenBack
from core.intake.errors import AdviceStands, IntakeClosed, IntakeMoved, IntakeUnknown, NothingToTakeBack
from core.intake.models import Intake
from core.intake.record import last_answer, mark_taken_back, opened, seal_column, view_of, write_lines
from core.intake.rules import asked, danger_stands, gone_back_to, standing_assessment
from core.intake.signatures import clinical_engine, require_rules
from core.intake.stood import Stood
from nlp.interface.assessment import Assessment
from nlp.interface.engine import ClinicalEngine
from nlp.interface.urgency import Urgency

_GO_NOW = (Urgency.EMERGENT, Urgency.CRITICAL)


@dataclass(frozen=True, slots=True)
class Reckoner:
    """The engine, and whether its rules are signed now."""

    engine: ClinicalEngine
    rules_signed: bool


@prepares(TakeBack)
async def with_engine(practice: Practice, actor: Actor, order: TakeBack) -> Reckoner:
    return Reckoner(clinical_engine(practice), await require_rules(practice))


@handles(TakeBack)
async def take_back(work: Work, order: TakeBack, reckoner: Reckoner) -> TakenBack:
    row = await Intake.filter(account_id=work.actor.account_id).select_for_update().get_or_none(id=order.intake_id)
    if row is None:
        raise IntakeUnknown
    if row.state == "closed":
        raise IntakeClosed
    last = await last_answer(work, row)
    if last is None:
        raise NothingToTakeBack
    stood, said, number = last
    before = await opened(work, row, "assessment", Assessment)
    told = before if before is not None and danger_stands(before) else None
    if told is None and row.state == "assessed" and row.level in _GO_NOW:
        raise AdviceStands
    await _go_back(work, row, reckoner, stood, told)
    await mark_taken_back(work, row, number)
    work.concerns(*(("intake", row.id) if row.patient_id is None else ("patient", row.patient_id)), intake=row.id)
    more = await last_answer(work, row) is not None
    return TakenBack(view=await view_of(work, row), said=said, more=more, danger_stands=told is not None)


async def _go_back(work: Work, row: Intake, reckoner: Reckoner, stood: Stood, told: Assessment | None) -> None:
    """Facts and question as they stood; level and advice by these facts, never below the danger that was ``told``."""
    engine = reckoner.engine
    assessment = standing_assessment(told, engine.assess(stood.facts), stood.facts.urgency_said)
    place_known = row.place is not None or await lives_somewhere(work, stood.patient_id)
    question = gone_back_to(stood.question, assessment, next_question(engine, stood.facts, assessment, place_known=place_known))
    lines = [] if question is None else [("asked", question.text)]
    first_line = row.lines + 1
    # Who was alerted was told of this person: whose trouble it is stays as it was told.
    whom = {} if row.alert_id is not None else {"patient_id": stood.patient_id, "organisation_id": stood.organisation_id}
    await row.change(
        conflict=IntakeMoved(),
        **whom,
        relation=stood.relation,
        state="assessed" if question is None and assessment.level is not None else "open",
        level=None if assessment.level is None else assessment.level.value,
        department_code=assessment.departments[0].code if assessment.departments else None,
        emergency_rule="" if assessment.emergency is None else assessment.emergency.rule,
        facts=await seal_column(work, row, "facts", stood.facts if question is None else asked(stood.facts, question)),
        question=await seal_column(work, row, "question", question),
        assessment=await seal_column(work, row, "assessment", assessment),
        engine=engine.version,
        rules_signed=reckoner.rules_signed,
        lines=row.lines + len(lines),
        updated_at=work.now,
    )
    await write_lines(work, row, first_line, lines)
