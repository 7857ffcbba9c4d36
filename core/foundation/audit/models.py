"""Tables of the tree: leaves, inner nodes, its size, signed heads, what each anchor has, heads kept for other houses."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from core.foundation.fields import UtcDatetimeField


class AuditLeaf(Model):
    """Entry ``entry_id`` is leaf ``leaf_index`` (from 0, in the order of arrival, never renumbered); ``hash`` is its leaf hash (32 bytes)."""

    entry_id = fields.CharField(max_length=26, primary_key=True)
    leaf_index = fields.BigIntField(unique=True)
    hash = fields.BinaryField()

    class Meta:
        table = "audit_leaf"


class AuditNode(Model):
    """The hash of a completed subtree, at every fourth level; ``place`` is ``level * 2**48 + index``."""

    place = fields.BigIntField(primary_key=True)
    hash = fields.BinaryField()

    class Meta:
        table = "audit_node"


class AuditTree(Model):
    """One row, id 1: the number of leaves. Whoever appends changes it by compare-and-set."""

    id = fields.IntField(primary_key=True)
    size = fields.BigIntField(default=0)

    class Meta:
        table = "audit_tree"


class AuditHead(Model):
    """A signed tree head: the root over the first ``tree_size`` leaves."""

    tree_size = fields.BigIntField(primary_key=True)
    log_id = fields.CharField(max_length=26)
    root = fields.BinaryField()
    at = fields.BigIntField()
    """Real time, milliseconds since 1970."""
    key_id = fields.CharField(max_length=16)
    signature = fields.BinaryField()

    class Meta:
        table = "audit_head"


class Anchoring(Model):
    """How far one anchor has got: the last head it took, and since when it has been failing."""

    id = fields.CharField(max_length=60, primary_key=True)
    tree_size = fields.BigIntField(default=0)
    anchored_at = UtcDatetimeField(null=True)
    failing_since = UtcDatetimeField(null=True)
    retry_at = UtcDatetimeField(null=True)
    tries = fields.IntField(default=0)
    trouble = fields.CharField(max_length=60, default="")
    """The type of the last error; empty when it works."""

    class Meta:
        table = "audit_anchoring"


class WitnessedHead(Model):
    """A head of another house's log that this house keeps for it; ``id`` is ``<log>:<tree size>``."""

    id = fields.CharField(max_length=48, primary_key=True)
    follows = fields.CharField(max_length=48, unique=True)
    """The id of the head before it (``<log>:0`` for the first): no two heads go on from one, so that a log cannot fork here."""
    log_id = fields.CharField(max_length=26)
    tree_size = fields.BigIntField()
    root = fields.BinaryField()
    at = fields.BigIntField()
    key_id = fields.CharField(max_length=16)
    signature = fields.BinaryField()
    received_at = UtcDatetimeField()

    class Meta:
        table = "witnessed_head"
        indexes = (("log_id", "tree_size"),)
