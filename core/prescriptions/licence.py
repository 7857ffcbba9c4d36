"""Who may sign what (architecture, "Words with one meaning"; 抗菌药物临床应用管理办法 articles 6 and 24). Pure.

A village doctor signs from the village list, in a village clinic never an antibiotic above the first tier; a doctor of the township or county
signs all that is not special, restricted antibiotics from 主治医师 upwards.
"""

from __future__ import annotations

from collections.abc import Iterable

from core.foundation.actor import Role
from core.prescriptions.drugs import TIER_LABELS, Drug
from core.prescriptions.knowledge_base import knowledge


def beyond_licence(drugs: Iterable[Drug], role: Role, title_name: str) -> tuple[str, ...]:
    """Why each drug that is beyond the right of somebody in ``role`` with ``title_name`` is so; empty when he may sign them all."""
    return tuple(reason for one in drugs if (reason := _beyond(one, role, title_name)))


def _beyond(one: Drug, role: Role, title_name: str) -> str:
    if role is Role.VILLAGE_DOCTOR and not one.village:
        return f"{one.name}不在村医可开目录"
    if one.tier == "restricted" and (role is Role.VILLAGE_DOCTOR or title_name not in knowledge().limits.restricted_titles):
        return f"{one.name}是{TIER_LABELS[one.tier]}抗菌药,须主治医师以上"
    return ""
