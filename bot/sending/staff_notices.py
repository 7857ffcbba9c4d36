"""What is told to members of staff about their own signature, roles and licence, and to administrators about a colleague's."""

from __future__ import annotations

from bot.channels.outgoing import Text
from bot.dialogue.second_factor import PAGE
from bot.sending.notice import Notice, Renderer
from core.foundation.actor import Actor
from core.foundation.practice import Practice
from core.notifications.models import Notification

_SYSTEM = Actor.system("worker")


async def _enrolled(practice: Practice, row: Notification) -> Notice:
    return Notice((Text(text="您的签名刚刚绑定了动态码。\n**不是您本人操作的,请马上联系管理员重置。**"),))


async def _reset(practice: Practice, row: Notification) -> Notice:
    text = "管理员已重置您的签名动态码,旧验证器不能再用。签名前请重新绑定。\n**不是您要求的,请马上联系管理员。**"
    return Notice((Text(text=text), PAGE))


async def _locked(practice: Practice, row: Notification) -> Notice:
    return Notice((Text(text="您的签名动态码连着输错 5 次,已锁 15 分钟。\n**不是您本人操作的,请马上联系管理员。**"),))


STAFF_RENDERERS: dict[str, Renderer] = {"factor.enrolled": _enrolled, "factor.reset": _reset, "factor.locked": _locked}
