"""A credential as the page of its holder shows it."""

from __future__ import annotations

from core.credentials.attributes import LABELS, SHOWN, WAY_LABELS, WAYS, Attribute
from core.credentials.commands import CredentialLine
from core.credentials.facts import BASIS_LABELS
from core.credentials.models import IssuedCredential


def line_of(attribute: Attribute, row: IssuedCredential | None, why_not: str = "") -> CredentialLine:
    """``row``: the one that counts, or None. ``why_not``: why it cannot be had."""
    way, told = WAYS[attribute], SHOWN[attribute]
    return CredentialLine(
        attribute=attribute, label=LABELS[attribute], way=way.value, way_label=WAY_LABELS[way],
        state="none" if row is None else "making" if row.credential is None else "ready",
        expires_at=None if row is None else row.expires_at, basis="" if row is None else BASIS_LABELS[row.basis],
        shown=told.shown, hidden=told.hidden, why_not=why_not,
    )
