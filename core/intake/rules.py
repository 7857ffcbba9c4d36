"""Pure decisions of the pre-consultation: which assessment stands, whom the talk is about, which question comes in danger, what is written down."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from core.intake.urgency import combined, urgency
from nlp.interface.assessment import Assessment, Choice, Emergency, Facts, Question, Reason
from nlp.interface.reading import Reading, Status
from nlp.interface.urgency import Urgency

SILENT = timedelta(hours=12)
"""After this long a sentence that names no intake begins a new one."""

_UNKNOWN = Choice(code="unknown", label="不清楚")
PLACE = Question(code="emergency.place", text="病人现在在哪里?说村名、组名,或者发一个位置。", choices=(_UNKNOWN,))
PLACE_OF_ONE_IN_DESPAIR = PLACE.model_copy(update={"text": "现在在哪里?说村名、组名就行,或者发一个位置,好让人快点到身边来。"})
DETAIL_CODE = "emergency.detail"

SAID_CRITICAL = Emergency(
    rule="intake.said_critical",
    suspected="危及生命的情况",
    do_now=("请马上打 120。", "守在病人身边,看着他的呼吸和神志。", "呼吸停了就开始胸外按压,120 会在电话里教您。"),
    do_not=("不要让病人自己走动。", "不要喂水喂药。"),
)
"""Said first when a person says himself that life is in danger and no more specific rule fired. This project's own text, to be signed by the
hospital; content after 国家应急救护培训 basics (call, stay, compress)."""


def standing_assessment(previous: Assessment | None, computed: Assessment, said: str | None) -> Assessment:
    """The assessment that stands after ``computed``: with what the person typed, never less severe than ``previous``, and in danger never
    without words of what to do first."""
    raised = _with_typed(computed, said)
    before = None if previous is None else previous.level
    if previous is not None and before is not None and (raised.level is None or raised.level.severity < before.severity):
        newer = {"complete": raised.complete, "departments": raised.departments or previous.departments, "candidates": raised.candidates}
        return previous.model_copy(update=newer)
    if raised.level is Urgency.CRITICAL and raised.emergency is None:
        emergency = (previous.emergency if previous is not None else None) or SAID_CRITICAL
        return raised.model_copy(update={"emergency": emergency})
    return raised


def _with_typed(computed: Assessment, said: str | None) -> Assessment:
    """The more severe of computed and typed. A typed word alone makes a level only when it is the worst one: else the facts come first."""
    if said is None or (computed.level is None and said != Urgency.CRITICAL):
        return computed
    level = combined(said, computed.level)
    if level is computed.level:
        return computed
    reason = Reason(text=f"您说情况是「{urgency(said).label}」", rule="intake.said_urgency", source="本人所述", signed=True)
    return computed.model_copy(update={"level": level, "reasons": (*computed.reasons, reason)})


def becomes_critical(previous: str | None, level: Urgency | None) -> bool:
    return level is Urgency.CRITICAL and previous != Urgency.CRITICAL


def talks_of_another(relation: str | None, reading: Reading) -> bool:
    """That ``reading`` reports a trouble of another person than the one of the intake: two people's facts are never mixed."""
    other = reading.person.relation
    if relation is None or other is None or other == relation:
        return False
    reports = any(finding.subject == "patient" and finding.status is Status.PRESENT for finding in reading.findings)
    return reports or bool(reading.measurements)


def patient_meant(relation: str | None, known: list[tuple[str, str]]) -> str | None:
    """The registered patient whom ``relation`` means among (relation, patient id), when there is exactly one."""
    if relation is None:
        return None
    meant = [patient_id for known_relation, patient_id in known if known_relation == relation]
    return meant[0] if len(meant) == 1 else None


def with_record(facts: Facts, *, sex: str, birth: date, today: date) -> Facts:
    """Facts with age and sex from the patient's record where nothing was said of them, so that nobody is asked what is known."""
    person = facts.person
    update: dict[str, object] = {}
    if person.age_days is None:
        update["age_days"] = (today - birth).days
    if person.sex is None:
        update["sex"] = sex
    return facts.model_copy(update={"person": person.model_copy(update=update)}) if update else facts


def unasked(facts: Facts, question: Question) -> Facts:
    """Facts that forget that ``question`` was asked, because it never arrived: a danger that nobody heard of has not been ruled out."""
    return facts.model_copy(update={"asked": tuple(code for code in facts.asked if code != question.code)})


def asked(facts: Facts, question: Question) -> Facts:
    """Facts that remember that ``question`` was asked."""
    return facts if question.code in facts.asked else facts.model_copy(update={"asked": (*facts.asked, question.code)})


def emergency_question(assessment: Assessment, facts: Facts, *, place_known: bool) -> Question | None:
    """The one thing to ask next: what the rule asks at once, where the patient is, then what the rule asks for (the time of onset). Each once."""
    if assessment.emergency is None:
        return None
    at_once = assessment.emergency.question
    if at_once is not None and at_once.code not in facts.asked:
        return at_once
    if assessment.level is Urgency.CRITICAL and not place_known and PLACE.code not in facts.asked:
        return PLACE_OF_ONE_IN_DESPAIR if assessment.emergency.first else PLACE
    detail = assessment.emergency.ask_next
    if detail and DETAIL_CODE not in facts.asked:
        return Question(code=DETAIL_CODE, text=detail, choices=(_UNKNOWN,))
    return None


def has_gone_silent(updated_at: datetime, now: datetime) -> bool:
    return now - updated_at > SILENT


def advised_text(assessment: Assessment) -> str:
    """The advice as one line of the record."""
    parts: list[str] = []
    if assessment.emergency is not None:
        parts.append(assessment.emergency.first or f"疑似{assessment.emergency.suspected}")
        parts += [*assessment.emergency.do_now, *assessment.emergency.do_not]
    if assessment.level is not None:
        entry = urgency(assessment.level)
        parts.append(f"紧急程度:{entry.label}{f'({entry.level})' if entry.level else ''}")
    if assessment.reasons:
        parts.append("为什么:" + ";".join(reason.text for reason in assessment.reasons))
    if assessment.departments:
        parts.append("建议科室:" + assessment.departments[0].name)
    parts += assessment.advice
    return "\n".join(parts)
