"""What people and platforms tell about our messages: a template allowed or refused, a message that did not arrive after all."""

from __future__ import annotations

from core.foundation.orders import Done, answers, handles
from core.foundation.work import Work
from core.notifications import subscriptions
from core.notifications.commands import (
    AnswerSubscriptions,
    HearDelivery,
    HearSubscriptions,
    ReadSubscriptions,
    SubscriptionState,
    SubscriptionStates,
)
from core.notifications.kinds import IGNORES, Limit, priority_of
from core.notifications.models import Notification, Rung
from core.notifications.telling import emit_queued, wants_reminders
from core.people.models import Identity


@handles(AnswerSubscriptions)
async def answer_subscriptions(work: Work, order: AnswerSubscriptions) -> Done:
    work.concerns("account", work.actor.account_id)
    mine = await Identity.filter(account_id=work.actor.account_id, app=order.app)
    if len(mine) != 1:
        # Several of one person in one mini program: which of them answered is known to the platform's event alone.
        return Done(done=False)
    for one in order.answers:
        if one.answer == "accept":
            await subscriptions.accepted(work.practice.ids, mine[0].id, mine[0].account_id, one.template, "asked", work.practice.clock.real_now())
    return Done()


@answers(ReadSubscriptions)
async def read_subscriptions(work: Work, order: ReadSubscriptions) -> SubscriptionStates:
    mine = await Identity.filter(account_id=work.actor.account_id, app=order.app).values_list("id", flat=True)
    opened = await subscriptions.open_among([str(one) for one in mine], order.templates)
    return SubscriptionStates(states=tuple(SubscriptionState(template=one, open=one in opened) for one in order.templates))


@handles(HearSubscriptions)
async def hear_subscriptions(work: Work, order: HearSubscriptions) -> Done:
    identity = await Identity.get_or_none(app=order.app, subject=order.subject)
    if identity is None:
        return Done(done=False)
    work.concerns("account", identity.account_id)
    for change in order.changes:
        if change.closes:
            await subscriptions.closed(identity.id, change.template, work.practice.clock.real_now())
        else:
            await subscriptions.accepted(
                work.practice.ids, identity.id, identity.account_id, change.template, "heard", work.practice.clock.real_now()
            )
    return Done()


@handles(HearDelivery)
async def hear_delivery(work: Work, order: HearDelivery) -> Done:
    """The attempt ends as failed, once however often the platform tells it, and the next rung is tried unless the person stopped it meanwhile."""
    identity = await Identity.get_or_none(app=order.app, subject=order.subject)
    if identity is None:
        return Done(done=False)
    work.concerns("account", identity.account_id)
    attempt = Rung.filter(message_id=order.message_id, identity_id=identity.id, state="sent")
    row = await attempt.first()
    if row is None or not await Rung.filter(id=row.id, state="sent").update(state="failed", failure=order.failure[:60]):
        return Done(done=False)
    notification = await Notification.get_or_none(id=row.notification_id, state="sent")
    if notification is None or notification.account_id is None:
        return Done(done=False)
    priority = priority_of(notification.kind, urgent=notification.urgent)
    wanted = Limit.OPT_OUT in IGNORES[priority] or await wants_reminders(notification.account_id)
    await notification.change(state="queued" if wanted else "stopped", sent_at=None, channel="", failure=order.failure[:60])
    if wanted:
        await emit_queued(work, notification.id, notification.account_id, priority)
    return Done()
