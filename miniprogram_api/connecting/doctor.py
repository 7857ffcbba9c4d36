"""`huizhen wechat doctor`: calls each callback address of the settings as its platform would, from outside, and says where it stops.

The house may run here or elsewhere: only the credentials are needed. It changes nothing there, and nobody hears of it. A robot's long connection has
no address; whether it works is asked of the house itself (``long_connection``).
"""

from __future__ import annotations

import ipaddress
import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from bot.channels.crypto import REPLAY_WINDOW
from bot.channels.settings import ChannelSettings, WeComRobotSettings
from core.foundation.practice import Practice
from miniprogram_api.connecting.callbacks import TITLES, Caller, callers
from miniprogram_api.connecting.findings import Mark, Section
from miniprogram_api.connecting.long_connection import examined
from miniprogram_api.connecting.refusals import came_back, refused
from miniprogram_api.connecting.way import Broken, Got, asked, is_private, reached, resolved

CHECK_S, EVENT_S = 1.0, 5.0
"""How long WeCom waits for the check of an address, and both platforms for the answer to a message (wechat-facts 1.1, 1.3)."""
SLACK = timedelta(seconds=60)
RENEW = timedelta(days=14)
ECHO = "huizhen doctor+/="
_OF_ACCOUNT = {"official-account": ("official-account",), "mini-program": ("mini-program",), "wecom": ("wecom-app", "wecom-robot")}


class UnusableCa(Exception):
    """The file holds no certificate."""


