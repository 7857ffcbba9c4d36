"""Whether two accounts with one phone, verified by the platform, are one person's. Pure.

A number that was given up goes to somebody else after it has rested for 90 days at least (电话号码 are reused in China), and in the villages a
couple often shares one: so an account is joined only where nothing speaks against it, and an administrator looks at the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

RESTS_FOR = timedelta(days=90)
"""Whoever verified a number within this time still has it."""


class Reason(StrEnum):
    """What speaks against it."""

    PRACTITIONERS = "practitioners"
    DIFFERENT_PEOPLE = "different_people"
    TWO_WECHATS = "two_wechats"
    OLD_NUMBER = "old_number"


REASON_LABELS = {
    Reason.PRACTITIONERS: "两个都是医务人员的账号",
    Reason.DIFFERENT_PEOPLE: "两个账号登记的本人不是同一个证件号",
    Reason.TWO_WECHATS: "是两个不同的微信",
    Reason.OLD_NUMBER: "前一个账号验证这个号码已超过 90 天,号码可能换了人",
}
NEVER = frozenset({Reason.PRACTITIONERS, Reason.DIFFERENT_PEOPLE})
"""Not even an administrator joins these."""


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """``own_patient``: whose own account it is. ``unionids``: the WeChat users behind it. ``speaks_for``: how many patients' records it opens."""

    account_id: str
    practitioner: bool
    own_patient: str | None
    unionids: frozenset[str]
    speaks_for: int
    phone_verified_at: datetime


def contradiction(one: AccountFacts, other: AccountFacts, now: datetime) -> Reason | None:
    """What keeps them apart, the strongest first; None: they are one person's."""
    if one.practitioner and other.practitioner:
        return Reason.PRACTITIONERS
    if one.own_patient is not None and other.own_patient is not None and one.own_patient != other.own_patient:
        return Reason.DIFFERENT_PEOPLE
    if one.unionids and other.unionids and one.unionids.isdisjoint(other.unionids):
        return Reason.TWO_WECHATS
    earlier = min(one, other, key=lambda facts: facts.phone_verified_at)
    if now - earlier.phone_verified_at > RESTS_FOR and (earlier.practitioner or earlier.speaks_for > 0):
        return Reason.OLD_NUMBER
    return None


def kept_and_left(one: AccountFacts, other: AccountFacts) -> tuple[str, str]:
    """The practitioner's account lives on, else the older one."""
    first, second = sorted((one, other), key=lambda facts: (not facts.practitioner, facts.account_id))
    return first.account_id, second.account_id
