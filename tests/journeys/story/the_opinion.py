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
        code, consultation_id = self.notes["code"], self.notes["consultation_id"]
        doctor: Person = self.notes["doctor"]
        expert: Person = self.notes["expert"]
        to_doctor = doctor.last(APP)
        shown = self._sign(expert, f"意见 {code} {ADVICE}", "意见")
        self._need(ADVICE in text_of(shown), "the opinion is shown as it will be signed")
        opinion = doctor.expect(APP, to_doctor, re.escape(ADVICE), "the village doctor gets the opinion")
        self._need("已签名" in text_of(opinion), "it says that it is signed")
        to_expert = expert.last(APP)
        self._sign(doctor, f"同意 {code}", "决定")
        expert.expect(APP, to_expert, f"{re.escape(code)}.*同意", "the expert is told of the decision")
        view = self._answered(doctor.api("GET", f"/v1/consultations/{consultation_id}/opinion"), 200, "the opinion")
        self._need(view["signature_valid"] and view["decision"]["signature_valid"], f"both signatures fit what stands there: {view}")
        decision = view["decision"]
        self.out.fact(f"两个签名都验过:{view['expert']}的意见(第 {view['revision']} 版),{decision['decided_by']}{decision['choice_label']}")
        self._emergency_dose(doctor)
        self._complete(doctor, code)
        self.out.end()

    def _sign(self, person: Person, words: str, what: str) -> dict[str, Any]:
        """Say it, read what will be signed, and sign; the message that showed it."""
        after = person.say(APP, words)
        shown = person.expect(APP, after, "确认签名", f"{what} is shown before the signature")
        after = person.tap(APP, shown, "确认签名")
        person.expect(APP, after, f"{what}.*已签名", f"{what} is signed")
        return shown

    def _emergency_dose(self, doctor: Person) -> None:
        """Every contraindication is shown and must be ruled out; a pharmacist is told afterwards."""
        consultation_id = self.notes["consultation_id"]
        choices = self._answered(doctor.api("GET", "/v1/emergency-doses"), 200, "the emergency doses")["doses"]
        dose = next(one for one in choices if one["code"] == DOSE)
        address = f"/v1/consultations/{consultation_id}/emergency-dose"
        open_ones = doctor.api("POST", address, {"dose": DOSE, "ruled_out": [], "confirm": True})
        refused = self._answered(open_ones, 422, "without ruling out what forbids it, no dose")
        self._need(all(words in refused["detail"] for words in dose["contraindications"].values()), f"what must be asked is named: {refused}")
        self.out.fact(f"急用一剂先核对禁忌:{refused['detail']}")
        marks = self.cast.marks("pharmacist", APP)
        order = {"dose": DOSE, "ruled_out": list(dose["contraindications"]), "confirm": True}
        given = self._answered(doctor.api("POST", address, order), 201, "the dose is ordered")
        self._need(given["signature_valid"] and len(given["ruled_out"]) == len(order["ruled_out"]), f"signed, with what was ruled out: {given}")
        again = doctor.api("POST", address, order)
        self._need(again["status"] == 409, f"a single dose is given once: {again}")
        self.out.fact(f"{given['name']} {given['amount']},{given['directions']}:已签名下医嘱")
        pharmacist = self._first_told("pharmacist", marks)
        pharmacist.expect(APP, marks[pharmacist.key], "急用一剂", "the pharmacist is told afterwards")
        self._sign_in(pharmacist, "/h5/doctor/cases/")
        seen = self._answered(pharmacist.api("POST", f"/v1/doses/{given['dose_id']}/acknowledge"), 200, "the pharmacist has seen it")
        self._need(bool(seen["seen_by"]), f"it says who has seen it: {seen}")

    def _complete(self, doctor: Person, code: str) -> None:
        """The call ends with the consultation; both who were helped rate it."""
        daughter: Person = self.notes["daughter"]
        to_daughter = daughter.last(OA)
        after = doctor.say(APP, f"完成会诊 {code}")
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
