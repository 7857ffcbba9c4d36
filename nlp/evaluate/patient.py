"""An automatic patient: knows a few sentences about himself and nothing else.

He finds out what a question is about by what its choices would tell, and what his sentences can answer by reading each alone; he answers in these
very sentences, never in words of his own, and says 不清楚 to the rest. What the reader does not understand in a sentence he does not tell either.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property

from nlp.interface.assessment import Assessment, Facts, Question
from nlp.interface.engine import ClinicalEngine
from nlp.interface.reading import Person, Reading, Status

UNKNOWN, DENIAL = "不清楚", "没有"
DAYS = {"y": 365.25, "m": 30.4375, "d": 1.0}
_AGE_WORDS = {"y": "岁", "m": "个月", "d": "天"}
_SEX_WORDS = {"male": "男", "female": "女"}
_MOST_QUESTIONS = 40
"""An engine that asks more than this has lost its way; the talk ends."""
_OPENING_FACTS = 2
"""So many sentences are told at once in answer to an open question."""
_PROBES = ("38", "98", "6")
_OF_MEASURE = {"temperature": "fever", "stools_per_day": "diarrhoea"}
"""Who is asked for the one tells the other: 38度3 answers 发烧吗."""
_EXACT = re.compile("(?:秒|分钟|刻钟|小时|钟头|天|日|周|星期|礼拜|月|年)")
_ONSET = re.compile(
    "开始|开头|已经|大概|差不多|到现在|现在|左右|一直|慢慢|就是|的事|有|从|就|是|都|快|起|才|的|了|前|多|来|吧|里|这样|也|也就|个|半|[,。、!?\\s]"
    "|\uff0c"
)


@dataclass(frozen=True)
class Vignette:
    """One told case. ``level``: as the file calls it; ``departments``: names of any list, empty where the file has none."""

    id: str
    level: str
    age: float | None
    age_unit: str
    sex: str | None
    speaker: str
    opening: str
    facts: tuple[str, ...]
    departments: tuple[str, ...]

    @property
    def age_days(self) -> int | None:
        return None if self.age is None else round(self.age * DAYS[self.age_unit])

    @property
    def age_said(self) -> str:
        return "" if self.age is None else f"{self.age:g}{_AGE_WORDS[self.age_unit]}"


@dataclass(frozen=True)
class Told:
    """What a text or the answers to a question can tell: codes of findings and conditions, measurements, attributes of the person."""

    codes: frozenset[str] = frozenset()
    conditions: frozenset[str] = frozenset()
    measures: frozenset[str] = frozenset()
    person: frozenset[str] = frozenset()
    duration: bool = False

    def __or__(self, other: Told) -> Told:
        return Told(
            self.codes | other.codes,
            self.conditions | other.conditions,
            self.measures | other.measures,
            self.person | other.person,
            self.duration or other.duration,
        )


def told(reading: Reading) -> Told:
    """What ``reading`` tells of the patient himself."""
    mine = [finding for finding in (*reading.findings, *reading.conditions) if finding.subject == "patient"]
    return Told(
        codes=frozenset(finding.code for finding in mine),
        conditions=frozenset(finding.code for finding in reading.conditions if finding.subject == "patient"),
        measures=frozenset(measured.code for measured in reading.measurements),
        person=frozenset(key for key, value in reading.person.model_dump().items() if value is not None and key != "relation"),
        duration=any(finding.duration_hours is not None for finding in mine),
    )


def asked_for(engine: ClinicalEngine, question: Question) -> Told:
    """What the answers to ``question`` can tell, found by giving each of them."""
    found = told(engine.read("没有", answering=question)) | told(engine.read("有", answering=question))
    for choice in question.choices:
        if choice.code != "unknown":
            found |= told(engine.read("", answering=question, choice=choice.code))
    for number in _PROBES:
        probe = told(engine.read(number, answering=question))
        found |= Told(measures=probe.measures - told(engine.read(number)).measures, person=probe.person & {"age_days"})
    return found


@dataclass
class Patient:
    """Answers for ``vignette``. Nothing is drawn by lot: the same question always gets the same answer."""

    engine: ClinicalEngine
    vignette: Vignette

    @cached_property
    def _relation(self) -> str | None:
        return self.engine.read(self.vignette.opening).person.relation

    @cached_property
    def _read(self) -> tuple[tuple[str, Reading], ...]:
        """The sentences that are about the patient, as read alone."""
        readings = ((fact, self.engine.read(fact)) for fact in self.vignette.facts)
        own = {None, self._relation or "self"}
        return tuple((fact, reading) for fact, reading in readings if reading.person.relation in own)

    def answer(self, question: Question, *, nothing_known: bool = False, told_before: Collection[str] = ()) -> str | None:
        """The sentences that answer ``question``; None for 不清楚. ``nothing_known``: nothing was understood so far. Asked in the open he tells what
        troubles him and was not ``told_before``, a few sentences, as far as he knows words for it, and not what he has not."""
        if nothing_known or question.is_open:
            return "；".join([fact for fact, reading in self._read if _complains(reading) and fact not in told_before][:_OPENING_FACTS]) or None
        wanted = asked_for(self.engine, question)
        pieces = []
        if self.vignette.age is not None and "age_days" in wanted.person:
            pieces.append(self.vignette.age_said)
        if self.vignette.sex is not None and "sex" in wanted.person:
            pieces.append(_SEX_WORDS[self.vignette.sex])
        pieces += [fact for fact, reading in self._read if self._answers(fact, reading, question, wanted)]
        return "；".join(pieces) or None

    def _answers(self, fact: str, reading: Reading, question: Question, wanted: Told) -> bool:
        said = told(reading)
        known = said.codes | {_OF_MEASURE[code] for code in said.measures if code in _OF_MEASURE}
        if known & wanted.codes or said.measures & wanted.measures or (wanted.conditions and said.conditions):
            return True
        if wanted.person & {"pregnant", "pregnancy_weeks"} and said.person & {"pregnant", "pregnancy_weeks"}:
            return True
        return wanted.duration and not said.codes and self._tells_since_when(fact, question)

    def _tells_since_when(self, fact: str, question: Question) -> bool:
        """Whether ``fact`` says how long and next to nothing else (三个钟头前开始的), so that it is an answer and no other story (昨天打了球)."""
        timed = [finding for finding in self.engine.read(fact, answering=question).findings if finding.duration_hours is not None]
        if not timed:
            return False
        length = timed[0].span.text
        rest = _ONSET.sub("", fact.replace(length, "", 1))
        return len(rest) <= (2 if _EXACT.search(length) else 1) and not rest.startswith(("隔", "每"))


def _complains(reading: Reading) -> bool:
    return bool(reading.measurements) or any(finding.status is Status.PRESENT and finding.subject == "patient" for finding in reading.findings)


@dataclass(frozen=True)
class Talk:
    """A whole dialogue: what was asked and answered, what the facts came to, and the assessment at its end."""

    vignette: Vignette
    turns: tuple[tuple[Question, str], ...]
    facts: Facts
    assessment: Assessment

    @property
    def questions(self) -> int:
        return len(self.turns)


@dataclass
class Interviewer:
    """Leads ``engine`` through a talk. ``knows_person``: age and sex stand in the record; else they are told when asked for.

    ``denies_the_rest``: what the facts do not tell is denied instead of left open, as if the case had been told whole.
    """

    engine: ClinicalEngine
    knows_person: bool = True
    denies_the_rest: bool = False
    most: int = field(default=_MOST_QUESTIONS)

    def talk(self, vignette: Vignette) -> Talk:
        patient = Patient(self.engine, vignette)
        person = Person(age_days=vignette.age_days, sex=vignette.sex) if self.knows_person else Person()
        facts = self.engine.merge(Facts(person=person), self.engine.read(vignette.opening))
        turns: list[tuple[Question, str]] = []
        while len(turns) < self.most and (question := self.engine.next_question(facts)) is not None:
            told_before = {fact for _, said in turns for fact in said.split("；")}
            said = patient.answer(question, nothing_known=not (facts.findings or facts.measurements), told_before=told_before)
            if said is None and self.denies_the_rest:
                said = DENIAL
            reading = self.engine.read(said or UNKNOWN, answering=question, choice=None if said else "unknown")
            facts = self.engine.merge(facts, reading, answered=question)
            turns.append((question, said or UNKNOWN))
        return Talk(vignette, tuple(turns), facts, self.engine.assess(facts))
