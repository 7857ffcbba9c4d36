"""Starting the house from the command line: what `demo` and `serve` share."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

from miniprogram_api.app.data_folder import FolderInUse
from miniprogram_api.app.redis_server import RedisMissing
from miniprogram_api.app.settings import Settings
from miniprogram_api.app.supervisor import PortTaken


def say(line: str) -> None:
    """One line to the operator. A terminal that went away (`make run | head`) is no reason to stop the house."""
    with contextlib.suppress(OSError, ValueError):
        print(line, flush=True)


def launch(settings: Settings, house: Callable[[Settings], Coroutine[Any, Any, int]], again: str) -> int:
    """Run `house` to its end: its exit status, or 1 after saying why it could not start. `again` is how one starts it: `make run`."""
    try:
        return asyncio.run(house(settings))
    except PortTaken as refused:
        if refused.taken:
            other = refused.port + 1 if refused.port < 65535 else 8000
            say(f"端口 {refused.port} 已被别的程序占用。换一个端口再试:HUIZHEN_PORT={other} {again}")
        else:
            say(f"不能使用端口 {refused.port}(没有权限,或地址 {refused.host} 不在本机)。换一个端口再试:HUIZHEN_PORT=8000 {again}")
    except FolderInUse as used:
        say(
            f"这个数据目录已有一套会诊在运行(进程 {used.pid or '未知'}):{settings.data_dir}\n"
            f"先停止它,或另选目录:HUIZHEN_DATA_DIR=… {again}"
        )
    except RedisMissing:
        say("找不到 redis-server:依赖没有装全。请执行 make clean 后再 make run")
    except OSError as error:
        say(f"不能使用数据目录 {settings.data_dir}:{error.strerror or error}")
    return 1
