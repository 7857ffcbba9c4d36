"""确认家人: the village doctor says that the person before her may see a patient's record, by the code on his screen."""

from __future__ import annotations

from bot.dialogue.turn import Reply, Turn
from core.people.commands import ConfirmAccount
from core.people.commands_views import MyPatientList, PatientListView
from core.people.errors import PatientNotListed

_HOW = "请写病人编号和他手机上的 6 位确认码,比如:确认家人 3号 K7M2QX。确认码是本人或家人在小程序里实名登记时显示的,请当面核对证件。"


async def confirm_account(turn: Turn, number: int | None, claim_code: str) -> Reply:
    if turn.group:
        return turn.say("确认家人请在单独会话里做,群里不说病人是谁。")
    if number is None:
        return turn.say(_HOW)

    async def look_up() -> str | None:
        found: PatientListView = await turn.ask(MyPatientList())
        return next((one.patient_id for one in found.patients if one.number == number), None)

    patient_id: str | None = await turn.settle("patient", look_up)
    if patient_id is None:
        raise PatientNotListed(number=number)
    await turn.execute(ConfirmAccount(patient_id=patient_id, claim_code=claim_code))
    return turn.say(f"{number}号:确认好了。他重新打开小程序就能看到档案。")
