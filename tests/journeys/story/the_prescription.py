"""Step 8: what cannot be signed is refused, what needs a reason has one, the pharmacist returns it once; paid to the fen, handed out once."""

from __future__ import annotations

import re
from typing import Any

from tests.journeys.story.cast import Person
from tests.journeys.story.phone import text_of
from tests.journeys.story.scene import APP, OA, Scene

Item = dict[str, Any]
Prescription = dict[str, Any]
HOME_AFTER_DAYS = 5
FACTS: dict[str, Any] = {"allergies_asked": True, "pregnancy": "no", "systolic": "118", "heart_rate": "72"}
UNINSURED = 2
"""The village doctor's number of a patient without insurance."""
DIAGNOSIS = "冠心病支架术后、支气管炎"


def item(drug: str, amount: str, times: int, days: int, directions: str = "") -> Item:
    return {"drug": drug, "dose": amount, "times_per_day": times, "days": days, "directions": directions}


HARMFUL = [item("simvastatin", "20", 1, 7, "睡前服"), item("clarithromycin", "250", 2, 7)]
"""Both on the village list, never together."""
HARMFUL_IN_WORDS = "辛伐他汀 20mg 每晚一次 7天;克拉霉素 0.25g 一日两次 7天"
BETTER = [
    item("aspirin", "100", 1, 7), item("clopidogrel", "75", 1, 7), item("rosuvastatin", "10", 1, 7, "睡前服"),
    item("dapagliflozin", "10", 1, 84, "早上服"), item("liquorice", "300", 3, 7, "含化"),
]  # fmt: skip
"""Three of them beyond the village list; 84 days take a reason; the cough tablets are not covered."""
WITH_DIRECTIONS = [{**BETTER[0], "directions": "饭前整片吞服"}, *BETTER[1:]]
RETURNED_FOR = "阿司匹林肠溶片请写明饭前整片吞服"
REASON = "心衰合并糖尿病,需长期服用,三个月一疗程"
LINES = {"aspirin": (1290, 903), "clopidogrel": (2100, 1470), "rosuvastatin": (1720, 1204), "dapagliflozin": (36480, 16423), "liquorice": (580, 0)}
"""(fee, what the insurance pays) in fen: 70 % each, at most 200.00 for all drugs of one claim, nothing for what is not on the list."""
WHY = r"达格列净(?=[^\n]*最多报 200\.00)(?=[^\n]*164\.23).*甘草片[^\n]*不在医保目录内"
CODE = r"取药码\W*([0-9A-Z]{4}-[0-9A-Z]{4})"
FEE, PAID, OWN = 42170, 20000, 22170


