"""One text in, one Reading out: matching, scope, subject, times, measurements and answers put together."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from nlp.interface.reading import Finding, Measurement, Person, Reading, Span, Status

from . import answers, asides, context
from .answers import AnswerGuide, Effects, Short
from .clauses import Clause, clauses
from .lexicon import Kin, lexicon
from .matching import mentions
from .measures import measurements
from .normal import NormalText, normalise
from .people import Named, Told, carried, named, told
from .scope import Scoped, course_in, scoped, severity_near
from .times import Length, lengths
from .urgency import urgency_said
from .words import WordBoundaries

_RANK = {Status.PRESENT: 2, Status.UNCERTAIN: 1, Status.ABSENT: 0}
_DISTANT = frozenset(["neighbour", "friend", "family", "third"])
_RECENT_HOURS = 60 * 24
_CHILD_YEARS = 15
UNSAID = ""
"""The subject of a part in which nobody is named."""


@dataclass
class _Notes:
    """What was found while reading, before it is known whom the talk is about."""

    findings: list[tuple[str, Finding]] = field(default_factory=list)
    conditions: list[tuple[str, Finding]] = field(default_factory=list)
    measurements: list[tuple[str, Measurement]] = field(default_factory=list)
    told: list[tuple[str, Told]] = field(default_factory=list)
    kin: dict[str, Kin] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    """The relations of whom only the dead are named."""
    for_self: bool = False
    """Whether the speaker says that he asks for himself."""


class Reader:
    """Reads texts. Holds the word boundaries; everything else is pure."""

    def __init__(self, cache_folder: Path | None = None) -> None:
        lex = lexicon()
        self._boundaries = WordBoundaries(frozenset(word for word in (*lex.surfaces, *lex.blocked, *lex.people) if len(word) > 1), cache_folder)

    def warm(self) -> None:
        self._boundaries.warm()
        self.read("胸口有点闷,不发烧,有点晕")

    def read(
        self, original: str, *, guide: AnswerGuide | None = None, choice: str | None = None, age_open: bool = False, beside: bool = True
    ) -> Reading:
        """Understand ``original``, as an answer when ``guide`` is given; ``choice`` is a tapped code. ``age_open``: the talk is of a child whose
        age is not known yet. ``beside``: whoever has it as well (老公也有脚气) is told of beside the patient; without it he is the patient."""
        whole = normalise(original)
        text = asides.without_curses(whole)
        code = choice if choice is not None else (answers.chosen(text, guide) if guide else None)
        if guide and code == "unknown":
            return Reading()
        if guide and code in guide.choices:
            return _with_effects(Reading(), guide.choices[code][1], text.span(0, len(text.text)), guide)
        reading = self._words(text, guide, age_open=age_open, beside=beside)
        findings = context.without_asked_transfer(context.without_idle(reading.findings, text), text)
        reading = reading.model_copy(update={"findings": findings})
        years = reading.person.age_years
        if (guide and guide.of_child) or (years < _CHILD_YEARS if years is not None else reading.person.relation == "child"):
            reading = reading.model_copy(update={"findings": context.of_child(reading.findings)})
        if context.is_crisis(reading.findings):
            reading = reading.model_copy(update={"findings": context.in_crisis(reading.findings, text)})
        reading = context.with_purpose(text, reading, asked=guide is not None and guide.purpose)
        if guide and guide.crisis:
            reading = context.crisis_answer(text, reading)
        if guide:
            reading = _as_answer(reading, text, guide)
            if answers.short_answer(text, after_age=guide.expects == "age") is not None:
                return reading
        return _with_asides(reading, text, cursed=text is not whole)

    def _words(self, text: NormalText, guide: AnswerGuide | None, *, age_open: bool, beside: bool) -> Reading:
        parts = clauses(text)
        people = named(text)
        before = carried(text, parts, people)
        gone = frozenset(person.kin.relation for person in people) - {person.kin.relation for person in people if not person.gone}
        notes = _Notes(kin={person.kin.relation: person.kin for person in people}, gone=gone)
        expecting_age = guide is not None and guide.expects == "age"
        timed = guide is not None and bool(guide.duration_of)  # 多久了? 三个月
        said = told(text, expecting_age=expecting_age, of_child=age_open and not timed)
        notes.told = [(_whose(item.start, parts, people, before), item) for item in said]
        found = scoped(text, parts, mentions(text, self._boundaries), answering=guide is not None)
        times = lengths(text, [(item.start, item.end) for item in said if item.what in ("age", "weeks")])
        loose = _note_findings(notes, text, parts, people, before, found, times)
        expects = guide.expects if guide else None
        place = {origin: index for index, origin in reversed(list(enumerate(text.origins)))}
        for measured in measurements(text, expects):
            start = place.get(measured.span.start, 0)
            notes.measurements.append((_whose(start, parts, people, before), measured))
        notes.for_self = _FOR_SELF.search(text.text) is not None
        reading = _about_one(notes, people, beside=beside)
        if guide and guide.duration_of and loose:
            reading = _with_duration(reading, guide.duration_of, loose[0], text)
        urgency = urgency_said(text)
        nothing = not (reading.findings or reading.conditions or reading.measurements or urgency or reading.person != Person())
        unclear = nothing and not answers.is_greeting(text) and bool(text.text)
        return reading.model_copy(update={"urgency_said": urgency, "not_understood": unclear})


def _whose(position: int, parts: tuple[Clause, ...], people: list[Named], before: dict[int, Kin | None]) -> str:
    """The relation of the person that the words at ``position`` concern; UNSAID when nobody was named."""
    clause = next((part for part in parts if part.holds(position)), None)
    if clause is None:
        return UNSAID
    here = [person for person in people if clause.holds(person.start) and person.kin.relation != "third"]
    earlier = [person for person in here if person.start <= position]
    if earlier:
        return earlier[-1].kin.relation
    kin = before[clause.index]
    if kin is None and here and not here[0].crowd:
        return here[0].kin.relation  # 两岁的女儿
    return kin.relation if kin else UNSAID


def _note_findings(
    notes: _Notes,
    text: NormalText,
    parts: tuple[Clause, ...],
    people: list[Named],
    before: dict[int, Kin | None],
    found: list[Scoped],
    times: list[Length],
) -> list[Length]:
    """File every mention under its subject; returns the lengths of time that no mention took."""
    lex = lexicon()
    told_here = [item for item in found if not item.asked]
    duration, loose = _durations(text, parts, told_here, times)
    course = _courses(text, parts, told_here, times)
    for item in told_here:
        mention = item.mention
        if item.past and mention.code in lex.words("says_of_another"):
            continue  # 后来好了, said of an old illness
        finding = Finding(
            code=mention.code,
            term=lex.terms[mention.code],
            status=Status.ABSENT if _over(text.text, item) else item.status,
            span=text.span(mention.start, mention.end),
            duration_hours=length.hours if (length := duration.get(item.clause.index)) else None,
            duration_words=length.words if length else None,
            course=course[item.clause.index],
            severity=severity_near(text.text, mention.start, mention.end, item.clause),
        )
        whose = _whose(mention.start, parts, people, before)
        hours = finding.duration_hours
        old = item.past or (hours is not None and hours > _RECENT_HOURS)
        if mention.code in lex.conditions and not (old and mention.code in lex.words("only_recent")):
            notes.conditions.append((whose, finding))
        elif item.past or mention.code in lex.conditions:
            notes.conditions.append((whose, finding.model_copy(update={"code": f"past_{mention.code}", "term": f"以前有过{finding.term}"})))
        else:
            notes.findings.append((whose, finding))
    return loose


@cache
def _ends() -> dict[str, re.Pattern[str]]:
    return {code: re.compile("|".join(forms)) for code, forms in lexicon().scope["over"].items()}


_RELIEF = re.compile(
    "[^。！？]{0,12}?(?:坐|歇|躺|缓|睡|休息|喝|揉|吹)[^。！？]{0,12}?就(?:都|全)?(?:没事|没得事|好|不[痛疼晕昏渴痒]|过去)(?:了|哒)(?=$|[，。；！？])"
    "|[^。！？]{0,12}?(?:吃|用|抹|擦|打|搽)[^。！？]{0,10}?(?:已经|就|都|现在)+(?:退|消|好|不痒)(?:了|哒)(?=$|[，。；！？])"
    "|[^。！？]{0,16}?[，](?:现在|后来|已经|后头|今天|这会儿?)?(?:早)?(?:就|都|也|已经|全)*(?:好|没事|没得事)(?:了|哒)(?=$|[，。；！？])"
)
"""坐一会喝口茶就好了, 早就好了: what passed with a rest or a drug, or is said to be over."""
_WENT = re.compile("刚才|刚刚|当时|先头|开头|头先|那阵")
_WELL_NOW = re.compile("(?:现在|人|这会儿?)(?:也|都|已经|就)*(?:清醒|好|没事|没得事|缓过来)(?:了|哒)")
_FIERCE = re.compile("突然|忽然|一下子|猛|炸|从没|从来没|最[痛疼]|摔|撞|磕|碰|打(?:到|了|着)|烤火|炭|煤|中毒|药")
_AGAIN_AFTER = re.compile("又|还是|再|过后|反复|老|总|经常|每")


def _over(content: str, item: Scoped) -> bool:
    """Whether what follows tells that it is over (现在不拉了), for the findings that are no danger then."""
    mention, lex = item.mention, lexicon()
    end = _ends().get(mention.code)
    if end is not None and end.search(content, mention.end) is not None:
        return True
    if mention.code in lex.words("over_when_well") and _WENT.search(content, item.clause.start, mention.start) and _WELL_NOW.search(content):
        return True
    if mention.code not in lex.words("over_at_rest"):
        return False
    if _FIERCE.search(content, item.clause.start, item.clause.end) or severity_near(content, mention.start, mention.end, item.clause) == "severe":
        return False  # 头痛得像炸开，躺了一会就好了 may be a bleeding
    relief = _RELIEF.match(content, mention.end)
    around = content[item.clause.start : relief.end() if relief else mention.end]
    return relief is not None and _AGAIN_AFTER.search(around) is None and course_in(around) != "recurrent"


_UNWELL = "unwell"
"""恼火得很 names nothing where something else is named."""


def _with_findings(found: list[Scoped], parts: tuple[Clause, ...]) -> set[int]:
    """The clauses that name something of their own."""
    attributes = lexicon().words("says_of_another")
    naming = [item for item in found if item.mention.code not in attributes]
    return {item.clause.index for item in naming if item.mention.code != _UNWELL} or {item.clause.index for item in naming}


def _nearest(clause: Clause, parts: tuple[Clause, ...], named: set[int]) -> int | None:
    """The clause that a length of time in ``clause`` belongs to: the last one before it that names something, at most four back, else the next."""
    for index in range(clause.index - 1, max(clause.index - 5, -1), -1):
        if parts[index].sentence != clause.sentence and index != clause.index - 1:
            break
        if index in named:
            return index
    return clause.index + 1 if clause.index + 1 in named else None


def _courses(text: NormalText, parts: tuple[Clause, ...], found: list[Scoped], times: list[Length]) -> dict[int, str | None]:
    """The course that holds in each clause: its own words, those of a sudden beginning just before, or those of an illness that came back."""
    conditions = lexicon().conditions
    named = _with_findings([item for item in found if item.mention.code not in conditions], parts)
    old_illness = {item.clause.index for item in found if item.mention.code in conditions}
    course: dict[int, str | None] = {}
    previous: tuple[int, str | None] = (-1, None)
    for part in parts:
        own = course_in(text.text[part.start : part.end])
        if own is None and previous[0] == part.sentence:
            sudden = previous[1] == "sudden" and not any(part.holds(time.start) for time in times)
            again = previous[1] == "recurrent" and part.index - 1 in old_illness - named
            own = previous[1] if sudden or again else None
        course[part.index] = own
        previous = (part.sentence, own)
    _course_told_after(text, parts, course, named)
    return course


_AGAIN = re.compile("犯(?!困|恶心|愁|糊涂|迷糊|错)|发作|复发|疼|痛|烧|这样|咳|痒|肿|来|反|时好时坏|好一阵|一阵|断断续续|经常|偶尔|反复|有时"
    "|消|缩|早上轻|晚上重")
"""Words by which what comes again and again can be what was named before."""


def _course_told_after(text: NormalText, parts: tuple[Clause, ...], course: dict[int, str | None], named: set[int]) -> None:
    """头疼两小时，越来越重: a course in a clause that names nothing is that of what was named last, at most three clauses before; that
    something comes again and again (每年都犯) is said of all that was named there."""
    for part in parts[1:]:
        told = course[part.index]
        if told is None or told == "sudden" or part.index in named or (told == "recurrent" and not _AGAIN.search(text.text[part.start : part.end])):
            continue
        for before in range(part.index - 1, max(part.index - 4, -1), -1):
            if parts[before].sentence != part.sentence:
                break
            if before in named:
                known = course[before]
                course[before] = _later(known, told)
                if told != "recurrent":
                    break


def _later(known: str | None, told: str | None) -> str | None:
    """Of two courses of one thing in the order in which they were told: the first, but what was better and came back is not better."""
    return told if known is None or (known == "improving" and told in ("recurrent", "worsening")) else known


def _durations(text: NormalText, parts: tuple[Clause, ...], found: list[Scoped], times: list[Length]) -> tuple[dict[int, Length], list[Length]]:
    """Length by clause index; a length in a clause without findings goes to the clause before it, else to the one after."""
    with_findings = _with_findings([item for item in found if item.status is not Status.ABSENT], parts)
    attributed = {item.clause.index for item in found if item.status is not Status.ABSENT}
    new = [item for item in found if item.status is not Status.ABSENT and item.mention.code not in lexicon().conditions]
    acute = _with_findings(new, parts)
    result: dict[int, Length] = {}
    loose: list[Length] = []
    for time in times:
        clause = next((part for part in parts if part.holds(time.start)), None)
        if clause is None:
            continue
        target: int | None = clause.index
        if clause.index not in with_findings:
            free = with_findings - result.keys()
            if time.hours < _LONG and free & acute:
                free &= acute  # 有房颤，十五分钟了: a short time is that of what is new
            target = _nearest(clause, parts, free)
            if target is not None and time.exact and not _bare(text.text, clause, time) and not _lasting(text.text, parts[target]):
                target = None  # 大便七天没解，肚子胀: the time is of what its own clause tells
            if target is None and clause.index in attributed:
                target = clause.index  # 从早上就一直痛 answers for a pain that was named before
            loose.append(time)
        if target is not None:
            result[target] = max(result.get(target, time), time, key=lambda length: length.hours)
    for lifelong in _LIFELONG.finditer(text.text):
        at = next((part.index for part in parts if part.holds(lifelong.start())), 0)
        told_of = at if at in with_findings else at - 1 if at - 1 in with_findings else None
        if told_of is not None:
            result.setdefault(told_of, Length(_LIFELONG_HOURS, lifelong.start(), lifelong.end(), False, lifelong[0]))
    return result, loose


_LIFELONG = re.compile(
    "从小就?(?:是|这样|有|如此)|天生(?:的|就)|打小就?(?:是|这样|有)|(?:生下来|出生)就(?:是|这样|有)的?(?=[，。；！？]|$)|(?<=[病风梗症瘫痹炎伤])(?:留|落)下的"
    "|老样子|后遗症"
)
"""What has been so for years: no illness of today, unless it came suddenly or gets worse."""
_LIFELONG_HOURS = 24.0 * 365 * 5
_LONG = 24 * 7
"""Hours from which a length of time may be that of a long-standing illness."""
_BESIDE_A_TIME = re.compile("已经|差不多|大概|大约|开始|左右|以来|得病|病了|难受|不舒服|不得劲|最近"
    "|一直|大夫|医生|你好|您好|[有了的这近前来多内里起从就快都约咧哩哒嘞个我俺额他她也是过，]")


def _bare(content: str, clause: Clause, time: Length) -> bool:
    """Whether the clause of ``time`` tells next to nothing else (三天了, 这半个月)."""
    rest = content[clause.start : time.start] + content[time.end : clause.end]
    return len(_BESIDE_A_TIME.sub("", rest)) <= _LITTLE


def _lasting(content: str, clause: Clause) -> bool:
    """三天前喝了羊肉汤，疼到现在: it has gone on since then."""
    return _TO_NOW.search(content[clause.start : clause.end]) is not None


_TO_NOW = re.compile("到(?:现在|这会|今天|如今|而今|今儿|今早|眼下)")
_LITTLE = 3
"""Characters beside a time that tell of nobody's illness (a word for a person)."""


