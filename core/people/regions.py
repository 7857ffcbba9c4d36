"""国标 region codes: six digits of GB/T 2260 (province, city, county), three more for township or street, three more for village or community
(the 统计用区划代码, whose township part follows GB/T 10114). Checked by form: which counties there are changes every year, provinces do not.
"""

from __future__ import annotations

import re

from core.people.errors_staff import OutsideParent, ParentTooSmall, RegionInvalid

PROVINCES = frozenset((
    "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42", "43", "44", "45", "46",
    "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71", "81", "82",
))
"""GB/T 2260: the first two digits."""
_FORM = re.compile(r"(\d\d)(\d\d)(\d\d)(?:(\d{3})(\d{3})?)?", re.ASCII)
RANK = {"provincial_hospital": 0, "county_hospital": 1, "township_centre": 2, "village_clinic": 3}
"""Kinds of organisation from above to below."""
_AT_LEAST = {"township_centre": 9, "village_clinic": 12}
"""Digits that name where such a house stands."""


def check_region(region_code: str, kind: str) -> None:
    """:class:`RegionInvalid` unless the code names a county at least, and as much as an organisation of ``kind`` needs."""
    found = _FORM.fullmatch(region_code)
    if found is None or found[1] not in PROVINCES or "00" in (found[2], found[3]) or "000" in (found[4], found[5]):
        raise RegionInvalid
    if len(region_code) < _AT_LEAST.get(kind, 6):
        raise RegionInvalid


def lies_in(region_code: str, parent_code: str, parent_kind: str) -> bool:
    """Whether a place lies where the house above is responsible: its province for a provincial hospital, its own region for all others."""
    return region_code.startswith(parent_code[:2] if parent_kind == "provincial_hospital" else parent_code)


def check_below(region_code: str, kind: str, parent_code: str, parent_kind: str) -> None:
    """:class:`ParentTooSmall` unless the parent is of a larger kind (so that there are no cycles), :class:`OutsideParent` unless it reaches there."""
    if RANK[parent_kind] >= RANK[kind]:
        raise ParentTooSmall
    if not lies_in(region_code, parent_code, parent_kind):
        raise OutsideParent
