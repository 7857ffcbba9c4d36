"""会诊 for a patient who had his record locked: one clear sentence with the way, 120 first in danger, and afterwards it goes as before."""

from __future__ import annotations

from core.consultations.models import Consultation
from core.dispatch.models import DangerAlert
from core.foundation.encryption.erasure import set_lock
from core.oversight.commands_erasures import UnlockRecord
from core.people.commands_views import MyPatientList
from tests.bot.dialogue.stage import Stage

ROBOT, APP = "wecom_robot", "wecom_app"


async def test_a_locked_patient_is_no_dead_end(stage: Stage) -> None:
    practice, doctor = stage.practice, stage.county.village_doctor
    third = next(one.patient_id for one in (await practice.ask(doctor, MyPatientList())).patients if one.number == 3)
    await set_lock(practice, [f"patient:{third}"], locked=True)
    (line,) = (await practice.ask(doctor, MyPatientList())).locked
    assert (line.number, line.patient_id) == (3, third)
    await stage.say("village_doctor", ROBOT, "会诊 3号 头晕三天 血压150/95 不急")
    await stage.hears("village_doctor", ROBOT, "3号的病历已按本人要求锁定")
    await stage.say("village_doctor", ROBOT, "会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急")
    await stage.hears("village_doctor", ROBOT, "120", "值班台", "3号的病历已按本人要求锁定", "紧急调阅")
    await stage.hears("duty_doctor", APP, "危急提醒", "村医", "锁定")
    await stage.press("duty_doctor", APP, "已接手")
    assert not await Consultation.filter(patient_id=third).exists()
    await practice.execute(doctor, UnlockRecord(patient_id=third, confirm=True))
    await stage.say("village_doctor", ROBOT, "会诊 3号 头晕三天 血压150/95 不急")
    await stage.hears("village_doctor", ROBOT, "会诊", "已建")
    assert (await DangerAlert.get()).state == "acknowledged"


async def test_danger_is_answered_first_whatever_stands_in_the_way_of_a_case(stage: Stage) -> None:
    await stage.say("village_doctor", ROBOT, "会诊 77号 胸痛2小时 出冷汗 血压90/60")
    said = await stage.hears("village_doctor", ROBOT, "120", "77")
    assert said.index("120") < said.index("77")
    await stage.say("village_doctor", ROBOT, "会诊 胸痛2小时 出冷汗 血压90/60")
    said = await stage.hears("village_doctor", ROBOT, "120", "编号")
    assert said.index("120") < said.index("编号")
    await stage.say("village_doctor", ROBOT, "会诊 77号 头晕三天 不急")
    assert "120" not in await stage.hears("village_doctor", ROBOT, "77")