_FOR_SELF = re.compile("(?:我|俺)(?:自己)?(?:就?是|就|只|想|来){1,3}问(?:的是)?(?:我|俺)|(?:给|替|帮|问)(?:我|俺)(?:自己|自个)")
"""嫂子怀孕吐得厉害，我是来问我自己."""


def also_told_of(original: str) -> bool:
    """Whether somebody is told of who has it as well: it may be told beside, or he is the one who is ill."""
    return "也" in original and any(person.also for person in named(asides.without_curses(normalise(original))))


def _principal(notes: _Notes, people: list[Named], *, beside: bool) -> str:
    """Whom the talk is about: the one with acute findings; the speaker before others, a neighbour only if nobody else is ill. ``beside``: who has
    it as well is not the one, but for a child, who has it now from whom it was told before; without it he is the one."""
    order = list(dict.fromkeys([UNSAID, "self", *(person.kin.relation for person in people)]))
    around = lexicon().words("around_the_patient")
    felt = [(whose, finding) for whose, finding in notes.findings if finding.status is not Status.ABSENT and finding.code not in around]
    ill = {whose for whose, _ in felt} | {whose for whose, _ in notes.measurements}
    also_ill = {person.kin.relation for person in people if person.also and person.kin.relation not in ("self", "child", "third")}
    if not beside and ill & also_ill:
        return next(relation for relation in order if relation in ill & also_ill)
    with_them = also_ill if beside else set()
    ill -= with_them
    if notes.for_self and "self" in ill:
        return "self"
    if beside and "child" in ill and any(person.also and person.kin.relation == "child" for person in people) and not ill & {"self", UNSAID}:
        return "child"
    others = [relation for relation in order if relation not in (UNSAID, "self", *_DISTANT, *notes.gone, *with_them)]
    described = [whose for whose, _ in notes.told if whose in others]
    helpless = [whose for whose, finding in notes.findings if whose in others and finding.code in _helpless() and finding.status is not Status.ABSENT]
    if helpless and "self" not in ill:
        return helpless[0]  # 一家人都头痛，我妈叫不醒: who cannot speak for himself comes first
    if ill & set(others):
        near = [relation for relation in others if relation in ill]
        if not ill & {"self", UNSAID} or (described and "self" not in ill):
            return near[0]
        counts = {relation: sum(whose == relation for whose, _ in notes.findings) for relation in near}
        best = max(near, key=lambda relation: (counts[relation], relation))
        own = sum(whose in ("self", UNSAID) and finding.code not in around for whose, finding in notes.findings)
        return best if counts[best] > own else "self"
    if ill & {"self", UNSAID}:
        with_conditions = {whose for whose, _ in notes.conditions}
        silent = [relation for relation in others if relation not in with_conditions]
        if "self" not in ill and (described or silent) and "self" not in {whose for whose, _ in notes.told}:
            return (described or silent)[0]
        return "self"
    if ill:
        own = any(whose == "self" for whose, _ in (*notes.told, *notes.findings))
        if own and ill <= notes.gone:
            return "self"  # 我姐送医院了，我也怀起6周
        return next(relation for relation in order if relation in ill)
    if others and "self" not in notes.kin:
        spoken_of = {whose for whose, _ in notes.findings}
        of_others = spoken_of | {whose for whose, _ in notes.conditions}
        if not described and UNSAID in spoken_of and not spoken_of & set(others) and of_others & set(others):
            return "self"  # 没有发烧，也不咳嗽，我妈有高血压
        return described[0] if described else others[0]
    return described[0] if described else "self"


