"""What can be asked of the pre-consultation: say something, correct it, read it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Grant, Query, Result
from nlp.interface.assessment import Assessment, Question
from nlp.interface.candidates import Candidates


class AlertTold(Result):
    """Who was alerted because of a danger: the place and how he is called there ("值班医生 张医生", "镇卫生院")."""

    alert_id: Id
    who: str
    place: str


class IntakeView(Result):
    """Where an intake stands after something was said. Exactly one of ``question`` (asked next) and ``assessment`` with a level is the news,
    except in danger: then ``assessment.emergency`` is set and ``question`` is the one thing the hospital needs."""

    intake_id: Id
    state: Literal["open", "assessed", "closed"]
    understood: tuple[str, ...] = ()
    """What the last text said, in standard words (咳嗽, 发烧 38.5℃ …); empty when nothing was understood."""
    not_understood: bool = False
    about: tuple[str, ...] = ()
    """What the talk is about, in standard words: the first complaints that were told, two at most."""
    remark: str = ""
    """To be said before everything else: that no diagnosis is given here, that only Chinese is read, a kind word after a curse."""
    question: Question | None = None
    assessment: Assessment | None = None
    alert: AlertTold | None = None
    patient_id: Id | None = None
    relation: str | None = None
    """Whom the talk is about, as the patient is to the speaker (self, father, child …), as far as said."""
    child_speaking: bool = False
    """A child writes about itself: it is spoken to as one."""
    rules_signed: bool = False
    """False: the rules behind level and reasons are not signed by a clinician, and every text that shows them says so."""
    updated_at: datetime


class Say(Command):
    """A sentence of the patient (or of somebody about him), or a tapped choice of the open question (its ``code``, with ``text`` empty or the label).

    Opens an intake when none is open; without ``intake_id`` one that was silent for half a day is put away first. Talk about somebody else than
    before opens a new one too. Anybody may speak, to his own intakes only:
    another's is IntakeUnknown. Errors: NothingSaid, ChoiceUnknown, IntakeClosed, RulesUnsigned, EngineAway.
    """

    name = "intake.say"
    title = "说症状"
    access = (Grant(Role.VISITOR),)
    no_relation = "谁不舒服都可以说;有危险马上告诉值班医生"
    gives = IntakeView
    needs_engine = True
    intake_id: Id | None = None
    question_unseen: bool = False
    """The open question never reached the person: what is said now is not its answer, and it stays open."""
    text: str = Field(max_length=5000)
    choice: str | None = Field(default=None, max_length=60)


class TakenBack(Result):
    """``view``: where the intake stands now. ``said``: the words that were taken back."""

    view: IntakeView
    said: str
    more: bool = False
    """There is an earlier sentence that can be taken back too."""
    danger_stands: bool = False
    """A danger was told, and no 返回 makes it unsaid: level and advice are as they were."""


class TakeBack(Command):
    """Go back one question: the last sentence and the facts that it brought do not count any more, the record keeps that it was said and taken back.

    A danger that was told stands. Errors: IntakeUnknown, IntakeClosed, NothingToTakeBack, AdviceStands, IntakeMoved, RulesUnsigned, EngineAway.
    """

    name = "intake.take_back"
    title = "收回上一句"
    access = (Grant(Role.VISITOR, "own_intake"),)
    gives = TakenBack
    needs_engine = True
    intake_id: Id


class CloseIntake(Command):
    """Put the intake away (换一件事, 说错了): the next sentence opens a new one."""

    name = "intake.close"
    title = "结束本次问诊"
    access = (Grant(Role.VISITOR, "own_intake"),)
    intake_id: Id
    reason: Literal["finished", "changed_subject", "wrong"]


class CurrentIntake(Query):
    """The open or last assessed intake of the account, or NotFound."""

    name = "intake.current"
    title = "我的预问诊"
    access = (Grant(Role.VISITOR),)
    no_relation = "只有他自己的"
    gives = IntakeView
    audited = True


class IntakeLine(Result):
    at: datetime
    kind: Literal["said", "taken_back", "asked", "advised"]
    text: str


class IntakeRecordView(Result):
    intake_id: Id
    level: str | None
    department_code: str | None
    reasons: tuple[str, ...]
    lines: tuple[IntakeLine, ...]
    engine: str
    candidates: Candidates = Candidates()
    """Diseases worth a thought, for doctors alone: empty for whoever told the intake."""


class IntakeRecord(Query):
    """The whole pre-consultation as a clinical record."""

    name = "intake.record"
    title = "预问诊记录"
    access = (
        Grant(Role.VISITOR, "own_intake"),
        Grant(Role.DUTY_DOCTOR, "alerted_intake"),
        Grant(Role.SCHEDULER, "alerted_intake"),
        Grant(Role.EXPERT, "assigned_intake"),
        Grant(Role.EXPERT, "booked_intake"),
    )
    gives = IntakeRecordView
    audited = True
    intake_id: Id
