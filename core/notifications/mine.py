"""What was sent to one's own account, and what was not, and why."""

from __future__ import annotations

from core.conversations.words import sealer_of
from core.foundation.keys import SealBroken, Sealer, SubjectErased
from core.foundation.orders import answers
from core.foundation.work import Work
from core.notifications.commands import MyNotices, NoticeList, NoticeView
from core.notifications.kinds import kind_of
from core.notifications.models import Notification

STATES = {"sent": "已发", "queued": "正在发", "held": "夜里先存着,早上 8 点发", "stopped": "您停了提醒,没发", "failed": "没发出"}
_STATE_CODES = {"queued": "waiting"}
OVER = "over"
"""The failure of what was no longer so by the time it was to be sent: nobody missed it."""
CHANNELS = {
    "wecom_app": "企业微信", "wecom_robot": "企业微信群", "official_account": "服务号", "template": "服务号模板消息", "mini_program": "小程序客服",
    "subscription": "小程序订阅消息", "sms": "短信",
}  # fmt: skip
_CARD_CHANGES = ("offer.closed", "alert.closed", "decision.closed")
"""No message of their own: they change a card that was sent before."""


@answers(MyNotices)
async def my_notices(work: Work, order: MyNotices) -> NoticeList:
    rows = Notification.filter(account_id=work.actor.account_id).exclude(kind__in=_CARD_CHANGES).exclude(failure=OVER)
    if order.before is not None:
        rows = rows.filter(id__lt=order.before)
    found = await rows.order_by("-id").limit(order.limit + 1)
    shown = found[: order.limit]
    sealers: dict[str | None, Sealer | None] = {}
    views = tuple([_view(row, await _words(work, row, sealers)) for row in shown])
    return NoticeList(notices=views, more=shown[-1].id if len(found) > order.limit else None)


def _view(row: Notification, words: str) -> NoticeView:
    return NoticeView.model_validate(
        {
            "notification_id": row.id,
            "label": kind_of(row.kind).label,
            "words": words,
            "at": row.sent_at or row.created_at,
            "state": _STATE_CODES.get(row.state, row.state),
            "state_label": STATES[row.state],
            "channel_label": CHANNELS.get(row.channel, "") if row.state == "sent" else "",
        }
    )


async def _words(work: Work, row: Notification, sealers: dict[str | None, Sealer | None]) -> str:
    """What was sent; empty where its month's words are destroyed. A value that does not open leaves the others readable."""
    if row.words is None:
        return ""
    if row.words_key not in sealers:
        try:
            sealers[row.words_key] = await sealer_of(work.practice.keys, row.words_key, str(row.account_id))
        except SubjectErased:
            sealers[row.words_key] = None
    sealer = sealers[row.words_key]
    try:
        return "" if sealer is None else sealer.open("notification", "words", row.id, bytes(row.words))
    except SealBroken:
        return ""
