"""Pure decisions of the pre-consultation: which assessment stands, whom the talk is about, which question comes in danger, what is written down."""

from __future__ import annotations

import re
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
PLACE_OF_A_CHILD = PLACE.model_copy(update={"text": "你现在在哪里?说村名、组名,是谁家,或者发一个位置。"})
DETAIL_CODE = "emergency.detail"
OWN_QUESTIONS = frozenset({PLACE.code, DETAIL_CODE})
"""Questions of this room, which the engine does not know."""
PLACE_MISSED = "emergency.place_missed"
"""Among what was asked: that the answer to where the patient is was something else, once."""

_PLACE_WORDS = re.compile(
    "[村镇乡县寨屯组街巷桥楼]|(?<!不在)家|屋|院|路[边口上]|[马公大]路|学校|诊所|卫生室|工地|厂|店|超市|市场|[车地田山坡河塘沟]里|[车山坡床田]上|[河田]边"
)
_TIME_ALONE = re.compile(
    r"[，。,.!！?？\s]*(?:就|才|大概|大约|差不多|从|有|疼了|快)*(?:刚刚|刚才|刚|今早|今天|早上|早晨|上午|中午|下午|晚上|昨天|昨晚|昨夜|前天|半夜|夜里"
    r"|[0-9０-９.一二两三四五六七八九十半几好个多]+(?:分钟|小时|钟头|点半?|天|周|星期|礼拜|月))+(?:多|左右|钟|以?前|之前|了|开始|开始的|起|喝的|吃的|的|来)*[，。,.!！?？\s]*"
)
_UNKNOWN_SAID = re.compile(r"(?:我|我也)?(?:不清楚|不知道|不晓得|不懂|不确定|说不清楚?|说不好|晓不得|没注意)[了啊呀哦。,\s]*")
_ANSWER_ALONE = re.compile(
    "(?:是|对|嗯|好|有|没|没有|没得|行|可以|要|不|不是|不要|啊|哦|唉|救命|快点?|怎么办|打了|已经打了|打过了)[的了啊呀吧嘛哦。,!\\s]*"
)

SAID_CRITICAL = Emergency(
    rule="intake.said_critical",
    suspected="危及生命的情况",
    do_now=("请马上打 120。", "守在病人身边,看着他的呼吸和神志。", "呼吸停了就开始胸外按压,120 会在电话里教您。"),
    do_not=("不要让病人自己走动。", "不要喂水喂药。"),
)
"""Said first when a person says himself that life is in danger and no more specific rule fired. This project's own text, to be signed by the
hospital; content after 国家应急救护培训 basics (call, stay, compress)."""


def standing_assessment(previous: Assessment | None, computed: Assessment, said: str | None) -> Assessment:
    """The assessment that stands after ``computed``: with what the person typed, never less severe than ``previous``, which he has been told, and in
    danger never without words of what to do first. A level that nobody was told yet is provisional: what is answered may still settle it."""
    raised = _with_typed(computed, said)
    before = None if previous is None else previous.level
    if previous is not None and before is not None and (raised.level is None or raised.level.severity < before.severity):
        newer = {"complete": raised.complete, "departments": raised.departments or previous.departments, "candidates": raised.candidates}
        return previous.model_copy(update=newer)
    if previous is not None and previous.red_flag and not raised.red_flag:
        raised = raised.model_copy(update={"red_flag": previous.red_flag})
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


def danger_stands(assessment: Assessment) -> bool:
    """Whether a red flag stands: what to do now is said at once, before any further question, and the duty doctor is alerted."""
    return assessment.level is Urgency.CRITICAL or assessment.emergency is not None or bool(assessment.red_flag)


def must_alert(alerted: bool, previous: str | None, assessment: Assessment) -> bool:
    """Whether somebody is to be called now: danger stands and nobody was ``alerted``, or what was less than critical (``previous``) has become it."""
    if not danger_stands(assessment):
        return False
    return not alerted or (assessment.level is Urgency.CRITICAL and previous != Urgency.CRITICAL)


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


def gone_back_to(before: Question | None, assessment: Assessment, following: Question | None) -> Question | None:
    """The question that is open once the answer to ``before`` is taken back: that one again. In danger of life, which no 返回 ends, it is what the
    hospital needs next (``following``), unless that is what ``before`` asked for."""
    danger = assessment.emergency
    if danger is None or not (assessment.level is Urgency.CRITICAL or danger.first):
        return before
    needed = before is not None and (before.code in OWN_QUESTIONS or before == danger.question)
    return before if needed else following


def place_unknown(text: str) -> bool:
    """不清楚, tapped or in other words."""
    return _UNKNOWN_SAID.fullmatch(text.strip()) is not None


def names_place(text: str, reading: Reading) -> bool:
    """Whether an answer to where the patient is can be a place. Many village names are ordinary words, so whatever is not plainly something
    else counts; a time, yes or no, an age, or what hurts does not, unless a word for a place stands beside it."""
    said = text.strip()
    if _TIME_ALONE.fullmatch(said) or _ANSWER_ALONE.fullmatch(said):
        return False
    tells_else = bool(reading.findings or reading.measurements) or reading.person.age_days is not None or said.startswith(("没", "不"))
    return not tells_else or _PLACE_WORDS.search(said) is not None


def place_missed(facts: Facts, assessment: Assessment) -> Facts:
    """Facts after an answer to the place that named none: it is asked again, of somebody in despair only once more."""
    in_despair = assessment.emergency is not None and bool(assessment.emergency.first)
    if in_despair and PLACE_MISSED in facts.asked:
        return facts
    left = tuple(code for code in facts.asked if code not in (PLACE.code, PLACE_MISSED))
    return facts.model_copy(update={"asked": (*left, PLACE_MISSED)})


def onset_told(facts: Facts, text: str, assessment: Assessment) -> Facts:
    """Facts that know that the time of onset was told before it was asked for."""
    asks = "" if assessment.emergency is None else assessment.emergency.ask_next or ""
    if "什么时候开始" not in asks or DETAIL_CODE in facts.asked or not _TIME_ALONE.fullmatch(text.strip()):
        return facts
    return facts.model_copy(update={"asked": (*facts.asked, DETAIL_CODE)})


def emergency_question(assessment: Assessment, facts: Facts, *, place_known: bool) -> Question | None:
    """The one thing to ask next: what the rule asks at once, where the patient is, then what the rule asks for (the time of onset). Each once;
    the place again where something else was said."""
    if assessment.emergency is None:
        return None
    at_once = assessment.emergency.question
    if at_once is not None and at_once.code not in facts.asked:
        return at_once
    if assessment.level is Urgency.CRITICAL and not place_known and PLACE.code not in facts.asked:
        if facts.person.child_speaking:
            return PLACE_OF_A_CHILD
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
