"""Who there is: organisations, accounts with their platform identities, practitioners, patients, roles, consents, sessions.

Names, phones, ID and licence numbers are sealed under their own subject; what must be found again has a blind index beside it.
"""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from core.foundation.encryption.fields import Blind, Subject, blind_field, sealed_field
from core.foundation.fields import UtcDatetimeField, id_field
from core.foundation.rows import Row


class Organisation(Row):
    """A hospital, township centre or village clinic. ``region_code`` is the 国标 code of 6, 9 or 12 digits; its first six name the county."""

    name = fields.CharField(max_length=60)
    kind = fields.CharField(max_length=24)
    """provincial_hospital, county_hospital, township_centre, village_clinic."""
    parent: fields.ForeignKeyNullableRelation[Organisation] = fields.ForeignKeyField(
        "huizhen.Organisation", related_name=False, null=True, on_delete=fields.RESTRICT
    )
    parent_id: str | None
    region_code = fields.CharField(max_length=12, db_index=True)
    region_name = fields.CharField(max_length=60, default="")
    """As people say it: 平塘县, 平塘县塘边镇."""
    created_at = UtcDatetimeField()
    closed_at = UtcDatetimeField(null=True)
    """Closed: nobody is enrolled, sent or given a role there any more; what it has recorded stays."""

    class Meta:
        table = "organisation"


class Account(Row):
    """One person as the platforms know him. ``joined_to_id``: a second account of the same person points to the one that lives on."""

    phone = sealed_field(Subject("account", "id"), null=True)
    phone_blind = blind_field(Blind("phone", of="phone"), null=True, db_index=True)
    phone_verified_at = UtcDatetimeField(null=True)
    joined_to_id = id_field(null=True)
    elder = fields.BooleanField(null=True)
    """长辈模式, once it was chosen or put aside: larger letters, fewer choices at once."""
    created_at = UtcDatetimeField()

    class Meta:
        table = "account"


class VerifiedPhone(Model):
    """One row for each number that the platform ever vouched for: whoever verifies it waits here for who verifies it in the same moment."""

    phone_blind = blind_field(Blind("phone"), primary_key=True)

    class Meta:
        table = "verified_phone"


class JoinReview(Row):
    """Two accounts with one verified phone that something keeps apart; an administrator decides. ``older`` and ``newer`` by id."""

    older_id = id_field()
    newer_id = id_field()
    reason = fields.CharField(max_length=24)
    """A :class:`core.people.joining.Reason`."""
    state = fields.CharField(max_length=10, default="open")
    """open, joined, apart."""
    created_at = UtcDatetimeField()
    decided_at = UtcDatetimeField(null=True)
    decided_by = fields.CharField(max_length=40, default="")

    class Meta:
        table = "join_review"
        unique_together = (("older_id", "newer_id"),)


class Identity(Row):
    """An account on one platform: ``app`` is the appid or corpid, ``subject`` the openid or userid, ``unionid`` ties several apps together."""

    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField("huizhen.Account", related_name=False, on_delete=fields.RESTRICT)
    account_id: str
    app = fields.CharField(max_length=64)
    subject = fields.CharField(max_length=64)
    unionid = fields.CharField(max_length=64, null=True, db_index=True)
    created_at = UtcDatetimeField()

    class Meta:
        table = "identity"
        unique_together = (("app", "subject"),)


class Session(Row):
    """A sign-in on one device: a chain of refresh tokens, each good for one turn. Only their SHA-256 are kept; the times are real time."""

    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField("huizhen.Account", related_name=False, on_delete=fields.RESTRICT)
    account_id: str
    kind = fields.CharField(max_length=16)
    token_hash = fields.CharField(max_length=64, unique=True)
    """Of the refresh token that is in force."""
    opened_by = id_field(null=True)
    """The session that handed its sign-in over; this one ends with it."""
    created_at = UtcDatetimeField()
    expires_at = UtcDatetimeField()
    closed_at = UtcDatetimeField(null=True)
    closed_because = fields.CharField(max_length=16, default="", db_default="")
    """signed_out, reused (a refresh token came that had been used before)."""
    device = fields.CharField(max_length=40, default="", db_default="")
    """As people say it (iPhone · 微信); the browser's own description is not kept."""
    seen_at = UtcDatetimeField(null=True)
    """Rounded down to the quarter hour: when somebody was here, not what he did when."""
    turn = fields.IntField(default=0, db_default=0)
    """How often the refresh token was changed."""
    arrived_turn = fields.IntField(default=0, db_default=0)
    """The last turn whose tokens somebody has used, so that its answer is known to have arrived."""
    earlier_hash = fields.CharField(max_length=64, null=True)
    """Of the refresh token before this one."""
    salt = fields.CharField(max_length=64, default="", db_default="")
    """With the token before this one and the house's key it gives the one in force again."""
    turned_at = UtcDatetimeField(null=True)

    class Meta:
        table = "session"


