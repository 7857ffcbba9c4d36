"""How often one member of WeCom may be written to: the platform drops what is more without a word, so it is held back here and sent later."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from datetime import datetime

from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.channels.api.errors import PlatformBusy

logger = logging.getLogger("huizhen.sending")

A_MINUTE, AN_HOUR = 30, 1000
"""Messages to one member (developer.work.weixin.qq.com, 企业微信访问频率限制)."""
RESERVE = 6
"""Kept free in every minute for what is urgent and for answers: nothing routine may make an emergency wait."""
_TAKE = """
redis.call('zremrangebyscore', KEYS[1], '-inf', ARGV[1] - 3600)
if redis.call('zcard', KEYS[1]) + ARGV[2] > tonumber(ARGV[4]) then return 0 end
if redis.call('zcount', KEYS[1], '(' .. (ARGV[1] - 61), '+inf') + ARGV[2] > tonumber(ARGV[3]) then return 0 end
for place = 1, ARGV[2] do redis.call('zadd', KEYS[1], ARGV[1], ARGV[5] .. ':' .. place) end
redis.call('expire', KEYS[1], 3600)
return 1
"""


class MemberPace:
    """Counts in any sixty seconds and any hour, for all processes. ``clock`` gives real time; ``ids`` names that are used once; ``a_minute`` is
    what the platform grants this account."""

    def __init__(self, redis: Redis, account: str, *, clock: Callable[[], datetime], ids: Callable[[], str], a_minute: int = A_MINUTE) -> None:
        self._redis, self._account, self._clock, self._ids, self._a_minute = redis, account, clock, ids, a_minute

    async def take(self, userid: str, count: int, *, routine: bool = False) -> None:
        """Take ``count`` messages to this member, all or none; PlatformBusy (try again later) where they would be dropped, or, being ``routine``,
        would eat into the reserve."""
        limit = self._a_minute - RESERVE if routine else self._a_minute
        now = self._clock().timestamp()
        key = f"huizhen:wecom:pace:{self._account}:{userid}"
        try:
            free = await self._redis.eval(_TAKE, 1, key, math.floor(now), min(count, limit), limit, AN_HOUR, self._ids())
        except RedisError as error:
            # What can be sent is not held back because nobody can count it.
            logger.warning("messages to a member not counted: %s", type(error).__name__)
            return
        if not free:
            raise PlatformBusy("message_send", note="one member gets no more for the moment")
