"""Step 9: reminders that come once and by day, a value in words with its picture, the village doctor told, 加重, 停止提醒."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import Any

from tests.journeys.story.cast import Person, StepFailed
from tests.journeys.story.phone import text_of
from tests.journeys.story.scene import APP, CHINA, OA, Scene, moment

REMINDER = "该量血压了"
BLOOD_PRESSURE, SYSTOLIC, DIASTOLIC = "85354-9", "8480-6", "8462-4"
SAID = ("150/95", "一百五 九十五", "血压 152/96")
PACED_S = 75
"""Told in half a minute what belongs to weeks, a village doctor may have to wait: WeCom delivers thirty messages a minute."""
QUIET_FROM, QUIET_UNTIL = time(21, 0), time(8, 0)


class TheFollowup(Scene):
    def follow(self) -> None:
        self.out.begin("第九步 随访:到时提醒、记数、趋势图、加重、停止提醒")
        doctor: Person = self.notes["doctor"]
        daughter: Person = self.notes["daughter"]
        self.notes["from"] = daughter.last(OA)
        plan_id = self._start(doctor)
        for times, said in enumerate(SAID, 1):
            self._to_next_reminder(doctor, plan_id)
            self._wait_for_reminders(daughter, times)
            to_doctor = doctor.last(APP)
            self._measure(daughter, said, times)
            if times == len(SAID):
                doctor.expect(APP, to_doctor, "随访.*第 3 次偏高", "the village doctor is told of the third high value", PACED_S)
        self._observations(doctor)
        self._worse(doctor, daughter)
        self._stop(doctor, daughter, plan_id)
        self._once_and_by_day(daughter, len(SAID))
        self.out.end()

    def _start(self, doctor: Person) -> str:
        patient_id = self.notes["father"]["patient_id"]
        order = {"template": "hypertension", "consultation_id": self.notes["consultation_id"]}
        plan = self._answered(doctor.api("POST", f"/v1/patients/{patient_id}/plans", order), 201, "a plan from the template")
        self.out.fact(f"{plan['title']}:{'、'.join(one['label'] for one in plan['due'])};依据 {';'.join(plan['sources'])}")
        return str(plan["plan_id"])

    def _due(self, doctor: Person, plan_id: str) -> datetime:
        plan = self._answered(doctor.api("GET", f"/v1/plans/{plan_id}"), 200, "the plan")
        return min(moment(one["due_at"]) for one in plan["due"] if one["task"] == "blood_pressure" and one["state"] == "pending")

    def _to_next_reminder(self, doctor: Person, plan_id: str) -> None:
        """The clock goes to the evening before first: nothing may come at night."""
        due = self._due(doctor, plan_id)
        night = due.astimezone(CHINA).replace(hour=3, minute=0)
        for wanted in (night, due + timedelta(seconds=30)):
            ahead = round((wanted - self.cast.now()).total_seconds())
            if ahead > 0:
                self.cast.clock(advance_s=ahead)

    def _reminders(self, daughter: Person) -> list[dict[str, Any]]:
        messages = daughter.do("read", chat=OA, after=self.notes["from"])
        return [one for one in messages if one["from"] == "service" and REMINDER in text_of(one)]

    def _wait_for_reminders(self, daughter: Person, count: int) -> None:
        daughter.expect(OA, self._last_reminder(daughter), REMINDER, f"reminder {count} comes")
        self._need(len(self._reminders(daughter)) == count, f"reminder {count} comes once")

    def _last_reminder(self, daughter: Person) -> int:
        """The newest reminder that was answered already."""
        answered: int = self.notes.get("answered", self.notes["from"])
        return answered

    def _measure(self, daughter: Person, said: str, times: int) -> None:
        after = self.notes["answered"] = daughter.say(OA, said)
        answer = daughter.expect(OA, after, "记下了", "the value is recorded")
        self._need("偏高" in text_of(answer), f"it says that it is high: {text_of(answer)}")
        picture = daughter.do("wait_kind", chat=OA, after=after, kind="image", limit_s=25 * self.cast.patience)
        daughter.show_new(OA)
        if picture is None:
            raise StepFailed("no trend picture in the chat")
        self._need(f"第 {times} 次偏高" in text_of(answer) or times == 1, f"counted: {text_of(answer)}")

    def _observations(self, doctor: Person) -> None:
        patient_id = self.notes["father"]["patient_id"]
        answer = doctor.api("GET", f"/v1/patients/{patient_id}/readings?task=blood_pressure")
        readings = self._answered(answer, 200, "the readings")["readings"]
        values = [{part["code"]: (float(part["value"]), part["unit"]) for part in one["measured"]["components"]} for one in readings]
        expected = [{SYSTOLIC: (high, "mm[Hg]"), DIASTOLIC: (low, "mm[Hg]")} for high, low in ((150, 95), (150, 95), (152, 96))]
        self._need(values == expected, f"each value was recorded once, in LOINC and UCUM: {values}")
        self.out.fact("三次测量值都在,每次一条 Observation(LOINC 85354-9,mm[Hg])")

    def _worse(self, doctor: Person, daughter: Person) -> None:
        to_doctor = doctor.last(APP)
        after = daughter.say(OA, "加重 胸口闷得厉害 出冷汗")
        answer = daughter.expect(OA, after, "120", "what is worse goes to triage at once")
        self._need(bool(re.match(r"\W*.{0,40}120", text_of(answer).replace("\n", ""))), f"danger begins with 120: {text_of(answer)}")
        doctor.expect(APP, to_doctor, "加重", "the village doctor is told", PACED_S)

    def _stop(self, doctor: Person, daughter: Person, plan_id: str) -> None:
        after = daughter.say(OA, "停止提醒")
        daughter.expect(OA, after, "已停|停了|都停", "reminders are stopped")
        for _ in range(2):
            self._to_next_reminder(doctor, plan_id)
            self._settled()
        self._need(len(self._reminders(daughter)) == len(SAID), "nothing comes any more")
        self.out.fact("停止提醒以后,时钟走过两次提醒的时间:一条也没有再来")

    def _settled(self, limit_s: float = 20) -> None:
        """Until the system has nothing left to do or to send that is due."""
        for _ in range(round(limit_s * 5 * self.cast.patience)):
            self._pause()
            if not self.cast.due_now():
                return
        raise StepFailed("what is due is not done")

    def _once_and_by_day(self, daughter: Person, count: int) -> None:
        came = [self.cast.when(one).astimezone(CHINA) for one in self._reminders(daughter)]
        self._need(len(came) == count, f"{count} reminders, each once: {came}")
        at_night = [one for one in came if not QUIET_UNTIL <= one.time() < QUIET_FROM]
        self._need(not at_night, f"none in the quiet hours: {at_night}")
        self.out.fact(f"提醒来了 {count} 次,各一次:{'、'.join(f'{one.month}月{one.day}日 {one:%H:%M}' for one in came)}")