def _helpless() -> tuple[str, ...]:
    return lexicon().words("cannot_speak")


def _about_one(notes: _Notes, people: list[Named], *, beside: bool) -> Reading:
    """The reading seen from the person it is about: their findings get the subject "patient", others keep their relation."""
    principal = _principal(notes, people, beside=beside)
    # an unnamed part belongs to the one the talk is about
    mine = {principal, UNSAID} | ({"third"} if principal not in ("self",) else set())

    def subject(whose: str) -> str:
        return "patient" if whose in mine else whose

    kin = next((person.kin for person in people if person.kin.relation == principal), None)
    sexes = {person.kin.sex for person in people if person.kin.relation == principal and person.kin.sex}
    attributes: dict[str, object] = {"relation": principal if kin else None, "sex": next(iter(sexes)) if len(sexes) == 1 else None}
    for whose, item in notes.told:
        if whose not in mine:
            continue
        if item.what == "age":
            attributes["age_days"] = math.ceil(float(item.value))
        elif item.what == "weeks":
            attributes["pregnancy_weeks"] = int(item.value)
        else:
            attributes[item.what] = item.value
    around = lexicon().words("around_the_patient")
    theirs = [(whose if finding.code not in around else UNSAID, finding) for whose, finding in notes.findings]
    findings = _merged([_of_subject(finding, subject(whose)) for whose, finding in theirs])
    if "pregnant" not in attributes and attributes["sex"] != "male" and any(map(_tells_pregnancy, findings)):
        attributes["pregnant"] = True
    if attributes.get("pregnant"):
        attributes["sex"] = "female"
    if attributes["sex"] is None:
        theirs = [(whose, condition) for whose, condition in notes.conditions if subject(whose) == "patient"]
        own = [*findings, *(condition.model_copy(update={"subject": "patient"}) for _, condition in theirs)]
        attributes["sex"] = _sex_told_by(own, child=principal == "child")
    return Reading(
        person=Person.model_validate(attributes),
        findings=findings,
        conditions=_merged([_of_subject(finding, subject(whose)) for whose, finding in notes.conditions]),
        measurements=tuple(measured for whose, measured in notes.measurements if subject(whose) == "patient"),
    )


