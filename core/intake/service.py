"""What happens when somebody says what is wrong: read outside the transaction, then merge, assess, ask or advise, record, and alert in danger."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from core.foundation.actor import Actor, Role
from core.foundation.database.statements import find
from core.foundation.encryption.erasure import before_erasure
from core.foundation.keys import SubjectErased
from core.foundation.orders import Done, Order, answers, handles, prepares, relation
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.intake import taking_back
from core.intake.asking import lives_somewhere, next_question
from core.intake.commands import (
    CloseIntake,
    CurrentIntake,
    IntakeRecord,
    IntakeRecordView,
    IntakeView,
    Say,
)
from core.intake.danger import hears_place, on_danger, on_place, raises_alert
from core.intake.errors import ChoiceUnknown, IntakeClosed, IntakeMoved, IntakeUnknown, NothingSaid, RulesUnsigned
from core.intake.models import Intake
from core.intake.record import opened, place_of, read_lines, seal_column, sealed, spoken_words, view_of, write_lines
from core.intake.reported import REPORTED
from core.intake.rules import (
    OWN_QUESTIONS,
    PLACE,
    advised_text,
    asked,
    danger_stands,
    has_gone_silent,
    must_alert,
    names_place,
    onset_told,
    patient_meant,
    place_missed,
    place_unknown,
    standing_assessment,
    talks_of_another,
    unasked,
    with_record,
)
from core.intake.signatures import clinical_engine, require_rules
from core.intake.stood import STOOD, Stood
from core.intake.wording import remark, understood_words
from core.people.errors import NoOrganisation
from core.people.relations import speaks_for
from core.people.rules import local_date
from core.people.service import care_relations, home_organisation, joins_accounts, patient_card
from nlp.interface.assessment import Assessment, Facts, Question
from nlp.interface.candidates import Candidates
from nlp.interface.engine import ClinicalEngine
from nlp.interface.reading import Reading

__all__ = ["RulesUnsigned", "hears_place", "place_of", "raises_alert", "require_rules", "spoken_words", "taking_back"]

_DOCTORS = frozenset({Role.DUTY_DOCTOR, Role.EXPERT})


@relation("own_intake")
async def own_intake(work: Work, order: Order) -> bool:
    """``order.intake_id`` was told by the actor's account, who still speaks for the patient whom it is about."""
    row = await Intake.get_or_none(id=getattr(order, "intake_id", ""), account_id=work.actor.account_id)
    return row is not None and (row.patient_id is None or await speaks_for(work, row.patient_id))


@joins_accounts
async def hand_over(work: Work, left: str, kept: str) -> None:
    """Two accounts are one person's: the intakes follow; of two running ones the older account's stays."""
    if await Intake.filter(live_for=kept).exists():
        await Intake.filter(live_for=left).update(live_for=None, state="closed", close_reason="changed_subject", closed_at=work.now)
    await Intake.filter(live_for=left).update(live_for=kept)
    await Intake.filter(account_id=left).update(account_id=kept)


@before_erasure("account")
async def end_talk(work: Work, account_id: str) -> None:
    """The account is closed in the middle of a talk."""
    await Intake.filter(live_for=account_id).update(live_for=None, state="closed", close_reason="erased", closed_at=work.now)


@dataclass(frozen=True, slots=True)
class Heard:
    """A sentence, read. ``answered``: the question that was open when it was said. ``text``: what stands in the record."""

    reading: Reading
    answered: Question | None
    text: str
    engine: ClinicalEngine
    rules_signed: bool
    unseen: Question | None = None
    """The question that stood open and never reached the person: it has not been asked."""

    @property
    def says_place(self) -> bool:
        """That this is the answer to where the patient is."""
        if self.answered is None or self.answered.code != PLACE.code or place_unknown(self.text):
            return False
        if self.reading.foreign:  # a place may be written in any script
            return True
        return not self.reading.is_aside and names_place(self.text, self.reading)

    @property
    def misses_place(self) -> bool:
        """That something else was said where the place was asked for; 不清楚 is an answer."""
        return self.answered is not None and self.answered.code == PLACE.code and not place_unknown(self.text) and not self.says_place

    @property
    def is_aside(self) -> bool:
        """That it answers nothing: the question that was open is asked again."""
        return self.answered is not None and self.reading.is_aside and not self.says_place

    @property
    def engine_question(self) -> Question | None:
        return None if self.answered is None or self.answered.code in OWN_QUESTIONS else self.answered


