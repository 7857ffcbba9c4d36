"""`huizhen processes`: what runs on this data folder."""

from __future__ import annotations

import argparse

from miniprogram_api.app import settings as app_settings
from miniprogram_api.app.data_folder import read_process_list


def run(_: argparse.Namespace) -> int:
    """Prints one line a process; status 1 when nothing runs."""
    settings = app_settings.read()
    listed = read_process_list(settings.run_dir)
    if listed is None:
        print(f"没有在运行({settings.data_dir})。启动演示:make run")
        return 1
    print(f"{listed.url}  {'运行中' if listed.up else '启动中'}  主进程 {listed.supervisor}")
    for process in listed.processes:
        state = "就绪" if process.serving else "启动中" if process.pid else "未运行"
        restarted = f"  重启过 {process.restarts} 次" if process.restarts else ""
        print(f"  {process.name:<12} {process.pid or '-':>7}  {state}{restarted}")
    return 0
