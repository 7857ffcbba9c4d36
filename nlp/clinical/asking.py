"""Asking for one finding: which may be asked of whom, in which words, and how its answer is taken. The data stand in asking.toml."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from nlp.interface.assessment import Choice, Question
from nlp.language.answers import AnswerGuide, Effects
from nlp.language.lexicon import lexicon, rows

from .asked import UNKNOWN
from .belief.bedside import may_be_pregnant
from .case import Case
from .diseases import diseases
from .knowledge import complaints, table

PREFIX = "finding."
"""Codes of these questions: "finding." and the finding."""
YES, NO = "yes", "no"
_NO_ILLNESS = frozenset(["talk", "chronic"])
_ANY = (0.0, 200.0)
_LEAST_NAMED = 2
_IN_BRACKETS = re.compile(r"[((].*?[))]")


@dataclass(frozen=True)
class Single:
    """One finding that may be asked for. ``years`` from and below which; ``sex`` None for both; ``whom`` "" for all, else pregnant, after_birth,
    perhaps_pregnant, child or infant."""

    code: str
    text: str
    yes: str
    no: str
    cost: float
    sex: str | None
    whom: str
    years: tuple[float, float]

    def fits(self, case: Case) -> bool:
        """Whether it can be asked of this person. A sex that is not known is asked for before what one sex alone has."""
        person = case.facts.person
        if self.sex is not None and person.sex != self.sex:
            return False
        years = person.age_years
        if years is not None and not self.years[0] <= years < self.years[1]:
            return False
        after_birth = "postpartum" in case.present
        match self.whom:
            case "pregnant":
                return case.pregnant
            case "after_birth":
                return after_birth
            case "perhaps_pregnant":
                return person.sex == "female" and may_be_pregnant(case)
            case "child":
                return case.is_child
            case "infant":
                return case.is_child and years is not None
        return True


@dataclass(frozen=True)
class Limits:
    """Most questions at all, and most that ask for one finding."""

    most: int
    most_single: int


@cache
def limits() -> Limits:
    data = table("asking.toml")
    return Limits(data["most"], data["most_single"])


@cache
def disease_names() -> frozenset[str]:
    """Names that no patient is told, without what stands in brackets behind them."""
    names = (_IN_BRACKETS.sub("", disease.name) for disease in diseases().values())
    return frozenset(name for name in names if len(name) >= _LEAST_NAMED)


@cache
def singles() -> dict[str, Single]:
    """All findings that may be asked for, by code."""
    data = table("asking.toml")
    system = {row["code"]: row["system"] for row in rows("findings.csv")}
    texts = {code: data["texts"].get(code, complaint.question) for code, complaint in complaints().items()}
    everything = "\n".join(texts.values())
    told = [name for name in disease_names() if name in everything]
    found: dict[str, Single] = {}
    for code, text in texts.items():
        allowed = code in data["also"] or (system[code] in data["systems"] and code not in data["never"])
        if allowed and not any(name in text for name in told):
            found[code] = _single(code, text, system[code], data)
    return found


def _single(code: str, text: str, system: str, data: dict[str, Any]) -> Single:
    whom = next((name for name, codes in data["whom"].items() if code in codes), "")
    years = tuple(data["years"].get(code, _ANY))
    if not whom and "宝宝" in text:
        whom, years = "infant", (0.0, float(data["infant_years"]))
    elif not whom and "孩子" in text and "{who}" not in text:
        whom = "child"
    sex = {"woman": "female", "pregnancy": "female", "man": "male"}.get(system)
    yes, no = ("是", "不是") if "是不是" in text else ("有", "没有")
    return Single(code, text, yes, no, float(data["cost"].get(code, 1.0)), sex, whom, (float(years[0]), float(years[1])))


def finding_of(code: str) -> str | None:
    """The finding that a question with this code asks for; None for a question of questions.toml."""
    return code.removeprefix(PREFIX) if code.startswith(PREFIX) else None


def single_question(single: Single, who: str) -> Question:
    choices = (Choice(code=YES, label=single.yes), Choice(code=NO, label=single.no), UNKNOWN)
    return Question(code=f"{PREFIX}{single.code}", text=single.text.replace("{who}", who), choices=choices)


def single_guide(code: str) -> AnswerGuide | None:
    """How to take the answer to the question with this code; None for a question that is not one of these."""
    finding = finding_of(code)
    single = singles().get(finding) if finding else None
    if single is None:
        return None
    yes, no = Effects(present=(single.code,)), Effects(absent=(single.code,))
    return AnswerGuide(choices={YES: (single.yes, yes), NO: (single.no, no)}, no=no, yes=yes, of_child=single.whom in ("child", "infant"))


@cache
def said_with() -> dict[str, tuple[str, ...]]:
    """What nobody is asked for who has the key."""
    return {code: tuple(others) for code, others in table("asking.toml")["said_with"].items()}


@cache
def outside() -> frozenset[str]:
    """Complaints that are no illness (开药, 体检, 打疫苗): nothing is asked about diseases because of them."""
    return frozenset(row["code"] for row in rows("findings.csv") if row["system"] in _NO_ILLNESS)


@cache
def narrower() -> dict[str, tuple[str, ...]]:
    """The more exact findings of each broader one."""
    found: dict[str, list[str]] = {}
    for narrow, wides in lexicon().broader.items():
        for wide in wides:
            found.setdefault(wide, []).append(narrow)
    return {wide: tuple(codes) for wide, codes in found.items()}


def answered_already(case: Case) -> frozenset[str]:
    """Findings of which something is known: what was said or denied, the broader one of what is there, the more exact ones of what is not."""
    known = {*case.present, *case.absent, *case.measured}
    broader = lexicon().broader
    with_it = said_with()
    known.update(other for code in case.present for other in with_it.get(code, ()))
    known.update(wide for code in case.present for wide in broader.get(code, ()))
    known.update(narrow for code in case.absent for narrow in narrower().get(code, ()))
    return frozenset(known)
