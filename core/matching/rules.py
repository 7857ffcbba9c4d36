"""Who should see this patient: exclusions with their reason, then a score whose parts say why. Pure; a clinician can read it."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from core.matching.icd10 import Nearness, Span, nearness
from core.matching.weights import EMERGENCY_DEPARTMENTS, TITLES, WEIGHTS, Weights
from nlp.interface.urgency import Urgency


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is known of one expert at the moment of asking. ``answer_s``: mean seconds from being asked to answering, None below
    three measured answers. ``taken_lately``: consultations taken in the last seven days."""

    practitioner_id: str
    organisation_id: str
    department_code: str | None
    expertise: tuple[Span, ...]
    title_name: str
    years_of_practice: int
    licence_valid_until: date
    on_duty: bool = True
    absent: bool = False
    busy: bool = False
    asked_before: bool = False
    conflict: str = ""
    """knows_patient, or another code of a recorded conflict."""
    answer_s: float | None = None
    taken_lately: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for. ``departments``: code → how probable (0..1), the first one named in ``department_code``. ``today``: local date."""

    urgency: Urgency
    department_code: str
    departments: dict[str, float]
    spans: tuple[Span, ...]
    organisation_id: str
    today: date


@dataclass(frozen=True, slots=True)
class Ranked:
    """One expert's place: ``score`` 0..100 and reasons, or ``excluded`` with the reason."""

    practitioner_id: str
    score: float
    reasons: tuple[str, ...]
    excluded: str | None = None


def rank(wanted: Wanted, candidates: Iterable[Candidate], rng: random.Random) -> tuple[Ranked, ...]:
    """Best first, excluded ones last. Equal scores are ordered by ``rng``, so that the same people are not always asked first."""
    weights = WEIGHTS[wanted.urgency]
    fit: list[tuple[float, float, Ranked]] = []
    out: list[Ranked] = []
    for candidate in sorted(candidates, key=lambda one: one.practitioner_id):
        reason = exclusion(wanted, candidate)
        if reason is not None:
            out.append(Ranked(candidate.practitioner_id, 0.0, (), reason))
            continue
        scored = _score(wanted, candidate, weights)
        fit.append((-scored.score, rng.random(), scored))
    return (*(scored for _, _, scored in sorted(fit, key=lambda entry: entry[:2])), *out)


def exclusion(wanted: Wanted, candidate: Candidate) -> str | None:
    """Why this expert must not be asked, or None. The first reason that holds is given."""
    if candidate.asked_before:
        return "这次会诊已经问过"
    if candidate.conflict:
        return {"knows_patient": "认识患者,回避"}.get(candidate.conflict, "有利益冲突,回避")
    if candidate.organisation_id == wanted.organisation_id:
        return "与邀请方同一机构,不算会诊"
    if candidate.licence_valid_until < wanted.today:
        return f"执业证书已于 {candidate.licence_valid_until.isoformat()} 到期"
    if not _within_scope(wanted, candidate):
        return "专业不符(执业范围外)"
    if candidate.absent:
        return "请假"
    if not candidate.on_duty:
        return "现在不在班"
    if candidate.busy:
        return "正在另一个会诊中"
    return None


def _within_scope(wanted: Wanted, candidate: Candidate) -> bool:
    if candidate.department_code is None:
        return False
    if candidate.department_code in wanted.departments:
        return True
    if wanted.urgency in (Urgency.CRITICAL, Urgency.EMERGENT) and candidate.department_code in EMERGENCY_DEPARTMENTS:
        return True
    return _nearest(wanted, candidate)[0] >= Nearness.BLOCK


def _score(wanted: Wanted, candidate: Candidate, weights: Weights) -> Ranked:
    reasons: list[str] = []
    disease, expertise = _disease_share(wanted, candidate)
    if expertise is not None and disease >= 0.5:
        reasons.append(f"{expertise} 专长")
    department = _department_share(wanted, candidate)
    if department == 1.0:
        reasons.append("科室对口")
    response, said = _response_share(candidate)
    if said:
        reasons.append(said)
    title = TITLES.get(candidate.title_name, 0.0)
    if title >= 0.8:
        reasons.append(candidate.title_name)
    years = min(candidate.years_of_practice, 20) / 20
    fairness = 1 / (1 + candidate.taken_lately / 3)
    if candidate.taken_lately == 0:
        reasons.append("近 7 天没有接过会诊")
    reasons.append("现在没有别的会诊")
    points = (
        weights.department * department + weights.disease * disease + weights.response * response
        + weights.title * title + weights.years * years + weights.fairness * fairness
    )
    return Ranked(candidate.practitioner_id, round(points, 2), tuple(reasons))


def _department_share(wanted: Wanted, candidate: Candidate) -> float:
    """Full for the department itself, its probability for another probable one, a third for the emergency departments."""
    code = candidate.department_code
    if code is None:
        return 0.0
    if code == wanted.department_code:
        return 1.0
    share = min(wanted.departments.get(code, 0.0), 0.9)
    return max(share, 0.33) if code in EMERGENCY_DEPARTMENTS else share


_NEARNESS_SHARE = {Nearness.NONE: 0.0, Nearness.CHAPTER: 0.25, Nearness.WIDER: 0.5, Nearness.BLOCK: 0.9, Nearness.CATEGORY: 1.0}


def _disease_share(wanted: Wanted, candidate: Candidate) -> tuple[float, Span | None]:
    """The best of all pairs; a block named later in ``wanted.spans`` counts a little less."""
    best: tuple[float, Span | None] = (0.0, None)
    for place, span in enumerate(wanted.spans):
        for expertise in candidate.expertise:
            share = _NEARNESS_SHARE[nearness(expertise, span)] * (1 - min(place, 4) * 0.1)
            if share > best[0]:
                best = (share, expertise)
    return best


def _nearest(wanted: Wanted, candidate: Candidate) -> tuple[Nearness, Span | None]:
    pairs = [(nearness(expertise, span), expertise) for span in wanted.spans for expertise in candidate.expertise]
    return max(pairs, default=(Nearness.NONE, None), key=lambda pair: pair[0])


def _response_share(candidate: Candidate) -> tuple[float, str]:
    """Half for who has not been measured; else 1 at once, 0.5 after two minutes, never below 0."""
    if candidate.answer_s is None:
        return 0.5, ""
    share = 1 / (1 + candidate.answer_s / 120)
    return share, f"平均 {_spoken_seconds(candidate.answer_s)}应答" if candidate.answer_s <= 300 else ""


def _spoken_seconds(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    if minutes == 0:
        return f"{rest} 秒"
    return f"{minutes} 分钟" if rest == 0 else f"{minutes} 分 {rest} 秒"
