"""Channels and APIs of an installation, put together from its settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from redis.asyncio import Redis

from bot.channels.api.mini_program import MiniProgramApi
from bot.channels.api.official_account import OfficialAccountApi
from bot.channels.api.robot import RobotApi
from bot.channels.api.sms import HttpSms
from bot.channels.api.transport import Transport
from bot.channels.api.wecom import WeComApi
from bot.channels.mini_program import MiniProgram
from bot.channels.official_account import OfficialAccount
from bot.channels.pace import MemberPace
from bot.channels.settings import ChannelSettings
from bot.channels.token import Spread, TokenProvider, corporation_token, stable_token
from bot.channels.wecom_app import WeComApp
from bot.channels.wecom_robot import WeComRobot


@dataclass(frozen=True, slots=True)
class Channels:
    """The connected channels; None where an account is not set up."""

    official_account: OfficialAccount | None
    mini_program: MiniProgram | None
    wecom_app: WeComApp | None
    wecom_robot: WeComRobot | None


def connect_channels(settings: ChannelSettings) -> Channels:
    """One channel for each account of the settings."""
    wecom = settings.wecom
    mini = settings.mini_program.appid if settings.mini_program else ""
    return Channels(
        official_account=OfficialAccount(settings.official_account, mini) if settings.official_account else None,
        mini_program=MiniProgram(settings.mini_program) if settings.mini_program else None,
        wecom_app=WeComApp(wecom.app, wecom.corpid) if wecom and wecom.app else None,
        wecom_robot=WeComRobot(wecom.robot) if wecom and wecom.robot else None,
    )


class Apis:
    """The platforms' APIs for each account of the settings; None where it is not set up. Close it when the process ends."""

    def __init__(self, settings: ChannelSettings, redis: Redis, *, clock: Callable[[], datetime], ids: Callable[[], str], spread: Spread) -> None:
        self._wechat = Transport(settings.addresses.wechat_api)
        self._wecom = Transport(settings.addresses.wecom_api)

        def tokens(account: str, transport: Transport, secret: str, kind: str) -> TokenProvider:
            fetch = corporation_token(transport, account.partition(":")[0], secret) if kind == "wecom" else stable_token(transport, account, secret)
            return TokenProvider(redis, f"{kind}:{account}", fetch, clock=clock, ids=ids, spread=spread)

        self.official_account: OfficialAccountApi | None = None
        self.mini_program: MiniProgramApi | None = None
        self.wecom: WeComApi | None = None
        self.wecom_pace: MemberPace | None = None
        self.robot: RobotApi | None = None
        if (oa := settings.official_account) is not None:
            self.official_account = OfficialAccountApi(
                self._wechat, oa, tokens(oa.appid, self._wechat, oa.secret.get_secret_value(), "official_account")
            )
        if (mp := settings.mini_program) is not None:
            self.mini_program = MiniProgramApi(self._wechat, mp, tokens(mp.appid, self._wechat, mp.secret.get_secret_value(), "mini_program"))
        if settings.wecom is not None and (app := settings.wecom.app) is not None:
            account = f"{settings.wecom.corpid}:{app.agentid}"
            self.wecom = WeComApi(self._wecom, app, tokens(account, self._wecom, app.secret.get_secret_value(), "wecom"))
            self.wecom_pace = MemberPace(redis, account, clock=clock, ids=ids, a_minute=app.messages_a_minute)
        if settings.wecom is not None and settings.wecom.robot is not None:
            self.robot = RobotApi(self._wecom, settings.wecom.robot)
        self._sms = None if settings.sms is None else Transport(settings.sms.address)
        self.sms: HttpSms | None = None if settings.sms is None or self._sms is None else HttpSms(self._sms, settings.sms, clock)

    async def close(self) -> None:
        """Close all connections."""
        await self._wechat.close()
        await self._wecom.close()
        if self._sms is not None:
            await self._sms.close()