class SpentRefreshToken(Model):
    """A refresh token that was changed for another, by its SHA-256: whoever comes with it again has it from somewhere else."""

    id = fields.CharField(max_length=64, primary_key=True)
    session_id = id_field(db_index=True)
    spent_at = UtcDatetimeField()

    class Meta:
        table = "spent_refresh_token"


class TokenKey(Row):
    """An Ed25519 key under access tokens; its id is the tokens' ``kid``. The private half is sealed under the key ring's subject for tokens."""

    in_force = fields.CharField(max_length=10, null=True, unique=True)
    """``signs`` for the one key that signs; None for those that only verify what they signed."""
    public_key = fields.BinaryField()
    private_key = sealed_field(Subject("house", always="access_tokens"))
    created_at = UtcDatetimeField()
    retired_at = UtcDatetimeField(null=True)
    void_at = UtcDatetimeField(null=True)
    """Set when the key may be known to others: from then on nothing that it signed is taken."""

    class Meta:
        table = "token_key"


class Practitioner(Row):
    """A licensed person at one organisation. ``expertise``: ICD-10 three-character categories or ranges ("I20-I25", "J44")."""

    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "huizhen.Organisation", related_name=False, on_delete=fields.RESTRICT
    )
    organisation_id: str
    account: fields.OneToOneRelation[Account] = fields.OneToOneField("huizhen.Account", related_name=False, on_delete=fields.RESTRICT)
    account_id: str
    full_name = sealed_field(Subject("practitioner", "id"))
    sex = fields.CharField(max_length=6)
    title_name = fields.CharField(max_length=20)
    licence_number = sealed_field(Subject("practitioner", "id"))
    licence_blind = blind_field(Blind("licence", of="licence_number"), null=True, unique=True)
    """None for those whose work needs no licence (scheduler, administrator, auditor)."""
    licence_valid_until = fields.DateField()
    department_code = fields.CharField(max_length=10, null=True, db_index=True)
    expertise: fields.Field[list[str]] = fields.JSONField(default=list)
    years_of_practice = fields.IntField()
    scope = fields.CharField(max_length=16, null=True)
    """执业范围 as a code of :mod:`core.people.practitioners`; None in rows from before it was asked for: then the title says it."""
    active = fields.BooleanField(default=True)
    deactivated_at = UtcDatetimeField(null=True)
    demonstration = fields.BooleanField(default=False)
    created_at = UtcDatetimeField()

    class Meta:
        table = "practitioner"


class RoleHeld(Row):
    """A role that an account holds at an organisation: from ``valid_from`` (or at once) to before ``valid_until`` (or for good), unless ended.

    Granted anew after its end, it is the same row; what was before stands in the audit.
    """

    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "huizhen.Organisation", related_name=False, on_delete=fields.RESTRICT
    )
    organisation_id: str
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField("huizhen.Account", related_name=False, on_delete=fields.RESTRICT)
    account_id: str
    role = fields.CharField(max_length=20)
    granted_at = UtcDatetimeField()
    valid_from = UtcDatetimeField(null=True)
    valid_until = UtcDatetimeField(null=True)
    ended_at = UtcDatetimeField(null=True)

    class Meta:
        table = "role_held"
        unique_together = (("account", "organisation", "role"),)


