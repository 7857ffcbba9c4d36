"""What can be asked about consents as a whole: what was agreed to, what each permits, what follows from taking it back."""

from __future__ import annotations

from datetime import datetime

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Grant, Query, Result
from core.people.purposes import PurposeCode


class ConsentGiven(Result):
    """One consent. ``sha256`` of the text that was shown; ``given_as``: self, guardian, proxy, village_doctor."""

    version: str
    sha256: str
    given_at: datetime
    channel: str
    given_as: str
    given_as_label: str
    given_by: str
    withdrawn_at: datetime | None
    withdrawn_as_label: str


class ConsentLine(Result):
    """One purpose as it stands. ``needed``: booking and follow-up need it. ``why_not``: why the person who asks cannot give it, or empty."""

    purpose: PurposeCode
    label: str
    permits: str
    without: str
    needed: bool
    current_version: str
    standing: ConsentGiven | None
    last: ConsentGiven | None
    """The newest that does not stand any more."""
    may_give: bool
    why_not: str
    may_withdraw: bool


class ConsentsView(Result):
    patient_id: Id
    lines: tuple[ConsentLine, ...]


class Consents(Query):
    """Every purpose that can be asked of somebody of the patient's age, in order."""

    name = "people.consents"
    title = "我的授权"
    access = (Grant(Role.VISITOR, "own_patient"), Grant(Role.VILLAGE_DOCTOR, "listed_patient"))
    gives = ConsentsView
    audited = True
    patient_id: Id