def _sex_told_by(found: list[Finding], *, child: bool) -> str | None:
    """The sex of whoever has what only women or only men have."""
    own = {finding.code for finding in found if finding.subject == "patient" and finding.status is not Status.ABSENT}
    if child:
        own -= set(lexicon().words("of_the_mother"))
    female, male = (bool(own & set(lexicon().words(name))) for name in ("only_female", "only_male"))
    return None if female == male else "female" if female else "male"


def _tells_pregnancy(finding: Finding) -> bool:
    """Whether nobody but a pregnant woman has it (孕吐)."""
    return finding.subject == "patient" and finding.status is Status.PRESENT and finding.code in lexicon().words("only_pregnant")


def _of_subject(finding: Finding, subject: str) -> Finding:
    return finding if finding.subject == subject else finding.model_copy(update={"subject": subject})


def _merged(found: list[Finding]) -> tuple[Finding, ...]:
    """One finding a code and subject; within one text what is present outweighs what is denied."""
    kept: dict[tuple[str, str], Finding] = {}
    for finding in found:
        key = (finding.code, finding.subject)
        other = kept.get(key)
        if other is None:
            kept[key] = finding
            continue
        first, second = (finding, other) if _RANK[finding.status] > _RANK[other.status] else (other, finding)
        if first.status is second.status:
            longest = max((first, second), key=lambda f: f.duration_hours or 0.0)
            first = first.model_copy(
                update={
                    "duration_hours": longest.duration_hours,
                    "duration_words": longest.duration_words,
                    "course": _later(other.course, finding.course),
                    "severity": first.severity or second.severity,
                }
            )
        kept[key] = first
    return tuple(kept.values())


