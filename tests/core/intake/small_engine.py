"""A clinical engine small enough to read at a glance: it implements the whole port honestly over eight words, for tests of what surrounds it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from nlp.interface.assessment import Alarm, Assessment, Choice, Department, Emergency, Facts, Question, Reason
from nlp.interface.candidates import Candidate, Candidates, Grade, Worked
from nlp.interface.engine import RuleSet
from nlp.interface.reading import Finding, Measurement, Person, Reading, Span, Status
from nlp.interface.urgency import Urgency

FINDINGS = {
    "咳嗽": "cough", "发烧": "fever", "胸闷": "chest_tightness", "半拉身子不听使唤": "hemiplegia", "头晕": "dizziness", "吐血": "haematemesis",
}  # fmt: skip
CONDITIONS = {"糖尿病": "diabetes"}
RELATIONS = {"俺爹": "father", "我": "self", "娃儿": "child"}
TYPED = {"紧急": "emergent", "危急": "critical"}
UNKNOWN = Choice(code="unknown", label="不清楚")
CHEST = Question(
    code="chest", text="胸闷的时候,有没有喘不上气?", choices=(Choice(code="yes", label="有"), Choice(code="no", label="没有"), UNKNOWN),
    rules_out_danger=True,
)
FLU = Candidate(code="influenza", name="流行性感冒", icd10="J11", rank=1, grade=Grade.POSSIBLE)
"""What it tells doctors of a fever."""
AGE = Question(code="age", text="您多大年纪?", choices=(UNKNOWN,))


class SmallEngine:
    version = "small 1"
    rule_sets = (RuleSet(name="small", title="小规则", edition="1", digest="d" * 64, count=3),)

    def __init__(self) -> None:
        self.read_count = 0

    def read(self, text: str, *, answering: Question | None = None, choice: str | None = None, known: Facts | None = None) -> Reading:
        self.read_count += 1
        findings, conditions = _found(text, FINDINGS), _found(text, CONDITIONS)
        if answering is not None and answering.code == "chest":
            denied, affirmed = choice == "no" or text.startswith("没有"), choice == "yes" or text.startswith("有")
            if denied or affirmed:
                status = Status.ABSENT if denied else Status.PRESENT
                findings.append(Finding(code="dyspnea", term="喘不上气", status=status, span=Span(start=0, end=len(text), text=text)))
        measurements = [
            Measurement(code="temperature", value=float(match[1]), unit="Cel", span=Span(start=match.start(1), end=match.end(1), text=match[1]))
            for match in re.finditer(r"(\d\d\.\d)度", text)
        ]
        relation = next((code for word, code in RELATIONS.items() if word in text), None)
        age = re.search(r"(\d+)岁", text) or (re.fullmatch(r"(\d+)", text) if answering == AGE else None)
        person = Person(relation=relation, age_days=None if age is None else int(int(age[1]) * 365.25))
        urgency = next((code for word, code in TYPED.items() if word in text), None)
        understood = findings or conditions or measurements or relation or age or urgency or choice
        return Reading(
            person=person, findings=tuple(findings), conditions=tuple(conditions), measurements=tuple(measurements), urgency_said=urgency,
            not_understood=not understood,
        )

    def merge(self, facts: Facts, reading: Reading, *, answered: Question | None = None) -> Facts:
        findings = {finding.code: finding for finding in (*facts.findings, *reading.findings)}
        conditions = {finding.code: finding for finding in (*facts.conditions, *reading.conditions)}
        measurements = {one.code: one for one in (*facts.measurements, *reading.measurements)}
        known = {name: value for name, value in reading.person if value is not None}
        asked = facts.asked if answered is None or answered.code in facts.asked else (*facts.asked, answered.code)
        return Facts(
            person=facts.person.model_copy(update=known), findings=tuple(findings.values()), conditions=tuple(conditions.values()),
            measurements=tuple(measurements.values()), asked=asked, urgency_said=reading.urgency_said or facts.urgency_said,
        )

    def alarm(self, facts: Facts) -> Alarm:
        return self.assess(facts).alarm

    def assess(self, facts: Facts) -> Assessment:
        present = {finding.code for finding in facts.findings if finding.status is Status.PRESENT}
        complete = self.next_question(facts) is None
        if "hemiplegia" in present:
            emergency = Emergency(
                rule="stroke", suspected="中风", do_now=("请马上打 120。",), do_not=("不要喂水喂药。",), ask_next="是什么时候开始的?"
            )
            return self._assessment(Urgency.CRITICAL, "半边身子不听使唤", "03.03", complete, emergency)
        if "dyspnea" in present:
            return self._assessment(Urgency.EMERGENT, "胸闷加喘不上气", "03.01", complete)
        if "haematemesis" in present:
            stands = self._assessment(Urgency.EMERGENT, "吐血", "03.02", complete)
            return stands.model_copy(update={"red_flag": "small", "advice": ("现在就去急诊。", "先不吃不喝。")})
        if "fever" in present:
            listed = {"candidates": Candidates(model="small", found=(FLU,))}
            return self._assessment(Urgency.URGENT, "发烧", "03.01", complete).model_copy(update=listed)
        if present:
            return self._assessment(Urgency.ROUTINE, "没有危险的表现", "02", complete)
        return Assessment(level=None, complete=False, engine=self.version)

    def work_out(self, facts: Facts, values: Mapping[str, float], examined: Mapping[str, bool]) -> Worked:
        return Worked(candidates=self.assess(facts).candidates, states={})

    def next_question(self, facts: Facts) -> Question | None:
        codes = {finding.code for finding in facts.findings}
        if "chest_tightness" in codes and "dyspnea" not in codes and "chest" not in facts.asked:
            return CHEST
        return AGE if facts.person.age_days is None and "age" not in facts.asked else None

    def _assessment(
        self, level: Urgency, why: str, department: str, complete: bool, emergency: Emergency | None = None
    ) -> Assessment:
        names = {"02": "全科", "03.02": "消化内科", "03.01": "呼吸内科", "03.03": "神经内科"}
        return Assessment(
            level=level, complete=complete, reasons=(Reason(text=why, rule="small", source="test"),), emergency=emergency,
            departments=(Department(code=department, name=names[department], probability=0.9),), engine=self.version,
        )


def _found(text: str, words: dict[str, str]) -> list[Finding]:
    found = []
    for word, code in words.items():
        at = text.find(word)
        if at >= 0:
            denied = text[max(0, at - 2) : at].endswith(("没有", "不"))
            status = Status.ABSENT if denied else Status.PRESENT
            found.append(Finding(code=code, term=word, status=status, span=Span(start=at, end=at + len(word), text=word)))
    return found
