"""Leases in the database: who leads, with a fence number that grows with each new holder. Real time; Redis is not asked."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tortoise.exceptions import IntegrityError
from tortoise.expressions import F, Q

from core.foundation.models import Lease

if TYPE_CHECKING:
    from core.foundation.practice import Practice


async def take_lease(practice: Practice, name: str, holder: str, seconds: float) -> bool:
    """True when ``holder`` has lease ``name`` for the next ``seconds`` (taken, or renewed)."""
    now = practice.clock.real_now()
    until = now + timedelta(seconds=seconds)
    if await Lease.filter(id=name, holder=holder).update(until=until):
        return True
    if await Lease.filter(Q(until__lte=now), id=name).update(holder=holder, until=until, fence=F("fence") + 1):
        return True
    if await Lease.filter(id=name).exists():
        return False
    try:
        await Lease.create(id=name, holder=holder, until=until)
    except IntegrityError:
        return False
    return True


async def is_held(practice: Practice, name: str) -> bool:
    """Whether anybody has lease ``name`` now."""
    return await Lease.filter(id=name, until__gt=practice.clock.real_now()).exists()


async def release_lease(name: str, holder: str, practice: Practice) -> None:
    """Give the lease back now."""
    await Lease.filter(id=name, holder=holder).update(until=practice.clock.real_now())
