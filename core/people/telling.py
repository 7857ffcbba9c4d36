"""How this room tells somebody something: the room of notifications lies above, and registers itself here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from core.foundation.work import Work

Teller = Callable[[Work, str, str, dict[str, str]], Awaitable[None]]
T = TypeVar("T", bound=Teller)
_TELLERS: list[Teller] = []


def tells_people(teller: T) -> T:
    """Registers ``(work, account_id, kind, ids) -> None``: it tells the account of ``kind`` (``factor.reset``, ``licence.expiring`` …)."""
    _TELLERS.append(teller)
    return teller


async def tell_person(work: Work, account_id: str, kind: str, **ids: str) -> None:
    """Have the account told, within this transaction."""
    for teller in _TELLERS:
        await teller(work, account_id, kind, ids)
