"""`huizhen wechat setup|doctor`: what an operator runs when real accounts are connected. Reads the credentials, prints no secret."""

from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError
from tortoise.exceptions import DBConnectionError, OperationalError

from bot.channels.settings import Addresses, ChannelSettings
from core.foundation.practice import Practice
from core.practice_rooms import load_rooms
from miniprogram_api.app.house import host_of
from miniprogram_api.app.settings import Settings
from miniprogram_api.cli.refusals import explain_settings
from miniprogram_api.connecting.findings import Section, status_of, told

if TYPE_CHECKING:
    from miniprogram_api.connecting.doctor import Doctor
    from miniprogram_api.connecting.groups import Staff


def run(given: argparse.Namespace) -> int:
    """Status 0 when all is right, 2 when something is missing or does not work, 1 when it could not be looked at."""
    settings = explain_settings()
    if settings is None:
        return 1
    if given.action == "setup" and given.ca:
        print("--ca 只用于 doctor。")
        return 1
    if given.action == "doctor" and given.dry_run:
        print("--dry-run 只用于 setup;doctor 本来就不改任何东西。")
        return 1
    if given.action == "setup" and not given.dry_run and not _pages(settings):
        print("请先设好 HUIZHEN_PUBLIC_URL(会诊对外的 https 网址):菜单里的页面要用它。只想看看的,加 --dry-run。")
        return 1
    channels = _channels(settings)
    if channels is None:
        return 1
    sections = _setup(settings, channels, given) if given.action == "setup" else _doctor(settings, channels, given)
    if sections is None:
        return 1
    for line in told(sections):
        print(line)
    status = status_of(sections)
    print("全部正常。" if status == 0 else "还有打 ✗ 的要处理;处理好再运行一次。")
    sys.stdout.flush()
    return status


def _pages(settings: Settings) -> str:
    """The origin of our pages as WeChat could open them; empty while there is none."""
    return settings.public_url if settings.demo or settings.public_url.startswith("https://") else ""


def _channels(settings: Settings) -> ChannelSettings | None:
    path = settings.channels_file
    try:
        return ChannelSettings.read(path, _addresses(settings))
    except ValidationError as error:
        wrong = "、".join(sorted({".".join(str(part) for part in one["loc"]) or "JSON" for one in error.errors(include_input=False)}))
        print(f"渠道凭据 {path} 不能用,请检查:{wrong}")
    except FileNotFoundError:
        print(f"没有渠道凭据 {path}:照 docs/connect-wechat.md 写好它,再运行一次。")
    except OSError:
        print(f"渠道凭据 {path} 不能读取:请用运行会诊的那个用户来运行,并检查文件的所有者。")
    return None


def _addresses(settings: Settings) -> Addresses:
    """The platforms', or in the demonstration their twins on the simulator, which the web processes hand over to."""

    def base(name: str) -> str:
        chosen = str(getattr(settings, name))
        is_default = chosen == Settings.model_fields[name].default
        return f"{settings.public_url}/simulator/{host_of(name)}" if settings.demo and is_default else chosen

    return Addresses(wechat_api=base("wechat_api_base"), wechat_open=base("wechat_open_base"), wecom_api=base("wecom_api_base"))


def _setup(settings: Settings, channels: ChannelSettings, given: argparse.Namespace) -> list[Section]:
    return asyncio.run(_set_up(settings, channels, given))


async def _set_up(settings: Settings, channels: ChannelSettings, given: argparse.Namespace) -> list[Section]:
    """With the house's roster where a group is to be made and the roster is on this machine."""
    from miniprogram_api.connecting.setup import Setup

    wecom = channels.wecom if given.only in ("", "wecom") else None
    staff = await _staff(settings, wecom.corpid) if wecom is not None and any(group.members for group in wecom.app_groups.values()) else None
    return await Setup(channels, _pages(settings), given.dry_run, staff).run(given.only)


async def _staff(settings: Settings, corpid: str) -> Staff | None:
    from miniprogram_api.connecting.staff import staff_of

    async with AsyncExitStack() as opened:
        return await staff_of(corpid) if await _house(settings, opened) is not None else None


def _doctor(settings: Settings, channels: ChannelSettings, given: argparse.Namespace) -> list[Section] | None:
    from miniprogram_api.connecting.doctor import Doctor, UnusableCa

    try:
        doctor = Doctor(channels, settings.public_url, ca=Path(given.ca) if given.ca else None, demo=settings.demo)
    except UnusableCa:
        print(f"--ca {given.ca} 不能用:要一个 PEM 格式的证书文件。")
        return None
    return asyncio.run(_examined(settings, doctor, given.only))


async def _examined(settings: Settings, doctor: Doctor, only: str) -> list[Section]:
    """With the house's database where the robot's long connection is asked of it and it is on this machine."""
    async with AsyncExitStack() as opened:
        practice = await _house(settings, opened) if doctor.line(only) is not None else None
        return await doctor.run(only, practice)


async def _house(settings: Settings, opened: AsyncExitStack) -> Practice | None:
    """The house of this machine until ``opened`` closes. None where there is none, or none that this user may read: it runs elsewhere."""
    from miniprogram_api.app.presence import NothingHere
    from miniprogram_api.app.signing import open_for_signing

    load_rooms()
    with suppress(NothingHere, OSError, OperationalError, DBConnectionError):
        return await opened.enter_async_context(open_for_signing(settings))
    return None
