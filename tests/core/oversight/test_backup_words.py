"""What an administrator reads of the backups, and when it becomes red."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.oversight.backup_words import DRILL_LIMIT, Limits, Made, line_of, span, to_do

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
"""10:00 in China."""
BEFORE_MIDNIGHT = datetime(2026, 11, 19, 15, 10, tzinfo=UTC)
ALONE, TWO = Limits(), Limits(second=True)
GOOD = Made(BEFORE_MIDNIGHT, NOW - timedelta(days=90), BEFORE_MIDNIGHT, NOW - timedelta(days=3), True)


@pytest.mark.parametrize(
    ("made", "limits", "line"),
    [
        (GOOD, ALONE, "昨天 23:10 备份成功,3 天前演练通过"),
        (GOOD, TWO, "昨天 23:10 备份成功,已送到第二份仓库,3 天前演练通过"),
        (GOOD._replace(copied_at=BEFORE_MIDNIGHT - timedelta(hours=24)), TWO, "昨天 23:10 备份成功,第二份仓库落后 24.0 小时,3 天前演练通过"),
        (GOOD._replace(copied_at=None, drilled_at=None), TWO, "昨天 23:10 备份成功,还没有送到第二份仓库,还没有演练过"),
        (GOOD._replace(taken_at=NOW, drill_clean=False, drilled_at=NOW), ALONE, "今天 10:00 备份成功,今天演练没有通过"),
        (GOOD._replace(drilled_at=NOW - timedelta(days=400)), ALONE, "昨天 23:10 备份成功,2025年10月16日演练通过"),
        (Made(), TWO, "还没有做过备份"),
    ],
)
def test_one_line_says_how_it_stands(made: Made, limits: Limits, line: str) -> None:
    assert line_of(made, limits, NOW) == line


@pytest.mark.parametrize(
    ("made", "limits", "said"),
    [
        (GOOD, TWO, []),
        (GOOD._replace(copied_at=None), ALONE, []),
        (Made(), ALONE, ["huizhen backup init"]),
        (GOOD._replace(taken_at=NOW - timedelta(hours=27)), TWO, ["备份超过 26 小时"]),
        (GOOD._replace(copied_at=NOW - timedelta(hours=27)), TWO, ["第二份备份超过 26 小时"]),
        (GOOD._replace(copied_at=None), TWO, ["第二份备份超过 26 小时"]),
        (GOOD._replace(copied_at=None, first_at=NOW - timedelta(hours=1)), TWO, []),
        (GOOD._replace(drill_clean=False), ALONE, ["演练没有通过"]),
        (GOOD._replace(drilled_at=NOW - DRILL_LIMIT), ALONE, []),
        (GOOD._replace(drilled_at=NOW - DRILL_LIMIT - timedelta(minutes=1)), ALONE, ["8 天没有演练"]),
        (GOOD._replace(drilled_at=None), ALONE, ["8 天没有演练"]),
        (GOOD._replace(drilled_at=None, first_at=NOW - timedelta(days=2)), ALONE, []),
        (GOOD._replace(taken_at=NOW - timedelta(days=9), drilled_at=NOW - timedelta(days=9)), ALONE, ["备份超过 26 小时", "8 天没有演练"]),
    ],
)
def test_what_is_late_says_what_to_do(made: Made, limits: Limits, said: list[str]) -> None:
    found = to_do(made, limits, NOW)
    assert len(found) == len(said)
    for sentence, words in zip(found, said, strict=True):
        assert words in sentence
        assert "请在服务器上" in sentence


def test_spans() -> None:
    spans = [timedelta(seconds=-5), timedelta(seconds=59), timedelta(minutes=15), timedelta(hours=2, minutes=30), timedelta(days=3)]
    assert [span(one) for one in spans] == ["不到 1 分钟", "不到 1 分钟", "15 分钟", "2.5 小时", "3 天"]
