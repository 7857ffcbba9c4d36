"""What left and what was given up is counted by channel and outcome, each once however often it is marked."""

from __future__ import annotations

import pytest

from core.foundation import counting
from core.foundation.practice import Practice
from core.notifications.models import Notification
from core.notifications.service import mark_failed, mark_sent


@pytest.mark.storage
async def test_each_notification_is_counted_once(practice: Practice, database: object) -> None:
    for name in ("sent", "lost"):
        await Notification.create(
            id=name, conversation_id="c", kind="progress", ids={}, urgent=False, state="queued", created_at=practice.clock.now()
        )
    counting._counted.clear()
    for _ in range(2):
        await mark_sent(practice, "sent", channel="wecom_app")
        await mark_failed(practice, "lost", channel="", failure="no_identity")
    assert {(labels["channel"], labels["outcome"]): number for labels, number in _sent()} == {("wecom_app", "sent"): 1, ("none", "no_identity"): 1}


def _sent() -> list[tuple[dict[str, str], int]]:
    return [(dict(labels), number) for (name, labels), number in counting._counted.items() if name == "sent"]
