"""What can be asked about who speaks for whom: see it, limit it, let it go on, end it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from core.foundation.actor import Role
from core.foundation.clock import Moment
from core.foundation.ids import Id
from core.foundation.orders import Command, Grant, Query, Result
from core.people.scopes import Scope


class SpeakerView(Result):
    """``called`` names him so that the patient knows him (surname and the end of his phone), without giving away who he is to others.

    ``standing``: live, term_over, of_age, ended. ``mine``: it is the account that asks. ``may_end`` and ``may_limit``: by who asks.
    """

    relation_id: Id
    called: str
    relation_label: str
    guardian: bool
    scope: tuple[Scope, ...]
    scope_labels: tuple[str, ...]
    since: datetime
    until: datetime | None
    ended_at: datetime | None
    standing: str
    standing_label: str
    mine: bool
    may_end: bool
    may_limit: bool


class SpeakersView(Result):
    patient_id: Id
    minor: bool
    speakers: tuple[SpeakerView, ...]


class Speakers(Query):
    """Who speaks for the patient, also who did; for himself, a minor's guardian, and his village doctor."""

    name = "people.speakers"
    title = "谁能替我办"
    access = (Grant(Role.VISITOR, "own_say"), Grant(Role.VILLAGE_DOCTOR, "listed_patient"))
    gives = SpeakersView
    audited = True
    patient_id: Id


class AllowSpeaker(Command):
    """What somebody may do for the patient, and until when. Also takes up again what had ended, or what ended at 18: the patient himself says so.

    OnlyThePatientConfirms, GuardianKept, OwnRelationKept, ScopeEmpty, TermPast.
    """

    name = "people.allow_speaker"
    title = "他能替我办什么"
    access = (Grant(Role.VISITOR, "own_say"),)
    gives = SpeakersView
    patient_id: Id
    relation_id: Id
    scope: tuple[Scope, ...]
    until: Moment | None = None


class EndSpeaker(Command):
    """From this moment on he does not speak for the patient any more. By the patient, a minor's guardian, himself, or the village doctor.

    GuardianKept, OwnRelationKept, RelationOver.
    """

    name = "people.end_speaker"
    title = "不再由他办"
    access = (Grant(Role.VISITOR, "own_say"), Grant(Role.VISITOR, "own_relation"), Grant(Role.VILLAGE_DOCTOR, "listed_patient"))
    patient_id: Id
    relation_id: Id
    reason: Literal["asked", "moved", "mistake", "dispute"] = "asked"
