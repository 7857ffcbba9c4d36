"""The ladder over the simulated platform: which rung takes it, what closes one, what a kill leaves, and what people stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.channels.api.errors import AllowanceSpent, PlatformBusy, ValueRefused
from bot.channels.api.values import fitting_values
from bot.sending.ladders import LADDERS, PATIENCE, Rung, ladder_of
from bot.sending.notices import RENDERERS
from bot.sending.notifications import Notifications
from bot.sending.templates import STANDS_IN, TEMPLATES, chosen, filled
from core.conversations import allowance
from core.conversations.models import Conversation
from core.foundation import counting
from core.foundation.clock import SystemClock
from core.foundation.due import tick
from core.foundation.events import SEND_LANE, Event
from core.foundation.models import OutboxEvent
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.notifications import rungs, subscriptions
from core.notifications.commands import HearDelivery, StopReminders
from core.notifications.kinds import KINDS, Priority, kind_of
from core.notifications.models import Notification, Subscription
from core.notifications.models import Rung as Attempt
from core.notifications.rules import quiet_ends
from core.notifications.telling import QUEUED, emit_queued
from core.people.commands import EnsureAccount, VerifyPhone
from core.people.models import Identity
from core.people.service import actor_for
from tests.bot.channels.conftest import *  # noqa: F403 - the Redis of the channels' tests
from tests.bot.dialogue.stage import Stage, daytime, open_stage, set_hour
from tests.support.county import SYSTEM, seed_small

OA, MINI = "official_account", "mini_program"


@pytest.fixture
def clock() -> SystemClock:
    return daytime()


@pytest.fixture
async def stage(practice: Practice, clinical: object, redis: Redis, tmp_path: Path) -> AsyncIterator[Stage]:
    practice.engines.clinical = clinical
    county = await seed_small(practice)
    async with open_stage(practice, county, redis, tmp_path) as opened:
        yield opened


async def booked(stage: Stage) -> tuple[Notification, str]:
    """The woman has booked by chat; the notification of it, and her mini program's identity. Nothing may be sent to her by customer service."""
    await stage.say("woman", OA, "预约呼吸内科")
    await stage.hears("woman", OA, "可以约的时间")
    await stage.tap("woman", OA, "11月")
    await stage.hears("woman", OA, "约好了")
    row = await stage.notified(kind="appointment.booked", state="sent")
    login = (await stage.http.post(f"{stage.base}/people/woman/mini-program/login")).json()["code"]
    mini = stage.runtime._apis.mini_program
    assert mini is not None
    session = await mini.code2session(login)
    known = await stage.practice.execute(SYSTEM, EnsureAccount(app="wxmp", subject=session.openid, unionid=session.unionid))
    assert known.account_id == row.account_id
    identity = await Identity.get(app="wxmp", subject=session.openid)
    return row, identity.id


async def spent(stage: Stage) -> None:
    for one in await Conversation.filter(group=False):
        await allowance.exhausted(one.id)


async def again(stage: Stage, row: Notification, tries: int = 1) -> Notification:
    """The notification once more, with nothing left of how it went the first time but what the ledger of rungs has."""
    await Notification.filter(id=row.id).update(state="queued", kind="appointment.cancelled")
    assert stage.runtime.notifications is not None
    await Conversation.filter(group=False).update(dialogue={})  # as if she had cancelled on a page: no chat has said it
    await stage.runtime.notifications.send(stage.practice, Event(row.id, "notification.queued", "", {"notification_id": row.id}, tries))
    return await Notification.get(id=row.id)


async def when_free(stage: Stage, row: Notification) -> Notification:
    """Again, until the pause is over that all workers make after a token could not be had."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await again(stage, row)
            except PlatformBusy:
                await asyncio.sleep(0.3)


async def allow(stage: Stage, template: str = "SUB-2") -> None:
    """She accepts in the mini program's dialog; the platform tells it by its event."""
    answer = await stage.http.post(f"{stage.base}/people/woman/mini-program/subscribe", json={"templates": {template: "accept"}})
    assert answer.status_code == 200
    async with asyncio.timeout(30):
        while not await Subscription.filter(template=template, heard__gt=0).exists():  # noqa: ASYNC110 - the row is what is waited for
            await asyncio.sleep(0.05)


