"""`huizhen serve`: the house for real people, on real platforms."""

from __future__ import annotations

import argparse

from miniprogram_api.app.data_folder import FolderLock
from miniprogram_api.app.house import Sockets, stages
from miniprogram_api.app.readiness import reasons_against
from miniprogram_api.app.settings import Settings
from miniprogram_api.app.supervisor import Supervisor, bind
from miniprogram_api.cli.launch import launch, say
from miniprogram_api.cli.refusals import explain_settings


def run(_: argparse.Namespace) -> int:
    """Exit status 0 after a signal, 1 when it refused or could not start (every reason has been printed)."""
    settings = explain_settings()
    if settings is None:
        return 1
    reasons = reasons_against(settings)
    if reasons:
        say("现在还不能为真实病人启动:")
        for reason in reasons:
            say(f"  - {reason}")
        return 1
    return launch(settings, _serve, "huizhen serve")


async def _serve(settings: Settings) -> int:
    with FolderLock(settings.data_dir) as lock, bind(settings.host, settings.port) as web:
        port = web.getsockname()[1]
        settings = settings.on_port(port)
        supervisor = Supervisor(lock, say, settings.public_url)
        welcome = f"会诊正在运行:{settings.public_url}(本机端口 {port})。按 Ctrl-C 停止。"
        return await supervisor.run(stages(settings, Sockets(web.fileno(), port)), welcome)
