"""Events on which nobody waits for an answer: what people allowed the templates, and what became of messages that the platform had taken.

The platform delivers each up to three times; the order is given under the event's own key, so that it is carried out once.
"""

from __future__ import annotations

from bot.channels.message import Incoming, Kind
from core.foundation.actor import Actor
from core.foundation.practice import Practice
from core.notifications.commands import HearDelivery, HearSubscriptions, SubscriptionChange

_SYSTEM = Actor.system("web")
CHANGED = "subscribe_msg_change_event"
"""The person turned a template off in the settings. In the dialog (popup) a refusal only means: not this time."""
TEMPLATE_LIMIT, MESSAGE_LIMIT = 64, 64
KINDS = frozenset({Kind.SUBSCRIPTION_CHANGE, Kind.TEMPLATE_RESULT})


async def note(practice: Practice, incoming: Incoming, app: str) -> None:
    """Carry out what ``incoming`` (of ``KINDS``) means. ``app``: the appid of the account behind its channel."""
    if incoming.kind is Kind.SUBSCRIPTION_CHANGE:
        await _subscriptions(practice, incoming, app)
    elif incoming.kind is Kind.TEMPLATE_RESULT:
        await _deliveries(practice, incoming, app)


async def _subscriptions(practice: Practice, incoming: Incoming, app: str) -> None:
    changes = tuple(
        SubscriptionChange(template=one.template_id, closes=not one.accepted)
        for one in incoming.subscriptions[:50]
        if len(one.template_id) <= TEMPLATE_LIMIT and (one.accepted or incoming.event == CHANGED)
    )
    if changes:
        order = HearSubscriptions(app=app, subject=incoming.sender[:64], changes=changes)
        await practice.execute(_SYSTEM, order, idempotency_key=incoming.dedupe_key)


async def _deliveries(practice: Practice, incoming: Incoming, app: str) -> None:
    for one in incoming.deliveries:
        if one.outcome != "delivered" and 0 < len(one.message_id) <= MESSAGE_LIMIT:
            order = HearDelivery(app=app, subject=incoming.sender[:64], message_id=one.message_id, failure=f"{one.outcome} {one.code}".strip())
            await practice.execute(_SYSTEM, order)
