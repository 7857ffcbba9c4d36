"""会诊 for a patient who had his record locked: one clear sentence with the way, 120 first in danger, and afterwards it goes as before."""

from __future__ import annotations

from core.consultations.models import Consultation
from core.foundation.encryption.erasure import set_lock
from core.oversight.commands_erasures import UnlockRecord
from core.people.commands_views import MyPatientList
from tests.bot.dialogue.stage import Stage

ROBOT = "wecom_robot"


async def test_a_locked_patient_is_no_dead_end(stage: Stage) -> None:
    practice, doctor = stage.practice, stage.county.village_doctor
    third = next(one.patient_id for one in (await practice.ask(doctor, MyPatientList())).patients if one.number == 3)
    await set_lock(practice, [f"patient:{third}"], locked=True)
    (line,) = (await practice.ask(doctor, MyPatientList())).locked
    assert (line.number, line.patient_id) == (3, third)
    await stage.say("village_doctor", ROBOT, "会诊 3号 头晕三天 血压150/95 不急")
    await stage.hears("village_doctor", ROBOT, "3号的病历已按本人要求锁定")
    await stage.say("village_doctor", ROBOT, "会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急")
    await stage.hears("village_doctor", ROBOT, "120", "3号的病历已按本人要求锁定", "紧急调阅")
    assert not await Consultation.filter(patient_id=third).exists()
    await practice.execute(doctor, UnlockRecord(patient_id=third, confirm=True))
    await stage.say("village_doctor", ROBOT, "会诊 3号 头晕三天 血压150/95 不急")
    await stage.hears("village_doctor", ROBOT, "会诊", "已建")
