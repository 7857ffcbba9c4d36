"""Reasons in the patient's own words."""

from __future__ import annotations

import re

from nlp.interface.reading import Finding, Measurement, Status
from nlp.language.context import CIRCUMSTANCES
from nlp.language.numbers import NUMBER, number
from nlp.language.times import MOMENT

from .case import Case
from .expressions import Evidence

_MEASURE_LABELS = {
    "temperature": "体温 {value}℃", "heart_rate": "心率 {value}", "respiratory_rate": "呼吸 {value} 次", "spo2": "血氧 {value}%",
    "glucose": "血糖 {value}", "pain": "疼痛 {value} 分", "weight": "体重 {value} 公斤", "stools_per_day": "一天拉 {value} 次",
    "systolic": "高压 {value}", "diastolic": "低压 {value}",
}  # fmt: skip

_LASTING = "lasting_over_10_minutes"
_ANSWERS = frozenset(["有", "是", "对", "嗯", "会", "烧到", "咳得", "拉了", "拉得", "没有", "没", "没得", "都没有"])
"""Words of an answer that name nothing themselves."""
_PAUSES = "".join(["\uff0c", "\u3002", "\uff01", "\uff1f", "\u3001", ",", ".", "!", "?"])

_LENGTH_ALONE = re.compile(rf".{{0,2}}(?:{NUMBER}|半|几|好几).{{0,2}}(?:分钟|小时|钟头|天|周|星期|礼拜|月|年).{{0,2}}")


def plain(value: float) -> str:
    """38.5, but 39 for 39.0."""
    return f"{value:g}"


def length(hours: float) -> str:
    """A length of time as people say it: 2 小时, 4 天, 3 个月."""
    if hours < 1:
        return f"{max(1, round(hours * 60))} 分钟"
    if hours < 24:
        return f"{plain(round(hours, 1))} 小时"
    if hours < 24 * 60:
        return f"{round(hours / 24)} 天"
    return f"{round(hours / 730)} 个月" if hours < 8766 else f"{plain(round(hours / 8766, 1))} 年"


def age_words(case: Case) -> str | None:
    """58 岁, 8 个月, 20 天; the words of a tapped age group where no exact age was said."""
    if case.facts.person.age_words:
        return case.facts.person.age_words
    days = case.age_days
    if days is None:
        return None
    if days < 31:
        return f"{days} 天"
    if days < 2 * 365.25:
        return f"{int(days / 30.4375 + 0.05)} 个月"
    return f"{int(days / 365.25 + 0.01)} 岁"


def finding_words(finding: Finding, measured: dict[str, Measurement]) -> str:
    """The words the person used (the standard term when only a button was tapped), with temperature and duration."""
    words = "".join(finding.span.text.split()).strip(_PAUSES)
    since = MOMENT.search(words)
    only_when = since is not None and len(words) <= len(since[0]) + 3
    no_words = only_when or not words or len(words) > 16 or (finding.code in CIRCUMSTANCES and len(words) < 4)
    tapped = no_words or number(words) is not None or _LENGTH_ALONE.fullmatch(words) is not None
    said = finding.term if tapped or words in _ANSWERS else words
    if finding.code == "fever" and "temperature" in measured:
        said = f"发烧 {plain(measured['temperature'].value)}℃"
    if finding.duration_hours and finding.duration_hours >= 1:
        said = _lasting(finding, said, since[0] if since else "", tapped=tapped)
    if finding.status is Status.UNCERTAIN:
        said += "(不确定)"
    return said


def _lasting(finding: Finding, said: str, since: str, *, tapped: bool) -> str:
    """With how long it has lasted: in the person's own words where he gave no number, words that tell since when being left as they are."""
    lasting = finding.duration_words or length(finding.duration_hours or 0)
    if finding.code == _LASTING:
        return f"{lasting}一直不缓解" if finding.duration_words else f"已经 {lasting}不缓解"
    if since and not tapped:
        return said
    return said if lasting in said else f"{said} {lasting}"


def measurement_words(measurement: Measurement, measured: dict[str, Measurement]) -> str:
    if measurement.code in ("systolic", "diastolic") and {"systolic", "diastolic"} <= measured.keys():
        return f"血压 {plain(measured['systolic'].value)}/{plain(measured['diastolic'].value)}"
    return _MEASURE_LABELS[measurement.code].format(value=plain(measurement.value))


def evidence_words(evidence: Evidence, case: Case) -> str:
    """The evidence of one rule, joined: 胸痛 2 小时、出冷汗、血压 90/60."""
    words: list[str] = []
    has_fever = any(isinstance(item, Finding) and item.code == "fever" for item in evidence)
    for item in evidence:
        if isinstance(item, Finding):
            words.append(finding_words(item, case.measured))
        elif isinstance(item, Measurement):
            if not (item.code == "temperature" and has_fever):
                words.append(measurement_words(item, case.measured))
        elif item == "age" and (age := age_words(case)):
            words.append(age)
        elif item == "pregnant" and "weeks" not in evidence:
            words.append(f"怀孕 {case.facts.person.pregnancy_weeks} 周" if case.facts.person.pregnancy_weeks else "怀孕")
        elif item == "weeks":
            words.append(f"怀孕 {case.facts.person.pregnancy_weeks} 周")
    return "、".join(dict.fromkeys(words))
