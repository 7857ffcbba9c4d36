"""What was understood, in standard words: 咳嗽 4 天, 发烧 38.5℃, 没有胸痛, 血压 90/60."""

from __future__ import annotations

from nlp.interface.assessment import Facts
from nlp.interface.reading import Finding, Measurement, Reading, Status

_FEVER = "fever"
_LASTING = "lasting_over_10_minutes"
_NOT_REPEATED = frozenset(["suicidal", "suicide_plan", "suicide_act", "means_at_hand", "alone_now"])
"""Not read back in bare terms to the one who said it."""
_CHINESE_PLEASE = "我只看得懂中文,请用中文说,发语音、请身边的人帮忙都可以。情况危险请马上打 120。(In an emergency call 120.)"
_NO_DIAGNOSIS = "我不是医生,不能说是什么病,要医生看了、查了才知道。我可以帮您看急不急、该看哪个科。"
_PATIENCE = "您着急,我明白。我还在,咱们接着说。"
_NUMBERS = {
    "temperature": "体温 {}℃",
    "systolic": "收缩压 {}",
    "diastolic": "舒张压 {}",
    "heart_rate": "心率 {} 次/分",
    "respiratory_rate": "呼吸 {} 次/分",
    "spo2": "血氧 {}%",
    "glucose": "血糖 {} mmol/L",
    "pain": "疼痛 {} 分(10 分最痛)",
    "weight": "体重 {} 公斤",
    "stools_per_day": "一天大便 {} 次",
}


def understood_words(reading: Reading) -> tuple[str, ...]:
    """What ``reading`` says of the patient, age first, then in the order in which it was said, each thing once."""
    numbers = {measurement.code: measurement for measurement in reading.measurements}
    said: list[tuple[int, str]] = []
    joined: set[str] = set()
    # A disease that somebody only asks about (是不是得了癌症?) is not said back to him as if it had been found likely.
    conditions = [condition for condition in reading.conditions if condition.status is not Status.UNCERTAIN]
    for finding in (*reading.findings, *conditions):
        if finding.subject != "patient" or finding.code in _NOT_REPEATED:
            continue
        words = _finding(finding)
        if finding.code == _FEVER and finding.status is Status.PRESENT and "temperature" in numbers:
            words = f"{words} {_number(numbers['temperature'].value)}℃"
            joined.add("temperature")
        said.append((finding.span.start, words))
    if {"systolic", "diastolic"} <= numbers.keys():
        pressure = f"血压 {_number(numbers['systolic'].value)}/{_number(numbers['diastolic'].value)}"
        said.append((numbers["systolic"].span.start, pressure))
        joined |= {"systolic", "diastolic"}
    if reading.person.age_days is not None:
        said.append((-1, reading.person.age_words or age(reading.person.age_days)))
    said += [(number.span.start, _measurement(number)) for code, number in numbers.items() if code not in joined]
    return tuple(dict.fromkeys(words for _, words in sorted(said, key=lambda one: one[0])))


def complaints(facts: Facts) -> tuple[str, ...]:
    """The first two things that trouble the patient, as far as they may be said back."""
    told = [finding.term for finding in facts.findings
            if finding.status is Status.PRESENT and finding.subject == "patient" and finding.code not in _NOT_REPEATED]  # fmt: skip
    return tuple(dict.fromkeys(told))[:2]


def remark(reading: Reading) -> str:
    """What is said before everything else when the text was more, or something else, than an answer; empty for every other text."""
    if reading.foreign:
        return _CHINESE_PLEASE
    if reading.asks_diagnosis:
        return _NO_DIAGNOSIS
    return _PATIENCE if reading.abusive else ""


def _finding(finding: Finding) -> str:
    if finding.status is Status.ABSENT:
        return f"没有{finding.term}"
    lasting = finding.duration_words or (None if finding.duration_hours is None else duration(finding.duration_hours))
    if finding.code == _LASTING and finding.duration_hours is not None and finding.duration_hours >= 1:
        return f"{lasting}一直不缓解" if finding.duration_words else f"已经 {lasting}不缓解"
    words = finding.term if lasting is None else f"{finding.term} {lasting}"
    return f"{words}(不确定)" if finding.status is Status.UNCERTAIN else words


def _measurement(measurement: Measurement) -> str:
    number = _number(measurement.value)
    return _NUMBERS.get(measurement.code, measurement.code + " {}").format(number)


def _number(value: float) -> str:
    return f"{value:g}"


def age(days: int) -> str:
    """As people say it: 12 天大, 8 个月大, 58 岁."""
    if days < 28:
        return f"{days} 天大"
    return f"{round(days / 30.44)} 个月大" if days < 730 else f"{int(days / 365.25 + 0.01)} 岁"


def duration(hours: float) -> str:
    """``hours`` in the largest unit in which people say it: 30 分钟, 2 小时, 4 天, 3 周, 5 个月, 2 年."""
    for size, unit in ((8766.0, "年"), (730.5, "个月"), (168.0, "周")):
        if hours >= 2 * size or (unit != "周" and hours >= size):
            return f"{_number(round(hours / size))} {unit}"
    if hours >= 24:
        return f"{_number(round(hours / 24, 1))} 天"
    return f"{_number(round(hours, 1))} 小时" if hours >= 1 else f"{max(1, round(hours * 60))} 分钟"
