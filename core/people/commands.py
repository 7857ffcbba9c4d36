"""What can be asked of the register of people: accounts, patients, practitioners, organisations, roles, consents, sessions."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Grant, Query, Result
from core.foundation.withheld import WithWithheld
from core.people.practitioners import Scope
from core.people.purposes import PurposeCode

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
    A patient (a minor's guardian) lets a relative in the same way.

    ClaimCodeWrong, ClaimExpired, ClaimUsed, PatientTaken, ClaimantHasOwnRecord.
    """

    name = "people.confirm_account"
    title = "确认家人"
    access = (Grant(Role.VILLAGE_DOCTOR, "listed_patient"), Grant(Role.VISITOR, "own_say"))
    gives = PatientRef
    patient_id: Id
    claim_code: str = Field(pattern=r"^[0-9A-Za-z]{6}$")


class GiveConsent(Command):
    """Consent to ``purpose`` in its current text. For a patient without WeChat the inviting side photographs the paper (``evidence_blob_id``)."""

    name = "people.give_consent"
    title = "知情同意"
    access = (Grant(Role.PATIENT, "own_patient"), Grant(Role.VISITOR, "own_patient"), Grant(Role.VILLAGE_DOCTOR, "listed_patient"))
    patient_id: Id
    purpose: PurposeCode
    text_version: str = Field(max_length=20)
    evidence_blob_id: Id | None = None


class PaperTarget(Query):
    """Asked before the photo of a signed paper is stored under the patient's key."""

    name = "people.paper_target"
    title = "同意书存给谁"
    access = (Grant(Role.VILLAGE_DOCTOR, "listed_patient"),)
    gives = PatientRef
    patient_id: Id


class AttachPaperConsent(Command):
    """The photographed paper of a patient who consents without WeChat (blob put under his key); it is consent to the text in force."""

    name = "people.attach_paper_consent"
    title = "存纸质同意书"
    access = (Grant(Role.VILLAGE_DOCTOR, "listed_patient"),)
    comes_with_file = True
    patient_id: Id
    purpose: PurposeCode
    blob_id: Id
    media_type: Literal["image/jpeg", "image/png", "image/webp"]
    size: int = Field(ge=0, le=1 << 40)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class WithdrawConsent(Command):
    """Taken back at once, by who may give it; by the village doctor for who has no WeChat and tells her so."""

    name = "people.withdraw_consent"
    title = "撤回同意"
    access = (Grant(Role.VISITOR, "own_patient"), Grant(Role.VILLAGE_DOCTOR, "listed_patient"))
    patient_id: Id
    purpose: PurposeCode


class ConsentText(Result):
    purpose: str
    version: str
    title: str
    text: str
    sha256: str


class CurrentConsentText(Query):
    name = "people.consent_text"
    title = "同意书"
    access = (Grant(Role.VISITOR),)
    no_relation = "不含病人资料"
    gives = ConsentText
    purpose: PurposeCode


class ConsentView(Result):
    purpose: str
    version: str
    given_at: datetime
    channel: str
    withdrawn_at: datetime | None


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


class MeView(WithWithheld):
    account_id: Id
    display_name: str | None
    roles: tuple[HeldRoleView, ...]
    practitioner_id: Id | None
    phone_verified: bool
    patients: tuple[PatientView, ...]


class Me(Query):
    name = "people.me"
    title = "我的资料"
    access = (Grant(Role.VISITOR),)
    no_relation = "只有他自己和他替办的人"
    gives = MeView
    audited = True


class PatientListView(WithWithheld):
    patients: tuple[PatientView, ...]


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


class SessionOpened(Result):
    """``token`` is the access token, good until ``token_expires_at``; ``refresh_token`` gives the next, until ``expires_at``. Both are secrets."""

    session_id: Id
    account_id: Id
    token: str
    token_expires_at: datetime
    refresh_token: str
    expires_at: datetime


class OpenSession(Command):
    """Sign an account in on one device, after the platform said who it is. ``kind``: h5, mini_program or terminal; ``device``: iPhone · 微信."""

    name = "people.open_session"
    title = "登录"
    access = (Grant(Role.SYSTEM),)
    gives = SessionOpened
    account_id: Id
    kind: Literal["h5", "mini_program", "terminal"]
    device: str = Field(default="", max_length=40)


class CloseSession(Command):
    """End a sign-in of one's own, with the pages that it opened. ``session_id`` None: the one that asks."""

    name = "people.close_session"
    title = "退出登录"
    access = (Grant(Role.VISITOR),)
    no_relation = "凭这次登录的凭据"
    session_id: Id | None = None


class HandedOver(Result):
    """``code`` opens one page session, once, until ``expires_at`` (real time); only its hash is stored."""

    code: str
    expires_at: datetime


class HandOverSession(Command):
    """From the mini program to a page that it opens: a one-time code in place of the token, which never stands in an address."""

    name = "people.hand_over_session"
    title = "带着登录打开网页"
    access = (Grant(Role.VISITOR),)
    no_relation = "凭这次登录的凭据"
    gives = HandedOver


class RedeemHandOver(Command):
    """The code becomes a session of the page. HandOverSpent when it is unknown, used, a minute old, or its session has ended."""

    name = "people.redeem_hand_over"
    title = "网页接过登录"
    access = (Grant(Role.SYSTEM),)
    gives = SessionOpened
    code: str = Field(min_length=20, max_length=80)


class OrganisationRef(Result):
    organisation_id: Id


class RegisterOrganisation(Command):
    name = "people.register_organisation"
    title = "登记机构"
    access = (Grant(Role.SYSTEM), Grant(Role.ADMINISTRATOR, "same_county"))
    gives = OrganisationRef
    full_name: str = Field(min_length=2, max_length=60)
    kind: Literal["provincial_hospital", "county_hospital", "township_centre", "village_clinic"]
    parent_id: Id | None = None
    region_code: str = Field(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$")
    region_name: str = Field(default="", max_length=60)
    """As people say it: 平塘县, 平塘县塘边镇."""


class PractitionerRef(Result):
    practitioner_id: Id
    account_id: Id


class RegisterPractitioner(Command):
    """A practitioner with licence and expertise, his WeCom identity and the roles he holds at ``organisation_id``."""

    name = "people.register_practitioner"
    title = "登记医务人员"
    access = (Grant(Role.SYSTEM), Grant(Role.ADMINISTRATOR, "same_county"))
    gives = PractitionerRef
    organisation_id: Id
    full_name: str = Field(min_length=2, max_length=30)
    sex: Sex
    title_name: str = Field(max_length=20)
    """职称: 主任医师, 副主任医师, 主治医师, 执业助理医师, 乡村医生, 主管药师 …"""
    licence_number: str = Field(max_length=30)
    """Empty for those whose work needs none (scheduler, administrator, auditor)."""
    licence_valid_until: date
    scope: Scope | None = None
    """执业范围; without it, what the title says."""
    department_code: str | None = Field(default=None, max_length=10)
    expertise: tuple[Annotated[str, Field(max_length=7)], ...] = Field(default=(), max_length=40)
    """ICD-10 three-character categories or ranges ("I20-I25", "J44")."""
    years_of_practice: int = Field(ge=0, le=60)
    roles: tuple[Role, ...]
    app: str | None = Field(default=None, min_length=1, max_length=64)
    """The WeCom in which he is ``subject``; without it, the administrator's own."""
    subject: str = Field(min_length=1, max_length=64)


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