class SecondFactor(Row):
    """The authenticator of a practitioner (RFC 6238). Secrets are sealed under the practitioner; all times are real time."""

    practitioner: fields.OneToOneRelation[Practitioner] = fields.OneToOneField(
        "huizhen.Practitioner", related_name=False, on_delete=fields.RESTRICT
    )
    practitioner_id: str
    secret = sealed_field(Subject("practitioner", "practitioner_id"), null=True)
    """None until the first code was right, and after a reset."""
    confirmed_at = UtcDatetimeField(null=True)
    last_step = fields.BigIntField(default=0)
    """The time step of the last code that was taken: neither it nor an earlier one is taken again."""
    wrong_tries = fields.IntField(default=0)
    locked_until = UtcDatetimeField(null=True)
    pending_secret = sealed_field(Subject("practitioner", "practitioner_id"), null=True)
    """Shown as a QR code, waiting for its first code."""
    pending_at = UtcDatetimeField(null=True)

    class Meta:
        table = "second_factor"


class SigningUnlock(Row):
    """The factor was given in ``place`` (one session, or one chat channel); the practitioner may sign there until ``until``. Real time."""

    practitioner: fields.ForeignKeyRelation[Practitioner] = fields.ForeignKeyField(
        "huizhen.Practitioner", related_name=False, on_delete=fields.RESTRICT
    )
    practitioner_id: str
    place = fields.CharField(max_length=40)
    given_at = UtcDatetimeField()
    until = UtcDatetimeField()

    class Meta:
        table = "signing_unlock"
        unique_together = (("practitioner", "place"),)


class AdministratorInvitation(Row):
    """The one-time code of the first administrator: whoever redeems it from WeCom holds the role. Name and phone are sealed under ``invitation``;
    times are real time."""

    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "huizhen.Organisation", related_name=False, on_delete=fields.RESTRICT
    )
    organisation_id: str
    full_name = sealed_field(Subject("invitation", "id"))
    phone = sealed_field(Subject("invitation", "id"))
    code_blind = fields.CharField(max_length=64, unique=True)
    live_for = fields.CharField(max_length=26, null=True, unique=True)
    """The word ``first`` while the code may be used: one at a time."""
    attempts = fields.IntField(default=0)
    created_at = UtcDatetimeField()
    expires_at = UtcDatetimeField()
    used_at = UtcDatetimeField(null=True)
    practitioner_id = id_field(null=True)

    class Meta:
        table = "administrator_invitation"


class Patient(Row):
    """A patient, with or without an account; one row for one ID number. Sealed under ``patient``."""

    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "huizhen.Organisation", related_name=False, on_delete=fields.RESTRICT
    )
    organisation_id: str
    full_name = sealed_field(Subject("patient", "id"))
    full_name_blind = blind_field(Blind("name", of="full_name"), null=True, db_index=True)
    """Of the whole name; null in rows older than the index until indexes are made anew."""
    birth_date = sealed_field(Subject("patient", "id"))
    """ISO date, sealed."""
    sex = fields.CharField(max_length=6)
    id_number = sealed_field(Subject("patient", "id"))
    id_number_blind = blind_field(Blind("id_number", of="id_number"), unique=True)
    phone = sealed_field(Subject("patient", "id"), null=True)
    phone_blind = blind_field(Blind("phone", of="phone"), null=True, db_index=True)
    real_name_state = fields.CharField(max_length=12, default="unchecked", db_default="unchecked")
    """match, mismatch, away (asked again by due work), or unchecked (recorded before there was a check)."""
    real_name_at = UtcDatetimeField(null=True)
    real_name_provider = fields.CharField(max_length=30, default="", db_default="")
    demonstration = fields.BooleanField(default=False)
    created_at = UtcDatetimeField()

    class Meta:
        table = "patient"


class CareRelation(Row):
    """That an account speaks for a patient. ``relation``: what the patient is to him: self, father, mother, spouse, child, other.

    One row for a pair, kept when it ends and taken up again when it is renewed. Whether it holds is asked of
    :mod:`core.people.relations` alone: a guardian's ends on a birthday, which stands nowhere in plain.
    """

    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField("huizhen.Account", related_name=False, on_delete=fields.RESTRICT)
    account_id: str
    patient: fields.ForeignKeyRelation[Patient] = fields.ForeignKeyField("huizhen.Patient", related_name=False, on_delete=fields.RESTRICT)
    patient_id: str
    relation = fields.CharField(max_length=10)
    self_of_id = id_field(null=True, unique=True)
    """The patient's id where ``relation`` is self: a person has one account of his own."""
    scope = fields.CharField(max_length=60, default="book,record,consent,notices", db_default="book,record,consent,notices")
    """Codes of :class:`core.people.scopes.Scope`, in order, with commas."""
    guardian = fields.BooleanField(null=True)
    """That he acts as a minor's guardian. None: recorded before this was kept; then a parent is one."""
    since = UtcDatetimeField(null=True)
    """None: ``created_at``."""
    until = UtcDatetimeField(null=True)
    """A term the patient set."""
    ended_at = UtcDatetimeField(null=True)
    ended_by = fields.CharField(max_length=40, default="", db_default="")
    """The account that ended it."""
    end_reason = fields.CharField(max_length=20, default="", db_default="")
    confirmed_at = UtcDatetimeField(null=True)
    """When the patient himself, of age, last said that it shall be so."""
    created_at = UtcDatetimeField()

    class Meta:
        table = "care_relation"
        unique_together = (("account", "patient"),)


