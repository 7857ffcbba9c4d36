"""Who there is: organisations, accounts with their platform identities, practitioners, patients, roles, consents, sessions.

Names, phones, ID and licence numbers are sealed under their own subject; what must be found again has a blind index beside it.
"""

from __future__ import annotations

from tortoise import fields

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

    class Meta:
        table = "organisation"


class Account(Row):
    """One person as the platforms know him. ``joined_to_id``: a second account of the same person points to the one that lives on."""

    phone = fields.BinaryField(null=True)
    phone_blind = fields.CharField(max_length=64, null=True, db_index=True)
    phone_verified_at = UtcDatetimeField(null=True)
    joined_to_id = id_field(null=True)
    created_at = UtcDatetimeField()

    class Meta:
        table = "account"


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
    """A sign-in on one device. Only the token's SHA-256 is kept; the times are real time."""

    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField("huizhen.Account", related_name=False, on_delete=fields.RESTRICT)
    account_id: str
    kind = fields.CharField(max_length=16)
    token_hash = fields.CharField(max_length=64, unique=True)
    opened_by = id_field(null=True)
    """The session that handed its sign-in over; this one ends with it."""
    created_at = UtcDatetimeField()
    expires_at = UtcDatetimeField()
    closed_at = UtcDatetimeField(null=True)

    class Meta:
        table = "session"


class Practitioner(Row):
    """A licensed person at one organisation. ``expertise``: ICD-10 three-character categories or ranges ("I20-I25", "J44")."""

    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "huizhen.Organisation", related_name=False, on_delete=fields.RESTRICT
    )
    organisation_id: str
    account: fields.OneToOneRelation[Account] = fields.OneToOneField("huizhen.Account", related_name=False, on_delete=fields.RESTRICT)
    account_id: str
    full_name = fields.BinaryField()
    sex = fields.CharField(max_length=6)
    title_name = fields.CharField(max_length=20)
    licence_number = fields.BinaryField()
    licence_blind = fields.CharField(max_length=64, null=True, unique=True)
    """None for those whose work needs no licence (scheduler, administrator, auditor)."""
    licence_valid_until = fields.DateField()
    department_code = fields.CharField(max_length=10, null=True, db_index=True)
    expertise: fields.Field[list[str]] = fields.JSONField(default=list)
    years_of_practice = fields.IntField()
    active = fields.BooleanField(default=True)
    demonstration = fields.BooleanField(default=False)
    created_at = UtcDatetimeField()

    class Meta:
        table = "practitioner"


class RoleHeld(Row):
    """A role that an account holds at an organisation, until ``ended_at``."""

    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "huizhen.Organisation", related_name=False, on_delete=fields.RESTRICT
    )
    organisation_id: str
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField("huizhen.Account", related_name=False, on_delete=fields.RESTRICT)
    account_id: str
    role = fields.CharField(max_length=20)
    granted_at = UtcDatetimeField()
    ended_at = UtcDatetimeField(null=True)

    class Meta:
        table = "role_held"
        unique_together = (("account", "organisation", "role"),)


class Patient(Row):
    """A patient, with or without an account; one row for one ID number. Sealed under ``patient``."""

    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "huizhen.Organisation", related_name=False, on_delete=fields.RESTRICT
    )
    organisation_id: str
    full_name = fields.BinaryField()
    birth_date = fields.BinaryField()
    """ISO date, sealed."""
    sex = fields.CharField(max_length=6)
    id_number = fields.BinaryField()
    id_number_blind = fields.CharField(max_length=64, unique=True)
    phone = fields.BinaryField(null=True)
    phone_blind = fields.CharField(max_length=64, null=True, db_index=True)
    demonstration = fields.BooleanField(default=False)
    created_at = UtcDatetimeField()

    class Meta:
        table = "patient"


class CareRelation(Row):
    """That an account speaks for a patient. ``relation``: what the patient is to him: self, father, mother, spouse, child, other."""

    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField("huizhen.Account", related_name=False, on_delete=fields.RESTRICT)
    account_id: str
    patient: fields.ForeignKeyRelation[Patient] = fields.ForeignKeyField("huizhen.Patient", related_name=False, on_delete=fields.RESTRICT)
    patient_id: str
    relation = fields.CharField(max_length=10)
    self_of_id = id_field(null=True, unique=True)
    """The patient's id where ``relation`` is self: a person has one account of his own."""
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
    code = fields.BinaryField()
    code_blind = fields.CharField(max_length=64, unique=True)
    """Of patient and code together: two claims on one record never have the same code."""
    attempts = fields.IntField(default=0)
    """Wrong codes given for this patient while this one was live."""
    created_at = UtcDatetimeField()
    expires_at = UtcDatetimeField()
    used_at = UtcDatetimeField(null=True)
    confirmed_by = id_field(null=True)
    """The practitioner."""

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
    """self, father … (the relation), or village_doctor with the paper as evidence."""
    given_at = UtcDatetimeField()
    evidence_blob_id = id_field(null=True)
    withdrawn_at = UtcDatetimeField(null=True)
    withdrawn_by = fields.CharField(max_length=40, default="")

    class Meta:
        table = "consent"
        indexes = (("patient", "purpose"),)
