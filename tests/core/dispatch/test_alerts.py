"""Danger said in chat: somebody is called at once, and if he does not answer the next one is."""

from __future__ import annotations

from datetime import date

import pytest

from core.appointments.commands import SetShift
from core.dispatch.commands import AcknowledgeAlert, Alert, EscalateAlert
from core.dispatch.errors import AlertTaken
from core.dispatch.models import AlertReceiver, DangerAlert
from core.foundation.actor import Actor, Role
from core.foundation.errors import NotAllowed
from core.intake.commands import IntakeRecord, IntakeView, Say
from core.people.commands_staff import RegisterPractitioner
from core.people.service import actor_for
from tests.core.dispatch.ward import Ward
from tests.core.intake.small_engine import SmallEngine
from tests.support.county import CORP, SYSTEM, WHOLE_WEEK

DANGER = "俺爹半拉身子不听使唤,嘴也歪了"


async def say(ward: Ward, who: Actor, text: str) -> IntakeView:
    ward.practice.engines.clinical = SmallEngine()
    view: IntakeView = await ward.practice.execute(who, Say(text=text))
    return view


async def township_doctor(ward: Ward) -> Actor:
    registered = await ward.practice.execute(SYSTEM, RegisterPractitioner(
        organisation_id=ward.county.township_centre, full_name="杨秀", sex="female", title_name="主治医师", licence_number="119000000000001",
        licence_valid_until=date(2030, 1, 1), department_code="02", years_of_practice=9, roles=(Role.DUTY_DOCTOR,), app=CORP, subject="yang",
    ))
    await ward.practice.execute(SYSTEM, SetShift(
        practitioner_id=registered.practitioner_id, duty="duty_doctor", weekdays=WHOLE_WEEK, start_minute=0, end_minute=1440
    ))
    return await actor_for(registered.account_id, "wecom_app", ward.clock.now())


async def test_who_has_no_place_yet_belongs_to_the_county_desk(ward: Ward) -> None:
    view = await say(ward, ward.county.stranger, DANGER)

    assert view.alert is not None
    assert (view.alert.who, view.alert.place) == ("县值班台 张医生", "平塘县人民医院")
    assert await ward.told(ward.county.duty_doctor) == ["alert.card"]
    assert await ward.told(ward.county.scheduler) == ["alert.card"]
    seen = await ward.practice.ask(ward.county.duty_doctor, Alert(alert_id=view.alert.alert_id))
    assert seen.suspected == "中风"
    assert DANGER in seen.said
    assert seen.where == "还不知道,正在问"


async def test_a_listed_patients_township_is_called_first(ward: Ward) -> None:
    doctor = await township_doctor(ward)

    view = await say(ward, ward.county.woman_account, "我半拉身子不听使唤")

    assert view.alert is not None
    assert (view.alert.who, view.alert.place) == ("值班医生 杨医生", "塘边镇卫生院")
    assert await ward.told(doctor) == ["alert.card"]
    assert await ward.told(ward.county.duty_doctor) == []


async def test_an_alert_that_nobody_acknowledges_goes_on_by_itself_each_once(ward: Ward) -> None:
    doctor = await township_doctor(ward)
    view = await say(ward, ward.county.woman_account, "我半拉身子不听使唤")
    assert view.alert is not None

    await ward.pass_time(seconds=61)
    assert await ward.told(ward.county.scheduler) == ["alert.card"]
    await ward.pass_time(seconds=61)
    assert await ward.told(ward.county.administrator) == ["alert.card"]

    assert await ward.told(doctor) == ["alert.card"]
    receivers = await AlertReceiver.filter(alert_id=view.alert.alert_id).order_by("position", "id")
    assert [one.position for one in receivers] == [0, 1, 1, 2]


async def test_at_the_end_of_the_chain_everybody_is_reminded_until_somebody_takes_it(ward: Ward) -> None:
    view = await say(ward, ward.county.stranger, DANGER)
    assert view.alert is not None
    for _ in range(3):
        await ward.pass_time(seconds=61)
    await ward.pass_time(minutes=5, seconds=1)
    assert (await ward.told(ward.county.duty_doctor)).count("alert.card") == 3

    await ward.practice.execute(ward.county.duty_doctor, AcknowledgeAlert(alert_id=view.alert.alert_id))
    await ward.pass_time(hours=2)

    assert (await ward.told(ward.county.duty_doctor)).count("alert.card") == 3
    assert (await ward.told(ward.county.scheduler))[-1] == "alert.closed"


