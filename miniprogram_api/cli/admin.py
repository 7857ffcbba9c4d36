"""`huizhen admin first|list`: how the first administrator comes in, and who they are."""

from __future__ import annotations

import argparse
import asyncio

from pydantic import ValidationError

from core.foundation.clock import shanghai, spoken
from core.foundation.errors import DomainError
from core.foundation.practice import Practice
from core.people.commands_staff import AdministratorInvited, Administrators, AdministratorsView, InviteAdministrator
from core.people.models import Organisation
from core.practice_rooms import load_rooms
from miniprogram_api.app.settings import Settings
from miniprogram_api.app.signing import OPERATOR, open_for_signing
from miniprogram_api.cli.refusals import explain_settings


def run(given: argparse.Namespace) -> int:
    """Status 0 when it was done, 1 with the reason otherwise."""
    settings = explain_settings()
    if settings is None:
        return 1
    load_rooms()
    try:
        return asyncio.run(_run(settings, given))
    except FileNotFoundError:
        print(f"没有主密钥 {settings.secrets_dir / 'keyring.key'}:请先运行 huizhen keys(演示则先 make run 一次)。")
        return 1


async def _run(settings: Settings, given: argparse.Namespace) -> int:
    async with open_for_signing(settings) as practice:
        return await (_list(practice) if given.action == "list" else _first(practice, given))


async def _list(practice: Practice) -> int:
    view: AdministratorsView = await practice.ask(OPERATOR, Administrators())
    if not view.administrators:
        print("还没有管理员。邀请首位:huizhen admin first --name 姓名 --phone 手机号")
    for one in view.administrators:
        until = f",到 {spoken(one.valid_until)} 为止" if one.valid_until else ""
        print(f"{one.full_name}  {one.organisation}  {shanghai(one.since):%Y-%m-%d} 起{until}{'' if one.counts else '  (现在不能用)'}")
    return 0


async def _first(practice: Practice, given: argparse.Namespace) -> int:
    organisation_id = await _organisation(given.organisation)
    if organisation_id is None:
        return 1
    try:
        order = InviteAdministrator(organisation_id=organisation_id, full_name=given.name.strip(), phone=given.phone.strip())
        invited: AdministratorInvited = await practice.execute(OPERATOR, order)
    except ValidationError:
        print("请写明姓名和 11 位手机号:huizhen admin first --name 姓名 --phone 手机号")
        return 1
    except DomainError as refusal:
        print(refusal.message)
        return 1
    print(f"绑定码:{invited.code}")
    print(f"请{given.name.strip()}在 {spoken(invited.expires_at)} 之前(30 分钟内),用自己的企业微信打开「会诊工作台」,发:绑定管理员 {invited.code}")
    print("绑定码只能用一次,请当面或打电话告诉本人,不要发到群里。")
    return 0


async def _organisation(name: str) -> str | None:
    """The organisation of that name, or the only county hospital; None after printing why there is none."""
    wanted = {"name": name} if name else {"kind": "county_hospital"}
    found = await Organisation.filter(closed_at__isnull=True, **wanted)
    if len(found) == 1:
        return found[0].id
    if name:
        print(f"没有(或有几家)叫「{name}」的机构。请先导入机构:huizhen import organisations 文件")
    else:
        print("请用 --organisation 写明机构。" if found else "还没有机构。请先导入:huizhen import organisations 文件")
    return None