@prepares(Say)
async def hear(practice: Practice, actor: Actor, order: Say) -> Heard:
    """Read the sentence in a thread, as an answer to the question that is open now."""
    if not order.text.strip() and order.choice is None:
        raise NothingSaid
    engine = clinical_engine(practice)
    rules_signed = await require_rules(practice)
    work = Work(practice, actor, order)
    row = _goes_on(work, order, await _standing(work, order))
    # A question that was never seen has not been answered: "没有" and whatever else is said means something else.
    standing = None if row is None else await opened(work, row, "question", Question)
    question, unseen = (None, standing) if order.question_unseen else (standing, None)
    text = _words(order, question)
    own = question is not None and question.code in OWN_QUESTIONS
    known = None if row is None else await opened(work, row, "facts", Facts)
    if own and order.choice is not None:
        reading = Reading()
    else:
        reading = await asyncio.to_thread(engine.read, text, answering=None if own else question, choice=order.choice, known=known)
    return Heard(reading, question, text, engine, rules_signed, unseen)


def _words(order: Say, question: Question | None) -> str:
    """What was said: the text, or the label of what was tapped."""
    if order.choice is None:
        return order.text.strip()
    labels = {} if question is None else {choice.code: choice.label for choice in question.choices}
    if order.choice not in labels:
        raise ChoiceUnknown
    return order.text.strip() or labels[order.choice]


async def _standing(work: Work, order: Say, *, lock: bool = False) -> Intake | None:
    """The intake that ``order`` names, else the one that runs, also when it has gone silent."""
    account_id = work.actor.account_id
    which = {"live_for": account_id} if order.intake_id is None else {"id": order.intake_id}
    return await find(Intake, lock=lock, account_id=account_id, **which)


def _goes_on(work: Work, order: Say, standing: Intake | None) -> Intake | None:
    """The intake that ``order`` goes on with, None when it begins one."""
    if standing is not None and order.intake_id is None and has_gone_silent(standing.updated_at, work.now):
        return None
    return standing


@handles(Say)
async def say(work: Work, order: Say, heard: Heard) -> IntakeView:
    standing = await _standing(work, order, lock=True)
    row = _goes_on(work, order, standing)
    if order.intake_id is not None and row is None:
        raise IntakeUnknown
    if row is not None and row.state == "closed":
        raise IntakeClosed
    in_danger = heard.answered is not None and heard.answered.code in OWN_QUESTIONS
    if row is None or (not in_danger and talks_of_another(row.relation, heard.reading)):
        row = await _begin(work, standing)
    await _take_in(work, row, heard)
    work.concerns(*(("intake", row.id) if row.patient_id is None else ("patient", row.patient_id)), intake=row.id)
    return await view_of(
        work,
        row,
        understood=understood_words(heard.reading),
        not_understood=heard.reading.not_understood and not in_danger,
        remark="" if heard.says_place else remark(heard.reading),
    )


