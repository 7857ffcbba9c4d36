"""`huizhen demo`: the whole house with a simulated WeChat, on this machine."""

from __future__ import annotations

import argparse
import secrets
import socket
from pathlib import Path

from miniprogram_api.app.credentials import write_demo_credentials, write_demo_secret, write_private
from miniprogram_api.app.data_folder import FolderLock
from miniprogram_api.app.house import Sockets, stages
from miniprogram_api.app.settings import Settings
from miniprogram_api.app.supervisor import PortTaken, Supervisor, bind
from miniprogram_api.cli.launch import launch, say
from miniprogram_api.cli.refusals import explain_settings

WELCOME = """
会诊演示已就绪,请用浏览器打开:{url}/

打开后可以这样试:
  患者,在服务号里说      我最近总是咳嗽,还发烧,体温38.5度,感觉胸口有点闷
  另一位患者说          俺爹半拉身子不听使唤,嘴也歪了
  村医,在村医会诊群里说  会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急

按 Ctrl-C 停止。数据在 {data},下次启动还在。
"""


def run(_: argparse.Namespace) -> int:
    """Exit status 0 after Ctrl-C, 1 when it could not start (the reason has been printed)."""
    settings = explain_settings({"demo": True})
    return 1 if settings is None else launch(settings, _demo, "make run")


async def _demo(settings: Settings) -> int:
    # The lock first: without it not even a stale socket may be removed.
    with FolderLock(settings.data_dir) as lock, bind(settings.host, settings.port) as web, platform_socket(settings.simulator_dir) as simulator:
        port = web.getsockname()[1]
        settings = settings.on_port(port)
        write_demo_credentials(settings.channels_file, settings.simulator_dir, settings.public_url, secrets.token_bytes)
        write_demo_secret(settings.demo_secret_file, secrets.token_bytes)
        sockets = Sockets(web.fileno(), port, simulator.fileno(), simulator.getsockname()[1])
        supervisor = Supervisor(lock, say, settings.public_url)
        return await supervisor.run(stages(settings, sockets), WELCOME.format(url=settings.public_url, data=settings.data_dir))


def platform_socket(folder: Path) -> socket.socket:
    """Where the simulated platform listens: where it did before, if nobody else listens there now. Messages carry addresses of it (a
    `response_url` lives an hour), and those of a real platform stay the same however often we start."""
    kept = folder / "port"
    try:
        listening = bind("127.0.0.1", int(kept.read_text("ascii")))
    except (FileNotFoundError, ValueError, OverflowError, PortTaken):
        listening = bind("127.0.0.1", 0)
        write_private(kept, str(listening.getsockname()[1]))
    return listening
