"""What is shown of people to whom it concerns: oneself and one's patients, a village doctor's list, who looked at a record."""

from __future__ import annotations

from datetime import date, datetime

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Grant, Query, Result
from core.foundation.withheld import WithWithheld
from core.people.commands import Sex
from core.people.commands_consents import ConsentView
from core.people.purposes import PurposeCode


class PatientView(Result):
    """A patient as shown to those who may see him. ``number`` is the village doctor's own number for him."""

    patient_id: Id
    full_name: str
    sex: Sex
    birth_date: date
    age_years: int
    phone: str | None
    relation: str | None = None
    relation_id: Id | None = None
    scope: tuple[str, ...] = ()
    """What the account that asks may do for him: book, record, consent, notices."""
    guardian: bool = False
    number: int | None = None
    has_wechat: bool
    real_name: str = "unchecked"
    """match, mismatch, away (asked again by itself), unchecked."""
    consents: tuple[ConsentView, ...] = ()
    care_needs: tuple[PurposeCode, ...] = ()
    """Which consents booking and follow-up still need."""


class HeldRoleView(Result):
    role: str
    label: str
    organisation_id: Id
    organisation: str
    region_code: str


class EndedView(Result):
    """For whom the account does not speak any more, by what he was to it and by no name: his record is not this account's to read now."""

    relation: str
    ended_at: datetime


class MeView(WithWithheld):
    """``ended``: rights that somebody else ended within the last month, newest first; where no message may reach the account, the page tells it."""

    account_id: Id
    display_name: str | None
    roles: tuple[HeldRoleView, ...]
    practitioner_id: Id | None
    phone_verified: bool
    patients: tuple[PatientView, ...]
    ended: tuple[EndedView, ...] = ()
    elder: bool | None = None
    """长辈模式: chosen, put aside, never said."""


class Me(Query):
    name = "people.me"
    title = "我的资料"
    access = (Grant(Role.VISITOR),)
    no_relation = "只有他自己和他替办的人"
    gives = MeView
    audited = True


class LockedPatient(Result):
    """A patient of the list whose record he had locked: the number under which she knows him, and nothing of him."""

    number: int
    patient_id: Id


class PatientListView(WithWithheld):
    patients: tuple[PatientView, ...]
    locked: tuple[LockedPatient, ...] = ()


class MyPatientList(Query):
    """The village doctor's list, by the numbers under which she knows them."""

    name = "people.my_patient_list"
    title = "我的病人"
    access = (Grant(Role.VILLAGE_DOCTOR),)
    no_relation = "只列她名单上的"
    gives = PatientListView
    audited = True


class AccessLogEntry(Result):
    at: datetime
    who: str
    role: str
    action: str


class AccessLogView(Result):
    entries: tuple[AccessLogEntry, ...]


class WhoLookedAtMyRecord(Query):
    name = "people.access_log"
    title = "谁看过我的记录"
    access = (Grant(Role.VISITOR, "own_patient"),)
    gives = AccessLogView
    audited = True
    patient_id: Id
