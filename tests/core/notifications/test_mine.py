"""收到的通知: one's own alone, newest first, page by page, with the words that were sent."""

from __future__ import annotations

import pytest

from core.foundation.actor import Actor, HeldRole, Role
from core.foundation.clock import ManualClock
from core.foundation.errors import NotAllowed
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.notifications.commands import MyNotices, StopReminders
from core.notifications.kinds import IGNORES, KINDS, Limit, Priority, priority_of
from core.notifications.service import mark_failed, mark_sent, tell
from tests.support.county import SYSTEM

ME = Actor("01ARZ3NDEKTSV4RRFFQ69G5FAV", (HeldRole(Role.PATIENT, ""),), "mini_program")
OTHER = Actor("01ARZ3NDEKTSV4RRFFQ69G5FAX", (HeldRole(Role.PATIENT, ""),), "mini_program")


async def told(practice: Practice, who: Actor, kind: str) -> str:
    return await tell(Work(practice, SYSTEM, StopReminders()), who.account_id, kind)


async def test_each_sees_his_own_newest_first_and_page_by_page(practice: Practice, clock: ManualClock) -> None:
    mine = []
    for place in range(5):
        mine.append(await told(practice, ME, "consultation.progress_patient"))
        await mark_sent(practice, mine[-1], channel="template", words=f"第 {place} 条")
        clock.advance(seconds=5)
    await mark_sent(practice, await told(practice, OTHER, "consultation.progress_patient"), channel="sms", words="别人的")
    first = await practice.ask(ME, MyNotices(limit=3))
    rest = await practice.ask(ME, MyNotices(limit=3, before=first.more))
    assert [one.notification_id for one in (*first.notices, *rest.notices)] == mine[::-1]
    assert [one.words for one in first.notices] == ["第 4 条", "第 3 条", "第 2 条"]
    assert rest.more is None
    assert {(one.label, one.channel_label, one.state_label) for one in first.notices} == {("会诊进度", "服务号模板消息", "已发")}


async def test_what_did_not_go_out_says_why(practice: Practice, clock: ManualClock) -> None:
    failed = await told(practice, ME, "consultation.progress_patient")
    await mark_failed(practice, failed, channel="", failure="no_identity")
    over = await told(practice, ME, "helper.asked")
    await mark_failed(practice, over, channel="", failure="over")
    clock.advance(hours=12)
    await told(practice, ME, "followup.reminder")
    found = await practice.ask(ME, MyNotices())
    assert [(one.state, one.state_label, one.words) for one in found.notices] == [("held", "夜里先存着,早上 8 点发", ""), ("failed", "没发出", "")]


async def test_words_whose_month_was_destroyed_are_not_there_and_the_list_is(practice: Practice) -> None:
    one = await told(practice, ME, "consultation.progress_patient")
    await mark_sent(practice, one, channel="sms", words="您的会诊有进展")
    key = f"{practice.clock.real_now():%Y-%m}.{ME.account_id}"
    from core.foundation.encryption.erasure import destroy_keys

    await destroy_keys(practice, "words", key)
    (left,) = (await practice.ask(ME, MyNotices())).notices
    assert (left.words, left.state_label) == ("", "已发")


async def test_nobody_in_particular_sees_nothing(practice: Practice) -> None:
    with pytest.raises(NotAllowed):
        await practice.ask(SYSTEM, MyNotices())


def test_each_class_ignores_what_the_class_below_it_does() -> None:
    assert IGNORES[Priority.ROUTINE] < IGNORES[Priority.CARE] < IGNORES[Priority.EMERGENCY] == frozenset(Limit)
    assert priority_of("followup.danger", urgent=True) is Priority.CARE
    assert priority_of("alert.card") is Priority.EMERGENCY
    assert priority_of("nothing.known") is Priority.ROUTINE
    assert all(0 < len(kind.label) <= 12 for kind in KINDS.values())