class PatientClaim(Row):
    """Somebody says that he is, or speaks for, a patient on record, and cannot prove it: he reads a short code to the village doctor, who knows him.

    Times are real time. The code is sealed under the account's key, to be shown to him again; it is found by its blind index.
    """

    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField("huizhen.Account", related_name=False, on_delete=fields.RESTRICT)
    account_id: str
    patient: fields.ForeignKeyRelation[Patient] = fields.ForeignKeyField("huizhen.Patient", related_name=False, on_delete=fields.RESTRICT)
    patient_id: str
    live_for = fields.CharField(max_length=60, null=True, unique=True)
    """``<account>:<patient>`` while the code may be used: one at a time."""
    relation = fields.CharField(max_length=10)
    guardian = fields.BooleanField(default=False, db_default=False)
    code = sealed_field(Subject("account", "account_id"))
    code_blind = fields.CharField(max_length=64, unique=True)
    """Of patient and code together: two claims on one record never have the same code."""
    attempts = fields.IntField(default=0)
    """Wrong codes given for this patient while this one was live."""
    created_at = UtcDatetimeField()
    expires_at = UtcDatetimeField()
    used_at = UtcDatetimeField(null=True)
    confirmed_by = id_field(null=True)
    """The practitioner, or the account of the patient (his guardian) who confirmed it."""

    class Meta:
        table = "patient_claim"


class ListedPatient(Row):
    """A patient on a village doctor's list, under her own number for him."""

    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "huizhen.Organisation", related_name=False, on_delete=fields.RESTRICT
    )
    organisation_id: str
    practitioner: fields.ForeignKeyRelation[Practitioner] = fields.ForeignKeyField(
        "huizhen.Practitioner", related_name=False, on_delete=fields.RESTRICT
    )
    practitioner_id: str
    patient: fields.ForeignKeyRelation[Patient] = fields.ForeignKeyField("huizhen.Patient", related_name=False, on_delete=fields.RESTRICT)
    patient_id: str
    number = fields.IntField()
    created_at = UtcDatetimeField()

    class Meta:
        table = "listed_patient"
        unique_together = (("practitioner", "number"), ("practitioner", "patient"))


class Consent(Row):
    """That a patient (or who speaks for him) agreed to one text. ``evidence_blob_id`` is the photographed paper. Never deleted, only withdrawn."""

    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "huizhen.Organisation", related_name=False, on_delete=fields.RESTRICT
    )
    organisation_id: str
    patient: fields.ForeignKeyRelation[Patient] = fields.ForeignKeyField("huizhen.Patient", related_name=False, on_delete=fields.RESTRICT)
    patient_id: str
    purpose = fields.CharField(max_length=20)
    text_version = fields.CharField(max_length=20)
    text_sha256 = fields.CharField(max_length=64)
    channel = fields.CharField(max_length=20)
    given_by = fields.CharField(max_length=40)
    """The account that recorded it."""
    given_as = fields.CharField(max_length=20)
    """self, guardian, proxy (father … in rows of the first edition), or village_doctor with the paper as evidence."""
    given_at = UtcDatetimeField()
    evidence_blob_id = id_field(null=True)
    withdrawn_at = UtcDatetimeField(null=True)
    withdrawn_by = fields.CharField(max_length=40, default="")
    withdrawn_as = fields.CharField(max_length=20, default="", db_default="")

    class Meta:
        table = "consent"
        indexes = (("patient", "purpose"),)
