"""Booking in one line: department, time and doctor; what fits, what is nearest, and what is asked back."""

from __future__ import annotations

from core.appointments.models import Appointment
from core.foundation.clock import shanghai, spoken
from tests.bot.dialogue.stage import Stage

OA = "official_account"


async def _first(stage: Stage) -> str:
    from core.appointments.models import Slot

    slot = await Slot.filter(id__in=stage.county.slots).order_by("starts_at").first()
    assert slot is not None
    local = shanghai(slot.starts_at)
    return f"{local.month}月{local.day}号"


async def test_the_times_of_a_day_and_of_a_doctor(stage: Stage) -> None:
    day = await _first(stage)
    await stage.say("woman", OA, f"预约 呼吸内科 {day}上午")
    heard = await stage.hears("woman", OA, "呼吸内科", "可以约的时间")
    assert heard.count("上午") > 1
    await stage.say("woman", OA, f"约{day}上午赵医生")
    await stage.hears("woman", OA, "赵医生", "可以约的时间", "赵晓岚")
    await stage.say("woman", OA, "最后一个")
    await stage.hears("woman", OA, "约好了")
    assert await Appointment.filter(state="booked").count() == 1


async def test_where_none_fits_the_nearest_are_shown(stage: Stage) -> None:
    day = await _first(stage)
    await stage.say("woman", OA, f"预约呼吸内科 {day}晚上")
    await stage.hears("woman", OA, "晚上 没有空号", "最近能约的", "赵晓岚")
    await stage.say("woman", OA, "约刘主任")
    await stage.hears("woman", OA, "没有找到刘主任", "最近能约的")
    await stage.say("woman", OA, "预约呼吸内科 2020年1月5号")
    await stage.hears("woman", OA, "已经过去了", "呼吸内科")


async def test_what_may_mean_two_times_is_asked_back(stage: Stage) -> None:
    day = await _first(stage)
    await stage.say("woman", OA, f"预约呼吸内科 {day}三点")
    await stage.hears("woman", OA, "是哪个时间", "凌晨3:00", "下午3:00")
    await stage.say("woman", OA, "下午")
    await stage.hears("woman", OA, "呼吸内科", "最近能约的")


async def test_a_time_on_the_screen_in_words(stage: Stage) -> None:
    from core.appointments.models import Slot

    await stage.say("woman", OA, "预约呼吸内科")
    await stage.hears("woman", OA, "可以约的时间")
    slot = await Slot.filter(id__in=stage.county.slots).order_by("starts_at").first()
    assert slot is not None
    local = shanghai(slot.starts_at)
    await stage.say("woman", OA, f"{local.month}月{local.day}号上午{local.hour}点{local.minute:02d}分")
    await stage.hears("woman", OA, "约好了", spoken(slot.starts_at))


async def test_a_wish_after_the_times_were_shown_looks_again(stage: Stage) -> None:
    day = await _first(stage)
    await stage.say("woman", OA, "预约呼吸内科")
    await stage.hears("woman", OA, "可以约的时间")
    await stage.say("woman", OA, f"{day}晚上")
    await stage.hears("woman", OA, "没有空号", "最近能约的")
