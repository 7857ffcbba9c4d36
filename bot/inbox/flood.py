"""How much one person may send: more than anybody types. What is beyond it is not taken in, and he is told so."""

from __future__ import annotations

from limits import RateLimitItemPerSecond

from bot.channels.message import Incoming
from core.foundation.practice import Practice

MOST = RateLimitItemPerSecond(120, 60, namespace="chat")
FLOODED = "您发得太快,后面这几条没有收下。请等一分钟再发。急事请直接打电话给村医或卫生院;危急马上打 120。"


async def floods(practice: Practice, incoming: Incoming) -> bool:
    """Count a message that is new; whether its sender has sent too many, in all web processes together. In the demonstration scripts play many
    people at once."""
    if practice.demo:
        return False
    return not (await practice.rates.take(MOST, incoming.channel.value, incoming.account, incoming.sender)).allowed
