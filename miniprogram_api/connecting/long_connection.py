"""The robot's long connection: whether a process of the house holds it, and where none does, whether it can be had.

The platform ends the older connection when a new one subscribes. So the house is asked first (its leases), and a connection is only tried while the
lease is ours: no worker connects meanwhile, and none is thrown out.
"""

from __future__ import annotations

from datetime import timedelta

from tortoise.exceptions import DBConnectionError, OperationalError

from bot.channels.api.errors import ApiError, NotTrusted
from bot.channels.settings import WeComRobotSettings
from bot.channels.wecom_robot_connection import RobotConnection, Timing
from bot.inbox.robot_line import account_of, leases_of
from core.foundation.leases import is_held, release_lease, take_lease
from core.foundation.practice import Practice
from core.notifications.commands import Trouble, TroubleList, Troubles
from miniprogram_api.app.signing import OPERATOR
from miniprogram_api.connecting.advice import advice
from miniprogram_api.connecting.findings import Mark, Section

TITLE = "企业微信机器人(长连接)"
LEASE_S = 30.0
"""Longer than a try takes; a doctor that is killed keeps the workers away no longer."""
RECENT = timedelta(days=1)


async def examined(robot: WeComRobotSettings, practice: Practice | None) -> Section:
    """What is found. ``practice``: the house's, None where this machine has none."""
    section = Section(TITLE)
    if practice is None:
        _not_here(section)
        return section
    try:
        await _look(section, robot, practice)
    except (OperationalError, DBConnectionError):
        _not_here(section)
    return section


def _not_here(section: Section) -> None:
    then = "在会诊那台机器上、用运行会诊的那个用户再运行一次。这里没有试连:会诊正连着的话,会被平台断开。"
    section.add(Mark.MIND, "不用回调地址;这里看不到会诊的数据库,不知道有没有连上", then)


async def _look(section: Section, robot: WeComRobotSettings, practice: Practice) -> None:
    leases, holder = leases_of(robot.aibotid), f"doctor-{practice.ids.new()}"
    if await is_held(practice, leases.live):
        section.add(Mark.ALREADY, "会诊的一个进程正连着", "没有另外试连:平台会断开旧的那条。在村医群里 @ 它说一句话。")
        return
    if not await take_lease(practice, leases.line, holder, LEASE_S):
        section.add(Mark.WRONG, "会诊有一个进程管着这条连接,但没有连上", await _why(robot, practice))
        return
    try:
        await _try(section, robot, practice)
    finally:
        await release_lease(leases.line, holder, practice)


async def _why(robot: WeComRobotSettings, practice: Practice) -> str:
    """What the platform said of it last, or where to look."""
    known: TroubleList = await practice.ask(OPERATOR, Troubles())
    since = practice.clock.real_now() - RECENT
    last = next((one for one in known.troubles if one.account == account_of(robot.aibotid) and one.first_at > since), None)
    return "会诊刚启动的话,过半分钟再运行;一直这样,看 worker 的日志。" if last is None else _told(last)


def _told(trouble: Trouble) -> str:
    if trouble.call == "displaced":
        return "另一个程序用同一个机器人连上了,会诊让开了:停掉那个程序,再重启会诊。"
    means, then = advice(NotTrusted(trouble.call, trouble.code))
    return f"平台说:{means}。{then}"


async def _try(section: Section, robot: WeComRobotSettings, practice: Practice) -> None:
    connection = RobotConnection(robot, lambda _frame: None, ids=practice.ids.new, timing=Timing())
    try:
        await connection.try_out()
    except NotTrusted as refused:
        then = "核对 channels.json 里 robot 的 aibotid 和 secret,后台要选「长连接」方式。"
        section.add(Mark.WRONG, f"平台不让这个机器人连(errcode {refused.code})", then)
    except ApiError as error:
        then = "检查服务器能不能出网:域名解析、防火墙的出口规则、代理要放行 WebSocket(wss,443 端口);能出网的,过几分钟再试。"
        section.add(Mark.WRONG, f"连不上平台的长连接({type(error).__name__})", then)
    else:
        section.add(Mark.ALREADY, "现在没有进程连着;试着连了一次,通了,已断开", "启动会诊(huizhen serve),由它连上;还要在村医群里 @ 它说一句话。")
