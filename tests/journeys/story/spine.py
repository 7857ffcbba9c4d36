"""Steps 1 to 5: from a sentence in chat to an expert who has taken the case. Small decisions come from the seed, the clinical course does not."""

from __future__ import annotations

import random
import re
from typing import Any

from tests.journeys.story.cast import Person, StepFailed, choices
from tests.journeys.story.phone import text_of
from tests.journeys.story.scene import APP, GROUP, OA, Scene, citizen_number, undemonstrated

COUGH = "我最近总是咳嗽,还发烧,体温38.5度,感觉胸口有点闷"
STROKE = "俺爹半拉身子不听使唤,嘴也歪了"
GROUP_LINE = "会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急"
OPEN_ANSWERS = (
    ("闷|胸口疼", "咳得厉害的时候闷 一会就过去 走路没事"),
    ("多大|年纪|年龄|岁", "58 有糖尿病"),
    ("几天|多久了|多长时间", "四天了"),
    ("痰", "黄痰"),
    ("糖尿病|高血压|慢性|老毛病", "有糖尿病"),
)
HARMLESS = ("都没有", "没有", "不是", "否", "不会", "无")
LEVEL = r"紧急程度[::]\s*(\S+?)[)\)。\s]"


class Spine(Scene):
    def cough(self) -> None:
        """1a: a patient who is worried, not in danger."""
        self.out.begin("第一步(上) 患者在服务号里说不舒服")
        patient = self.cast.person(self._pick("patient"))
        self.notes["patient"] = patient
        after = patient.say(OA, COUGH)
        patient.expect(OA, after, "咳嗽.*(38\\.5|发烧|发热)", "says what it understood")
        questions = 0
        while True:
            message = patient.expect(OA, after, r"[??]|紧急程度", "asks a question or gives the level")
            if re.search("紧急程度", text_of(message)):
                break
            questions += 1
            if questions > 10:
                raise StepFailed("more than ten questions")
            after = self._answer(patient, message, questions)
        text = text_of(message)
        self._need("科" in text, "a department is named")
        self._need("为什么" in text, "the reasons are given")
        self._need("120" in text, "the signs that mean 120 are named")
        self.notes["department"] = re.search(r"科室[::]\s*(\S+?科)", text)
        self.out.fact(f"问了 {questions} 个问题,给出紧急程度、理由和科室")
        self.out.end()

    def _answer(self, patient: Person, message: dict[str, Any], number: int) -> int:
        """Answer by tapping, in words, or 不清楚, as the seed decides."""
        text, offered = text_of(message), choices(message)
        harmless = [label for label in offered if label.startswith(HARMLESS)]
        words = next((answer for pattern, answer in OPEN_ANSWERS if re.search(pattern, text)), None)
        way = self.rng.random()
        if words is not None and (way < 0.7 or not harmless) and (number > 1 or not harmless):
            return patient.say(OA, words)
        if harmless and way < 0.6:
            return patient.tap(OA, message, harmless[0])
        if harmless and way < 0.9:
            return patient.say(OA, self.rng.choice(["没有", "没有 就是闷", "都没有"]))
        if harmless and number < 3:
            # What is unknown about a danger counts as danger; the first questions are about dangers.
            return patient.tap(OA, message, harmless[-1])
        return patient.say(OA, "不清楚")

    def stroke(self) -> None:
        """1b: danger stops everything."""
        self.out.begin("第一步(下) 另一位患者家里有危险")
        relative = self.cast.person(self._pick("patient", besides=[self.notes["patient"].key]))
        self.notes["relative"] = relative
        marks = {role: self.cast.marks(role, APP) for role in ("duty_doctor", "scheduler", "administrator")}
        after = relative.say(OA, STROKE)
        message = relative.expect(OA, after, "120", "120 comes first")
        text = text_of(message)
        self._need(bool(re.match(r"\W*.{0,30}120", text.replace("\n", ""))), "the message begins with 120")
        self._need(bool(re.search("平躺|侧卧|不要", text)), "says what to do now")
        self._need("通知" in text, "says who was alerted")
        alerted, role = self._who_was_alerted(marks)
        alert = alerted.expect(APP, marks[role][alerted.key], "危急|120|中风", "the alert card arrives")
        where = relative.say(OA, "在家里,大井村三组")
        relative.expect(OA, where, ".", "the place is taken in")
        self.out.fact("没有人应答:提醒自己往上走")
        again = {name: self.cast.marks(name, APP) for name in marks}
        self.cast.clock(advance_s=70)
        second, second_role = self._who_was_alerted(again, besides=[alerted.key])
        second_alert = second.expect(APP, again[second_role][second.key], "危急|120|中风", "the alert goes on to the next")
        second.tap(APP, second_alert, "已接手")
        second.expect_closed(APP, second_alert["seq"], "接手", "the card shows who has it")
        newest = [one for one in alerted.do("read", chat=APP, after=alert["seq"] - 1) if one["type"] == "card"][-1]
        alerted.expect_closed(APP, newest["seq"], "接手", "the first one's newest card shows who has it")
        self.out.end()

    def _who_was_alerted(self, marks: dict[str, dict[str, int]], besides: list[str] | None = None) -> tuple[Person, str]:
        for _ in range(round(100 * self.cast.patience)):
            for role, before in marks.items():
                for key, seq in self.cast.marks(role, APP).items():
                    if seq > before.get(key, 0) and key not in (besides or []):
                        return self.cast.person(key), role
            self._pause()
        raise StepFailed("nobody was alerted")

    def booking(self) -> None:
        """2: real name, consent, a slot that carries the intake."""
        self.out.begin("第二步 患者进小程序:登录、实名、同意、预约")
        patient: Person = self.notes["patient"]
        chat_before = patient.last(OA)
        signed = patient.do("mini_sign_in")
        self._need(signed["status"] == 201, f"signs in to the mini program: {signed}")
        self._need(patient.do("mini_phone")["status"] == 200, "the phone number is verified")
        me = patient.api("GET", "/v1/me")["body"]
        mine = [one for one in me["patients"] if one.get("relation") in (None, "self")]
        if not mine:
            body = {"relation": "self", "full_name": "黄小满", "id_number": somebodys_number(self.rng)}
            made = patient.api("POST", "/v1/patients", body)
            self._need(made["status"] == 201, f"registers with the real name: {made}")
            patient_id = made["body"]["patient_id"]
        else:
            patient_id = mine[0]["patient_id"]
        for purpose in ("sensitive", "care"):
            consent = patient.api("GET", f"/v1/consent-texts/{purpose}")["body"]
            given = patient.api("POST", f"/v1/patients/{patient_id}/consents", {"purpose": purpose, "text_version": consent["version"]})
            self._need(given["status"] == 201, f"gives consent: {given}")
        consents = [one for who in patient.api("GET", "/v1/me")["body"]["patients"] if who["patient_id"] == patient_id for one in who["consents"]]
        self._need(any(one["version"] == consent["version"] and one["given_at"] for one in consents), "version and time of the consent are recorded")
        intake = patient.api("GET", "/v1/intakes/current")["body"]
        department = intake["assessment"]["departments"][0]
        slots = patient.api("GET", f"/v1/slots?department={department['code']}")["body"]["slots"]
        self._need(bool(slots), f"there are free slots in {department['name']}")
        slot = slots[self.rng.randrange(min(5, len(slots)))]
        order = {"slot_id": slot["slot_id"], "patient_id": patient_id, "intake_id": intake["intake_id"]}
        booked = patient.api("POST", "/v1/appointments", order, idempotency_key=f"story-{slot['slot_id']}")
        self._need(booked["status"] == 201, f"books: {booked}")
        self._need(booked["body"]["intake_id"] == intake["intake_id"], "the booking carries the intake")
        again = patient.api("POST", "/v1/appointments", order, idempotency_key=f"story-{slot['slot_id']}")
        self._need(again["body"] == booked["body"], "the weak link sent it twice: one booking")
        self.out.fact(f"已预约 {slot['department']} {slot['practitioner']} {slot['starts_at']}")
        patient.expect(OA, chat_before, "已.{0,4}预约|约好|预约成功|预约了", "the booking is told in the chat")
        self.out.end()

    def call_for_help(self) -> None:
        """3: the group line; the first experts are asked while patient, consent and image are confirmed."""
        self.out.begin("第三步 村医在群里呼叫会诊")
        doctor = self.cast.person(self.cast.of_role("village_doctor")[0])
        self.notes["doctor"] = doctor
        single = doctor.last(APP)
        marks = self.cast.marks("expert", APP)
        desk = self.cast.marks("scheduler", APP)
        after = doctor.say(GROUP, GROUP_LINE)
        answer = doctor.expect(GROUP, after, r"C-[0-9A-Z]{4}", "the consultation has a code")
        text = text_of(answer)
        self._need(bool(re.match(r"\W*.{0,12}120", text.replace("\n", ""))), "the answer begins with 120 and transport")
        code_found = re.search(r"C-[0-9A-Z]{4,}", text)
        assert code_found is not None
        code = self.notes["code"] = code_found.group()
        self._need(self._names_no_patient(doctor, text), "the group shows no name of the patient")
        first = self.cast.who_got("expert", APP, marks, 3)
        self._need(len(first) == 3, f"critical asks 3 experts at once, not {len(first)}")
        self.cast.who_got("scheduler", APP, desk, 1)
        self.out.fact(f"{code}:同时问了 3 位专家和县值班台")
        self._confirm(doctor, single, code)
        self.notes.update(single=single, first=first, marks=marks)
        self.out.end()

    def answer(self) -> None:
        """4: the waves, and the one who takes it."""
        self.out.begin("第四步 专家应答")
        doctor: Person = self.notes["doctor"]
        single, first, marks = self.notes["single"], self.notes["first"], self.notes["marks"]
        decliner, *others = [self.cast.person(key) for key in first]
        card = decliner.expect(APP, marks[decliner.key], "接诊", "the push card arrives")
        decliner.tap(APP, card, "请转别人")
        why = decliner.expect(APP, marks[decliner.key], "没空", "is asked why")
        if choices(why):
            decliner.tap(APP, why, "没空")
        else:
            decliner.say(APP, "没空")
        # Another is asked in his stead at once: his card comes before the clock moves, or it would be out of date when it comes.
        self._need(len(self.cast.who_got("expert", APP, marks, len(first) + 1)) == len(first) + 1, "another expert is asked in his stead")
        self.out.fact("第一批没有人接,到时后问下一批")
        before_second = self.cast.marks("expert", APP)
        self.cast.clock(advance_s=65)
        second = [key for key in self.cast.who_got("expert", APP, before_second, 1) if key not in first]
        for _ in range(round(50 * self.cast.patience)):
            if second:
                break
            self._pause()
            second = [key for key in self.cast.who_got("expert", APP, before_second, 1) if key not in first]
        self._need(bool(second), "the next wave goes out")
        old = others[0].do("read", chat=APP, after=marks[others[0].key])
        self.notes["late"] = (others[0], old)
        taker, *rest = [self.cast.person(key) for key in second]
        card = taker.expect(APP, before_second[taker.key], "接诊", "the second wave's card arrives")
        cards = [(one, one.expect(APP, before_second[one.key], "接诊", "the second wave's card arrives")) for one in rest]
        taker.tap(APP, card, "接诊")
        taker.expect_closed(APP, card["seq"], "接诊", "his card shows that he took it")
        taken = undemonstrated(taker.name)
        for one, own in cards:
            one.expect_closed(APP, own["seq"], "已接诊|接诊", "the others' cards show who has it")
        doctor.expect(APP, single, f"({re.escape(taken)}|{re.escape(taken[0])}.{{0,4}}).*接诊", "the village doctor is told who took it")
        for one, own in cards:
            self._late_press(one, own, taken)
        self.notes["expert"] = taker
        self.out.end()

    def _confirm(self, doctor: Person, single: int, code: str) -> None:
        """Patient, paper consent and image in the single chat, while the experts are being asked."""
        todo = doctor.expect(APP, single, "确认", "the single chat asks for patient, consent and image")
        can_tap = "确认病人" in "".join(choices(todo))
        after = doctor.tap(APP, todo, "确认病人") if can_tap else doctor.say(APP, f"确认病人 {code}")
        doctor.expect(APP, after, "确认|已|同意书", "the patient is confirmed")
        after = doctor.last(APP)
        doctor.do("send_file", chat=APP, kind="image", path=str(self.files / "consent.jpg"))
        self.out.said(doctor.name, Person.place(APP), "[图片] 知情同意书(照片)")
        asked = doctor.expect(APP, after, "这张是什么", "a photo of an emergency goes to the experts, and she is asked what it is")
        after = doctor.tap(APP, asked, "知情同意书")
        doctor.expect(APP, after, "知情同意收到了", "the consent is attached")
        page = doctor.do("open_page", path="/h5/doctor/cases/")
        self._need(page["status"] == 200, f"her page opens through WeCom's sign-in: {page['status']} {page['url']}")
        found = doctor.api("GET", f"/v1/consultations?code={code}")
        self._need(found["status"] == 200 and len(found["body"]["consultations"]) == 1, f"finds her case by its code: {found}")
        status = found["body"]["consultations"][0]
        self.notes["consultation_id"] = status["consultation_id"]
        to = f"/v1/consultations/{status['consultation_id']}/images"
        broken = doctor.do("upload", to=to, path=str(self.files / "broken.dcm"))
        self._need(broken["status"] == 422 and broken["body"]["detail"], f"a broken file is refused with the reason: {broken}")
        self.out.fact(f"坏文件被拒:{broken['body']['detail']}")
        good = doctor.do("upload", to=to, path=str(self.files / "image.dcm"))
        self._need(good["status"] == 201, f"the image is accepted: {good}")
        self.out.fact("DICOM 影像已收")

    def _late_press(self, late: Person, card: dict[str, Any], taken: str) -> None:
        """Somebody whose card had not yet changed presses too: told who has it."""
        fresh = next(one for one in late.do("read", chat=APP, after=card["seq"] - 1) if one["seq"] == card["seq"])
        if "接诊" not in "".join(choices(fresh)) or fresh["card"].get("replaced"):
            said = late.say(APP, "接诊")
            late.expect(APP, said, f"{re.escape(taken[0])}|已.{{0,6}}接诊|没有", "a late one is told who has it")
        else:
            before = late.tap(APP, fresh, "接诊")
            late.expect(APP, before, f"{re.escape(taken[0])}|接诊", "a late press is told who has it")

    def nobody_answers(self) -> None:
        """4, the other end: nobody answers, the duty scheduler is alarmed."""
        self.out.begin("第四步(续) 没有人应答时")
        doctor = self.cast.person(self.cast.of_role("village_doctor")[1])
        after = doctor.say(GROUP, "会诊 1号 腹痛一天 呕吐 紧急")
        answer = doctor.expect(GROUP, after, r"C-[0-9A-Z]{4}", "a second consultation has its code")
        found = re.search(r"C-[0-9A-Z]{4,}", text_of(answer))
        assert found is not None
        schedulers = self.cast.marks("scheduler", APP)
        alarmed: list[str] = []
        # A killed worker's events wait half a minute for the next one: with more patience it goes on for longer than that.
        for _ in range(round(15 * self.cast.patience)):
            self.cast.clock(advance_s=130)
            self._pause(10)
            alarmed = [key for key, seq in self.cast.marks("scheduler", APP).items() if seq > schedulers.get(key, 0)]
            if alarmed:
                break
        self._need(bool(alarmed), "the duty scheduler is alarmed")
        scheduler = self.cast.person(alarmed[0])
        scheduler.expect(APP, schedulers[scheduler.key], re.escape(found.group()), "the alarm names the case")
        self.notes["scheduler"] = scheduler
        doctor.expect(APP, 0, f"{re.escape(found.group())}", "the village doctor knows what happens next")
        self.out.end()

    def progress(self) -> None:
        """5: everybody sees the case as his role allows."""
        self.out.begin("第五步 进度,各人看各人的")
        code = self.notes["code"]
        doctor, expert = self.notes["doctor"], self.notes["expert"]
        after = doctor.say(GROUP, f"进度 {code}")
        in_group = doctor.expect(GROUP, after, re.escape(code), "progress in the group")
        self._need(self._names_no_patient(doctor, text_of(in_group)), "the group shows no name of the patient")
        after = doctor.say(APP, f"进度 {code}")
        doctor.expect(APP, after, "已分配专家", "progress in the single chat")
        after = expert.say(APP, f"进度 {code}")
        expert.expect(APP, after, re.escape(code), "the expert sees his case")
        scheduler: Person = self.notes["scheduler"]
        after = scheduler.say(APP, f"进度 {code}")
        scheduler.expect(APP, after, re.escape(code), "the scheduler sees the case")
        patient: Person = self.notes["patient"]
        after = patient.say(OA, f"进度 {code}")
        patient.expect(OA, after, "没有|找不到", "a stranger does not see it")
        timeline = doctor.api("GET", f"/v1/consultations/{self.notes['consultation_id']}/timeline")
        self._need(timeline["status"] == 200, f"the timeline can be read: {timeline}")
        for entry in timeline["body"]["entries"]:
            self.out.line(f"            {entry['at'][11:19]}  {entry['label']}{'  — ' + entry['who'] if entry['who'] else ''}")
        kinds = " ".join(entry["kind"] for entry in timeline["body"]["entries"])
        self._need(timeline["body"]["status"]["state"] == "ASSIGNED", f"the consultation is assigned: {kinds}")
        self.out.end()

    def _names_no_patient(self, doctor: Person, text: str) -> bool:
        names = self.notes.get("listed")
        if names is None:
            listed = doctor.api("GET", "/v1/patient-list")
            if listed["status"] != 200:
                doctor.do("open_page", path="/h5/doctor/cases/")
                listed = doctor.api("GET", "/v1/patient-list")
            names = self.notes["listed"] = [undemonstrated(one["full_name"]) for one in listed["body"]["patients"]]
        return not any(name in text for name in names)


def somebodys_number(rng: random.Random) -> str:
    """A valid, made-up citizen number of the demonstration's county."""
    return citizen_number(f"522727{rng.randint(1950, 1990)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}{rng.randint(100, 999)}")