def _with_duration(reading: Reading, codes: tuple[str, ...], time: Length, text: NormalText) -> Reading:
    """The length of time answers for ``codes``; what the text says of them otherwise stays."""
    span = text.span(time.start, time.end)
    known = {finding.code: finding for finding in reading.findings if finding.subject == "patient"}
    extra = [
        Finding(code=code, term=lexicon().terms[code], status=Status.PRESENT, span=span, duration_hours=time.hours, duration_words=time.words)
        for code in codes
        if code not in known
    ]
    kept = [
        finding.model_copy(update={"duration_hours": time.hours, "duration_words": time.words} if finding.duration_hours is None else {})
        if finding.code in codes and finding.status is not Status.ABSENT and finding.subject == "patient"
        else finding
        for finding in reading.findings
    ]
    return reading.model_copy(update={"findings": (*kept, *extra)})


def _with_meant(reading: Reading, text: NormalText, guide: AnswerGuide) -> Reading:
    """``reading`` with what short clauses mean as the answer to what was asked (绿的, 比手掌小); what the words say by themselves has priority."""
    lex = lexicon()
    said = {finding.code for finding in (*reading.findings, *reading.conditions) if finding.subject == "patient"}
    added: dict[str, Finding] = {}
    for clause in clauses(text):
        for code, absent in answers.meant(text.text[clause.start : clause.end], guide):
            if code not in said and (code not in added or not absent):
                status = Status.ABSENT if absent else Status.PRESENT
                added[code] = Finding(code=code, term=lex.terms[code], status=status, span=text.span(clause.start, clause.end))
    if not added:
        return reading
    return reading.model_copy(update={"findings": (*reading.findings, *added.values()), "not_understood": False})


