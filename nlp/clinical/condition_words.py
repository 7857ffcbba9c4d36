"""A condition of the rules in words that a clinician reads: codes become their terms, signs become 且, 或 and 没有说."""

from __future__ import annotations

import re
from functools import cache

from nlp.language.lexicon import lexicon

from .knowledge import table, table_rows
from .wording import length, plain

_TOKEN = re.compile(
    r"\s*(?:(?P<sign>[|&!(),])|(?P<name>[a-z][a-z0-9_]*)(?:\.(?P<attribute>[a-z]+))?(?:(?P<operator><=|>=|<|>)(?P<number>\d+(?:\.\d+)?)(?P<unit>[a-z]?))?|(?P<bare>\d+))"
)
_ATTRIBUTES = {
    "sudden": "突然", "gradual": "慢慢", "worsening": "越来越重", "improving": "在好转", "recurrent": "反复",
    "mild": "轻", "moderate": "中等", "severe": "重",
}  # fmt: skip
_MEASURES = {
    "temperature": ("体温", "℃"), "systolic": ("收缩压", ""), "diastolic": ("舒张压", ""),
    "heart_rate": ("心率", " 次/分"), "respiratory_rate": ("呼吸", " 次/分"), "spo2": ("血氧", "%"),
    "glucose": ("血糖", " mmol/L"), "pain": ("疼痛", " 分"), "weight": ("体重", " kg"), "stools_per_day": ("一天拉", " 次"),
}  # fmt: skip
_PERSON = {"pregnant": "怀孕", "female": "女", "male": "男", "is_child": "孩子"}
_AGE_UNITS = {"d": "天", "m": "个月", "y": "岁", "": "岁"}
_COMPARE = {"<=": "≤ ", ">=": "≥ ", "<": "< ", ">": "> "}
_SIGNS = {"|": " 或 ", "&": " 且 ", "(": "(", ")": ")", ",": "、", "!": "没有说"}


@cache
def term_words() -> dict[str, str]:
    """Names of the shared combinations of ``terms.toml``."""
    return {row["term"]: row["words"] for row in table_rows("term_words.csv")}


@cache
def measure_words(code: str) -> tuple[str, str]:
    """Name and unit of a measurement. KeyError for other codes."""
    return _MEASURES[code]


def finding_term(code: str) -> str:
    """The standard term of a finding or condition. KeyError for other codes."""
    return lexicon().terms[code]


def condition_words(source: str) -> str:
    """``source`` in words; 「…」 is a shared combination, explained once in a table of its own."""
    words: list[str] = []
    position = 0
    while position < len(source.rstrip()):
        match = _TOKEN.match(source, position)
        if match is None:
            raise ValueError(f"unreadable at {position}: {source[position : position + 20]!r}")
        position = match.end()
        words.append(_words(match))
    return "".join(words).replace("没有说否认", "没有否认")


_FUNCTIONS = {"absent": "否认", "before": "以前有过", "atleast": "至少", "only": "只有", "suspected": "话里听着像", "strongly": "话里听着很像"}


def _words(match: re.Match[str]) -> str:
    if match["sign"]:
        return _SIGNS[match["sign"]]
    if match["bare"]:
        return f"{match['bare']} 样"
    name, operator = match["name"], match["operator"]
    if name in _FUNCTIONS:
        return _FUNCTIONS[name]
    if name in table("suspicions.toml")["names"]:
        return str(table("suspicions.toml")["names"][name])
    limit = f" {_COMPARE[operator]}{plain(float(match['number']))}" if operator else ""
    if name == "age":
        return f"年龄{limit} {_AGE_UNITS[match['unit']]}"
    if name == "weeks":
        return f"孕周{limit}"
    if name in _MEASURES:
        label, unit = _MEASURES[name]
        return f"{label}{limit}{unit}"
    if name in term_words():
        return f"「{term_words()[name]}」"
    word = _PERSON[name] if name in _PERSON else finding_term(name)
    if match["attribute"]:
        word += f"[{_ATTRIBUTES[match['attribute']]}]"
    if operator:
        hours = float(match["number"]) * (24 if match["unit"] == "d" else 1)
        word += f"持续 {_COMPARE[operator]}{length(hours)}"
    return word
