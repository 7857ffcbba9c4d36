"""The level: the worst single finding, raised by modifiers, never lowered; with reasons, emergency advice and departments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from nlp.interface.assessment import Alarm, Assessment, Reason
from nlp.interface.urgency import Urgency, more_severe

from . import advice, vitals
from .candidates.joined import candidates
from .case import Case, MildestCase
from .emergency import emergency
from .expressions import Evidence
from .firing import fired
from .inquiry import OpenDanger, least_left, missing_minimum, next_question, not_ruled_out, open_dangers
from .knowledge import Modifier, Rule, Settled, citation, complaints, expression, modifiers, settled
from .routing import departments
from .spoken import to_child
from .wording import age_words, evidence_words, finding_words

_GOOD_STATE = expression("good_state")
_ORDER = list(reversed(Urgency))
"""Mildest first."""


@dataclass
class Judgement:
    """What the rules say of one case, before it is put into words."""

    level: Urgency | None = None
    fired: list[tuple[Rule, Evidence]] = field(default_factory=list)
    signs: list[vitals.VitalSign] = field(default_factory=list)
    modifiers: list[tuple[Modifier, Evidence]] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)
    unanswered: bool = False
    named: list[tuple[str, Urgency]] = field(default_factory=list)
    """What gives a level by itself: not who he is, and no danger that was merely not ruled out."""

    def level_of_rule(self, rule: Rule) -> Urgency:
        """The level of ``rule``, the provisional one replaced where what was said settled it."""
        return _mildest([rule.level, *(one.level for one in self.settled if rule.id in one.rules)])

    def named_levels(self, case: Case) -> list[tuple[str, Urgency]]:
        """What gives a level, by name, with the level: rules, measurements, single findings."""
        of_rules = [(rule.id, self.level_of_rule(rule)) for rule, _ in self.fired]
        alone = [(f"alone.{code}", level) for code in case.complaints if (level := self.level_alone(code)) is not None]
        return [*of_rules, *((sign.rule, sign.level) for sign in self.signs), *alone]

    def level_alone(self, code: str) -> Urgency | None:
        """The level of the finding ``code`` by itself, likewise; None where it has none."""
        alone = complaints()[code].level
        return alone and _mildest([alone, *(one.level for one in self.settled if code in one.findings)])

    def sources_alone(self, code: str) -> tuple[str, ...]:
        """What that level rests on: what settled it, where it was settled, else what stands beside the finding."""
        own, level = complaints()[code], self.level_alone(code)
        return own.sources if level is own.level else next(one.sources for one in self.settled if code in one.findings and one.level is level)


def _mildest(levels: list[Urgency]) -> Urgency:
    return min(levels, key=lambda level: level.severity)


def raised(level: Urgency, upto: Urgency = Urgency.CRITICAL) -> Urgency:
    """One level up, at most ``upto``; a level already above ``upto`` stays."""
    if level.severity >= upto.severity:
        return level
    return _ORDER[_ORDER.index(level) + 1]


_NOTE = "judgement"


def level(case: Case) -> Urgency | None:
    """The level of ``case`` by the rules; None while nothing gives one."""
    return judge(case).level


def judge(case: Case) -> Judgement:
    """What the rules say of ``case``; worked out once for a case."""
    found = case.notes.get(_NOTE)
    if not isinstance(found, Judgement):
        found = case.notes[_NOTE] = _judged(case)
    return found


def _judged(case: Case) -> Judgement:
    """Apply every rule. Unknown is never normal; only raises."""
    judgement = Judgement()
    judgement.fired = list(fired(case))
    judgement.signs = vitals.signs(case)
    judgement.settled = [one for one in settled() if one.when(case) is not None]
    named = judgement.named_levels(case)
    judgement.named = named
    levels = [level for _, level in named]
    dangers = open_dangers(case)
    sounded = not levels and any(one.asked.is_suspicion for one in dangers)
    if sounded:
        levels = [Urgency.URGENT]  # it sounded like a danger, nobody said that it is none, and nothing else is known
    if not levels:
        return judgement
    level = more_severe(levels)
    judgement.modifiers = [(modifier, evidence) for modifier in modifiers() if (evidence := modifier.when(case)) is not None]
    if judgement.modifiers:
        level = max((raised(level, modifier.upto) for modifier, _ in judgement.modifiers), key=lambda item: item.severity)
    if level is Urgency.SELF_CARE:
        dangers = tuple(one for one in dangers if not one.asked.is_suspicion)
    reached = _with_dangers(level, dangers, well=_GOOD_STATE(case) is not None)
    judgement.unanswered = reached is not level or sounded
    level = reached
    judgement.level = level
    return judgement


def _red_flag(judgement: Judgement, case: Case, *, asks_on: bool) -> str:
    """By what he must be seen now, the worst first. While one ``asks_on``: what stays, whatever may still be denied of its rule."""
    confided = [rule for rule, _ in judgement.fired if rule.in_confidence]
    untold = {rule.id for rule in confided} | {f"alone.{code}" for rule in confided for code in rule.when.codes}
    found = [one for one in judgement.named if one[1].severity >= Urgency.EMERGENT.severity and one[0] not in untold]
    if found and asks_on:
        rules = [rule for rule, _ in judgement.fired if rule.level is Urgency.EMERGENT]
        may_fall = {rule.id for rule in rules if rule.when(MildestCase.of(case, rule.when.codes)) is None}
        found = [one for one in found if one[0] not in may_fall]
    return max(found, key=lambda one: one[1].severity)[0] if found else ""


def _with_dangers(level: Urgency, dangers: Sequence[OpenDanger], *, well: bool) -> Urgency:
    """``level`` with ``dangers``, asked and not ruled out: at least what the table says of them, and one level up, to emergent at most, where one of
    them was asked because of the complaint he came with. What one treats oneself rises by the table alone; who is ``well`` (eats, walks, plays as
    usual) is no emergency by a mere possibility."""
    least = least_left(dangers) or level
    of_complaint = any(one.of_complaint and not one.waits for one in dangers)
    mere = raised(level, Urgency.URGENT if well else Urgency.EMERGENT) if of_complaint and level is not Urgency.SELF_CARE else level
    return more_severe([level, mere, least])


def assess(case: Case, engine: str) -> Assessment:
    """The assessment of ``case``; ``engine`` names the version of rules and lexicon."""
    facts = case.facts
    judgement = judge(case)
    question = next_question(case, judgement.level)
    complete = judgement.level is Urgency.CRITICAL or (question is None and judgement.level is not None)
    level = judgement.level
    if level is not None and level.severity <= Urgency.ROUTINE.severity and not complete and missing_minimum(case):
        level = None
    return Assessment(
        level=level,
        complete=complete,
        reasons=_reasons(judgement, case),
        departments=departments(case, level, [rule for rule, _ in judgement.fired]) if judgement.level or facts.leaning else (),
        emergency=emergency(case, judgement.level),
        red_flag=_red_flag(judgement, case, asks_on=question is not None),
        advice=_advice(judgement, case) if level else (),
        candidates=candidates(case),
        engine=engine,
    )


def alarm(case: Case) -> Alarm:
    """Of what ``assess`` says the danger alone: no department, advice or candidate is worked out."""
    judgement = judge(case)
    asks_on = next_question(case, judgement.level) is not None
    return Alarm(
        critical=judgement.level is Urgency.CRITICAL, emergency=emergency(case, judgement.level), red_flag=_red_flag(judgement, case, asks_on=asks_on)
    )


def _advice(judgement: Judgement, case: Case) -> tuple[str, ...]:
    lines = advice.advice(case, judgement.level, [rule for rule, _ in judgement.fired])
    if (danger := emergency(case, judgement.level)) is not None and danger.alone:
        lines = tuple(line.replace("身边不要离人;", "") for line in lines)
    return tuple(to_child(line) for line in lines) if case.child_speaking else lines


def _reasons(judgement: Judgement, case: Case) -> tuple[Reason, ...]:
    """The rules at the level found first, then what raised it; each once, in the patient's own words."""
    found: list[Reason] = []
    levels = [judgement.level_of_rule(rule) for rule, _ in judgement.fired]
    worst = max([level.severity for level in levels] + [sign.level.severity for sign in judgement.signs], default=0)
    for (rule, evidence), level in zip(judgement.fired, levels, strict=True):
        if level.severity == worst or level.severity >= Urgency.URGENT.severity:
            found.append(
                Reason(text=evidence_words(evidence, case) or rule.title, rule=rule.id, source=citation(rule.sources), signed=bool(rule.signed_by))
            )
    for sign in sorted(judgement.signs, key=lambda sign: -sign.level.severity):
        words = evidence_words(sign.evidence, case) + (f"({sign.note})" if sign.note else "")
        found.append(Reason(text=words, rule=sign.rule, source=citation(sign.sources)))
    for modifier, evidence in judgement.modifiers:
        found.append(
            Reason(
                text=evidence_words(evidence, case) or modifier.title,
                rule=modifier.id,
                source=citation(modifier.sources),
                signed=bool(modifier.signed_by),
            )
        )
    for code, finding in case.complaints.items():  # what is as bad by itself is not left out beside the rules
        alone, words = judgement.level_alone(code), finding_words(finding, case.measured)
        as_bad = alone is not None and alone.severity >= max(worst, Urgency.URGENT.severity)
        if found and as_bad and not any(words in reason.text for reason in found):
            found.append(Reason(text=words, rule=f"alone.{code}", source=citation(judgement.sources_alone(code))))
    if not found:
        found = [
            Reason(text=finding_words(finding, case.measured), rule=f"alone.{code}", source=citation(judgement.sources_alone(code)))
            for code, finding in case.complaints.items()
        ]
    if judgement.unanswered:
        open_still = "".join(not_ruled_out(case)[:2])
        found.append(Reason(text=f"没有问清楚「{open_still}」,按可能有来算", rule="unanswered_danger", source=citation(("DESIGN",))))
    if (age := age_words(case)) and found and not any(age in reason.text for reason in found):
        found.append(Reason(text=age, rule="person.age", source=citation(("DESIGN",))))
    return _without_repeats(found)


def _bare(word: str) -> str:
    """One thing said, without its score; a temperature is the same whether it is called that or fever."""
    return word.partition("(NEWS2")[0].replace("体温 ", "发烧 ")


def _without_repeats(found: list[Reason]) -> tuple[Reason, ...]:
    """Leave out what earlier reasons already said word for word."""
    said: set[str] = set()
    kept: list[Reason] = []
    for reason in found:
        words = [word for word in reason.text.split("、") if _bare(word) not in said]
        if words:
            said |= {_bare(word) for word in words}
            kept.append(reason.model_copy(update={"text": "、".join(words)}))
    return tuple(kept)