async def _begin(work: Work, before: Intake | None) -> Intake:
    """A new intake of the actor's account; ``before``, that ran till now, is put away. One that another message begins at the same moment is not:
    the database lets one of the two run, and the other message goes on with it."""
    account_id = work.actor.account_id
    if before is not None:
        put_away = Intake.filter(id=before.id, live_for=account_id)
        await put_away.update(live_for=None, state="closed", close_reason="changed_subject", closed_at=work.now)
    try:
        organisation_id = await home_organisation()
    except NoOrganisation:
        organisation_id = ""  # Somebody in danger is heard even before a hospital is on record.
    intake_id = work.new_id()
    return await Intake.create(
        id=intake_id,
        organisation_id=organisation_id,
        account_id=account_id,
        live_for=account_id,
        sealed_under=account_id,
        own_key=intake_id,
        facts=await sealed(work, intake_id, "facts", Facts()),
        opened_at=work.now,
        updated_at=work.now,
    )


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the case after a sentence: the facts, whom they concern, and who keeps that person's record.

    ``before``: the facts until then.
    """

    before: Facts
    facts: Facts
    relation: str | None
    patient_id: str | None
    organisation_id: str


async def _merge(work: Work, row: Intake, heard: Heard) -> Known:
    """The facts with what was heard, and with age and sex of the patient's record where they were not said."""
    before = await opened(work, row, "facts", Facts) or Facts()
    known = before if heard.unseen is None else unasked(before, heard.unseen)
    facts = heard.engine.merge(known, heard.reading, answered=heard.engine_question)
    whom = facts.person.relation or row.relation
    patient_id = row.patient_id or patient_meant(whom, await care_relations(work, row.account_id))
    if patient_id is None:
        return Known(before, facts, whom, None, row.organisation_id)
    card = await patient_card(work, patient_id)
    facts = with_record(facts, sex=card.sex, birth=card.birth_date, today=local_date(work.now))
    return Known(before, facts, whom, patient_id, card.organisation_id)


async def _take_in(work: Work, row: Intake, heard: Heard) -> None:
    """Merge, assess, decide what comes next, write it all down; alert when danger stands."""
    if heard.is_aside:
        await _repeat(work, row, heard)
        return
    known = await _merge(work, row, heard)
    before = await opened(work, row, "assessment", Assessment)
    told = None if row.question is not None and (before is None or not danger_stands(before)) else before
    assessment = standing_assessment(told, heard.engine.assess(known.facts), known.facts.urgency_said)
    if heard.misses_place:
        facts = place_missed(known.facts, assessment)
        if heard.reading.person.age_days is None:  # 八个月 is the child's age, not when it began
            facts = onset_told(facts, heard.text, assessment)
        known = replace(known, facts=facts)
    place_known = row.place is not None or heard.says_place or await lives_somewhere(work, known.patient_id)
    question = next_question(heard.engine, known.facts, assessment, place_known=place_known)
    lines = [*await _stood(work, row, known.before), *_lines(heard, told, assessment, question)]
    new_danger = must_alert(row.alert_id is not None, row.level, assessment)
    newly_settled = question is None and assessment.level is not None and row.state != "assessed"
    first_line = row.lines + 1
    await _store(work, row, heard, known, assessment, question, len(lines))
    await write_lines(work, row, first_line, lines)
    if new_danger:
        await _alert(work, row)
    elif heard.says_place:
        await on_place(work, row)
    if newly_settled:
        await work.emit("intake.assessed", key=row.id, intake_id=row.id)


async def _stood(work: Work, row: Intake, facts: Facts) -> list[tuple[str, str]]:
    """Where the intake stands before this sentence, for 返回. Before the first one there is nothing to go back to."""
    if row.lines == 0:
        return []
    question = await opened(work, row, "question", Question)
    stood = Stood(facts=facts, question=question, relation=row.relation, patient_id=row.patient_id, organisation_id=row.organisation_id)
    return [(STOOD, stood.kept())]


async def _repeat(work: Work, row: Intake, heard: Heard) -> None:
    """What was said answers nothing: nothing that is known changes, and the open question is asked again."""
    lines = [("said", heard.text)]
    if heard.answered is not None:
        lines.append(("asked", heard.answered.text))
    first_line = row.lines + 1
    await row.change(conflict=IntakeMoved(), lines=row.lines + len(lines), updated_at=work.now)
    await write_lines(work, row, first_line, lines)


