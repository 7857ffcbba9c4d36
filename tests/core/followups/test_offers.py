"""Which follow-up fits a completed consultation."""

from __future__ import annotations

import pytest

from core.followups.offers import fitting


@pytest.mark.parametrize(("said", "systolic", "expected"), [
    ("考虑高血压,两周后复诊", None, ("hypertension",)), ("调整降压药", 120, ("hypertension",)), ("头晕", 150, ("hypertension",)),
    ("糖尿病 8 年,血压高", None, ("hypertension", "diabetes")), ("考虑急性下壁心梗", 90, ()), ("", None, ()), ("血糖偏高", 139, ("diabetes",)),
])
def test_what_fits(said: str, systolic: int | None, expected: tuple[str, ...]) -> None:
    assert fitting(said, systolic) == expected
