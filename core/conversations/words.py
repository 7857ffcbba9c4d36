"""Whose key words said in a chat are under: that of one account in one month, so that a month's words can be destroyed in every copy of them.

Months are UTC, as disposals are (core/oversight/disposals.py). Rows from before this was so are under their account's key until the next
``huizhen keys reencrypt``.
"""

from __future__ import annotations

from datetime import UTC, datetime

from core.foundation.encryption.fields import Subject
from core.foundation.keyring.models import WrappedKey
from core.foundation.keys import KeyRing, Sealer

KIND = "words"
SUBJECT = Subject(KIND, "words_key")
"""For rows with a column ``words_key``; null in rows from before."""


def words_key(account_id: str, at: datetime) -> str:
    """The subject's id: ``2026-11.<account>``. The month comes first, so that the key ring finds a month's keys as neighbours."""
    return f"{at.astimezone(UTC):%Y-%m}.{account_id}"


async def sealer_of(keys: KeyRing, key: str | None, account_id: str) -> Sealer:
    """The sealer of words under ``key``; of words from before there was one, that of their account."""
    return await (keys.sealer("account", account_id) if key is None else keys.sealer(KIND, key))


async def accounts_with_key(month: str, limit: int = 100_000) -> list[str]:
    """Whose words of ``month`` (2026-11) can still be opened, so many at most: accounts, and conversations of groups."""
    keys = WrappedKey.filter(id__gte=f"{KIND}:{month}.", id__lt=f"{KIND}:{month}/", erased_at__isnull=True)
    return [str(one).partition(".")[2] for one in await keys.order_by("id").limit(limit).values_list("id", flat=True)]


async def first_month_with_key(begin: datetime, end: datetime) -> str | None:
    """The oldest month (2026-11) from that of ``begin`` on, before that of ``end``, of which words can still be opened."""
    keys = WrappedKey.filter(id__gte=f"{KIND}:{begin:%Y-%m}", id__lt=f"{KIND}:{end:%Y-%m}", erased_at__isnull=True)
    first = await keys.order_by("id").first().values_list("id", flat=True)
    return None if first is None else str(first).partition(":")[2].partition(".")[0]