def _as_answer(reading: Reading, text: NormalText, guide: AnswerGuide) -> Reading:
    reading = _with_meant(reading, text, guide)
    short = answers.short_answer(text, after_age=guide.expects == "age")
    if short is None:
        return reading
    span = text.span(0, len(text.text))
    reading = reading.model_copy(update={"not_understood": False})
    if short is Short.NO:
        return _with_effects(reading, guide.no, span, guide)
    # a bare 有 names no one of several: the words that follow decide, otherwise it is asked which, and all stay possible
    if short is Short.YES and not any(f.status is not Status.ABSENT for f in (*reading.findings, *reading.conditions)):
        if guide.danger and len(guide.yes.uncertain) > 1 and not guide.yes.present:
            return reading.model_copy(update={"one_of": guide.yes.uncertain})
        return _with_effects(reading, guide.yes, span, guide)
    return reading


def _with_asides(reading: Reading, text: NormalText, *, cursed: bool) -> Reading:
    """``reading`` with what it is beside an answer. A person named in a text that tells nothing of anybody is dropped with the curse."""
    asking = asides.asks_diagnosis(text)
    # 是不是肺炎啊 tells of no illness that he has
    illness = any(condition.status is not Status.UNCERTAIN or not asking for condition in reading.conditions)
    told = bool(reading.findings or illness or reading.measurements or reading.urgency_said) or _describes(reading.person)
    if told:
        return reading.model_copy(update={"asks_diagnosis": True}) if asking else reading
    if cursed or asking:
        return Reading(abusive=cursed, asks_diagnosis=asking)
    if reading.not_understood and asides.is_foreign(text):
        return Reading(foreign=True)
    return reading


