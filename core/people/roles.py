"""Which of the roles that somebody holds count now, and why the others do not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from tortoise.expressions import Q

from core.foundation.actor import HeldRole, Role, WithheldRole
from core.people.models import Practitioner, RoleHeld
from core.people.practitioners import covers
from core.people.rules import local_date

LICENSED = frozenset({Role.VILLAGE_DOCTOR, Role.DUTY_DOCTOR, Role.EXPERT, Role.PHARMACIST})
"""Roles in which somebody practises: only with a valid licence whose scope covers it (医师法 articles 13–15; 药品管理法 article 69)."""

EXPIRED = ("licence_expired", "执业证书已过期,请联系管理员。")
INACTIVE = ("inactive", "您的岗位已停用,请联系管理员。")
OUT_OF_SCOPE = ("out_of_scope", "您的执业范围不包括这个岗位,请联系管理员。")


def running(now: datetime) -> Q:
    """The filter of those rows of roles that :func:`is_running` says run at ``now``."""
    begun = Q(valid_from__isnull=True) | Q(valid_from__lte=now)
    lasting = Q(valid_until__isnull=True) | Q(valid_until__gt=now)
    return Q(ended_at__isnull=True) & begun & lasting


def is_running(row: RoleHeld, now: datetime) -> bool:
    """Granted, begun, and neither ended nor run out at the domain time ``now``. The last moment of a role is the one before ``valid_until``."""
    return row.ended_at is None and (row.valid_from is None or row.valid_from <= now) and (row.valid_until is None or now < row.valid_until)


def why_withheld(role: Role, practitioner: Practitioner, now: datetime) -> tuple[str, str] | None:
    """Code and sentence why ``practitioner`` may not act in ``role`` now; None when he may. A licence is good through its last day in China."""
    if not practitioner.active:
        return INACTIVE
    if role not in LICENSED:
        return None
    if practitioner.licence_valid_until < local_date(now):
        return EXPIRED
    return None if covers(practitioner.scope, practitioner.title_name, role) else OUT_OF_SCOPE


def roles_now(
    rows: Iterable[RoleHeld], practitioner: Practitioner, now: datetime
) -> tuple[tuple[HeldRole, ...], tuple[WithheldRole, ...]]:
    """The roles that count at ``now``, and those that do not although they run."""
    counts: list[HeldRole] = []
    withheld: list[WithheldRole] = []
    for row in rows:
        if not is_running(row, now):
            continue
        role = Role(row.role)
        reason = why_withheld(role, practitioner, now)
        if reason is None:
            counts.append(HeldRole(role, row.organisation_id))
        else:
            withheld.append(WithheldRole(role, *reason))
    return tuple(counts), tuple(withheld)
