"""`huizhen rules list|sign|check`: the rules of care in use, and the hospital's signature under them."""

from __future__ import annotations

import argparse
import asyncio

from core.foundation.rule_signing import SignRules
from miniprogram_api.app.settings import Settings
from miniprogram_api.app.signing import OPERATOR, Standing, open_for_signing, rule_sets_in_use, standings
from miniprogram_api.cli.refusals import explain_settings

AGREEMENT = "签署"


def run(given: argparse.Namespace) -> int:
    """list: status 0. check: 0 when every set is signed, else 1. sign: 0 when the signatures were written."""
    settings = explain_settings()
    if settings is None:
        return 1
    try:
        return asyncio.run(_run(settings, given))
    except FileNotFoundError:
        print(f"没有主密钥 {settings.secrets_dir / 'keyring.key'}:请先运行 huizhen keys(演示则先 make run 一次)。")
        return 1


async def _run(settings: Settings, given: argparse.Namespace) -> int:
    sets = await asyncio.to_thread(rule_sets_in_use)
    async with open_for_signing(settings) as practice:
        found = await standings(sets)
        if given.action == "list":
            _show(found)
            return 0
        unsigned = [one for one in found if not one.signed]
        if given.action == "check":
            return _check(unsigned)
        chosen = [one for one in unsigned if given.rule in ("", one.rules.name)]
        if not _may_sign(given, found, chosen):
            return 1
        for one in chosen:
            order = SignRules(rule_set=one.rules.name, digest=one.rules.digest, signed_by=given.by, licence=given.licence)
            await practice.execute(OPERATOR, order)
        print(f"已签署 {len(chosen)} 组规则:{given.by}。规则内容一旦改动,需要重新签署。")
        return 0


def _show(found: list[Standing]) -> None:
    for one in found:
        state = f"{one.signed_by} 于 {one.signed_on} 签署" if one.signed else "未签署(演示·未经临床审定)"
        print(f"{one.rules.name:<16} {one.rules.title}  {one.rules.edition}  {one.rules.count} 条  {one.rules.digest[:12]}  {state}")


def _check(unsigned: list[Standing]) -> int:
    if not unsigned:
        print("规则都已签署。")
        return 0
    print("以下规则还没有由医院的临床负责人签署,不能为真实病人启动:")
    for one in unsigned:
        print(f"  {one.rules.name}  {one.rules.title}  {one.rules.edition}")
    print("请临床负责人审阅后签署:huizhen rules sign --by 姓名 --licence 执业证书编号")
    return 1


def _may_sign(given: argparse.Namespace, found: list[Standing], chosen: list[Standing]) -> bool:
    """What stands against signing is printed; the person at the terminal confirms in so many words."""
    if given.rule and given.rule not in {one.rules.name for one in found}:
        print(f"没有叫 {given.rule} 的规则。可选:{'、'.join(one.rules.name for one in found)}")
        return False
    if not chosen:
        print("没有需要签署的规则。")
        return False
    if len(given.by.strip()) < 2 or len(given.licence.strip()) < 6:
        print("请写明签署人和执业证书编号:huizhen rules sign --by 姓名 --licence 执业证书编号")
        return False
    _show(chosen)
    try:
        answer = input(f"{given.by}(执业证书 {given.licence})确认已逐条审阅以上规则,并对其临床使用负责。确认请输入“{AGREEMENT}”:")
    except EOFError:
        answer = ""
    if answer.strip() != AGREEMENT:
        print("没有签署。")
        return False
    return True
