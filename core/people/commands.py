"""What can be asked to know who somebody is: accounts, their phone, patients registered, listed and joined to their record."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.clock import Moment
from core.foundation.ids import Id
from core.foundation.orders import Command, Grant, Result
from core.people.scopes import Scope

Sex = Literal["male", "female"]


class AccountRef(Result):
    account_id: Id
    created: bool


class EnsureAccount(Command):
    """The account behind a platform identity, made on first sight. ``app`` is the appid (corpid for WeCom) and ``subject`` the openid or userid.

    Identities of several apps with one ``unionid`` are one account.
    """

    name = "people.ensure_account"
    title = "识别账号"
    access = (Grant(Role.SYSTEM),)
    gives = AccountRef
    app: str = Field(min_length=1, max_length=64)
    subject: str = Field(min_length=1, max_length=64)
    unionid: str | None = Field(default=None, min_length=1, max_length=64)


class VerifyPhone(Command):
    """Record the phone number that the platform vouched for. Only the system may: nobody vouches for himself."""

    name = "people.verify_phone"
    title = "绑定手机号"
    access = (Grant(Role.SYSTEM),)
    account_id: Id
    phone: str = Field(pattern=r"^1[0-9]{10}$")


class PatientRef(Result):
    patient_id: Id


class RegisterPatient(Command):
    """Real-name registration of oneself (``relation="self"``) or of a member of the family. The ID number's checksum, age and sex are checked.

    Who is on record already is joined to his record only when the account's phone, verified by the platform, is the one on the record; else
    RecordNeedsConfirmation (409) with ``claim_code`` for the village doctor (:class:`ConfirmAccount`).
    """

    name = "people.register_patient"
    title = "实名登记"
    access = (Grant(Role.VISITOR),)
    no_relation = "对上证件、姓名和验证过的手机号才连上档案"
    gives = PatientRef
    relation: Literal["self", "father", "mother", "spouse", "child", "other"] = "self"
    full_name: str = Field(min_length=2, max_length=30)
    id_number: str = Field(min_length=6, max_length=24)
    phone: str | None = Field(default=None, pattern=r"^1[0-9]{10}$")
    guardian: bool = False
    """That a relative who is no parent acts as a minor's guardian. A parent does so without saying it."""


class ConfirmAccount(Command):
    """The village doctor links an account to a patient on her list: ``claim_code`` is what the person, standing before her, reads from his screen.
    A patient (a minor's guardian) lets a relative in the same way, and says first what he may do (``scope``, None: everything) and until when.
    Himself, and a minor's guardian, it does not bind.

    ClaimCodeWrong, ClaimExpired, ClaimUsed, PatientTaken, ClaimantHasOwnRecord, ScopeEmpty, TermPast.
    """

    name = "people.confirm_account"
    title = "确认家人"
    access = (Grant(Role.VILLAGE_DOCTOR, "listed_patient"), Grant(Role.VISITOR, "own_say"))
    gives = PatientRef
    patient_id: Id
    claim_code: str = Field(pattern=r"^[0-9A-Za-z]{6}$")
    scope: tuple[Scope, ...] | None = None
    until: Moment | None = None


class ClaimantView(Result):
    """Who holds the code, named so that the patient knows him. ``guardian``: he would act as the minor's guardian, in everything."""

    called: str
    relation_label: str
    guardian: bool


class LookAtClaim(Command):
    """Whose code this is, before anything is given: the patient, or a minor's guardian, sees whom he lets in. A wrong code counts as tried.

    ClaimCodeWrong, ClaimExpired, ClaimUsed.
    """

    name = "people.look_at_claim"
    title = "看确认码是谁的"
    access = (Grant(Role.VISITOR, "own_say"),)
    gives = ClaimantView
    patient_id: Id
    claim_code: str = Field(pattern=r"^[0-9A-Za-z]{6}$")


class EnlistPatient(Command):
    """A patient put on a village doctor's list under ``number``, with or without WeChat (``account_id``: his own account, which only the
    system can tell). Known by the ID number, he is joined to his record, never recorded twice."""

    name = "people.enlist_patient"
    title = "登记签约病人"
    access = (Grant(Role.SYSTEM), Grant(Role.VILLAGE_DOCTOR, "own_practitioner"))
    gives = PatientRef
    practitioner_id: Id
    number: int = Field(ge=1, le=9999)
    full_name: str = Field(min_length=2, max_length=30)
    id_number: str = Field(min_length=6, max_length=24)
    phone: str | None = Field(default=None, pattern=r"^1[0-9]{10}$")
    account_id: Id | None = None
