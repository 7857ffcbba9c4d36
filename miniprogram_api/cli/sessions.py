"""`huizhen sessions replace-key`: another key under the access tokens of people who are signed in; the former ones are void from now on."""

from __future__ import annotations

import argparse
import asyncio

from core.people.commands_sessions import KeysReplaced, ReplaceTokenKeys
from core.practice_rooms import load_rooms
from miniprogram_api.app.settings import Settings
from miniprogram_api.app.signing import OPERATOR, open_for_signing
from miniprogram_api.cli.refusals import explain_settings


def run(given: argparse.Namespace) -> int:
    """Exit status 0 when it is done, 1 when there is no installation to do it in."""
    settings = explain_settings()
    if settings is None:
        return 1
    try:
        replaced = asyncio.run(_replace(settings))
    except FileNotFoundError:
        print("没有主密钥:请先运行 huizhen keys(演示则先 make run 一次)。")
        return 1
    print(f"登录签名密钥已更换,{replaced.void} 把旧密钥作废:旧凭据最迟 30 秒后不再有效。已登录的人不用重新登录,页面会自动续上。")
    return 0


async def _replace(settings: Settings) -> KeysReplaced:
    load_rooms()
    async with open_for_signing(settings) as practice:
        replaced: KeysReplaced = await practice.execute(OPERATOR, ReplaceTokenKeys())
        return replaced
