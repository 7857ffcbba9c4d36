"""Step 3, continued: the patient has no WeChat; a daughter registers him, and the village doctor vouches for her."""

from __future__ import annotations

import re

from tests.journeys.story.scene import APP, OA, Scene, citizen_number, undemonstrated

FATHER = 3
"""The village doctor's number of the patient of the emergency."""
FATHERS_SEQUENCE = "083"
"""The part of his citizen number that does not follow from place and day of birth; his daughter knows it."""


class Family(Scene):
    def join(self) -> None:
        self.out.begin("第三步(续) 病人没有微信:家属登记,村医当面确认")
        doctor = self.notes["doctor"]
        daughter = self.cast.person(self._pick("patient", besides=[self.notes["patient"].key, self.notes["relative"].key]))
        listed = self._answered(doctor.api("GET", "/v1/patient-list"), 200, "the village doctor's list")["patients"]
        father = next(one for one in listed if one["number"] == FATHER)
        self._need(not father["has_wechat"], "the patient has no WeChat himself")
        number = citizen_number("522727" + father["birth_date"].replace("-", "") + FATHERS_SEQUENCE)
        self._answered(daughter.do("mini_sign_in"), 201, "the daughter signs in to the mini program")
        body = {"relation": "father", "full_name": undemonstrated(father["full_name"]), "id_number": number}
        refused = self._answered(daughter.api("POST", "/v1/patients", body), 409, "his record is not opened on her own word")
        self.out.fact(f"{daughter.name} 登记父亲,要当面确认:{refused['detail']}")
        after = doctor.say(APP, f"确认家人 {FATHER}号 {refused['fields']['claim_code']}")
        doctor.expect(APP, after, "确认好了", "the village doctor confirms the daughter")
        mine = self._answered(daughter.api("GET", "/v1/me"), 200, "the daughter's people")["patients"]
        self._need(any(one["patient_id"] == father["patient_id"] and one["relation"] == "father" for one in mine), "she speaks for her father")
        for purpose in ("care", "sensitive"):
            consent = self._answered(daughter.api("GET", f"/v1/consent-texts/{purpose}"), 200, "the text of the consent")
            body = {"purpose": purpose, "text_version": consent["version"]}
            self._answered(daughter.api("POST", f"/v1/patients/{father['patient_id']}/consents", body), 201, "she consents for him")
        after = daughter.say(OA, f"进度 {self.notes['code']}")
        daughter.expect(OA, after, re.escape(self.notes["code"]), "she sees how far it is")
        self.notes.update(daughter=daughter, father=father)
        self.out.end()
