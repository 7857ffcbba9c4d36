"""What a simulator that runs alone says when it is ready: where its page and its APIs are, and whether the callback addresses answer."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from .parcels import verify
from .world import World

SAYS = {"official_account": "公众号 / Official Account", "mini_program": "小程序 / mini program", "wecom_app": "企业微信应用 / WeCom app",
        "wecom_robot": "企业微信机器人 / WeCom robot"}  # fmt: skip
HOSTS = {"official_account": "api.weixin.qq.com", "mini_program": "api.weixin.qq.com", "wecom_app": "qyapi.weixin.qq.com"}


def greeting(world: World) -> Callable[[Any], Coroutine[Any, Any, None]]:
    """A listener for the server's start; what takes long is done beside it."""

    async def begin(app: Any) -> None:
        print_line(f"模拟微信已就绪 / the simulated WeChat is ready: {world.origin}/")
        for host in dict.fromkeys(host for channel, host in HOSTS.items() if world.platform.account(channel).configured):
            print_line(f"  https://{host}  →  {world.origin}/simulator/{host}")
        app.ctx.checking = asyncio.get_running_loop().create_task(_check(world, app))

    return begin


async def _check(world: World, app: Any) -> None:
    for channel, result in (await verify(world, app.ctx.courier.client)).items():
        passed, failed = "回调地址验证通过 / callback address verified", "回调地址没有验证通过 / callback address not verified"
        said = passed if result["ok"] else f"{failed}: {result['reason']}"
        print_line(f"  {SAYS[channel]}: {said}")


def print_line(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
