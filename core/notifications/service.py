"""Whom to tell what. ``tell`` writes the row and emits; words are made and sent by the conversational side, which then marks the row."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from core.conversations.words import KIND, words_key
from core.foundation.actor import Role
from core.foundation.clock import shanghai
from core.foundation.counting import count
from core.foundation.due import due
from core.foundation.encryption.erasure import before_erasure
from core.foundation.orders import Done, answers, handles
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.notifications import mine, reports  # noqa: F401 - their handlers are this room's
from core.notifications.commands import (
    HoldNotification,
    ReadReminders,
    ReleaseNotification,
    ReminderChoiceView,
    ReportTrouble,
    ResumeReminders,
    StopReminders,
    Trouble,
    TroubleList,
    Troubles,
)
from core.notifications.kinds import Limit, Priority, kinds_that_ignore, priority_of
from core.notifications.models import CardRecord, ChannelTrouble, Notification, ReminderChoice, Subscription
from core.notifications.rules import Decision, decide, quiet_ends
from core.notifications.telling import emit_queued, wants_reminders
from core.people.holders import holders
from core.people.service import joins_accounts, tells_people

RELEASE = "notification.release"
TROUBLES_SHOWN = timedelta(days=7)
due(RELEASE, lambda row: ReleaseNotification(notification_id=row.ref))


async def tell(work: Work, account_id: str, kind: str, *, urgent: bool = False, **ids: str) -> str:
    """Tell ``account_id`` of ``kind`` about ``ids``; the id of the notification. Urgent ones ignore opt-out and the quiet hours."""
    decision = decide(kind, urgent=urgent, stopped=not await wants_reminders(account_id), now=work.now)
    notification_id = work.new_id()
    release_at = quiet_ends(work.now) if decision is Decision.HOLD else None
    await Notification.create(
        id=notification_id, account_id=account_id, kind=kind, ids=ids, urgent=urgent, state=decision.value, created_at=work.now,
        release_at=release_at,
    )
    if release_at is not None:
        await work.schedule(RELEASE, notification_id, release_at)
    elif decision is Decision.SEND:
        await emit_queued(work, notification_id, account_id, priority_of(kind, urgent=urgent))
    return notification_id


async def tell_chat(work: Work, conversation_id: str, kind: str, **ids: str) -> str:
    """Tell a group. Groups have no opt-out: what is told there is about a running consultation."""
    notification_id = work.new_id()
    await Notification.create(
        id=notification_id, conversation_id=conversation_id, kind=kind, ids=ids, urgent=True, state=Decision.SEND.value, created_at=work.now
    )
    await emit_queued(work, notification_id, conversation_id, Priority.CARE)
    return notification_id


@tells_people
async def tell_of_people(work: Work, account_id: str, kind: str, ids: dict[str, str]) -> None:
    """What the room below tells a practitioner or an administrator: what concerns his sign-in or signature waits for nothing."""
    await tell(work, account_id, kind, urgent=kind.startswith(("factor.", "session.")), **ids)


@joins_accounts
async def hand_over(work: Work, left: str, kept: str) -> None:
    """Two accounts are one person's: what waits is told to the one that lives on. What was sent stays where it is sealed."""
    await Notification.filter(account_id=left, state__in=("queued", "held")).update(account_id=kept)
    await Subscription.filter(account_id=left).update(account_id=kept)


@before_erasure("account")
async def tell_no_more(work: Work, account_id: str) -> None:
    """The account is closed: what waits is not sent, and nobody may change its cards."""
    await Notification.filter(account_id=account_id, state__in=(Decision.SEND.value, Decision.HOLD.value)).update(state=Decision.STOP.value)
    await CardRecord.filter(account_id=account_id).delete()
    await ReminderChoice.filter(account_id=account_id).delete()
    await Subscription.filter(account_id=account_id).delete()


@handles(StopReminders)
async def stop_reminders(work: Work, order: StopReminders) -> Done:
    await _choose(work, stopped=True)
    return Done()


@handles(ResumeReminders)
async def resume_reminders(work: Work, order: ResumeReminders) -> Done:
    await _choose(work, stopped=False)
    return Done()


async def _choose(work: Work, *, stopped: bool) -> None:
    account_id = work.actor.account_id
    changed = await ReminderChoice.filter(account_id=account_id).update(stopped=stopped, changed_at=work.now)
    if changed == 0:
        await ReminderChoice.create(account_id=account_id, stopped=stopped, changed_at=work.now)
    if stopped:
        held = await Notification.filter(account_id=account_id, state=Decision.HOLD.value)
        for row in held:
            await row.change(state=Decision.STOP.value)
            await work.unschedule(RELEASE, row.id)
        # What was on its way this moment and can wait is not sent any more either.
        # One that is being tried again is queued too; who sends looks again before each rung.
        waiting = Notification.filter(account_id=account_id, state=Decision.SEND.value, urgent=False)
        waiting = waiting.exclude(kind__in=kinds_that_ignore(Limit.OPT_OUT))
        await waiting.update(state=Decision.STOP.value)


@answers(ReadReminders)
async def read_reminders(work: Work, order: ReadReminders) -> ReminderChoiceView:
    return ReminderChoiceView(stopped=not await wants_reminders(work.actor.account_id))