async def _store(
    work: Work, row: Intake, heard: Heard, known: Known, assessment: Assessment, question: Question | None, new_lines: int
) -> None:
    """Write where the intake stands; :class:`IntakeMoved` when another message came first."""
    facts = known.facts if question is None else asked(known.facts, question)
    await row.change(
        conflict=IntakeMoved(),
        organisation_id=known.organisation_id,
        patient_id=known.patient_id,
        relation=known.relation,
        state="assessed" if question is None and assessment.level is not None else "open",
        level=None if assessment.level is None else assessment.level.value,
        department_code=assessment.departments[0].code if assessment.departments else row.department_code,
        emergency_rule="" if assessment.emergency is None else assessment.emergency.rule,
        facts=await seal_column(work, row, "facts", facts),
        question=await seal_column(work, row, "question", question),
        assessment=await seal_column(work, row, "assessment", assessment),
        place=await seal_column(work, row, "place", heard.text) if heard.says_place else row.place,
        engine=heard.engine.version,
        rules_signed=heard.rules_signed,
        lines=row.lines + new_lines,
        updated_at=work.now,
    )


def _lines(heard: Heard, before: Assessment | None, assessment: Assessment, question: Question | None) -> list[tuple[str, str]]:
    """The lines of the record that this sentence adds, in the order in which they are read. ``before``: the assessment shown earlier, if any."""
    lines = [("said", heard.text)]
    shown = assessment.level is not None and (question is None or danger_stands(assessment))
    if shown and (before is None or advised_text(before) != advised_text(assessment)):
        lines.append(("advised", advised_text(assessment)))
    if question is not None:
        lines.append(("asked", question.text))
    return lines


async def _alert(work: Work, row: Intake) -> None:
    told = await on_danger(work, row)
    if told is not None:
        await row.change(conflict=IntakeMoved(), alert=await seal_column(work, row, "alert", told), alert_id=told.alert_id)


@handles(CloseIntake)
async def close_intake(work: Work, order: CloseIntake) -> Done:
    row = await Intake.get_or_none(id=order.intake_id)
    if row is None:
        raise IntakeUnknown
    if row.state != "closed":
        await row.change(conflict=IntakeMoved(), state="closed", close_reason=order.reason, live_for=None, closed_at=work.now, question=None)
    work.concerns("intake", row.id)
    return Done()


@answers(CurrentIntake)
async def current_intake(work: Work, order: CurrentIntake) -> IntakeView:
    mine = Intake.filter(account_id=work.actor.account_id)
    row = await mine.get_or_none(live_for=work.actor.account_id)
    if row is None:
        closed = mine.filter(state="closed", level__isnull=False).exclude(close_reason__in=("wrong", REPORTED))
        row = await closed.order_by("-updated_at", "-id").first()
    if row is None:
        raise IntakeUnknown
    work.concerns("intake", row.id)
    try:
        return await view_of(work, row)
    except SubjectErased:  # as if it had never been
        raise IntakeUnknown from None


@answers(IntakeRecord)
async def intake_record(work: Work, order: IntakeRecord) -> IntakeRecordView:
    row = await Intake.get_or_none(id=order.intake_id)
    if row is None:
        raise IntakeUnknown
    assessment = await opened(work, row, "assessment", Assessment)
    work.concerns(*(("intake", row.id) if row.patient_id is None else ("patient", row.patient_id)), intake=row.id)
    return IntakeRecordView(
        intake_id=row.id,
        level=row.level,
        department_code=row.department_code,
        reasons=() if assessment is None else tuple(reason.text for reason in assessment.reasons),
        lines=await read_lines(work, row),
        engine=row.engine,
        candidates=assessment.candidates if assessment is not None and work.role in _DOCTORS else Candidates(),
    )
