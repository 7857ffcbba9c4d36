"""Wrapped data keys."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from core.foundation.fields import UtcDatetimeField


class WrappedKey(Model):
    """One data key per subject (account, patient, practitioner …), wrapped by the key-encryption key ``kek_version`` (RFC 3394)."""

    id = fields.CharField(max_length=64, primary_key=True)
    """``<kind>:<subject id>``."""
    wrapped = fields.BinaryField()
    kek_version = fields.CharField(max_length=16)
    created_at = UtcDatetimeField()

    class Meta:
        table = "wrapped_key"
