"""职称 and 执业范围 as closed lists, and which roles a scope of practice covers.

Titles: 《卫生专业技术资格》 and 《乡村医生从业管理条例》. Scopes: the 执业类别 of 《医师执业注册管理办法》 article 7 (临床, 中医, 口腔, 公共卫生),
乡村医生 (registered apart, 条例 article 9), and 药学 for pharmacists (《执业药师注册管理办法》; in a hospital the 药学 title).
"""

from __future__ import annotations

from typing import Literal, get_args

from core.foundation.actor import Role

Title = Literal[
    "主任医师", "副主任医师", "主治医师", "住院医师", "医师", "执业助理医师", "乡村医生",
    "主任药师", "副主任药师", "主管药师", "药师", "药士",
    "主任护师", "副主任护师", "主管护师", "护师", "护士",
    "",
]
"""Empty: work that needs none (scheduler, administrator, auditor)."""
TITLES: tuple[str, ...] = get_args(Title)

Scope = Literal["clinical", "tcm", "dental", "public_health", "village", "pharmacy"]
SCOPES: tuple[str, ...] = get_args(Scope)
SCOPE_LABELS: dict[str, str] = {
    "clinical": "临床", "tcm": "中医", "dental": "口腔", "public_health": "公共卫生", "village": "乡村医生", "pharmacy": "药学",
}
_PHYSICIANS = frozenset({"clinical", "tcm"})
_COVERING: dict[Role, frozenset[str]] = {
    Role.VILLAGE_DOCTOR: _PHYSICIANS | {"village"},
    Role.DUTY_DOCTOR: _PHYSICIANS,
    Role.EXPERT: _PHYSICIANS | {"dental"},
    Role.PHARMACIST: frozenset({"pharmacy"}),
}


def scope_of_title(title_name: str) -> str | None:
    """The scope that goes with a title where none is on record; None for a title that gives no right to practise."""
    if title_name == "乡村医生":
        return "village"
    if title_name.endswith(("药师", "药士")):
        return "pharmacy"
    return "clinical" if title_name.endswith("医师") else None


def covers(scope: str | None, title_name: str, role: Role) -> bool:
    """Whether a practitioner of ``scope`` (or, without one on record, of ``title_name``) may act in ``role``."""
    covering = _COVERING.get(role)
    return covering is None or (scope or scope_of_title(title_name)) in covering
