"""Rosters (weekly shifts and absences), slots and bookings."""

from __future__ import annotations

from tortoise import fields

from core.foundation.encryption.fields import Subject, sealed_field
from core.foundation.fields import UtcDatetimeField, id_field
from core.foundation.rows import Owned
from core.people.models import Patient, Practitioner


class Shift(Owned):
    """Every week on ``weekday`` (0 = Monday) from ``start_minute`` to ``end_minute`` of the day in Shanghai; above 1440 it passes midnight."""

    practitioner: fields.ForeignKeyRelation[Practitioner] = fields.ForeignKeyField(
        "huizhen.Practitioner", related_name=False, on_delete=fields.RESTRICT
    )
    practitioner_id: str
    duty = fields.CharField(max_length=20)
    """expert, duty_doctor, scheduler, pharmacist."""
    weekday = fields.IntField()
    start_minute = fields.IntField()
    end_minute = fields.IntField()

    class Meta:
        table = "shift"
        unique_together = (("practitioner", "duty", "weekday", "start_minute"),)
        indexes = (("duty", "weekday"),)


class Absence(Owned):
    """Away from ``starts_at`` to ``ends_at``, whatever the shifts say."""

    practitioner: fields.ForeignKeyRelation[Practitioner] = fields.ForeignKeyField(
        "huizhen.Practitioner", related_name=False, on_delete=fields.RESTRICT
    )
    practitioner_id: str
    starts_at = UtcDatetimeField()
    ends_at = UtcDatetimeField(db_index=True)

    class Meta:
        table = "absence"


class Slot(Owned):
    """A time of a practitioner that can be booked once. ``state``: free, booked, closed."""

    practitioner: fields.ForeignKeyRelation[Practitioner] = fields.ForeignKeyField(
        "huizhen.Practitioner", related_name=False, on_delete=fields.RESTRICT
    )
    practitioner_id: str
    department_code = fields.CharField(max_length=10)
    starts_at = UtcDatetimeField()
    ends_at = UtcDatetimeField()
    state = fields.CharField(max_length=10, default="free")

    class Meta:
        table = "slot"
        unique_together = (("practitioner", "starts_at"),)
        indexes = (("department_code", "state", "starts_at"), ("state", "starts_at"))


class Appointment(Owned):
    """A booking; it carries the intake. ``live_slot_id`` holds the slot while the booking stands: a slot has one."""

    code = fields.CharField(max_length=12, unique=True)
    slot: fields.ForeignKeyRelation[Slot] = fields.ForeignKeyField("huizhen.Slot", related_name=False, on_delete=fields.RESTRICT)
    slot_id: str
    live_slot_id = id_field(null=True, unique=True)
    patient: fields.ForeignKeyRelation[Patient] = fields.ForeignKeyField("huizhen.Patient", related_name=False, on_delete=fields.RESTRICT)
    patient_id: str
    account_id = id_field(db_index=True)
    """The account that booked and is told."""
    intake_id = id_field(null=True, db_index=True)
    state = fields.CharField(max_length=10, default="booked")
    """booked, cancelled, fulfilled, missed."""
    booked_at = UtcDatetimeField()
    cancelled_at = UtcDatetimeField(null=True)
    cancel_reason = sealed_field(Subject("patient", "patient_id"), null=True)

    class Meta:
        table = "appointment"
