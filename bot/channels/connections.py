"""Channels and APIs of an installation, put together from its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from redis.asyncio import Redis

from bot.channels.api.group_webhook import A_MINUTE as PUSHES_A_MINUTE
from bot.channels.api.group_webhook import GroupWebhookApi
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
from bot.channels.stops import Stops
from bot.channels.token import Fetch, Fetched, Spread, TokenProvider, corporation_token, stable_token
from bot.channels.wecom_app import WeComApp
from bot.channels.wecom_robot import WeComRobot


class Unprompted(Protocol):
    """What the robot's long connection can do for whoever sends."""

    @property
    def live(self) -> bool:
        """Whether it can be used from this process now."""
        ...

    async def send(self, chatid: str, group: bool, payload: Mapping[str, Any]) -> None:
        """Words or a card (`WeComRobot.late_answer` makes them) where somebody wrote before. ApiError."""
        ...


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
        self.stops = Stops(redis, clock=clock)

        def guarded(account: str, transport: Transport) -> Transport:
            return transport.behind(self.stops.of(account))

        def tokens(account: str, transport: Transport, secret: str, kind: str) -> TokenProvider:
            fetch = corporation_token(transport, account.partition(":")[0], secret) if kind == "wecom" else stable_token(transport, account, secret)
            return TokenProvider(redis, f"{kind}:{account}", self._stopping(f"{kind}:{account}", fetch), clock=clock, ids=ids, spread=spread)

        self.official_account: OfficialAccountApi | None = None
        self.mini_program: MiniProgramApi | None = None
        self.wecom: WeComApi | None = None
        self.wecom_pace: MemberPace | None = None
        self.robot: RobotApi | None = None
        self.group_webhook: GroupWebhookApi | None = None
        self.robot_line: Unprompted | None = None
        """The robot's long connection, where this process may hold it."""
        if (oa := settings.official_account) is not None:
            self.official_account = OfficialAccountApi(
                guarded(f"official_account:{oa.appid}", self._wechat),
                oa,
                tokens(oa.appid, self._wechat, oa.secret.get_secret_value(), "official_account"),
            )
        if (mp := settings.mini_program) is not None:
            self.mini_program = MiniProgramApi(
                guarded(f"mini_program:{mp.appid}", self._wechat), mp, tokens(mp.appid, self._wechat, mp.secret.get_secret_value(), "mini_program")
            )
        if settings.wecom is not None and (app := settings.wecom.app) is not None:
            account = f"{settings.wecom.corpid}:{app.agentid}"
            self.wecom = WeComApi(guarded(f"wecom:{account}", self._wecom), app, tokens(account, self._wecom, app.secret.get_secret_value(), "wecom"))
            self.wecom_pace = MemberPace(redis, account, clock=clock, ids=ids, a_minute=app.messages_a_minute)
        if settings.wecom is not None and settings.wecom.robot is not None:
            self.robot = RobotApi(self._wecom, settings.wecom.robot)
        if settings.wecom is not None and settings.wecom.group_webhooks:
            pushes = MemberPace(redis, "group_webhook", clock=clock, ids=ids, a_minute=PUSHES_A_MINUTE)
            self.group_webhook = GroupWebhookApi(self._wecom, settings.wecom.group_webhooks, pushes, self.stops)
        self._sms = None if settings.sms is None else Transport(settings.sms.address)
        self.sms: HttpSms | None = None if settings.sms is None or self._sms is None else HttpSms(self._sms, settings.sms, clock)

    def _stopping(self, account: str, fetch: Fetch) -> Fetch:
        """Getting a token is a call that can be stopped too. Outside ``fetch``: only there a wrong secret is known as such."""

        async def fetched(force: bool) -> Fetched:
            async with self.stops.around(account, "token"):
                return await fetch(force)

        return fetched

    async def close(self) -> None:
        """Close all connections."""
        await self.stops.quiet()
        await self._wechat.close()
        await self._wecom.close()
        if self._sms is not None:
            await self._sms.close()
