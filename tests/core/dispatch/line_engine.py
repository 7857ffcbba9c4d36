"""An engine for tests of dispatch: it implements the port over four complaints, so that a test says its level in the line itself."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from nlp.interface.assessment import Alarm, Assessment, Department, Emergency, Facts, Question, Reason
from nlp.interface.candidates import Candidate, Candidates, Grade, Point, Worked
from nlp.interface.engine import RuleSet
from nlp.interface.reading import Finding, Measurement, Reading, Span, Status
from nlp.interface.urgency import Urgency

WORDS = {"胸痛": "chest_pain", "出冷汗": "sweating", "咳嗽": "cough", "头晕": "dizziness"}
TYPED = {"危急": "critical", "紧急": "emergent", "尽快": "urgent", "不急": "routine"}
HEART = Department(code="03.04", name="心血管内科", probability=0.9)
LUNGS = Department(code="03.01", name="呼吸内科", probability=0.8)


class LineEngine:
    version = "line 1"
    rule_sets = (RuleSet(name="line", title="测试", edition="1", digest="e" * 64, count=1),)

    def read(self, text: str, *, answering: Question | None = None, choice: str | None = None, known: Facts | None = None) -> Reading:
        hours = re.search(r"(\d+)小时", text)
        findings = tuple(
            Finding(
                code=code, term=word, status=Status.PRESENT, span=Span(start=text.index(word), end=text.index(word) + len(word), text=word),
                duration_hours=float(hours[1]) if hours and code == "chest_pain" else None,
            )
            for word, code in WORDS.items() if word in text
        )
        pressure = re.search(r"血压(\d+)/(\d+)", text)
        span = Span(start=0, end=1, text=text[:1])
        measurements = () if pressure is None else (
            Measurement(code="systolic", value=float(pressure[1]), unit="mm[Hg]", span=span),
            Measurement(code="diastolic", value=float(pressure[2]), unit="mm[Hg]", span=span),
        )
        return Reading(
            findings=findings, measurements=measurements, urgency_said=next((code for word, code in TYPED.items() if word in text), None)
        )

    def merge(self, facts: Facts, reading: Reading, *, answered: Question | None = None) -> Facts:
        return facts.model_copy(
            update={"findings": reading.findings, "measurements": reading.measurements, "urgency_said": reading.urgency_said}
        )

    def alarm(self, facts: Facts) -> Alarm:
        return self.assess(facts).alarm

    def assess(self, facts: Facts) -> Assessment:
        codes = {one.code for one in facts.findings}
        if {"chest_pain", "sweating"} <= codes:
            emergency = Emergency(
                rule="acs", suspected="心肌梗死", do_now=("马上打 120。", "平卧,不要走动"), do_not=("不要自己开车去医院",)
            )
            return self._say(Urgency.CRITICAL, "胸痛加出冷汗", HEART, emergency)
        if "cough" in codes:
            return self._say(Urgency.URGENT, "咳嗽", LUNGS)
        if codes:
            return self._say(Urgency.ROUTINE, "没有危险的表现", HEART)
        return Assessment(level=None, complete=False, engine=self.version)

    def next_question(self, facts: Facts) -> Question | None:
        return None

    def _say(self, level: Urgency, why: str, department: Department, emergency: Emergency | None = None) -> Assessment:
        return Assessment(
            level=level, complete=True, reasons=(Reason(text=why, rule="line", source="test"),), departments=(department,),
            emergency=emergency, engine=self.version,
        )

    def work_out(self, facts: Facts, values: Mapping[str, float], examined: Mapping[str, bool]) -> Worked:
        """Of a pain in the chest infarction before reflux, of a cough bronchitis; a high C-reactive protein or crackles put pneumonia first."""
        said = {one.code for one in facts.findings}
        heart = [("myocardial_infarction", "急性心肌梗死", "I21.9"), ("gastro_oesophageal_reflux", "胃食管反流病", "K21.0")]
        names = heart if "chest_pain" in said else []
        names += [("acute_bronchitis", "急性支气管炎", "J20.9")] if "cough" in said else []
        if values.get("crp", 0) > 100 or examined.get("crackles"):
            names.insert(0, ("pneumonia", "肺炎", "J18.9"))
        for_it = tuple(Point(text=one.term, rule=one.code, source="测试", origin="estimated") for one in facts.findings)
        found = tuple(
            Candidate(
                code=code, name=name, icd10=icd10, rank=rank, grade=Grade.POSSIBLE if rank == 1 else Grade.CONSIDER, speaks_for=for_it,
                urgency=Urgency.CRITICAL if icd10.startswith("I") else Urgency.ROUTINE, missing=("未做心电图",), rule_out=("主动脉夹层",),
                checks=("心电图",),
            )
            for rank, (code, name, icd10) in enumerate(names, 1)
        )
        inputs = hashlib.sha256(repr((sorted(said), sorted(values.items()), sorted(examined.items()))).encode()).hexdigest()
        model = Candidates(model="line-1", digest="e" * 64, inputs=inputs, found=found)
        return Worked(candidates=model, states={"in.findings": str(len(said)), "out.count": str(len(found))})
