"""`huizhen wechat setup`: looks at each account, publishes the menu and makes the app's groups where they differ, says what only a person can mend.

It sends no message and changes nothing but menus and these groups; a second run changes nothing at all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bot.channels.api.account import AccountApi, Template, shown_menu
from bot.channels.api.errors import ApiError
from bot.channels.api.transport import Transport
from bot.channels.settings import ChannelSettings, MiniProgramSettings, OfficialAccountSettings, WeComSettings
from bot.channels.token import Fetch, corporation_token, stable_token
from bot.phrases.menu import official_account_menu, wecom_menu
from miniprogram_api.connecting.advice import advice
from miniprogram_api.connecting.findings import Mark, Section
from miniprogram_api.connecting.groups import Staff, settle, title_of
from miniprogram_api.connecting.needed import Needed, needed

ACCOUNTS = ("official-account", "mini-program", "wecom")
LITTLE_LEFT = 10
"""Less than one in so many calls of the day."""
_USED = (("/cgi-bin/message/custom/send", "客服消息"), ("/cgi-bin/message/template/send", "模板消息"))
_MINI_USED = (("/cgi-bin/message/subscribe/send", "订阅消息"),)

_UNKNOWN = "https://public-url.invalid"
"""Stands for the address of our pages while nobody has set it; goes to no platform."""
_SET = "域名和证书办好以后,设好 HUIZHEN_PUBLIC_URL(会诊对外的 https 网址)再运行一次。"


@dataclass(frozen=True, slots=True)
class Setup:
    """``page_url``: the origin of our pages, without a slash at its end; empty where it is not known yet, which only a dry run takes. ``dry_run``:
    nothing is changed. ``staff``: who may be put into a group; None where this machine does not know."""

    settings: ChannelSettings
    page_url: str
    dry_run: bool
    staff: Staff | None = None

    def __post_init__(self) -> None:
        if not self.page_url and not self.dry_run:
            raise ValueError("a menu needs the address of its pages")

    @property
    def _pages(self) -> str:
        return self.page_url or _UNKNOWN

    async def run(self, only: str = "") -> list[Section]:
        """One section for each account of the settings, or for ``only`` one of :data:`ACCOUNTS`."""
        addresses = self.settings.addresses
        sections: list[Section] = []
        weixin, wecom = Transport(addresses.wechat_api), Transport(addresses.wecom_api)
        try:
            if only in ("", "official-account"):
                sections.append(await self._official_account(weixin, self.settings.official_account))
            if only in ("", "mini-program"):
                sections.append(await self._mini_program(weixin, self.settings.mini_program))
            if only in ("", "wecom"):
                sections.append(await self._wecom(wecom, self.settings.wecom))
        finally:
            await weixin.close()
            await wecom.close()
        return sections

    async def _official_account(self, transport: Transport, account: OfficialAccountSettings | None) -> Section:
        if account is None:
            return _absent("服务号", "official_account")
        section = Section(f"服务号 {account.appid}")
        api = await _opened(section, transport, stable_token(transport, account.appid, account.secret.get_secret_value()))
        if api is None:
            return section
        await self._step(section, "获取关注者信息的权限", _followers(section, api))
        for path, name in _USED:
            await self._step(section, f"{name}的权限", _quota(section, api, path, name))
        mini = self.settings.mini_program.appid if self.settings.mini_program else ""
        await self._step(section, "菜单", self._menu(section, api, official_account_menu(self._pages, mini)))
        await self._step(section, "模板消息", _official_templates(section, api, account))
        return section

    async def _mini_program(self, transport: Transport, account: MiniProgramSettings | None) -> Section:
        if account is None:
            return _absent("小程序", "mini_program")
        section = Section(f"小程序 {account.appid}")
        api = await _opened(section, transport, stable_token(transport, account.appid, account.secret.get_secret_value()))
        if api is None:
            return section
        for path, name in _MINI_USED:
            await self._step(section, f"{name}的权限", _quota(section, api, path, name))
        await self._step(section, "订阅消息模板", _subscription_templates(section, api, account))
        return section

    async def _wecom(self, transport: Transport, corporation: WeComSettings | None) -> Section:
        if corporation is None:
            return _absent("企业微信", "wecom")
        section = Section(f"企业微信 {corporation.corpid}")
        if corporation.app is None:
            section.add(Mark.MIND, "没有接自建应用(wecom.app)", "医生和调度员的卡片、单聊要靠它;照 docs/connect-wechat.md 第三节办。")
        else:
            agentid = corporation.app.agentid
            api = await _opened(section, transport, corporation_token(transport, corporation.corpid, corporation.app.secret.get_secret_value()))
            if api is not None:
                await self._step(section, "自建应用", self._agent(section, api, agentid))
                await self._step(section, "应用菜单", self._menu(section, api, wecom_menu(self._pages), agentid))
                for group in corporation.app_groups.values():
                    await self._step(section, title_of(group), settle(section, api, group, self.staff, dry_run=self.dry_run))
        if corporation.robot is not None:
            section.add(Mark.MIND, "智能机器人没有可查的接口", "运行 huizhen wechat doctor 检查它的回调;再在村医群里 @ 它说一句话。")
        return section

    async def _step(self, section: Section, name: str, work: Awaitable[None]) -> None:
        """One check: what the platform refuses is told and the next check goes on."""
        try:
            await work
        except ApiError as error:
            means, then = advice(error)
            section.add(Mark.MISSING, f"{name}:{means}", then)

    async def _menu(self, section: Section, api: AccountApi, menu: Mapping[str, Any], agentid: int | None = None) -> None:
        buttons = "、".join(str(one.get("name", "")) for one in menu["button"])
        there = await api.menu(agentid)
        if not self.page_url:
            opens = "、".join(_pages_in(menu))
            section.add(Mark.WOULD, f"{'换掉现有的' if there else '发布'}菜单:{buttons}")
            section.add(Mark.MISSING, f"菜单里这几项要打开页面,还没有网址:{opens}", _SET)
        elif there == shown_menu(menu):
            section.add(Mark.ALREADY, f"菜单已经是这样:{buttons}")
        elif self.dry_run:
            section.add(Mark.WOULD, f"{'换掉现有的' if there else '发布'}菜单:{buttons}")
        else:
            await api.create_menu(menu, agentid)
            section.add(Mark.DONE, f"菜单已发布:{buttons}", "手机上最多 24 小时后看到;重新进入公众号或应用可以马上看到。")

    async def _agent(self, section: Section, api: AccountApi, agentid: int) -> None:
        agent = await api.agent(agentid)
        if agent.closed:
            section.add(Mark.MISSING, f"应用「{agent.name}」已停用", "企业微信后台 → 应用管理 → 打开它的「启用」开关。")
        if agent.visible_to_somebody:
            section.add(Mark.ALREADY, f"应用「{agent.name}」有可见范围")
        else:
            section.add(Mark.MISSING, "应用的可见范围是空的", "企业微信后台 → 应用 → 可见范围:加上村医、专家、值班医生、调度员、药师。")
        ours = urlsplit(self.page_url).netloc
        if not ours:
            now = f"现在是 {agent.trusted_domain}" if agent.trusted_domain else "还没有设"
            section.add(Mark.MISSING, f"可信域名要和会诊的域名一样,还不知道会诊的({now})", _SET)
        elif agent.trusted_domain == ours:
            section.add(Mark.ALREADY, f"可信域名是 {ours}")
        else:
            now = f"现在是 {agent.trusted_domain}" if agent.trusted_domain else "还没有设"
            then = f"企业微信后台 → 应用 → 网页授权及JS-SDK → 可信域名,填 {ours};不填,卡片打不开页面(50001)。"
            section.add(Mark.MISSING, f"可信域名不是会诊的域名({now})", then)


def _pages_in(menu: Mapping[str, Any]) -> list[str]:
    """The entries that open one of our pages."""
    return [str(entry["name"]) for one in menu["button"] for entry in one["sub_button"] if "url" in entry]


def _absent(name: str, place: str) -> Section:
    section = Section(name)
    section.add(Mark.MIND, f"没有接:channels.json 里没有 {place}", "不需要这个渠道就不用管。")
    return section


async def _opened(section: Section, transport: Transport, fetch: Fetch) -> AccountApi | None:
    api = AccountApi(transport, fetch)
    try:
        await api.open()
    except ApiError as error:
        means, then = advice(error)
        section.add(Mark.MISSING, f"取不到 access_token:{means}", then)
        return None
    section.add(Mark.ALREADY, "凭据能用,平台接受这台服务器")
    return api


async def _followers(section: Section, api: AccountApi) -> None:
    if await api.may_read_followers():
        section.add(Mark.ALREADY, "能获取关注者信息(openid、unionid)")
    else:
        section.add(Mark.MISSING, "没有获取关注者信息的权限", "要已认证的服务号;订阅号、未认证的账号不行。")


async def _quota(section: Section, api: AccountApi, path: str, name: str) -> None:
    quota = await api.quota(path)
    if quota is None:
        section.add(Mark.MISSING, f"没有{name}的权限", "服务号要先完成微信认证;在后台 → 接口权限里申请。")
    elif quota.left * LITTLE_LEFT < quota.daily:
        section.add(Mark.MIND, f"{name}今天只剩 {quota.left} 次(每天 {quota.daily})", "后台 → 接口权限可以清零(每月 10 次)。")
    else:
        section.add(Mark.ALREADY, f"{name}可用(今天还剩 {quota.left} 次)")


async def _official_templates(section: Section, api: AccountApi, account: OfficialAccountSettings) -> None:
    wanted = needed("official", account.fields)
    _compared(section, wanted, account.templates, await api.official_templates(), "official_account.templates")


async def _subscription_templates(section: Section, api: AccountApi, account: MiniProgramSettings) -> None:
    wanted = needed("mini", account.fields)
    if not wanted and not account.templates:
        section.add(Mark.ALREADY, "没有用到订阅消息模板")
        return
    there = await api.subscription_templates()
    _compared(section, wanted, account.templates, there, "mini_program.templates")
    for name in account.long_term:
        found = there.get(account.templates.get(name, ""))
        if found is not None and not found.long_term:
            then = "长期订阅要按医疗类目另外申请;没批下来以前,把它从 mini_program.long_term 里去掉。"
            section.add(Mark.MISSING, f"模板 {name} 是一次性订阅,不是长期订阅", then)


def _compared(section: Section, wanted: tuple[Needed, ...], named: Mapping[str, str], there: Mapping[str, Template], place: str) -> None:
    for one in wanted:
        _template(section, one, named.get(one.name, ""), there, place)
    for name in sorted(set(named) - {one.name for one in wanted}):
        section.add(Mark.MIND, f"模板 {name} 会诊不认识", f"{place} 里的名字写错了,或是旧的:可以删掉这一项。")


def _template(section: Section, wanted: Needed, template_id: str, there: Mapping[str, Template], place: str) -> None:
    fields = "、".join(sorted(wanted.fields))
    missing = Mark.MISSING if wanted.required else Mark.MIND
    if not template_id:
        section.add(missing, f"模板 {wanted.name}({wanted.about})还没有", f"在后台选一个带 {fields} 的模板,把编号写进 {place}.{wanted.name}。")
        return
    found = there.get(template_id)
    if found is None:
        then = f"后台里可能删掉了:重新添加一个带 {fields} 的,把新编号写进 {place}.{wanted.name}。"
        section.add(missing, f"模板 {wanted.name} 的编号在账号里没有", then)
        return
    lacking, empty = sorted(wanted.fields - found.fields), sorted(found.fields - wanted.fields)
    if lacking or empty:
        wrong = [f"缺少 {'、'.join(lacking)}" if lacking else "", f"多出 {'、'.join(empty)}(没有值,平台可能拒收)" if empty else ""]
        what = f"模板 {wanted.name}「{found.title}」的字段对不上:{';'.join(filter(None, wrong))}"
        section.add(missing, what, f"另选一个正好带 {fields} 的模板,把编号换掉。")
        return
    section.add(Mark.ALREADY, f"模板 {wanted.name}「{found.title}」的字段都对")