@dataclass(slots=True)
class Doctor:
    """``page_url``: HUIZHEN_PUBLIC_URL. ``ca``: a private authority that is trusted besides. ``demo``: no platform comes from outside."""

    settings: ChannelSettings
    page_url: str
    ca: Path | None = None
    demo: bool = False
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _tls: ssl.SSLContext = field(init=False)

    def __post_init__(self) -> None:
        # httpx's own roots, not the machine's: a private authority that this machine trusts is nothing to WeChat.
        self._tls = httpx.create_ssl_context(trust_env=False)
        if self.ca is not None:
            try:
                self._tls.load_verify_locations(cafile=self.ca)
            except (ssl.SSLError, OSError):
                raise UnusableCa from None

    async def run(self, only: str = "", practice: Practice | None = None) -> list[Section]:
        """One section a channel, or only those of one account (`miniprogram_api.connecting.setup.ACCOUNTS`). ``practice``: the house's, where it is
        on this machine; only the robot's long connection asks for it."""
        chosen = [one for one in callers(self.settings) if not only or one.channel in _OF_ACCOUNT[only]]
        sections = [await self.look(one) for one in chosen]
        if (robot := self.line(only)) is not None:
            sections.append(await examined(robot, practice))
        if not sections:
            sections.append(Section("没有可查的回调"))
            sections[0].add(Mark.MISSING, "channels.json 里没有这个账号", "照 docs/connect-wechat.md 写好它。")
        return sections

    def line(self, only: str = "") -> WeComRobotSettings | None:
        """The robot whose long connection is looked at, if there is one."""
        robot = self.settings.wecom.robot if self.settings.wecom else None
        return robot if robot is not None and robot.long_connection and only in ("", "wecom") else None

    async def look(self, caller: Caller) -> Section:
        """Everything about one callback address, up to the first thing that nothing works behind."""
        section = Section(f"{TITLES[caller.channel]} {_without_query(caller.url)}")
        try:
            if not self._address(section, caller):
                return section
            await self._way(section, caller)
            skew = await self._house(section, caller)
            if await self._check(section, caller, skew):
                await self._event(section, caller)
                await self._forged(section, caller)
        except Broken as broken:
            section.add(Mark.WRONG, broken.what, broken.then)
        return section

    def _address(self, section: Section, caller: Caller) -> bool:
        """What the address alone tells; False where there is nothing to call."""
        try:
            parts = urlsplit(caller.url)
            port = _port(caller.url)
        except ValueError:
            parts, port = urlsplit(""), 0
        if parts.scheme not in ("http", "https") or not parts.hostname:
            where = f"channels.json 里写 callback_url:https://域名/callback/{caller.channel},并填进平台的后台。"
            section.add(Mark.MISSING, "没有回调地址,或不是网址", where)
            return False
        if parts.path != f"/callback/{caller.channel}":
            section.add(Mark.MIND, f"地址的路径不是 /callback/{caller.channel}", "反向代理没有改写路径的话,请改成它。")
        if self.demo:
            return True
        if parts.scheme != "https":
            section.add(Mark.WRONG, "回调地址不是 https", "患者的话不能明文走公网:装好证书,改成 https。")
        if caller.weixin and port not in (80, 443):
            section.add(Mark.WRONG, f"端口 {port} 微信不会来", "服务号和小程序的回调只能用 80 或 443 端口。")
        ours = urlsplit(self.page_url).hostname
        if parts.hostname != ours:
            then = "网页授权域名、可信域名、小程序的合法域名都要填 HUIZHEN_PUBLIC_URL 的域名;两个域名最好是同一个。"
            section.add(Mark.MIND, f"回调的域名和 HUIZHEN_PUBLIC_URL 的({ours})不同", then)
        return True

    async def _way(self, section: Section, caller: Caller) -> None:
        parts, port = urlsplit(caller.url), _port(caller.url)
        host = parts.hostname or ""
        addresses = await resolved(host, port)
        if not self.demo:
            _where(section, host, addresses)
        until = await reached(host, port, self._tls if parts.scheme == "https" else None)
        if until is None:
            section.add(Mark.ALREADY, f"连得上 {host}:{port}")
            return
        left = until - self.now()
        if left < RENEW:
            section.add(Mark.MIND, f"证书 {max(left.days, 0)} 天后过期", "检查自动续期是不是在跑。")
        else:
            section.add(Mark.ALREADY, f"连得上 {host}:{port},证书到 {until:%Y-%m-%d}")

    async def _house(self, section: Section, caller: Caller) -> timedelta | None:
        """Whether the house is behind this name, what arrives of a query there, and how far its clock is from ours (None: not known)."""
        parts = urlsplit(caller.url)
        before = self.now()
        got = await asked(f"{parts.scheme}://{parts.netloc}/healthz", {"echo": ECHO}, self._tls)
        middle = before + (self.now() - before) / 2
        told = _json(got)
        if got.status == 503 and told.get("code") == "unavailable":
            section.add(Mark.WRONG, "会诊在运行,但数据库连不上", "看 huizhen processes 和日志,先恢复数据库。")
            return None
        at = told.get("at")
        if got.status != 200 or told.get("up") is not True or not isinstance(at, int) or not 10**9 < at < 10**11:
            section.add(Mark.MIND, "这个域名的 /healthz 不是会诊在回答", "反向代理只转了一部分路径,或转到了别的程序;页面也要转给会诊。")
            return None
        if "echo" not in told:
            then = "反向代理要原样带上参数:nginx 的 proxy_pass 后面不要写死地址参数,rewrite 不要以 ? 结尾。"
            raise Broken("反向代理丢掉了网址里的参数", then)
        if told["echo"] != ECHO:
            then = "反向代理不要解码再拼网址:nginx 用不带路径的 proxy_pass,不要用 $arg_… 或 rewrite 重拼。"
            section.add(Mark.WRONG, "反向代理改了网址里的参数(+、/、= 或空格)", then)
        skew = datetime.fromtimestamp(at, UTC) - middle
        if abs(skew) > REPLAY_WINDOW:
            way = "快" if skew > timedelta() else "慢"
            then = "两台都开 NTP 对时(timedatectl set-ntp true)。差过 5 分钟,会诊会把平台的每条消息当作重放而拒收。"
            section.add(Mark.WRONG, f"会诊那台机器的钟比这台{way} {abs(skew).total_seconds() / 60:.0f} 分钟", then)
        elif abs(skew) > SLACK:
            section.add(Mark.MIND, f"会诊那台机器的钟和这台差 {abs(skew).total_seconds():.0f} 秒", "两台都开 NTP 对时(timedatectl set-ntp true)。")
        else:
            section.add(Mark.ALREADY, "域名后面是会诊,参数原样到达,钟是准的")
        return skew

    async def _check(self, section: Section, caller: Caller, skew: timedelta | None) -> bool:
        """The check of the address; whether it is worth going on. A second try, because the first may find the house cold."""
        tries: list[Got] = []
        for _ in range(2):
            check = caller.check(self.now())
            got = await asked(caller.url, check.query, self._tls)
            if got.status != 200 or got.body != check.expected:
                finding = refused(got, caller, skew, checking=True) or came_back(got, check.expected)
                section.findings.append(finding)
                return False
            tries.append(got)
            if got.took_s <= CHECK_S:
                break
        took = min(got.took_s for got in tries)
        if took > CHECK_S:
            section.add(Mark.WRONG, f"验证网址的回答太慢({took:.1f} 秒)", "企业微信只等 1 秒:看网络、反向代理和会诊的负载。")
        else:
            section.add(Mark.ALREADY, f"验证网址通过({took * 1000:.0f} 毫秒)")
        return True

    async def _event(self, section: Section, caller: Caller) -> None:
        sending = caller.event(self.now())
        got = await asked(caller.url, sending.query, self._tls, body=sending.body, content_type=sending.content_type)
        if got.status != 200 or got.body not in (b"", b"success"):
            section.findings.append(refused(got, caller, None, checking=False) or came_back(got, b"success"))
        elif got.took_s > EVENT_S:
            section.add(Mark.WRONG, f"消息的回答太慢({got.took_s:.1f} 秒)", "平台只等 5 秒:看会诊的负载、数据库和反向代理。")
        else:
            section.add(Mark.ALREADY, f"加密的消息收到并解开了({got.took_s * 1000:.0f} 毫秒)")

    async def _forged(self, section: Section, caller: Caller) -> None:
        sending = caller.event(self.now(), forged=True)
        got = await asked(caller.url, sending.query, self._tls, body=sending.body, content_type=sending.content_type)
        if 400 <= got.status < 500:
            section.add(Mark.ALREADY, "签名不对的消息被拒收")
        else:
            section.add(Mark.WRONG, f"签名不对的消息没有被拒收(HTTP {got.status})", "回答的不是会诊,而是前面的什么程序:检查反向代理。")


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)


def _where(section: Section, host: str, addresses: list[str]) -> None:
    if any(ipaddress.ip_address(one.partition("%")[0]).is_loopback for one in addresses):
        section.add(Mark.WRONG, f"{host} 是这台机器自己,平台从外面来不了", "回调地址要用有公网解析的域名。")
    elif all(is_private(one) for one in addresses):
        section.add(Mark.MIND, f"{host} 在这里解析到内网地址", "外面的解析要指向公网;从外网的一台机器上再运行一次 doctor 更准。")


def _json(got: Got) -> dict[str, Any]:
    try:
        found = json.loads(got.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _without_query(url: str) -> str:
    return url.partition("?")[0]