class ThePrescription(Scene):
    def write(self) -> None:
        self.out.begin("第八步 处方:查、签、审、退、再签、放行、算报销、发药")
        self._until(10, days=HOME_AFTER_DAYS)
        doctor: Person = self.notes["doctor"]
        expert: Person = self.notes["expert"]
        address = f"/v1/consultations/{self.notes['consultation_id']}/safety-facts"
        known = self._answered(doctor.api("GET", address), 200, "what is known of the patient")
        asked = doctor.api("PUT", address, {**FACTS, "version": known["version"]})
        self._answered(asked, 200, "allergies and what he takes are asked first")
        daughter: Person = self.notes["daughter"]
        # The platform lets the account write five messages after each of hers, and she has been told much.
        after = daughter.say(OA, f"进度 {self.notes['code']}")
        daughter.expect(OA, after, "已完成", "the consultation is completed")
        prescription = self._refused(doctor, expert)
        prescription = self._signed_above(expert, prescription)
        prescription = self._returned_once(expert, prescription)
        self._released(prescription)
        self._figures(doctor)
        self._paid(prescription)
        self.out.end()

    def _refused(self, doctor: Person, expert: Person) -> Prescription:
        """One interaction stops at the check, and again at the signature."""
        consultation = f"/v1/consultations/{self.notes['consultation_id']}"
        checked = self._answered(expert.api("POST", f"{consultation}/drug-check", {"items": HARMFUL}), 200, "the check")
        stops = [one for one in checked["findings"] if one["action"] == "B"]
        self._need([sorted(one["drugs"]) for one in stops] == [["clarithromycin", "simvastatin"]], f"the check stops the two: {checked}")
        self.out.fact(f"用药检查:{stops[0]['text']}(来源 {stops[0]['source']});{stops[0]['advice']}")
        after = expert.say(APP, f"开方 {self.notes['code']} {DIAGNOSIS}:{HARMFUL_IN_WORDS}")
        expert.expect(APP, after, "不能签.*横纹肌溶解.*没有提交", "in words he is stopped as well")
        to_doctor = doctor.last(APP)
        proposed = expert.api("POST", f"{consultation}/prescriptions", {"diagnosis": DIAGNOSIS, "items": HARMFUL})
        prescription: Prescription = self._answered(proposed, 201, "the expert proposes it all the same")
        doctor.expect(APP, to_doctor, f"{prescription['code']}.*不能签", "the village doctor is told what stands against it")
        after = doctor.say(APP, f"签处方 {prescription['code']}")
        doctor.expect(APP, after, f"{prescription['code']}.*不能签.*横纹肌溶解", "she cannot sign it")
        order = {"revision": prescription["revision"], "reasons": {stops[0]["key"]: "病人要求"}, "confirm": True}
        signing = doctor.api("POST", f"/v1/prescriptions/{prescription['prescription_id']}/sign", order)
        self._need(signing["status"] in (409, 422) and signing["body"]["code"] == "prescription.blocked", f"no reason opens it: {signing}")
        self.out.fact(f"写了理由也签不了:{signing['body']['detail']}")
        return prescription

    def _signed_above(self, expert: Person, prescription: Prescription) -> Prescription:
        """Beyond the village list the duty doctor above is asked; a warning takes his reason."""
        marks = self.cast.marks("duty_doctor", APP)
        view = self._revised(expert, prescription, BETTER)
        self._need(view["state"] == "REFERRED" and len(view["beyond_village"]) == 3, f"three are beyond the village list: {view}")
        warnings = [one for one in view["findings"] if one["action"] == "W"]
        self._need(len(warnings) == 1 and len(view["findings"]) == 1, f"one warning, nothing that stops: {view['findings']}")
        signer = self.notes["signer"] = self._first_told("duty_doctor", marks)
        return self._signed(signer, marks[signer.key], view)

    def _revised(self, expert: Person, prescription: Prescription, items: list[Item]) -> Prescription:
        address = f"/v1/prescriptions/{prescription['prescription_id']}/revise"
        view: Prescription = self._answered(expert.api("POST", address, {"diagnosis": DIAGNOSIS, "items": items}), 200, "the expert revises")
        return view

    def _signed(self, signer: Person, since: int, view: Prescription) -> Prescription:
        """照此签名: the warning is shown, its reason written, and what was read is signed."""
        self.notes["to_review"] = self.cast.marks("pharmacist", APP)
        signer.expect(APP, since, view["code"], "the duty doctor is asked to sign")
        after = signer.choose(APP, since, "照此签名", "he signs as it stands")
        signer.expect(APP, after, "84 天.*理由", "a warning needs a reason")
        after = signer.say(APP, REASON)
        after = signer.choose(APP, after, "确认签名", "he signs what he read")
        signer.expect(APP, after, f"{view['code']}.*已签名", "the prescription is signed")
        self._sign_in(signer, "/h5/sign/")
        signed: Prescription = self._answered(signer.api("GET", f"/v1/prescriptions/{view['prescription_id']}"), 200, "what was signed")
        self._need(signed["signature_valid"] and [one["reason"] for one in signed["overrides"]] == [REASON], f"signed, with the reason: {signed}")
        self.out.fact(f"{signed['signer']}的签名验过;带理由签:{signed['overrides'][0]['text']} —— {REASON}")
        return signed

    def _returned_once(self, expert: Person, signed: Prescription) -> Prescription:
        """审方退回 with a reason; the expert revises, it is signed again."""
        pharmacist = self.notes["pharmacist"] = self._first_told("pharmacist", self.notes["to_review"])
        since = self.notes["to_review"][pharmacist.key]
        pharmacist.expect(APP, since, signed["code"], "the pharmacist is asked to review")
        to_expert = expert.last(APP)
        after = pharmacist.choose(APP, since, "退回", "the pharmacist returns it")
        pharmacist.expect(APP, after, "理由", "is asked why")
        after = pharmacist.say(APP, RETURNED_FOR)
        after = pharmacist.choose(APP, after, "确认退回", "and confirms what he wrote")
        pharmacist.expect(APP, after, f"{signed['code']}.*已退回", "it is returned")
        expert.expect(APP, to_expert, f"{signed['code']}.*{RETURNED_FOR}", "the expert reads why")
        signer: Person = self.notes["signer"]
        to_signer = signer.last(APP)
        return self._signed(signer, to_signer, self._revised(expert, signed, WITH_DIRECTIONS))

    def _released(self, signed: Prescription) -> None:
        """审方通过, after the reason was read; then the family is told what it costs and why."""
        pharmacist: Person = self.notes["pharmacist"]
        daughter: Person = self.notes["daughter"]
        to_daughter = daughter.last(OA)
        since = self.notes["to_review"][pharmacist.key]
        address = f"/v1/prescriptions/{signed['prescription_id']}/release"
        self._sign_in(pharmacist, "/h5/pharmacy/")
        unread = pharmacist.api("POST", address, {"revision": signed["revision"], "confirm": True})
        self._need(unread["status"] in (409, 422), f"the reason must be read first: {unread}")
        after = pharmacist.choose(APP, since, "通过", "the pharmacist passes it")
        pharmacist.expect(APP, after, re.escape(REASON), "the pharmacist reads the reason")
        after = pharmacist.choose(APP, after, "确认通过", "and releases what was read")
        pharmacist.expect(APP, after, f"{signed['code']}.*已通过", "it is released")
        again = pharmacist.api("POST", address, {"revision": signed["revision"], "confirm": True, "overrides_seen": True})
        self._need(again["status"] == 409, f"released once: {again}")
        told = text_of(daughter.expect(OA, to_daughter, signed["code"], "the family is told"))
        for figure in ("421.70", "200.00", "221.70"):
            self._need(figure in told, f"the family reads {figure}: {told}")
        self.notes["ready"] = to_daughter

    def _paid(self, prescription: Prescription) -> None:
        """The account to the fen, the drugs against the code, the claim settled."""
        daughter: Person = self.notes["daughter"]
        pharmacist: Person = self.notes["pharmacist"]
        prescription_id = prescription["prescription_id"]
        quote = self._answered(daughter.api("GET", f"/v1/prescriptions/{prescription_id}/quote"), 200, "怎么算的")
        self._need((quote["fee_fen"], quote["pays_fen"], quote["own_fen"]) == (FEE, PAID, OWN), f"to the fen: {quote}")
        self._need({line["ref"]: (line["fee_fen"], line["pays_fen"]) for line in quote["lines"]} == LINES, f"line by line: {quote}")
        reasons = {line["ref"]: line["reason"] for line in quote["lines"]}
        self._need("目录" in reasons["liquorice"] and "最多报 200.00" in reasons["dapagliflozin"], f"with the reasons: {reasons}")
        self.out.fact(quote["reason"])
        after = daughter.choose(OA, self.notes["ready"], "怎么算的", "she asks why")
        daughter.expect(OA, after, WHY, "drug by drug, with the reasons")
        after = daughter.choose(OA, self.notes["ready"], "卫生室取", "she wants to fetch them")
        shown = text_of(daughter.expect(OA, after, CODE, "the code to show"))
        code = re.search(CODE, shown)
        assert code is not None
        to_daughter = daughter.last(OA)
        after = pharmacist.say(APP, f"发药 {prescription['code']} 2222-2222")
        pharmacist.expect(APP, after, "取药码", "nothing without the code")
        after = pharmacist.say(APP, f"发药 {prescription['code']} {code.group(1)}")
        pharmacist.expect(APP, after, "已发药", "the drugs are handed out")
        again = pharmacist.api("POST", f"/v1/prescriptions/{prescription_id}/dispense", {"dispense_code": code.group(1)})
        self._need(again["status"] in (409, 422), f"handed out once: {again}")
        self.out.fact(f"再发一次被拒:{again['body']['detail']}")
        daughter.expect(OA, to_daughter, "报销.*200.00|医保报 200.00", "the claim is settled")

    def _figures(self, doctor: Person) -> None:
        """The figures of the article, to the fen."""
        figures = (("teleconsultation", 10000, 8000), ("teleconsultation", 30000, 15000), ("online_follow_up", 10000, 7000))
        father = self.notes["father"]["patient_id"]
        for service, fee, pays in figures:
            line = self._quoted(doctor, father, service, fee)
            self._need(line["pays_fen"] == pays and line["own_fen"] == fee - pays, f"{service} of {fee}: {line}")
            self.out.fact(f"费用 {yuan(fee)} → 医保报 {yuan(pays)}({line['reason']})")
        listed = self._answered(doctor.api("GET", "/v1/patient-list"), 200, "the village doctor's list")["patients"]
        uninsured = next(one["patient_id"] for one in listed if one["number"] == UNINSURED)
        line = self._quoted(doctor, uninsured, "teleconsultation", 10000)
        self._need(line["pays_fen"] == 0 and bool(line["reason"]), f"without insurance nothing, and why: {line}")
        self.out.fact(f"没有医保:费用 100.00 → 医保报 0.00({line['reason']})")

    def _quoted(self, doctor: Person, patient_id: str, service: str, fee: int) -> dict[str, Any]:
        body = {"items": [{"ref": "one", "name": "服务", "service": service, "fee_fen": fee}]}
        quote = self._answered(doctor.api("POST", f"/v1/patients/{patient_id}/quotes", body), 200, "what the insurance pays")
        line: dict[str, Any] = quote["lines"][0]
        return line


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"
