"""What is said first in danger: what it may be, what to do now, and how that changes with who is there, who speaks and what was taken on purpose."""

from __future__ import annotations

import re

from nlp.interface.assessment import Emergency, Question
from nlp.interface.urgency import Urgency

from . import advice
from .case import Case
from .inquiry import crisis_question, for_who_speaks, purpose_question, question_text, speaking, wanted_to_die
from .knowledge import Rule, table
from .spoken import put_to, to_child

_ALONE = ("alone_now", "alone_far")
_FIRST = "打 120"
_GO, _BE_TAKEN = "现在就去急诊", "现在就叫人送您去急诊,没人送就打 120"
_BY_OTHERS = re.compile("[,;]?(?:身边|旁边)(?:一直)?(?:要)?(?:留|有)(?:个)?人(?:看着|陪着|守着)?|[,;]?(?:守着|看着)他?(?:,[^;]*)?$")
"""What somebody else would have to do."""


def emergency(case: Case, level: Urgency | None) -> Emergency | None:
    """What to say first of ``case`` at ``level``; None where no danger is named. Of several rules at the worst level the first in the file speaks."""
    if level not in (Urgency.CRITICAL, Urgency.EMERGENT):
        return None
    rule = next(iter(speaking(case)), None)
    found = _said(rule, case, level)
    if found is None or found.first:
        return found
    if rule is not None and rule.taken:
        found = _perhaps_on_purpose(found, case, level)
    return _to_whom(found, case, level)


def _said(rule: Rule | None, case: Case, level: Urgency) -> Emergency | None:
    if level is Urgency.CRITICAL and (rule is None or rule.level is not Urgency.CRITICAL):
        now = tuple(line for line in rule.do_now if not line.startswith(_FIRST)) if rule else advice.CRITICAL_DO_NOW
        return Emergency(
            rule=rule.id if rule else "critical_level",
            suspected=rule.suspected if rule else "危急情况",
            do_now=(_FIRST, *now),
            do_not=rule.do_not if rule else advice.CRITICAL_DO_NOT,
        )
    if rule is not None and rule.first:
        return _comfort(rule, case, level)
    if rule is None or not rule.suspected:
        return None  # what to do then stands in the advice
    asks = question_text(rule.ask_next, case)
    asks = asks and put_to(asks, case.facts.person)
    headline = _headline(rule, level)
    return Emergency(rule=rule.id, suspected=rule.suspected, headline=headline, do_now=rule.do_now, do_not=rule.do_not, ask_next=asks)


def _headline(rule: Rule, level: Urgency) -> str:
    """The rule's own first line; for who must go now and whose rule does not begin with the ambulance, that he must go. Else empty: 120."""
    if rule.headline or level is Urgency.CRITICAL or any(line.startswith(_FIRST) for line in rule.do_now):
        return rule.headline
    return f"这可能是{rule.suspected},{_GO}。"


def _comfort(rule: Rule, case: Case, level: Urgency) -> Emergency:
    """What is said to somebody who thinks of ending his life, or to who speaks of him: kind first, then help, then one question."""
    at = "critical" if level is Urgency.CRITICAL else "emergent"
    grown_up = (table("red_flags.toml")["child_speaking"][at],) if case.child_speaking else ()
    return Emergency(
        rule=rule.id,
        suspected=rule.suspected,
        do_now=(*grown_up, *(_to(case, line) for line in rule.do_now)),
        do_not=rule.do_not,
        first=_to(case, rule.first_of_other if _of_other(case) else rule.first),
        question=_asked(case, crisis_question(case, level)),
        calls=tuple(reversed(table("red_flags.toml")["on_purpose"]["calls"])),
    )


def _of_other(case: Case) -> bool:
    return case.facts.person.relation not in (None, "self")


def _alone_now(case: Case) -> bool:
    return any(code in case.present for code in _ALONE)


def _to(case: Case, text: str) -> str:
    return to_child(text) if case.child_speaking else text


def _asked(case: Case, question: Question | None) -> Question | None:
    return question and for_who_speaks(question, case)


def _perhaps_on_purpose(found: Emergency, case: Case, level: Urgency) -> Emergency:
    """Poison or pills were taken on purpose, or nobody said how: 120, then kind words, company and the numbers, and the one question that tells."""
    shown = wanted_to_die(case)
    if shown is False:
        return found
    of_other = _of_other(case)
    texts = table("red_flags.toml")["on_purpose"]
    said = ("shown" if shown else "open") + ("_of_other" if of_other else "")
    company = () if of_other or _alone_now(case) else (texts["company"],)
    return found.model_copy(
        update={
            "comfort": _to(case, texts[said]),
            "do_now": (*found.do_now, *company, texts["means"], texts["lines"]),
            "calls": tuple(texts["calls"]),
            "question": _asked(case, crisis_question(case, level) if shown else purpose_question(case)),
        }
    )


def _to_whom(found: Emergency, case: Case, level: Urgency) -> Emergency:
    """``found`` for who is alone, for who speaks of somebody that is alone, and for a child that writes itself."""
    alone = _alone_now(case)
    now, texts = list(found.do_now), table("red_flags.toml")
    extra: list[str] = []
    at = "critical" if level is Urgency.CRITICAL else "emergent"
    if case.child_speaking:
        extra.append(texts["child_speaking"][at])
    if alone and _of_other(case):
        extra.append(texts["alone"]["of_other"])
    elif alone:
        extra += texts["alone"][at]
        now = [line for line in (_alone(line) for line in now) if line]
    if not extra:
        return found
    place = 1 if now and now[0].startswith(_FIRST) else 0
    now[place:place] = extra
    return found.model_copy(
        update={
            "headline": _to(case, found.headline.replace(_GO, _BE_TAKEN) if alone and not _of_other(case) else found.headline),
            "do_now": tuple(_to(case, line) for line in now),
            "do_not": tuple(_to(case, line) for line in found.do_not),
            "alone": alone and not _of_other(case),
        }
    )


def _alone(line: str) -> str:
    """``line`` as one does it alone; empty where only another could."""
    if line.startswith(_FIRST):
        return line
    return _BY_OTHERS.sub("", line).strip(",; ").replace("让他", "").replace("给他", "给您").replace("看到他", "觉得")
