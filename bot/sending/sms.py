"""SMS as a port: the last rung for what must arrive. What it says is fixed here and registered with the gateway word for word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from bot.channels.api.sms import Taken

SMS_TEMPLATES: dict[str, str] = {
    "look": "【会诊】您有一条新消息(编号 {code}),请打开微信「会诊」服务号或小程序查看。",
    "duty": "【会诊】有一件急事等您处理(编号 {code}),请马上打开企业微信或微信「会诊」。",
}
"""Our name → the text. ``{code}`` is the only place that is filled."""


class SmsPort(Protocol):
    """Whoever carries SMS for the house (``bot.channels.api.sms.HttpSms``)."""

    async def send(self, phone: str, template: str, values: Mapping[str, str], once: str) -> Taken:
        """Send our ``template`` to ``phone`` (11 digits). ``once``: the same again is sent once only."""
        ...
