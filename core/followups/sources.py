"""Where the numbers and words of follow-up come from. Restatements (grade 2) were read: a clinician opens the original before he signs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

CHECKED = date(2026, 11, 20)


@dataclass(frozen=True, slots=True)
class Source:
    """``grade``: P publisher's own text, 2 restated by others, - general knowledge still to be opened, design our own proposal."""

    title: str
    edition: str
    grade: Literal["P", "2", "-", "design"]
    checked_on: date


PUBLIC_HEALTH = Source("国家基本公共卫生服务规范", "第三版 2017", "2", CHECKED)
HYPERTENSION_GUIDE = Source("国家基层高血压防治管理指南", "2025版", "2", CHECKED)
DIABETES_GUIDE = Source("国家基层糖尿病防治管理指南", "2025", "2", CHECKED)
TRIAGE = Source("急诊预检分诊专家共识", "中华急诊医学杂志 2018;27(6)", "2", CHECKED)
GENERAL = Source("临床一般知识,待核对原文", "2026-11", "-", CHECKED)
HOME = Source("家庭自测频次(由医生定)", "2026-11", "design", CHECKED)
OWN = Source("本软件的设计,待医生审定", "2026-11", "design", CHECKED)
