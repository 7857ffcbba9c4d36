"""The clinical engine: the reader of nlp.language and the rules of nlp.clinical behind nlp.interface.ClinicalEngine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nlp.clinical import department_model, inquiry, suspicion, triage
from nlp.clinical.candidates import joined
from nlp.clinical.case import Case
from nlp.clinical.knowledge import rule_sets
from nlp.interface.assessment import Alarm, Assessment, Facts, Question
from nlp.interface.candidates import Worked
from nlp.interface.engine import RuleSet
from nlp.interface.inquiry import Step
from nlp.interface.reading import Finding, Measurement, Person, Reading, Status, Suspicion
from nlp.interface.urgency import Urgency, more_severe
from nlp.language import context
from nlp.language.reader import Reader, also_told_of

NAME = "huizhen-rules"
RELEASE = "1"
_PATIENCE = 40
"""After so many turns a question that is only met with curses is let go."""
_CLEAR = 0.5
"""Words in which nothing was recognised point somewhere only from this probability on."""


class Engine:
    """Pure and deterministic; loads its dictionary on the first text or on ``warm``."""

    def __init__(self, cache_folder: Path | None = None) -> None:
        self._reader = Reader(cache_folder)
        self._latest = Case(Facts())
        digests = "".join(rule_set.digest for rule_set in rule_sets())
        models = f"{department_model.version()} {suspicion.version()}".strip()  # none where they cannot run: decided without them
        self._version = f"{NAME}-{RELEASE}+{_short(digests)}" + (f" models+{_short(models)}" if models else "")

    @property
    def version(self) -> str:
        return self._version

    @property
    def rule_sets(self) -> tuple[RuleSet, ...]:
        return rule_sets()

    def warm(self) -> None:
        """Load the dictionary and the rules now, so that the first person does not wait for them."""
        self._reader.warm()
        department_model.leaning("肚子痛")
        suspicion.suspects("肚子痛")
        step = self.begin("咳嗽三天")
        while step.question is not None:
            step = self.answer(step, "no")

    def read(self, text: str, *, answering: Question | None = None, choice: str | None = None, known: Facts | None = None) -> Reading:
        age_open = known is not None and known.person.age_days is None and Case(known).is_child
        guide = inquiry.guide(answering) if answering else None
        reading = self._reader.read(text, guide=guide, choice=choice if answering else None, age_open=age_open)
        if choice is None and also_told_of(text):
            other = self._reader.read(text, guide=guide, age_open=age_open, beside=False)
            if self._in_danger(other) and not self._in_danger(reading):
                reading = other  # a danger is nobody's aside: 我有点咳，我爸也喘得说不出话
        open_words = answering is None or answering.is_open or inquiry.base_code(answering.code) == inquiry.COMPLAINT
        if not (open_words or reading.not_understood) or choice is not None or reading.is_aside or reading == Reading():
            return reading
        if suspects := suspicion.suspects(text):
            reading = reading.model_copy(update={"suspects": suspects, "not_understood": False})
        if answering is not None:
            return reading
        leaning = department_model.leaning(text)
        if reading.not_understood and (not leaning or leaning[0].probability < _CLEAR):
            return reading
        return reading.model_copy(update={"leaning": leaning})

    def merge(self, facts: Facts, reading: Reading, *, answered: Question | None = None) -> Facts:
        person, others = _person(facts, reading)
        findings, conditions = reading.findings, reading.conditions
        measurements = reading.measurements
        if others is not None:
            findings = tuple(_of(finding, others) for finding in findings)
            conditions = tuple(_of(finding, others) for finding in conditions)
            measurements = ()
        if answered is not None and person.relation is None and person.age_days is None and inquiry.owns_to_a_child(answered, findings):
            person = person.model_copy(update={"relation": "child"})
        if Case(Facts(person=person)).is_child:
            findings = context.of_child(findings)
        if context.is_crisis((*facts.findings, *findings)):
            findings = context.in_crisis(findings)
        asked = facts.asked
        if answered is not None:
            asked = inquiry.answered(asked, answered, reading.model_copy(update={"findings": findings}))
        return Facts(
            person=person,
            findings=_findings(facts.findings, findings),
            measurements=_measurements(facts.measurements, measurements),
            conditions=_findings(facts.conditions, conditions),
            asked=asked,
            urgency_said=_said(facts.urgency_said, reading.urgency_said),
            leaning=department_model.joined(facts.leaning, reading.leaning if others is None else ()),
            suspects=_suspects(facts.suspects, reading.suspects if others is None else ()),
        )

    def assess(self, facts: Facts) -> Assessment:
        return triage.assess(self._case(facts), self._version)

    def alarm(self, facts: Facts) -> Alarm:
        return triage.alarm(self._case(facts))

    def _in_danger(self, reading: Reading) -> bool:
        return triage.level(Case(self.merge(Facts(), reading))) in (Urgency.CRITICAL, Urgency.EMERGENT)

    def work_out(self, facts: Facts, values: Mapping[str, float], examined: Mapping[str, bool]) -> Worked:
        found, states = joined.worked_out(facts, values, examined)
        return Worked(candidates=found, states=states)

    def next_question(self, facts: Facts) -> Question | None:
        case = self._case(facts)
        return inquiry.next_question(case, triage.level(case))

    def begin(self, text: str, *, age_days: int | None = None, sex: str | None = None) -> Step:
        """See :class:`nlp.interface.inquiry.Inquirer`."""
        facts = self.merge(Facts(), self.read(text))
        known = {name: value for name, value in (("age_days", age_days), ("sex", sex)) if value is not None and getattr(facts.person, name) is None}
        if known:
            facts = facts.model_copy(update={"person": facts.person.model_copy(update=known)})
        return self._step(facts, 0)

    def answer(self, step: Step, answer: str) -> Step:
        """See :class:`nlp.interface.inquiry.Inquirer`."""
        question = step.question
        if question is None:
            return step
        text, choice = inquiry.taken(question, answer)
        reading = self.read(text, answering=question, choice=choice, known=step.facts)
        if reading.is_aside and choice is None:  # answers nothing: asked again
            return step.model_copy(update={"turn": step.turn + 1, "question": question if step.turn < _PATIENCE else None})
        return self._step(self.merge(step.facts, reading, answered=question), step.turn + 1)

    def _step(self, facts: Facts, turn: int) -> Step:
        question = self.next_question(facts)
        findings = inquiry.asks_for(question) if question else ()
        return Step(facts=facts, question=question, findings=findings, assessment=self.assess(facts), turn=turn)

    def _case(self, facts: Facts) -> Case:
        """The case of ``facts``; the last one is kept, because who assesses asks for the next question right after."""
        latest = self._latest
        if latest.facts is not facts:
            self._latest = latest = Case(facts)
        return latest


def build(cache_folder: Path | None = None) -> Engine:
    """The engine of this release: a ``ClinicalEngine`` for the practice and an ``Inquirer`` by itself.

    ``cache_folder``: a private folder in which jieba may keep its dictionary between starts."""
    return Engine(cache_folder)


def _short(digests: str) -> str:
    import hashlib

    return hashlib.sha256(digests.encode()).hexdigest()[:12]


def _person(facts: Facts, reading: Reading) -> tuple[Person, str | None]:
    """The person with what is new; second, the relation when the reading is about somebody else than the case (我妈也有高血压)."""
    old, new = facts.person, reading.person
    settled = old.relation is not None and bool(facts.findings)
    if settled and new.relation is not None and new.relation != old.relation and (reading.findings or reading.conditions or reading.measurements):
        return old, new.relation
    update = {key: value for key, value in new.model_dump().items() if value is not None}
    if "age_days" in update:
        update.setdefault("age_words", None)
    return old.model_copy(update=update), None


def _of(finding: Finding, relation: str) -> Finding:
    return finding.model_copy(update={"subject": relation}) if finding.subject == "patient" else finding


def _findings(old: tuple[Finding, ...], new: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """What is later said of the same finding replaces; attributes and the first words stay where the new ones say nothing of them."""
    kept = {(finding.code, finding.subject): finding for finding in old}
    for finding in new:
        key = (finding.code, finding.subject)
        before = kept.get(key)
        if before is not None and before.status is Status.PRESENT and finding.status is Status.ABSENT and finding.implied:
            continue  # 都没有 is said of the rest, not of what was said before
        if before is not None and before.status is not Status.ABSENT and finding.status is not Status.ABSENT:
            lasting = finding if finding.duration_hours is not None else before
            finding = finding.model_copy(
                update={
                    "span": before.span if before.span.text else finding.span,
                    "duration_hours": lasting.duration_hours,
                    "duration_words": lasting.duration_words,
                    "course": finding.course or before.course,
                    "severity": finding.severity or before.severity,
                }
            )
        kept[key] = finding
    return tuple(kept.values())


def _suspects(old: tuple[Suspicion, ...], new: tuple[Suspicion, ...]) -> tuple[Suspicion, ...]:
    """Each danger once; what sounded strongly like it once does so from then on."""
    strong = {one.code for one in (*old, *new) if one.strong}
    codes = dict.fromkeys(one.code for one in (*old, *new))
    return tuple(Suspicion(code=code, strong=code in strong) for code in codes)


def _measurements(old: tuple[Measurement, ...], new: tuple[Measurement, ...]) -> tuple[Measurement, ...]:
    return tuple(({measurement.code: measurement for measurement in old} | {measurement.code: measurement for measurement in new}).values())


def _said(old: str | None, new: str | None) -> str | None:
    """Of two urgencies that a speaker typed the more severe stays."""
    levels = [Urgency(said) for said in (old, new) if said is not None]
    return more_severe(levels).value if levels else None
