"""Wrapped data keys, the edition of the key ring, and how far a renewal of keys has come."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from core.foundation.fields import UtcDatetimeField


class WrappedKey(Model):
    """The data key of one subject (account, patient, practitioner …), wrapped by master key ``kek_version``.

    ``former`` is the key before this one while values may still be sealed under it. An erased subject keeps its row, without keys, so that
    nobody makes it a new one.
    """

    id = fields.CharField(max_length=64, primary_key=True)
    """``<kind>:<subject id>``."""
    wrapped = fields.BinaryField()
    kek_version = fields.CharField(max_length=16)
    created_at = UtcDatetimeField()
    key_version = fields.IntField(default=1, db_default=1)
    suite = fields.CharField(max_length=8, default="aes", db_default="aes")
    former = fields.BinaryField(null=True)
    former_version = fields.IntField(null=True)
    former_suite = fields.CharField(max_length=8, null=True)
    seals_former = fields.BooleanField(default=False, db_default=False)
    """The key is for opening only as yet: what is sealed is still sealed under the former one, because not every process has the new one."""
    erased_at = UtcDatetimeField(null=True)
    locked_at = UtcDatetimeField(null=True)
    """Since when what is under this key is only kept, because its person asked for erasure and a law keeps it (core/foundation/locking.py)."""

    class Meta:
        table = "wrapped_key"


class KeyringEdition(Model):
    """Grows whenever keys were renewed or destroyed: a process that sees it grow forgets the keys it holds. One row, id 1."""

    id = fields.IntField(primary_key=True)
    edition = fields.BigIntField(default=0)

    class Meta:
        table = "keyring_edition"


class KeyRenewal(Model):
    """One run of ``rotate`` or ``reencrypt``, and where it stands, so that it goes on after a stop. Times are real time."""

    id = fields.CharField(max_length=26, primary_key=True)
    kind = fields.CharField(max_length=12)
    phase = fields.CharField(max_length=12)
    """rotate: wrap, done. reencrypt: keys, publish, rewrite, check, formers, done."""
    target = fields.CharField(max_length=16, default="")
    """rotate: the master key to wrap by; reencrypt: the suite of the new keys."""
    place = fields.CharField(max_length=64, default="")
    """The table (or folder) being worked."""
    cursor = fields.CharField(max_length=160, default="")
    """The last row that was done there."""
    done = fields.BigIntField(default=0)
    total = fields.BigIntField(default=0)
    unopened = fields.BigIntField(default=0)
    """Values that do not open under any key: left as they are."""
    started_at = UtcDatetimeField()
    keys_at = UtcDatetimeField(null=True)
    """When the last subject had got its new key."""
    finished_at = UtcDatetimeField(null=True)

    class Meta:
        table = "key_renewal"