def refusals() -> dict[tuple[str, ...], int]:
    """What was counted of refused ways: rung, kind, class and errcode."""
    return {tuple(dict(labels).values()): number for (name, labels), number in counting._counted.items() if name == "rung_refused"}


async def kinds_shown(stage: Stage, chat: str) -> list[str]:
    return [message["type"] for message in await stage.messages("woman", chat) if message["from"] == "service"]


async def test_a_subscription_is_used_once_then_the_template_then_nothing(stage: Stage) -> None:
    row, identity = await booked(stage)
    await spent(stage)
    await allow(stage)
    first = await again(stage, row)
    assert (first.state, first.channel) == ("sent", "subscription")
    (shown,) = [one for one in await stage.messages("woman", MINI) if one["type"] == "subscription"]
    assert shown["page"] == "pages/web/web?to=appointments"
    assert not await subscriptions.is_open(identity, "SUB-2")
    await Attempt.filter(notification_id=row.id).delete()
    second = await again(stage, row)
    assert (second.state, second.channel) == ("sent", "template")
    assert (await kinds_shown(stage, MINI)).count("subscription") == 1


async def test_43101_closes_the_rung_and_the_next_is_tried(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    row, identity = await booked(stage)
    await spent(stage)
    # The ledger believes that there are three; the platform knows of none.
    for _ in range(3):
        await subscriptions.accepted(stage.practice.ids, identity, str(row.account_id), "SUB-2", "asked", stage.practice.clock.real_now())
    counting._counted.clear()
    sent = await again(stage, row)
    assert (sent.state, sent.channel) == ("sent", "template")
    assert refusals() == {("subscription", "appointment.cancelled", "AllowanceSpent", "43101"): 1}
    assert not await subscriptions.is_open(identity, "SUB-2")
    tried = {one.rung: (one.state, one.failure) for one in (await rungs.tried(row.id)).values()}
    assert tried["subscription"] == ("refused", "AllowanceSpent 43101")


async def test_a_value_that_breaks_its_rule_goes_on_and_uses_nothing_up(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    row, identity = await booked(stage)
    await spent(stage)
    await allow(stage)
    mini = stage.runtime._settings.mini_program
    assert mini is not None
    mini.fields["appointment"] = {"phrase2": "number2"}
    counting._counted.clear()
    sent = await again(stage, row)
    assert refusals() == {("subscription", "appointment.cancelled", "ValueRefused", "47003"): 1}
    assert (sent.state, sent.channel) == ("sent", "template")
    assert await subscriptions.is_open(identity, "SUB-2")
    assert "number2" in caplog.text
    assert "已取消" not in caplog.text, "no value stands in a log"


async def test_busy_is_tried_again_on_the_same_rung_and_passed_over_only_when_it_lasts(stage: Stage) -> None:
    row, _ = await booked(stage)
    await spent(stage)
    await allow(stage)
    busy = {**(await stage.http.get(f"{stage.base}/conditions")).json(), "api_error": -1}
    await stage.http.put(f"{stage.base}/conditions", json=busy)
    with pytest.raises(PlatformBusy):
        await again(stage, row)
    assert [(one.rung, one.state) for one in (await rungs.tried(row.id)).values() if one.state == "trying"] == [("subscription", "trying")]
    with pytest.raises(PlatformBusy):
        await again(stage, row, tries=PATIENCE[Priority.ROUTINE])
    await stage.http.put(f"{stage.base}/conditions", json={**busy, "api_error": None})
    sent = await when_free(stage, row)
    assert (sent.state, sent.channel) == ("sent", "subscription"), "the accept was given back when the platform was busy"


async def test_an_sms_is_the_last_and_says_nothing_of_it(stage: Stage) -> None:
    row, _ = await booked(stage)
    await stage.practice.execute(SYSTEM, VerifyPhone(account_id=str(row.account_id), phone="19900000011"))
    answer = await stage.http.post(f"{stage.base}/people/woman/official-account/unfollow", json={})
    assert answer.status_code == 200
    await spent(stage)
    sent = await again(stage, row)
    assert (sent.state, sent.channel) == ("sent", "sms")
    assert [one.failure for one in (await rungs.tried(row.id)).values() if one.rung == "template"] == ["AllowanceSpent 43004"]
    # "woman" has the number in the simulator's roster, and so has her neighbour: the first of them gets it.
    (shown,) = [message["content"] for message in await stage.messages("woman", "sms")]
    assert shown.startswith("【会诊】您有一条新消息(编号 A-")
    assert "呼吸" not in shown


async def test_after_a_kill_between_sending_and_marking_nothing_goes_out_again(stage: Stage) -> None:
    row, _ = await booked(stage)
    await spent(stage)
    await allow(stage)
    await again(stage, row)
    before = len(await stage.messages("woman", MINI)) + len(await stage.messages("woman", OA))
    after = await again(stage, row)
    assert (after.state, after.channel) == ("sent", "subscription")
    assert len(await stage.messages("woman", MINI)) + len(await stage.messages("woman", OA)) == before


async def test_a_failed_delivery_goes_on_to_the_next_rung(stage: Stage) -> None:
    row, _ = await booked(stage)
    await spent(stage)
    await allow(stage)
    await again(stage, row)
    attempt = await Attempt.get(notification_id=row.id, rung="subscription")
    order = HearDelivery(app="wxmp", subject="m-woman", message_id=attempt.message_id, failure="failed 1")
    assert (await stage.practice.execute(SYSTEM, order)).done
    await stage.notified(id=row.id, state="sent", channel="template")


async def test_what_is_stopped_between_two_tries_is_not_sent(stage: Stage) -> None:
    row, _ = await booked(stage)
    await spent(stage)
    await allow(stage)
    busy = {**(await stage.http.get(f"{stage.base}/conditions")).json(), "api_error": -1}
    await stage.http.put(f"{stage.base}/conditions", json=busy)
    with pytest.raises(PlatformBusy):
        await again(stage, row)
    await stage.practice.execute(await actor_for(str(row.account_id), OA, stage.practice.clock.now()), StopReminders())
    assert (await Notification.get(id=row.id)).state == "stopped"
    await stage.http.put(f"{stage.base}/conditions", json={**busy, "api_error": None})
    assert stage.runtime.notifications is not None
    await stage.runtime.notifications.send(stage.practice, Event(row.id, "notification.queued", "", {"notification_id": row.id}, 2))
    assert (await Notification.get(id=row.id)).state == "stopped"
    assert "subscription" not in await kinds_shown(stage, MINI)


async def busy_once(stage: Stage, row: Notification) -> dict[str, Any]:
    """The first try of ``row`` in the afternoon fails because the platform is busy; what the platform's conditions were before."""
    before: dict[str, Any] = (await stage.http.get(f"{stage.base}/conditions")).json()
    await stage.http.put(f"{stage.base}/conditions", json={**before, "api_error": -1})
    with pytest.raises(PlatformBusy):
        await again(stage, row)
    await stage.http.put(f"{stage.base}/conditions", json=before)
    return before


async def test_what_is_tried_again_when_the_night_has_begun_waits_for_the_morning(stage: Stage, clock: SystemClock) -> None:
    row, _ = await booked(stage)
    await spent(stage)
    await allow(stage)
    await busy_once(stage, row)
    set_hour(clock, 22)
    held = await when_free(stage, row)
    assert (held.state, held.release_at) == ("held", quiet_ends(clock.now()))
    assert "subscription" not in await kinds_shown(stage, MINI)
    clock.shift_to(clock.offset + timedelta(hours=10, minutes=1))
    await tick(stage.practice)
    await stage.notified(id=row.id, state="sent", channel="subscription")
    assert (await kinds_shown(stage, MINI)).count("subscription") == 1


async def test_what_cannot_wait_is_tried_again_at_night_too(stage: Stage, clock: SystemClock) -> None:
    row, _ = await booked(stage)
    await spent(stage)
    await allow(stage)
    await busy_once(stage, row)
    await Notification.filter(id=row.id).update(urgent=True)
    set_hour(clock, 22)
    sent = await when_free(stage, row)
    assert (sent.state, sent.channel) == ("sent", "subscription")


async def test_what_was_out_before_the_night_is_marked_and_not_held(stage: Stage, clock: SystemClock) -> None:
    row, _ = await booked(stage)
    await spent(stage)
    await allow(stage)
    await again(stage, row)
    set_hour(clock, 22)
    after = await again(stage, row)
    assert (after.state, after.channel) == ("sent", "subscription")


@dataclass
class Slow:
    """Stands before whoever sends: a reminder takes until ``let``."""

    real: Notifications
    let: asyncio.Event = field(default_factory=asyncio.Event)
    held: int = 0

    async def send(self, practice: Practice, event: Event) -> None:
        if (await Notification.get(id=event.body["notification_id"])).kind == "followup.reminder":
            self.held += 1
            await self.let.wait()
        else:
            await self.real.send(practice, event)


async def test_an_emergency_passes_a_thousand_reminders(stage: Stage) -> None:
    """The reminders' lane is full and stands still: the alarm arrives all the same."""
    assert stage.runtime.notifications is not None
    slow = Slow(stage.runtime.notifications)
    stage.runtime.notifications = slow  # type: ignore[assignment]
    now = stage.practice.clock.now()
    ids = [stage.practice.ids.new() for _ in range(1000)]
    await Notification.bulk_create(
        [Notification(id=one, account_id=one, kind="followup.reminder", ids={}, state="queued", created_at=now) for one in ids], batch_size=200
    )
    work = Work(stage.practice, SYSTEM, StopReminders())
    for one in ids:
        await emit_queued(work, one, one, Priority.ROUTINE)
    await stage.say("stranger", OA, "俺爹半拉身子不听使唤,嘴也歪了")
    await stage.hears("scheduler", "wecom_app", "危急提醒", seconds=60)
    assert 0 < slow.held < 1000
    await Notification.filter(kind="followup.reminder").update(state="stopped")
    await OutboxEvent.filter(topic=QUEUED, lane=SEND_LANE).update(state="done")
    slow.let.set()


@pytest.mark.parametrize("kind", sorted(RENDERERS))
def test_every_kind_has_a_class_a_label_and_a_ladder(kind: str) -> None:
    assert kind in KINDS, "name it in core/notifications/kinds.py"
    ladder = ladder_of(kind, kind_of(kind).priority)
    assert ladder.rungs[0] is Rung.WECOM, "staff are told where they work"
    assert len(set(ladder.rungs)) == len(ladder.rungs)


def test_an_sms_is_for_what_must_arrive_alone() -> None:
    by_sms = {kind for kind in KINDS if Rung.SMS in ladder_of(kind, kind_of(kind).priority).rungs}
    assert by_sms == {kind for kind, one in KINDS.items() if one.priority is Priority.EMERGENCY} | {
        "offer.card", "appointment.cancelled", "prescription.stopped", "prescription.withdrawn"
    }  # fmt: skip
    assert set(LADDERS) <= set(KINDS)


def test_the_table_s_own_examples_fit_their_fields() -> None:
    for template in TEMPLATES.values():
        for fields in (template.official, template.mini):
            example = {field.meaning: field.example for field in fields}
            assert set(filled(fields, example, {}, "test")) == {field.name for field in fields}


def test_what_stands_in_holds_the_values_of_the_others() -> None:
    template, template_id = chosen("reminder", {STANDS_IN: "TPL-1"}) or (None, "")
    assert template is TEMPLATES[STANDS_IN]
    assert template_id == "TPL-1"
    data = filled(template.official, {"code": "-", "state": "到时间了", "text": "该量血压了"}, {"thing3": "thing9"}, "test")
    assert data == {"character_string1": "-", "phrase2": "到时间了", "thing9": "该量血压了"}
    assert chosen("appointment", {STANDS_IN: "TPL-1"}) is None


def test_a_value_that_breaks_its_rule_is_refused_by_name() -> None:
    with pytest.raises(ValueRefused) as refused:
        fitting_values({"phrase2": "已约15点"}, "template_send")
    assert refused.value.field == "phrase2"
    assert "15" not in str(refused.value)
    assert not isinstance(refused.value, AllowanceSpent)
