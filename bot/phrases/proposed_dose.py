"""Which single emergency dose an opinion asks for in words: 立即嚼服阿司匹林300mg. Strict: another amount, a course or a 不要 before it is none."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal

from core.prescriptions.commands_doses import DoseChoice

_FORM = re.compile(r"(?:肠溶片|缓释片|分散片|片|胶囊|气雾剂|注射液|滴丸)$")
_LEAD = re.compile(r"^[\d.]+%")
_SENTENCE = re.compile(r"[。;!\n]")
_PART = re.compile(r"[,、。;!\n]")
_AMOUNT = re.compile(r"(?P<value>\d+(?:\.\d+)?)\s*(?P<unit>mg|毫克|ug|μg|mcg|微克|g|克)(?![a-z/])", re.IGNORECASE)
_IN_MG = {"mg": Decimal(1), "毫克": Decimal(1), "g": Decimal(1000), "克": Decimal(1000)}
_IN_MG |= dict.fromkeys(("ug", "μg", "mcg", "微克"), Decimal("0.001"))
_NOW = ("立即", "马上", "立刻", "嚼服", "舌下", "肌注", "肌内注射", "静推", "静脉推注", "静脉缓推", "吸入", "急用", "一剂", "一次性")
_COURSE = ("每日", "每天", "一天", "一日", "每晚", "每早", "bid", "tid", "qd")
_NOT = ("不", "禁", "避免", "停", "勿", "别", "慎")
_BEFORE, _AFTER = 8, 20


def proposed_dose(text: str, doses: Sequence[DoseChoice]) -> DoseChoice | None:
    """The first of ``doses`` that ``text`` asks for, or None."""
    plain = unicodedata.normalize("NFKC", text)
    found = [(place, dose) for dose in doses if (place := _asked_at(plain, dose)) is not None]
    return min(found, key=lambda one: one[0])[1] if found else None


def stem(name: str) -> str:
    """A drug's name as it is said: 阿司匹林 of 阿司匹林肠溶片."""
    return _FORM.sub("", _LEAD.sub("", name))


def _asked_at(plain: str, dose: DoseChoice) -> int | None:
    name = stem(dose.name)
    for found in re.finditer(re.escape(name), plain):
        before = _PART.split(plain[max(0, found.start() - _BEFORE) : found.start()])[-1]
        after = _SENTENCE.split(plain[found.end() : found.end() + _AFTER])[0]
        if not before.endswith("去甲") and not any(word in before for word in _NOT) and _is_this_dose(before + name + after, dose):
            return found.start()
    return None


def _is_this_dose(said: str, dose: DoseChoice) -> bool:
    if any(word in said.lower() for word in _COURSE):
        return False
    amount, meant = _milligrams(said), _milligrams(unicodedata.normalize("NFKC", dose.amount))
    if amount is not None and meant is not None:
        return amount == meant
    return any(word in said for word in _NOW)


def _milligrams(text: str) -> Decimal | None:
    found = _AMOUNT.search(text)
    return None if found is None else Decimal(found["value"]) * _IN_MG[found["unit"].lower()]