async def test_the_first_to_acknowledge_has_it_and_the_others_are_told_who(ward: Ward) -> None:
    view = await say(ward, ward.county.stranger, DANGER)
    assert view.alert is not None
    order = AcknowledgeAlert(alert_id=view.alert.alert_id)

    first = await ward.practice.execute(ward.county.duty_doctor, order)
    again = await ward.practice.execute(ward.county.duty_doctor, order)
    assert first.taken_by == again.taken_by == "张医生"
    with pytest.raises(AlertTaken) as refused:
        await ward.practice.execute(ward.county.scheduler, order)

    assert refused.value.message == "张医生已接手。"
    assert await ward.told(ward.county.scheduler) == ["alert.card", "alert.closed"]


async def test_only_who_was_alerted_sees_it_and_the_record_behind_it(ward: Ward) -> None:
    view = await say(ward, ward.county.stranger, DANGER)
    assert view.alert is not None

    await ward.practice.ask(ward.county.duty_doctor, IntakeRecord(intake_id=view.intake_id))
    for outsider in (ward.county.administrator, ward.county.village_doctor, ward.county.woman_account, ward.hearts[0]):
        for order in (Alert(alert_id=view.alert.alert_id), IntakeRecord(intake_id=view.intake_id)):
            with pytest.raises(NotAllowed):
                await ward.practice.ask(outsider, order)


async def test_one_danger_raises_one_alert(ward: Ward) -> None:
    first = await say(ward, ward.county.stranger, DANGER)
    second = await say(ward, ward.county.stranger, "还发烧")

    assert await DangerAlert.all().count() == 1
    assert second.intake_id == first.intake_id


async def test_where_he_is_becomes_known_and_the_township_is_called_at_once(ward: Ward) -> None:
    doctor = await township_doctor(ward)
    view = await say(ward, ward.county.stranger, DANGER)
    assert view.alert is not None
    assert view.question is not None
    assert view.question.code == "emergency.place"

    placed = await say(ward, ward.county.stranger, "塘边镇新塘村三组")

    assert await ward.told(doctor) == ["alert.card"]
    assert placed.alert is not None
    assert (placed.alert.who, placed.alert.place) == ("值班医生 杨医生", "塘边镇卫生院")
    alert = await DangerAlert.all().first()
    assert alert is not None
    seen = await ward.practice.ask(doctor, Alert(alert_id=alert.id))
    assert "新塘村" in seen.where
    assert (await ward.told(ward.county.duty_doctor)).count("alert.card") == 2


async def test_a_red_flag_below_critical_goes_on_more_slowly(ward: Ward) -> None:
    view = await say(ward, ward.county.woman_account, "我吐血")
    assert view.alert is not None
    assert (await ward.told(ward.county.duty_doctor), await ward.told(ward.county.administrator)) == (["alert.card"], [])
    seen = await ward.practice.ask(ward.county.duty_doctor, Alert(alert_id=view.alert.alert_id))
    assert (seen.urgency_label, seen.critical) == ("急重", False)

    await ward.pass_time(seconds=61)
    assert await ward.told(ward.county.administrator) == []
    await ward.pass_time(minutes=4)
    assert await ward.told(ward.county.administrator) == ["alert.card"]


async def test_what_becomes_critical_is_raised_again_though_somebody_had_it_in_hand(ward: Ward) -> None:
    doctor = await township_doctor(ward)
    view = await say(ward, ward.county.woman_account, "我吐血")
    assert view.alert is not None
    await ward.practice.execute(doctor, AcknowledgeAlert(alert_id=view.alert.alert_id))
    await ward.pass_time(minutes=6)
    assert await ward.told(ward.county.scheduler) == [], "who has it in hand has it"

    await say(ward, ward.county.woman_account, "我半拉身子不听使唤")

    alert = await DangerAlert.get()
    assert (alert.state, alert.urgency, alert.taken_by) == ("raised", "critical", None)
    assert await ward.told(doctor) == ["alert.card", "alert.card"]
    await ward.pass_time(seconds=61)
    assert await ward.told(ward.county.scheduler) == ["alert.card"]


async def test_everybody_who_heard_of_it_hears_that_it_has_become_critical(ward: Ward) -> None:
    await say(ward, ward.county.stranger, "我吐血")
    await ward.pass_time(minutes=5, seconds=1)
    assert await ward.told(ward.county.administrator) == ["alert.card"]

    await say(ward, ward.county.stranger, "我半拉身子不听使唤")

    assert await ward.told(ward.county.administrator) == ["alert.card", "alert.card"]
    assert await AlertReceiver.filter(account_id=ward.county.administrator.account_id).count() == 1


async def test_a_late_escalation_does_nothing(ward: Ward) -> None:
    view = await say(ward, ward.county.stranger, DANGER)
    assert view.alert is not None
    step = (await DangerAlert.get(id=view.alert.alert_id)).step
    await ward.pass_time(seconds=61)

    late = await ward.practice.execute(SYSTEM, EscalateAlert(alert_id=view.alert.alert_id, step=step))

    assert not late.done
