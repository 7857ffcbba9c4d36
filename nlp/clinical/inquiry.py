"""The next best question: danger first, one at a time, never what is already said, never twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nlp.interface.assessment import Choice, Question
from nlp.interface.inquiry import NO, YES
from nlp.interface.reading import Finding, Reading, Status
from nlp.interface.urgency import Urgency, more_severe
from nlp.language.answers import AnswerGuide, Effects
from nlp.language.context import CRISIS
from nlp.language.lexicon import lexicon

from .asked import UNKNOWN, Asked, Option, questions
from .asking import finding_of, limits, single_guide, single_question
from .case import Case
from .firing import fired
from .following_up import worth_asking
from .knowledge import Rule, known_codes, table
from .spoken import put_to, to_child
from .weighing import sex_matters, single_to_ask

_CHEST = ("chest_pain", "chest_tightness")


def _limits() -> tuple[int, int]:
    data = table("questions.toml")
    return data["limit"], data["limit_when_emergent"]


_LIMIT, _LIMIT_WHEN_EMERGENT = _limits()


def _known(code: str, case: Case) -> bool:
    if not code.startswith("@"):
        return case.knows(code)
    person = case.facts.person
    chronic = any(condition.code not in lexicon().passing for condition in case.facts.conditions)
    if code == "@age":
        return person.age_days is not None
    if code == "@chronic":
        return chronic
    if code == "@age_or_chronic":
        return person.age_days is not None or chronic
    if code == "@sex":
        return person.sex is not None
    if code == "@weeks":
        return person.pregnancy_weeks is not None
    if code == "@duration:any":
        return any(finding.duration_hours is not None for finding in case.complaints.values())
    if code == "@duration:chest":
        return any(case.present[finding].duration_hours is not None for finding in (*_CHEST, "lasting_over_10_minutes") if finding in case.present)
    if code.startswith("@duration:"):
        finding = case.present.get(code.removeprefix("@duration:"))
        return finding is not None and finding.duration_hours is not None
    return code[1:] in case.measured


def _open(asked: Asked, case: Case) -> bool:
    """Whether ``asked`` may be asked now."""
    if not _called_for(asked, case) or _settled(asked, case) or _asked_in_vain(asked, case):
        return False
    if asked.is_suspicion:
        return True
    nothing = not case.complaints and not case.measured and not _suspicion_left(case)
    if asked.only_when_nothing_said != nothing:
        return False
    return not (asked.only_without_danger_question and _danger_called_for(case))


def _suspicion_left(case: Case) -> bool:
    """Whether the words sound like a danger that has not been asked about."""
    return bool(case.suspected) and any(other.is_suspicion and _open(other, case) for other in questions().values())


def _danger_called_for(case: Case) -> bool:
    """Whether there is a danger question of its own for what was said."""
    own = (other for other in questions().values() if other.danger and not other.only_without_danger_question and not other.is_suspicion)
    return any(_called_for(other, case) for other in own)


def _called_for(asked: Asked, case: Case) -> bool:
    """Whether its condition holds; looked at once for a case."""
    seen = case.notes.setdefault(_CALLED_FOR, {})
    assert isinstance(seen, dict)  # noqa: S101 - nobody else writes it
    if asked.code not in seen:
        seen[asked.code] = asked.when(case) is not None
    return bool(seen[asked.code])


_ALWAYS = frozenset(["complaint", "child_age", "sex", "state", "age_chronic", "age"])
"""Who it is and what is the matter: asked whenever it is open. The other questions that rule out no danger must promise to change something."""
_MORE = "more"
COMPLAINT = "complaint"
_NOTE, _CALLED_FOR, _ALREADY = "next question", "questions called for", "questions asked"


def next_question(case: Case, level: Urgency | None) -> Question | None:
    """The next question at ``level``; None when enough is known. In danger only what the hospital needs, then no more.

    Danger first (questions.toml, by priority), then what it is since when and whom it concerns, then the findings of which most is expected.
    """
    if _NOTE not in case.notes:
        case.notes[_NOTE] = _in_danger(case, level) if level in (Urgency.CRITICAL, Urgency.EMERGENT) else _in_peace(case, level)
    found = case.notes[_NOTE]
    return for_who_speaks(found, case) if isinstance(found, Question) else None


def for_who_speaks(question: Question, case: Case) -> Question:
    """``question`` as it is put to a child that writes itself, not to its mother, and to an old person who speaks for himself. No code changes."""
    person = case.facts.person
    if not (person.child_speaking or person.elder_speaking):
        return question
    choices = tuple(choice.model_copy(update={"label": put_to(choice.label, person)}) for choice in question.choices)
    return question.model_copy(update={"text": put_to(question.text, person), "choices": choices})


def asked_so_far(case: Case) -> int:
    """Questions asked, without what is remembered of unclear answers."""
    return sum(1 for code in case.facts.asked if base_code(code) not in _MARKS)


def _in_peace(case: Case, level: Urgency | None) -> Question | None:
    so_far = asked_so_far(case)
    if so_far >= _LIMIT:
        again = (asked for asked in questions().values() if asked.code in _already(case) and _open(asked, case))
        if unclear := next(again, None):
            return as_question(unclear, case)
    else:
        written = (asked for asked in questions().values() if _open(asked, case))
        found = next((one for one in written if one.danger or one.code in _ALWAYS or worth_asking(one, case, level, so_far)), None)
        if found is not None:
            return as_question(found, case)
    if so_far >= limits().most:
        return None
    if "sex" not in _already(case) and not case.is_child and sex_matters(case):
        return as_question(questions()["sex"], case)
    if level is not None and _MORE not in _already(case):
        return as_question(questions()[_MORE], case)  # what else troubles somebody he knows better than any guess
    single = single_to_ask(case, level, _asked_for(case), so_far)
    return single_question(single, _who(case)) if single else None


def _asked_for(case: Case) -> frozenset[str]:
    """The findings that were asked for, whatever came back."""
    found: set[str] = set()
    for code in case.facts.asked:
        if (finding := finding_of(code)) is not None:
            found.add(finding)
        elif (asked := questions().get(base_code(code))) is not None:
            found.update(asked.about)
            found.update(of for option in asked.options.values() for of in option.of)
    return frozenset(found)


def crisis_question(case: Case, level: Urgency) -> Question | None:
    """What is asked at once of somebody who may harm himself: whether he is alone, then what lies near; in danger of life no more."""
    if level is Urgency.CRITICAL and case.knows("alone_now"):
        return None
    found = (asked for asked in questions().values() if asked.crisis and asked.when(case) is not None and not _settled(asked, case))
    return as_question(asked, case) if (asked := next(found, None)) else None


def _in_danger(case: Case, level: Urgency) -> Question | None:
    """The one thing the hospital needs first; below critical also what could still make it worse."""
    if (crisis := crisis_question(case, level)) is not None:
        return crisis
    if level is Urgency.CRITICAL and next((rule.taken for rule in speaking(case)), False) and (purpose := purpose_question(case)) is not None:
        return purpose
    needed = next((rule.ask_next for rule in speaking(case) if rule.ask_next), None)
    if needed and not _settled(questions()[needed], case):
        return as_question(questions()[needed], case)
    dangers_asked = sum(1 for code in _already(case) if code in questions() and questions()[code].danger)
    if level is Urgency.CRITICAL:
        return None
    specific = [asked for asked in questions().values() if asked.code == "child_age" or (asked.danger and not asked.only_without_danger_question)]
    unclear = [asked for asked in specific if asked.code in _already(case)]  # asked once more even when enough was asked
    found = next((asked for asked in (unclear if dangers_asked >= _LIMIT_WHEN_EMERGENT else specific) if _open(asked, case)), None)
    return as_question(found, case) if found else None


_PURPOSE = "on_purpose"
_YEARS_OF_PURPOSE = 10
"""Of younger children nobody asks whether they wanted to die."""


def wanted_to_die(case: Case) -> bool | None:
    """Of somebody who swallowed poison: whether he said so; None where it is open."""
    if any(code in case.present for code in CRISIS):
        return True
    years = case.facts.person.age_years
    young = years is not None and years < _YEARS_OF_PURPOSE
    return False if young or "suicidal" in case.absent else None


def purpose_question(case: Case) -> Question | None:
    """Whether it was swallowed on purpose; None when that is known or was asked before."""
    return as_question(questions()[_PURPOSE], case) if wanted_to_die(case) is None and _PURPOSE not in _already(case) else None


def speaking(case: Case) -> list[Rule]:
    """The rules of danger that hold, the one that speaks first: the worst, among these those that may say what is suspected."""
    found = [rule for rule, _ in fired(case) if rule.level.severity >= Urgency.EMERGENT.severity]
    return sorted(found, key=lambda rule: (-rule.level.severity, not rule.suspected))


def _settled(asked: Asked, case: Case) -> bool:
    """Whether nothing is left to ask: all known, or asked before (a danger question whose answer was unclear is asked once more)."""
    if asked.about and all(_known(code, case) for code in asked.about):
        return True
    if asked.code in _already(case):
        return not (asked.danger and _mark(UNCLEAR, asked.code) in case.facts.asked and not _asked_again(asked, case))
    elsewhere = {code for option in asked.options.values() if _of_other_sex(option, case) for code in option.of}
    findings = [code for code in asked.about if not code.startswith("@") and code not in elsewhere]
    return asked.danger and bool(findings) and not _left(asked, case) and all(_known(code, case) for code in findings)


UNCLEAR, NOT_KNOWN, WHICH = "unclear", "unknown", "which"
"""Marks on a danger question: its answer said nothing of it, said nothing twice, or was a bare 有 that left open which of several signs."""
_MARKS = frozenset([UNCLEAR, NOT_KNOWN, WHICH])
_AGAIN = "again"


def _mark(kind: str, code: str) -> str:
    return f"{kind}:{code}"


def _asked_again(asked: Asked, case: Case) -> bool:
    return any(base_code(code) == asked.code and _AGAIN in _named(code) for code in case.facts.asked)


def answered(before: tuple[str, ...], question: Question, reading: Reading) -> tuple[str, ...]:
    """The codes of ``Facts.asked`` after ``reading`` answered ``question``: of a danger question that it says nothing of, with a note of that."""
    found = before if question.code in before else (*before, question.code)
    asked = questions().get(base_code(question.code))
    if asked is None or not asked.danger:
        return found
    codes = {code for _, effects in asked.guide.choices.values() for code in (*effects.present, *effects.absent)} | set(asked.about)
    if any(finding.code in codes and finding.subject == "patient" for finding in reading.findings):
        return found
    if asked.duration_of is not None and any(finding.duration_hours is not None for finding in reading.findings):
        return found
    marks = [_mark(NOT_KNOWN if reading == Reading() or _AGAIN in _named(question.code) else UNCLEAR, asked.code)]
    names_signs = any(words in question.text for words in ("有没有", "是不是", "您说有"))
    marks += [_mark(WHICH, asked.code)] if reading.one_of and names_signs else []
    return (*found, *(mark for mark in marks if mark not in found))


def _left(asked: Asked, case: Case) -> tuple[Option, ...]:
    """The choices that still ask something of this person: what was said, yes or no, is not asked again."""

    def idle(option: Option) -> bool:
        if _of_other_sex(option, case):
            return True
        known = [_known(code, case) for code in option.of]
        return bool(known) and (any(known) if option.both else all(known))

    return tuple(option for option in asked.options.values() if option.of and not idle(option))


def _of_other_sex(option: Option, case: Case) -> bool:
    """Whether ``option`` asks a woman for what only men have, or the other way round; it is asked where the sex is not known."""
    return option.sex is not None and case.facts.person.sex not in (None, option.sex)


def _asked_in_vain(asked: Asked, case: Case) -> bool:
    """Whether age and long illness were asked together and nothing came back: who does not know is not asked for each again."""
    return asked.code in ("age", "chronic") and "age_chronic" in _already(case) and not _known("@age_or_chronic", case)


def base_code(code: str) -> str:
    """The code in questions.toml: what stands before the findings that the question is about (duration:headache)."""
    return code.partition(":")[0]


def _already(case: Case) -> frozenset[str]:
    found = case.notes.get(_ALREADY)
    if not isinstance(found, frozenset):
        found = case.notes[_ALREADY] = frozenset(base_code(code) for code in case.facts.asked)
    return found


def _who(case: Case) -> str:
    person = case.facts.person
    if case.child_speaking:
        return "你"
    if case.is_child:
        return "孩子"
    if person.relation in (None, "self"):
        return "您"
    return "她" if person.sex == "female" else "他"


def as_question(asked: Asked, case: Case) -> Question:
    again = asked.danger and asked.code in _already(case)
    targets = (*_targets(asked, case), *((_AGAIN,) if again else ()))
    code = f"{asked.code}:{','.join(targets)}" if targets else asked.code
    text, choices = _text(asked, case), _choices(asked, case)
    if again and _mark(WHICH, asked.code) in case.facts.asked:
        signs = "、".join(f"「{choice.label}」" for choice in choices if choice.code not in ("none", UNKNOWN.code))
        text = f"您说有,是哪一样?{signs}"
    elif again:
        text = f"这一条要紧,再问一次:{text}"
    return Question(code=code, text=text, choices=choices, rules_out_danger=asked.danger, is_open=asked.is_open)


def _text(asked: Asked, case: Case) -> str:
    """The words of the question without what was already said."""
    phrases = [option.asks for option in _left(asked, case) if option.asks]
    listed = "、".join(phrases[:-1]) + ",或者" + phrases[-1] if len(phrases) > 1 else "".join(phrases)
    pieces = [piece.text for piece in asked.pieces if not all(_known(code, case) for code in piece.of)]
    text = asked.text if len(pieces) == len(asked.pieces) or not pieces else "".join(pieces)
    text = text.replace("{asks}", listed).replace("{who}", _who(case))
    return to_child(text) if case.child_speaking else text


def _choices(asked: Asked, case: Case) -> tuple[Choice, ...]:
    """The choices without those for what was already said; "none" then denies the rest and no more."""
    left = {option.code for option in _left(asked, case)}
    dropped = {option.code for option in asked.options.values() if option.of} - left
    if not dropped:
        return asked.choices
    kept = [choice for choice in asked.choices if choice.code not in dropped]
    return tuple(Choice(code="none", label="没有" if len(left) == 1 else "都没有") if choice.code == "none" else choice for choice in kept)


def _named(code: str) -> tuple[str, ...]:
    """What stands behind the code of a question."""
    return tuple(code.partition(":")[2].split(","))


def _targets(asked: Asked, case: Case) -> tuple[str, ...]:
    """The findings that a bare length of time in the answer belongs to, where they depend on the case."""
    if asked.duration_of not in ("main", "chest"):
        return ()
    present = tuple(code for code, finding in case.complaints.items() if finding.duration_hours is None) or tuple(case.complaints)
    chest = tuple(code for code in _CHEST if code in case.complaints)
    return chest if asked.duration_of == "chest" and chest else present[:6]


def question_text(code: str | None, case: Case) -> str | None:
    """The words of the one thing the hospital needs, or None when it was already said or asked."""
    if code is None or _settled(questions()[code], case):
        return None
    return as_question(questions()[code], case).text


def missing_minimum(case: Case) -> bool:
    """Whether something that could still mean danger, or the age, was neither said nor asked."""
    who = ("complaint", "child_age", "state", "age_chronic", "age")
    return any(_open(asked, case) for asked in questions().values() if asked.danger or asked.code in who)


@dataclass(frozen=True, slots=True)
class OpenDanger:
    """A danger question that was asked and not answered, and the level it leaves possible at least; None where the table knows none for this case.

    ``of_complaint``: asked because of what the person came with, not of everybody, nor of a mere suspicion, nor of what he added when asked for more.
    ``waits``: it was answered with a bare 有, and which of its signs is there is being asked."""

    asked: Asked
    least: Urgency | None
    of_complaint: bool
    waits: bool = False


def open_dangers(case: Case) -> tuple[OpenDanger, ...]:
    """The danger questions that were asked and not answered, in the order they were asked."""
    marked = {code.partition(":")[2] for code in case.facts.asked if base_code(code) == NOT_KNOWN}
    found: list[OpenDanger] = []
    came_with = True
    for code in dict.fromkeys(base_code(code) for code in case.facts.asked):
        came_with = came_with and code != _MORE
        asked = questions().get(code)
        if asked is None or not asked.danger or asked.when(case) is None or all(_known(about, case) for about in asked.about):
            continue
        waits = _mark(UNCLEAR, code) in case.facts.asked and not _asked_again(asked, case)
        which = _mark(WHICH, code) in case.facts.asked
        if waits and not which:
            continue  # it will be asked once more; till then nothing is raised that could not be taken back
        concerned = {*asked.about, *(finding for option in asked.options.values() for finding in option.of)}
        if not any(_known(about, case) for about in concerned) or (code in marked and _left(asked, case)):
            least = next((unclear.level for unclear in asked.unclear if unclear.when(case) is not None), None)
            levels = [level for level in (least if not waits else None, _mildest_sign(asked, case) if which else None) if level is not None]
            of_complaint = came_with and not asked.only_without_danger_question and not asked.is_suspicion
            found.append(OpenDanger(asked, more_severe(levels) if levels else None, of_complaint, waits))
    return tuple(found)


def _mildest_sign(asked: Asked, case: Case) -> Urgency | None:
    """What any one of the signs that ``asked`` names would raise the case to at least, up to emergent: one of them is there, nobody said which."""
    levels = [option.raises for option in _left(asked, case) if option.raises is not None]
    return min((*levels, Urgency.EMERGENT), key=lambda level: level.severity) if levels else None


def least_left(dangers: Sequence[OpenDanger]) -> Urgency | None:
    """The worst of the levels that ``dangers`` leave possible; None where none of them has one."""
    return more_severe(found) if (found := [one.least for one in dangers if one.least is not None]) else None


def not_ruled_out(case: Case) -> tuple[str, ...]:
    """The danger questions that were asked and not answered and that matter most here, as they would be asked now."""
    dangers = open_dangers(case)
    worst = least_left(dangers)
    texts = [_text(one.asked, case) for one in dangers if one.least is worst]
    return tuple(text.rpartition("。")[2] or text for text in texts)  # the question without what was said to comfort


def asks_for(question: Question) -> tuple[str, ...]:
    """The findings that ``question`` asks for, in order."""
    if (finding := finding_of(question.code)) is not None:
        return (finding,)
    asked = questions().get(base_code(question.code))
    if asked is None:
        return ()
    offered = {choice.code for choice in question.choices}
    of = [code for option in asked.options.values() if option.code in offered for code in option.of]
    return tuple(dict.fromkeys(code for code in (*asked.about, *of) if code in known_codes()))


def owns_to_a_child(question: Question, findings: Sequence[Finding]) -> bool:
    """Whether something that ``question`` asks of a child alone was answered to be there: then it is a child, said or not."""
    asked = questions().get(base_code(question.code))
    if asked is None or not asked.guide.of_child:
        return False
    return any(finding.code in asks_for(question) and finding.status is Status.PRESENT for finding in findings)


def taken(question: Question, answer: str) -> tuple[str, str | None]:
    """``answer`` as (words, choice): the code of a choice, yes, no and unknown, or words."""
    offered = {choice.code for choice in question.choices}
    if answer in offered:
        return "", answer
    if answer == NO:
        return ("", "none") if "none" in offered else ("没有", None)
    return ("有", None) if answer == YES else (answer, None)


def guide(question: Question) -> AnswerGuide | None:
    """How to take the answer to ``question``; None for a question that is not ours."""
    asked = questions().get(base_code(question.code))
    if asked is None:
        return single_guide(question.code)
    named = tuple(code for code in _named(question.code) if code in known_codes())
    targets = named or ((asked.duration_of,) if asked.duration_of in known_codes() else ())
    offered = {choice.code: choice.label for choice in question.choices}
    idle = {code for option in asked.options.values() if option.of and option.code not in offered for code in option.of}
    idle -= {code for option in asked.options.values() if option.code in offered for code in option.of}

    def rest(effects: Effects) -> Effects:
        """``effects`` for what this question still asks."""
        present, absent, uncertain = (
            tuple(code for code in codes if code not in idle) for codes in (effects.present, effects.absent, effects.uncertain)
        )
        return replace(effects, present=present, absent=absent, uncertain=uncertain)

    plain = asked.guide
    yes = rest(plain.yes)
    if len(yes.uncertain) == 1 and not yes.present:
        yes = replace(yes, present=yes.uncertain, uncertain=())
    choices = {  # by the label as it was shown: who types it means that choice
        code: (offered.get(code, label), rest(effects) if code == "none" else effects) for code, (label, effects) in plain.choices.items()
    }
    return replace(plain, choices=choices, no=rest(plain.no), yes=yes, duration_of=targets)
