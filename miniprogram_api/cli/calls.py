"""`huizhen calls`: the Janus servers as the running house finds them; one is drained before maintenance and resumed afterwards."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from media.calls.janus import maintenance
from media.calls.protocol import JanusSeen
from miniprogram_api.app.calls import UnusableJanusFile, janus_entries
from miniprogram_api.app.redis_server import socket_path
from miniprogram_api.app.settings import Settings
from miniprogram_api.cli.refusals import explain_settings

STATES = {"up": "正常", "down": "连不上", "draining": "排空中,不再接新的视频", "empty": "已排空,可以停机"}


def run(given: argparse.Namespace) -> int:
    """Exit status 0 when it is done; 1 when there are no Janus servers, none of that name, or no running house; `status`: 2 when one is down."""
    settings = explain_settings()
    if settings is None:
        return 1
    try:
        names = [one.name for one in janus_entries(settings.janus_file)]
    except UnusableJanusFile as unusable:
        print(unusable)
        return 1
    if given.action != "status" and given.name not in names:
        print(f"没有叫「{given.name}」的 Janus。名单里有:{'、'.join(names)}")
        return 1
    try:
        return asyncio.run(_done(settings, given.action, given.name))
    except OSError:
        print("会诊没有在运行(连不上 Redis)。")
        return 1


async def _done(settings: Settings, action: str, name: str) -> int:
    from redis.exceptions import RedisError

    from core.foundation.redis_client import redis_client

    redis: Any = redis_client(settings.redis_url or f"unix://{socket_path(settings.data_dir / 'redis')}")
    try:
        if action == "drain":
            await maintenance.drain(redis, name)
            print(f"{name} 不再接新的视频;正在进行的不受影响。用 huizhen calls status 看它什么时候空。")
            return 0
        if action == "resume":
            await maintenance.resume(redis, name)
            print(f"{name} 又接新的视频了。")
            return 0
        return _shown(await maintenance.seen(redis))
    except RedisError as error:
        raise OSError from error
    finally:
        await redis.aclose()


def _shown(seen: tuple[JanusSeen, ...]) -> int:
    if not seen:
        print("音视频进程没有在用 Janus(HUIZHEN_CALL_ENGINE 不是 janus,或会诊没有在运行)。")
        return 1
    for one in seen:
        print(f"  {one.name:<20} {STATES[one.state]}  {one.rooms} 个视频")
    return 2 if any(one.state == "down" for one in seen) else 0