def _describes(person: Person) -> bool:
    """Whether more than who it is was said: age or pregnancy."""
    return person.age_days is not None or person.pregnant is not None or person.pregnancy_weeks is not None


def _with_effects(reading: Reading, effects: Effects, span: Span, guide: AnswerGuide) -> Reading:
    """``reading`` with what the answer tells; what was said in words has priority."""
    lex = lexicon()
    said = {(finding.code, finding.subject) for finding in (*reading.findings, *reading.conditions)}
    findings, conditions = list(reading.findings), list(reading.conditions)
    for codes, status in ((effects.present, Status.PRESENT), (effects.uncertain, Status.UNCERTAIN), (effects.absent, Status.ABSENT)):
        for code in codes:
            if (code, "patient") not in said:
                target = conditions if code in lex.conditions else findings
                target.append(Finding(code=code, term=lex.terms[code], status=status, span=span, implied=True))
    if effects.duration_hours is not None:
        hours, said_so = effects.duration_hours, effects.duration_words
        findings += [
            Finding(code=code, term=lex.terms[code], status=Status.PRESENT, span=span, duration_hours=hours, duration_words=said_so, implied=True)
            for code in guide.duration_of
        ]
    person = reading.person.model_copy(
        update={
            key: value
            for key, value in (("age_days", effects.age_days), ("age_words", effects.age_words), ("sex", effects.sex), ("pregnant", effects.pregnant))
            if value is not None and getattr(reading.person, key) is None
        }
    )
    return reading.model_copy(update={"findings": tuple(findings), "conditions": tuple(conditions), "person": person})
