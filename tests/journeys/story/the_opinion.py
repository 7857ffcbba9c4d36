"""Step 7: the expert advises, the village doctor decides; both sign. One emergency dose on the decision alone, completion, ratings."""

from __future__ import annotations

import re
import time
from typing import Any

from tests.journeys.story.cast import Person, StepFailed
from tests.journeys.story.phone import text_of
from tests.journeys.story.scene import APP, OA, Scene

ADVICE = "考虑急性下壁心梗,立即嚼服阿司匹林300mg,转县医院导管室,已联系"
DOSE = "aspirin_chewed"


class TheOpinion(Scene):
    def write(self) -> None:
        self.out.begin("第七步 专家写意见,村医决定;都签名")
        code = self.notes["code"]
        doctor: Person = self.notes["doctor"]
        expert: Person = self.notes["expert"]
        to_doctor, to_expert = doctor.last(APP), expert.last(APP)
        after = expert.say(APP, f"意见 {code} {ADVICE}")
        expert.expect(APP, after, re.escape(ADVICE), "the opinion is shown as it will be signed")
        after = expert.choose(APP, after, "确认签名", "he signs what he read")
        expert.expect(APP, after, "意见.*已签名", "the opinion is signed")
        opinion = doctor.expect(APP, to_doctor, re.escape(ADVICE), "the village doctor gets the opinion")
        self._need("已签名" in text_of(opinion), "it says that it is signed")
        after = doctor.choose(APP, to_doctor, "同意并执行", "she decides")
        after = doctor.choose(APP, after, "确认签名", "she signs what she read")
        doctor.expect(APP, after, "决定.*已签名", "the decision is signed")
        expert.expect(APP, to_expert, f"{re.escape(code)}.*同意", "the expert is told of the decision")
        answer = doctor.api("GET", f"/v1/consultations/{self.notes['consultation_id']}/opinion")
        view = self._answered(answer, 200, "the opinion")
        decision = view["decision"]
        self._need(view["signature_valid"] and decision["signature_valid"], f"both signatures fit what stands there: {view}")
        self.out.fact(f"两个签名都验过:{view['expert']}的意见(第 {view['revision']} 版),{decision['decided_by']}{decision['choice_label']}")
        after = self._emergency_dose(doctor, after)
        self._complete(doctor, code, after)
        self.out.end()

    def _emergency_dose(self, doctor: Person, decided: int) -> int:
        """Every contraindication is asked for itself and must be ruled out; a pharmacist is told afterwards."""
        choices = self._answered(doctor.api("GET", "/v1/emergency-doses"), 200, "the emergency doses")["doses"]
        forbids = next(one["contraindications"] for one in choices if one["code"] == DOSE)
        address = f"/v1/consultations/{self.notes['consultation_id']}/emergency-dose"
        unasked = doctor.api("POST", address, {"dose": DOSE, "ruled_out": list(forbids)[:1], "confirm": True})
        refused = self._answered(unasked, 422, "what was not asked is not ruled out")
        self.out.fact(f"漏一条就不能下:{refused['detail']}")
        marks = self.cast.marks("pharmacist", APP)
        ruled_out = decided
        for words in forbids.values():
            doctor.expect(APP, ruled_out, re.escape(words), "she is asked for each thing that forbids the dose")
            ruled_out = doctor.choose(APP, ruled_out, "没有", "she rules it out")
        ordered = doctor.choose(APP, ruled_out, "确认签名", "she signs the dose")
        doctor.expect(APP, ordered, "现在给药.*300 mg", "the dose is ordered")
        again = doctor.api("POST", address, {"dose": DOSE, "ruled_out": list(forbids), "confirm": True})
        self._need(again["status"] == 409, f"a single dose is given once: {again}")
        pharmacist = self._first_told("pharmacist", marks)
        pharmacist.expect(APP, marks[pharmacist.key], "急用一剂", "the pharmacist is told afterwards")
        after = pharmacist.choose(APP, marks[pharmacist.key], "已阅", "the pharmacist has seen it")
        pharmacist.expect(APP, after, "已记下您看过", "it is noted who has seen it")
        return ordered

    def _complete(self, doctor: Person, code: str, after: int) -> None:
        """The call ends with the consultation; both who were helped rate it."""
        daughter: Person = self.notes["daughter"]
        to_daughter = daughter.last(OA)
        after = doctor.choose(APP, after, "完成会诊", "she completes it")
        doctor.expect(APP, after, "已完成", "the consultation is completed")
        daughter.expect(OA, to_daughter, "完成", "the family is told")
        for person, chat, words in ((doctor, APP, "评价 {} 5星 专家来得快"), (daughter, OA, "评价 {} 5星 医生很耐心")):
            after = person.say(chat, words.format(code))
            person.expect(chat, after, "谢谢", f"{person.name} rates it")
            after = person.say(chat, words.format(code))
            person.expect(chat, after, "已经|评过|一次", f"{person.name} rates it once only")
        entries = self._timeline(doctor)
        kinds = [entry["kind"] for entry in entries]
        self._need(kinds.count("rated") == 2 and "complete" in kinds, f"completed, rated twice: {kinds}")
        length = [entry["label"] for entry in entries if entry["kind"] == "call.ended"]
        self._need(len(length) == 1 and "秒" in length[0], f"the timeline says how long the call was: {kinds}")
        self.out.fact(length[0])

    def _timeline(self, doctor: Person) -> list[dict[str, Any]]:
        end = time.monotonic() + 20 * self.cast.patience
        while True:
            answer = doctor.api("GET", f"/v1/consultations/{self.notes['consultation_id']}/timeline")
            entries: list[dict[str, Any]] = self._answered(answer, 200, "the timeline")["entries"]
            if sum(entry["kind"] == "rated" for entry in entries) >= 2:
                return entries
            if time.monotonic() > end:
                raise StepFailed(f"not rated twice: {[entry['kind'] for entry in entries]}")
            self._pause()
