"""Which processes make up the house, in which order, with which environment: the table the supervisor runs."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import SecretStr

from miniprogram_api.app.process import ProcessSpec
from miniprogram_api.app.redis_server import redis_process
from miniprogram_api.app.settings import Settings
from miniprogram_api.app.supervisor import Stage


@dataclass(frozen=True, slots=True)
class Sockets:
    """Descriptors and ports of the listening sockets; the simulator's only in the demonstration."""

    web: int
    web_port: int
    simulator: int | None = None
    simulator_port: int = 0


def stages(settings: Settings, sockets: Sockets) -> list[Stage]:
    """Redis, databases, simulator (or, for real people, the check that the rules of care are signed), worker, ticker and media, web.

    Prepares Redis' folder; see `redis_process` for what that raises.
    """
    plan: list[Stage] = []
    redis_url = settings.redis_url
    if not redis_url:
        redis, redis_url = redis_process(settings.data_dir)
        plan.append([redis])
    shared = environment(settings, sockets, redis_url)

    def python(name: str, module: str, *arguments: str, announce: str = "", listen: int | None = None, once: bool = False) -> ProcessSpec:
        argv = (sys.executable, "-m", module, *arguments)
        return ProcessSpec(name, argv, shared, listen=listen, runs_once=once, announce=announce)

    plan.append([python("migrate", "miniprogram_api.cli.main", "migrate", announce="准备数据库", once=True)])
    if settings.demo:
        plan.append([python("seed", "miniprogram_api.cli.main", "seed", announce="准备演示数据", once=True)])
        plan.append([python("simulator", "bot.simulator", announce="启动模拟微信", listen=sockets.simulator)])
    else:
        plan.append([python("rules", "miniprogram_api.cli.main", "rules", "check", announce="检查临床规则的签署", once=True)])
    plan.append([python("worker", "miniprogram_api.app.worker", announce="启动后台进程")])
    media = [python("media" if number == 1 else f"media-{number}", "miniprogram_api.app.media") for number in range(1, media_processes(settings) + 1)]
    plan.append([python("ticker", "miniprogram_api.app.ticker"), *media])
    plan.append(
        [
            python(f"web-{number}", "miniprogram_api.app.web", announce="" if number > 1 else "启动网页服务", listen=sockets.web)
            for number in range(1, settings.web_processes + 1)
        ]
    )
    return plan


def media_processes(settings: Settings) -> int:
    """A media process forwards on one core; a room lives in one of them, and comes up in another when that one dies."""
    if settings.media_processes:
        return settings.media_processes
    return 1 if settings.demo else len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def environment(settings: Settings, sockets: Sockets, redis_url: str) -> dict[str, str]:
    """The settings as every child reads them: resolved, so that none of them derives anything anew."""
    chosen = {
        "DEMO": "1" if settings.demo else "0",
        "HOST": settings.host,
        "PORT": str(sockets.web_port),
        "PUBLIC_URL": settings.public_url,
        "DATA_DIR": str(settings.data_dir),
        "DATABASE_URL": settings.database_url,
        "KEYRING_URL": settings.keyring_url,
        "REDIS_URL": redis_url,
        "SEED": str(settings.seed),
        "TRUSTED_PROXIES": settings.trusted_proxies,
        "WEB_PROCESSES": str(settings.web_processes),
        "SIMULATOR_URL": "",
        "WECHAT_API_BASE": settings.wechat_api_base,
        "WECHAT_OPEN_BASE": settings.wechat_open_base,
        "WECOM_API_BASE": settings.wecom_api_base,
    }
    if settings.demo:
        simulator = f"http://127.0.0.1:{sockets.simulator_port}"
        chosen |= {
            "SIMULATOR_URL": simulator,
            "WECHAT_API_BASE": f"{simulator}/simulator/{host_of('wechat_api_base')}",
            "WECOM_API_BASE": f"{simulator}/simulator/{host_of('wecom_api_base')}",
            # People's browsers go here, and they know the web processes' port only.
            "WECHAT_OPEN_BASE": f"{settings.public_url}/simulator/{host_of('wechat_open_base')}",
        }
    others = {name.upper(): _as_text(getattr(settings, name)) for name in Settings.model_fields if name.upper() not in chosen}
    return {f"HUIZHEN_{name}": value for name, value in (others | chosen).items()}


def _as_text(value: object) -> str:
    """A setting that nothing is derived from, as it was given. The master keys, if they come this way, stand in the environment already."""
    return value.get_secret_value() if isinstance(value, SecretStr) else "" if value is None else str(value)


def host_of(setting: str) -> str:
    """The real platform's host name, which is also the folder its twin has on the simulator."""
    return urlsplit(str(Settings.model_fields[setting].default)).netloc
