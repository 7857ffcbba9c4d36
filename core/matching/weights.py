"""What counts how much when experts are ranked, as data that the hospital signs.

Edition and digest stand with every ranking. Unsigned (as now) it runs in the demonstration only. The figures are this project's own
proposal; no published scale exists for them.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from core.matching.expected import BY_DEPARTMENT, BY_FINDING
from nlp.interface.engine import RuleSet
from nlp.interface.urgency import Urgency

EDITION = "1"


@dataclass(frozen=True, slots=True)
class Weights:
    """Points of each part when it is full; they add up to 100."""

    department: int
    disease: int
    response: int
    title: int
    years: int
    fairness: int


WEIGHTS: dict[Urgency, Weights] = {
    Urgency.CRITICAL: Weights(department=30, disease=25, response=30, title=5, years=5, fairness=5),
    Urgency.EMERGENT: Weights(department=30, disease=25, response=25, title=8, years=5, fairness=7),
    Urgency.URGENT: Weights(department=30, disease=30, response=15, title=10, years=5, fairness=10),
    Urgency.ROUTINE: Weights(department=30, disease=30, response=5, title=12, years=8, fairness=15),
    Urgency.SELF_CARE: Weights(department=30, disease=30, response=5, title=12, years=8, fairness=15),
}

TITLES: dict[str, float] = {
    "主任医师": 1.0, "副主任医师": 0.8, "主治医师": 0.5, "住院医师": 0.2, "医师": 0.2, "执业助理医师": 0.1,
}
"""Share of the title's points; a title not named here gets none."""

EMERGENCY_DEPARTMENTS: tuple[str, ...] = ("20", "28")
"""急诊科 and 重症医学科: within their licence for any critical or emergent case, after those of the department itself."""


def rule_set() -> RuleSet:
    """The whole of it, to be signed as one."""
    data = {
        "edition": EDITION,
        "weights": {level.value: asdict(weights) for level, weights in WEIGHTS.items()},
        "titles": TITLES,
        "emergency": EMERGENCY_DEPARTMENTS,
        "by_department": BY_DEPARTMENT,
        "by_finding": BY_FINDING,
    }
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return RuleSet(
        name="matching.weights", title="专家匹配权重", edition=EDITION, digest=hashlib.sha256(text.encode()).hexdigest(),
        count=len(WEIGHTS) + len(BY_DEPARTMENT) + len(BY_FINDING),
    )
