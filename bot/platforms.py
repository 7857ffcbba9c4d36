"""The connected platforms of one process: each account's adapter (translation), API client and token, from the credentials file."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from redis.asyncio import Redis

from bot.channels.api.mini_program import MiniProgramApi
from bot.channels.api.official_account import OfficialAccountApi
from bot.channels.api.robot import RobotApi
from bot.channels.api.transport import Transport
from bot.channels.api.wecom import WeComApi
from bot.channels.mini_program import MiniProgram
from bot.channels.official_account import OfficialAccount
from bot.channels.settings import ChannelSettings
from bot.channels.token import Fetch, TokenProvider, corporation_token, stable_token
from bot.channels.wecom_app import WeComApp
from bot.channels.wecom_robot import WeComRobot


@dataclass(frozen=True, slots=True)
class Platforms:
    """An account that is not connected is None: its adapter and its API alike."""

    settings: ChannelSettings
    official_account: OfficialAccountApi | None
    official_account_channel: OfficialAccount | None
    mini_program: MiniProgramApi | None
    mini_program_channel: MiniProgram | None
    wecom: WeComApi | None
    wecom_app_channel: WeComApp | None
    robot: RobotApi | None
    robot_channel: WeComRobot | None
    _transports: tuple[Transport, ...]

    async def close(self) -> None:
        for transport in self._transports:
            await transport.close()


def open_platforms(
    settings: ChannelSettings, redis: Redis, *, clock: Callable[[], datetime], ids: Callable[[], str], rng: random.Random
) -> Platforms:
    """Everything that ``settings`` connects. ``clock`` is real time. Close it when the process ends."""
    weixin, work = Transport(settings.addresses.wechat_api), Transport(settings.addresses.wecom_api)

    def tokens(account: str, fetch: Fetch) -> TokenProvider:
        return TokenProvider(redis, account, fetch, clock=clock, ids=ids, spread=rng)

    account, program, corporation = settings.official_account, settings.mini_program, settings.wecom
    app = corporation.app if corporation else None
    robot = corporation.robot if corporation else None
    return Platforms(
        settings=settings,
        official_account=None
        if account is None
        else OfficialAccountApi(weixin, account, tokens(account.appid, stable_token(weixin, account.appid, account.secret.get_secret_value()))),
        official_account_channel=None if account is None else OfficialAccount(account),
        mini_program=None
        if program is None
        else MiniProgramApi(weixin, program, tokens(program.appid, stable_token(weixin, program.appid, program.secret.get_secret_value()))),
        mini_program_channel=None if program is None else MiniProgram(program),
        wecom=None
        if corporation is None or app is None
        else WeComApi(
            work, app, tokens(f"{corporation.corpid}:{app.agentid}", corporation_token(work, corporation.corpid, app.secret.get_secret_value()))
        ),
        wecom_app_channel=None if corporation is None or app is None else WeComApp(app, corporation.corpid),
        robot=None if robot is None else RobotApi(work, robot),
        robot_channel=None if robot is None else WeComRobot(robot),
        _transports=(weixin, work),
    )
