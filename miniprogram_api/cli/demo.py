"""`huizhen demo`: the whole house with a simulated WeChat, on this machine."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import secrets

from miniprogram_api.app.credentials import write_demo_credentials
from miniprogram_api.app.data_folder import FolderInUse, FolderLock
from miniprogram_api.app.house import Sockets, stages
from miniprogram_api.app.redis_server import RedisMissing
from miniprogram_api.app.settings import Settings
from miniprogram_api.app.supervisor import PortTaken, Supervisor, bind
from miniprogram_api.cli.refusals import explain_settings

WELCOME = """
会诊演示已就绪,请用浏览器打开:{url}/

打开后可以这样试:
  患者,在服务号里说      我最近总是咳嗽,还发烧,体温38.5度,感觉胸口有点闷
  另一位患者说          俺爹半拉身子不听使唤,嘴也歪了
  村医,在村医会诊群里说  会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急

按 Ctrl-C 停止。数据在 {data},下次启动还在。
"""


def say(line: str) -> None:
    """One line to the operator. A terminal that went away (`make run | head`) is no reason to stop the house."""
    with contextlib.suppress(OSError, ValueError):
        print(line, flush=True)


def run(_: argparse.Namespace) -> int:
    """Exit status 0 after Ctrl-C, 1 when it could not start (the reason has been printed)."""
    settings = explain_settings({"demo": True})
    if settings is None:
        return 1
    try:
        return asyncio.run(_demo(settings))
    except PortTaken as refused:
        if refused.taken:
            say(f"端口 {refused.port} 已被别的程序占用。换一个端口再试:HUIZHEN_PORT={_another(refused.port)} make run")
        else:
            say(f"不能使用端口 {refused.port}(没有权限,或地址 {refused.host} 不在本机)。换一个端口再试:HUIZHEN_PORT=8000 make run")
    except FolderInUse as used:
        say(f"这个数据目录已有一套会诊在运行(进程 {used.pid or '未知'}):{settings.data_dir}\n先停止它,或另选目录:HUIZHEN_DATA_DIR=… make run")
    except RedisMissing:
        say("找不到 redis-server:依赖没有装全。请执行 make clean 后再 make run")
    except OSError as error:
        say(f"不能使用数据目录 {settings.data_dir}:{error.strerror or error}")
    return 1


async def _demo(settings: Settings) -> int:
    # The lock first: without it not even a stale socket may be removed.
    with FolderLock(settings.data_dir) as lock, bind(settings.host, settings.port) as web, bind("127.0.0.1", 0) as simulator:
        port = web.getsockname()[1]
        settings = settings.on_port(port)
        write_demo_credentials(settings.channels_file, settings.simulator_dir, settings.public_url, secrets.token_bytes)
        sockets = Sockets(web.fileno(), port, simulator.fileno(), simulator.getsockname()[1])
        supervisor = Supervisor(lock, say, settings.public_url)
        return await supervisor.run(stages(settings, sockets), WELCOME.format(url=settings.public_url, data=settings.data_dir))


def _another(port: int) -> int:
    return port + 1 if port < 65535 else 8000