@handles(ReleaseNotification)
async def release(work: Work, order: ReleaseNotification) -> Done:
    row = await Notification.get_or_none(id=order.notification_id, state=Decision.HOLD.value)
    if row is None or row.account_id is None:
        return Done(done=False)
    stopped = await ReminderChoice.filter(account_id=row.account_id, stopped=True).exists()
    await row.change(state=(Decision.STOP if stopped else Decision.SEND).value)
    if not stopped:
        await emit_queued(work, row.id, row.account_id, Priority.ROUTINE)
    return Done()


@handles(HoldNotification)
async def hold(work: Work, order: HoldNotification) -> Done:
    row = await Notification.get_or_none(id=order.notification_id, state=Decision.SEND.value)
    if row is None or decide(row.kind, urgent=row.urgent, stopped=False, now=work.now) is not Decision.HOLD:
        return Done(done=False)
    release_at = quiet_ends(work.now)
    await row.change(state=Decision.HOLD.value, release_at=release_at)
    await work.schedule(RELEASE, row.id, release_at)
    return Done()


@handles(ReportTrouble)
async def report_trouble(work: Work, order: ReportTrouble) -> Done:
    now = work.practice.clock.real_now()
    day = shanghai(now).date()
    if await ChannelTrouble.filter(account=order.account, code=order.code, day=day).exists():
        return Done(done=False)
    row = await ChannelTrouble.create(
        id=work.new_id(), account=order.account, call=order.call, code=order.code, day=day, first_at=now, until=order.until
    )
    for account_id in await holders(work, Role.ADMINISTRATOR):
        # While it lasts cards may not reach doctors: this does not wait for the morning.
        await tell(work, account_id, "channel.trouble", urgent=True, trouble_id=row.id)
    return Done()


@answers(Troubles)
async def troubles(work: Work, order: Troubles) -> TroubleList:
    found = ChannelTrouble.filter(first_at__gt=work.practice.clock.real_now() - TROUBLES_SHOWN)
    if order.trouble_id is not None:
        found = ChannelTrouble.filter(id=order.trouble_id)
    rows = await found.order_by("-first_at", "-id")
    return TroubleList(
        troubles=tuple(
            Trouble(trouble_id=row.id, account=row.account, call=row.call, code=row.code, first_at=row.first_at, until=row.until) for row in rows
        )
    )


# The technical writers below stand outside ``execute``: they record what the sending side did, nothing of care.


async def mark_sent(practice: Practice, notification_id: str, *, channel: str, words: str = "") -> bool:
    """Record that it went out on ``channel`` as ``words``; False when it was marked before."""
    row = await Notification.get(id=notification_id)
    key, sealed = None, None
    if words:
        key = words_key(str(row.account_id or row.conversation_id), practice.clock.real_now())
        sealed = (await practice.keys.sealer(KIND, key)).seal("notification", "words", row.id, words)
    changed = await Notification.filter(id=row.id, state__in=("queued", "failed")).update(
        state="sent", sent_at=practice.clock.now(), channel=channel, words_key=key, words=sealed, failure=""
    )
    if changed:
        count("sent", what="notification", channel=channel or "none", outcome="sent")
    return bool(changed)


async def mark_failed(practice: Practice, notification_id: str, *, channel: str, failure: str) -> None:
    """Record that it could not be sent, by a short code."""
    if await Notification.filter(id=notification_id, state="queued").update(state="failed", channel=channel, failure=failure[:60]):
        count("sent", what="notification", channel=channel or "none", outcome=failure)


async def keep_card(
    practice: Practice, notification_id: str, *, ref: str, channel: str, task_id: str = "", message_id: str = "", response_code: str = ""
) -> None:
    """Keep the platform's facts of the card sent for this notification; keeping them twice replaces them."""
    row = await Notification.get(id=notification_id)
    if row.account_id is None:
        return
    known = await CardRecord.get_or_none(notification_id=notification_id)
    card_id = known.id if known is not None else practice.ids.new()
    sealed = None
    if response_code:
        sealed = (await practice.keys.sealer("account", row.account_id)).seal("card_record", "response_code", card_id, response_code)
    facts: dict[str, Any] = {
        "channel": channel, "task_id": task_id, "message_id": message_id, "response_code": sealed, "sent_at": practice.clock.now()
    }
    if known is not None:
        await CardRecord.filter(id=card_id).update(**facts)
        return
    await CardRecord.create(id=card_id, notification_id=notification_id, account_id=row.account_id, kind=row.kind, ref=ref, **facts)


async def cards_about(account_id: str, ref: str) -> list[CardRecord]:
    """The cards that ``account_id`` holds about ``ref``, newest first."""
    return await CardRecord.filter(account_id=account_id, ref=ref).order_by("-id")


async def card_holders(ref: str, kind: str) -> list[str]:
    """The accounts that were sent a card of ``kind`` about ``ref``."""
    return list(dict.fromkeys([card.account_id for card in await CardRecord.filter(ref=ref, kind=kind).order_by("id")]))


async def response_code_of(practice: Practice, card: CardRecord) -> str:
    """The right to change the card, or an empty string."""
    if card.response_code is None:
        return ""
    sealer = await practice.keys.sealer("account", card.account_id)
    return sealer.open("card_record", "response_code", card.id, bytes(card.response_code))
