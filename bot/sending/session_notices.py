"""What is told of a person's sign-ins: a device that was not seen before, a sign-in that ended because somebody had a copy of it."""

from __future__ import annotations

from bot.channels.outgoing import Text
from bot.sending.notice import Notice, Renderer
from core.foundation.practice import Practice
from core.notifications.models import Notification
from core.people.commands_sessions import MySessions, SessionsView
from core.people.service import actor_for

_NOT_YOU = "**不是您本人?请马上发「退出其他设备」,并联系管理员。**"


async def _new_device(practice: Practice, row: Notification) -> Notice:
    actor = await actor_for(str(row.account_id), "wecom_app", practice.clock.now())
    view: SessionsView = await practice.ask(actor, MySessions())
    found = next((one for one in view.sessions if one.session_id == row.ids["session_id"]), None)
    if found is None:
        return Notice()  # It has been ended since.
    return Notice((Text(text=f"您的账号在一台没用过的设备上登录:{found.device}({found.first_seen_ago})。\n{_NOT_YOU}"),))


async def _reused(practice: Practice, row: Notification) -> Notice:
    text = "您有一处登录已自动退出:它的凭据被第二次使用,可能在别处被复制过。重新进入即可继续用,填过的内容还在。\n发「我的设备」可以看在哪里登录着。"
    return Notice((Text(text=text),))


SESSION_RENDERERS: dict[str, Renderer] = {"session.new_device": _new_device, "session.reused": _reused}
