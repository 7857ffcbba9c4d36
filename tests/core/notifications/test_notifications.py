"""Who is told at once, who in the morning, who not at all; and what was sent is kept."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.foundation.actor import Actor, HeldRole, Role
from core.foundation.clock import ManualClock
from core.foundation.due import tick
from core.foundation.models import OutboxEvent
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.notifications.commands import HoldNotification, ResumeReminders, StopReminders
from core.notifications.models import CardRecord, Notification
from core.notifications.rules import Decision, decide, is_quiet, quiet_ends
from core.notifications.service import cards_about, keep_card, mark_failed, mark_sent, response_code_of, tell, tell_chat
from tests.support.county import SYSTEM

SOMEBODY = Actor("01ARZ3NDEKTSV4RRFFQ69G5FAV", (HeldRole(Role.PATIENT, ""),), "official_account")


def at(hour: int, minute: int = 0) -> datetime:
    """A time of 20 November in China."""
    return datetime(2026, 11, 20 if hour >= 8 else 19, (hour - 8) % 24, minute, tzinfo=UTC)


def work(practice: Practice) -> Work:
    return Work(practice, SYSTEM, StopReminders())


async def state(notification_id: str) -> str:
    return (await Notification.get(id=notification_id)).state


async def queued() -> list[str]:
    return [event.body["notification_id"] for event in await OutboxEvent.filter(topic="notification.queued").order_by("id")]


@pytest.mark.parametrize(("moment", "quiet"), [(at(20, 59), False), (at(21), True), (at(23, 30), True), (at(7, 59), True), (at(8), False)])
def test_the_night_is_that_of_china(moment: datetime, quiet: bool) -> None:
    assert is_quiet(moment) is quiet


def test_the_night_ends_at_eight() -> None:
    assert quiet_ends(at(22)) == datetime(2026, 11, 21, 0, 0, tzinfo=UTC)
    assert quiet_ends(at(3)) == datetime(2026, 11, 20, 0, 0, tzinfo=UTC)


def test_an_emergency_and_an_answer_are_never_held_back() -> None:
    assert decide("offer.card", urgent=True, stopped=True, now=at(23)) is Decision.SEND
    assert decide("upload.refused", urgent=False, stopped=True, now=at(23)) is Decision.SEND
    assert decide("consultation.progress", urgent=False, stopped=True, now=at(12)) is Decision.STOP
    assert decide("consultation.progress", urgent=False, stopped=False, now=at(23)) is Decision.HOLD


async def test_what_is_told_is_queued_in_the_same_transaction(practice: Practice) -> None:
    told = await tell(work(practice), SOMEBODY.account_id, "consultation.progress", consultation_id="C", step="asked")
    group = await tell_chat(work(practice), "G", "consultation.group", consultation_id="C", step="asked")

    assert await queued() == [told, group]
    assert (await Notification.get(id=told)).ids == {"consultation_id": "C", "step": "asked"}


async def test_stopping_reminders_stops_all_but_emergencies(practice: Practice) -> None:
    await practice.execute(SOMEBODY, StopReminders())
    ordinary = await tell(work(practice), SOMEBODY.account_id, "consultation.progress")
    urgent = await tell(work(practice), SOMEBODY.account_id, "consultation.progress", urgent=True)
    await practice.execute(SOMEBODY, ResumeReminders())
    later = await tell(work(practice), SOMEBODY.account_id, "consultation.progress")

    assert [await state(one) for one in (ordinary, urgent, later)] == ["stopped", "queued", "queued"]


async def test_at_night_it_waits_for_the_morning(practice: Practice, clock: ManualClock) -> None:
    clock.advance(hours=12)
    held = await tell(work(practice), SOMEBODY.account_id, "appointment.cancelled")
    assert (await state(held), await queued()) == ("held", [])

    clock.advance(hours=9, minutes=59)
    await tick(practice)
    assert await state(held) == "held"
    clock.advance(minutes=1)
    await tick(practice)

    assert (await state(held), await queued()) == ("queued", [held])


async def test_what_is_still_on_its_way_in_the_evening_is_held_and_released_once(practice: Practice, clock: ManualClock) -> None:
    ordinary = await tell(work(practice), SOMEBODY.account_id, "appointment.cancelled")
    urgent = await tell(work(practice), SOMEBODY.account_id, "appointment.cancelled", urgent=True)
    alarm = await tell(work(practice), SOMEBODY.account_id, "alert.card")
    by_day = await practice.execute(SYSTEM, HoldNotification(notification_id=ordinary))
    assert (by_day.done, await state(ordinary)) == (False, "queued")

    clock.advance(hours=12)
    done = [(await practice.execute(SYSTEM, HoldNotification(notification_id=one))).done for one in (ordinary, urgent, alarm, ordinary)]
    assert done == [True, False, False, False]
    assert [await state(one) for one in (ordinary, urgent, alarm)] == ["held", "queued", "queued"]

    clock.advance(hours=9, minutes=59)
    await tick(practice)
    assert await state(ordinary) == "held"
    clock.advance(minutes=1)
    await tick(practice)
    assert (await state(ordinary), await queued()) == ("queued", [ordinary, urgent, alarm, ordinary])


async def test_what_was_held_on_its_way_can_still_be_stopped(practice: Practice, clock: ManualClock) -> None:
    told = await tell(work(practice), SOMEBODY.account_id, "appointment.cancelled")
    clock.advance(hours=12)
    await practice.execute(SYSTEM, HoldNotification(notification_id=told))
    await practice.execute(SOMEBODY, StopReminders())
    clock.advance(hours=12)
    await tick(practice)

    assert (await state(told), await queued()) == ("stopped", [told])


async def test_stopping_at_night_also_stops_what_is_held(practice: Practice, clock: ManualClock) -> None:
    clock.advance(hours=12)
    held = await tell(work(practice), SOMEBODY.account_id, "appointment.cancelled")
    await practice.execute(SOMEBODY, StopReminders())
    clock.advance(hours=12)
    await tick(practice)

    assert (await state(held), await queued()) == ("stopped", [])


async def test_what_was_sent_is_kept_sealed_and_marked_once(practice: Practice) -> None:
    told = await tell(work(practice), SOMEBODY.account_id, "consultation.progress")
    assert await mark_sent(practice, told, channel="official_account", words="专家已接诊")
    assert not await mark_sent(practice, told, channel="official_account", words="专家已接诊")
    await mark_failed(practice, told, channel="official_account", failure="45015")

    row = await Notification.get(id=told)
    assert (row.state, row.failure) == ("sent", "")
    assert row.words is not None
    assert "专家".encode() not in bytes(row.words)
    assert row.words_key == f"{practice.clock.real_now():%Y-%m}.{SOMEBODY.account_id}"
    sealer = await practice.keys.sealer("words", row.words_key)
    assert sealer.open("notification", "words", row.id, bytes(row.words)) == "专家已接诊"


async def test_a_cards_facts_are_found_by_what_it_is_about(practice: Practice) -> None:
    told = await tell(work(practice), SOMEBODY.account_id, "offer.card", urgent=True, offer_id="01ARZ3NDEKTSV4RRFFQ69G5FAW")
    await keep_card(practice, told, ref="01ARZ3NDEKTSV4RRFFQ69G5FAW", channel="wecom_app", task_id="t1", response_code="first")
    await keep_card(practice, told, ref="01ARZ3NDEKTSV4RRFFQ69G5FAW", channel="wecom_app", task_id="t1", response_code="second")

    cards = await cards_about(SOMEBODY.account_id, "01ARZ3NDEKTSV4RRFFQ69G5FAW")
    assert len(cards) == await CardRecord.all().count() == 1
    assert await response_code_of(practice, cards[0]) == "second"
