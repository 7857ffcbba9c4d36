"""`huizhen chat`: the running demonstration at a terminal, as one of its people; the same sentences as in WeChat."""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import sys
from dataclasses import dataclass

from bot.channels.message import ChannelName
from bot.channels.settings import ChannelSettings
from bot.channels.terminal import Terminal
from bot.inbox.inbox import Inbox
from core.foundation.actor import Actor
from core.people.commands import EnsureAccount
from miniprogram_api.app import logging as house_logging
from miniprogram_api.app.composition import open_house
from miniprogram_api.app.data_folder import read_process_list
from miniprogram_api.app.redis_server import socket_path
from miniprogram_api.app.settings import Settings
from miniprogram_api.cli.refusals import explain_settings

OPERATOR = Actor.system("terminal")
QUIET = 40
"""Log level above errors: a terminal shows the conversation only."""


@dataclass(frozen=True, slots=True)
class Identity:
    """How the platform knows a person: `app` is the appid or corpid, `subject` the openid or userid."""

    app: str
    subject: str
    unionid: str | None


def run(given: argparse.Namespace) -> int:
    """Reads lines until the end of input; status 0, or 1 after saying why there is nobody to talk as."""
    settings = explain_settings({"demo": True})
    if settings is None:
        return 1
    if read_process_list(settings.run_dir) is None:
        print("会诊没有在运行。先在另一个终端里 make run,再来对话。")
        return 1
    people = _people(settings)
    if given.person not in people:
        print("以谁的身份说话?例如:huizhen chat --as patient-001" if not given.person else f"演示里没有 {given.person}。可选:")
        for key, person in people.items():
            print(f"  {key:<20} {person['name']}  {person.get('title', '')}")
        return 1
    house_logging.configure("chat", QUIET)
    return asyncio.run(_chat(settings, people[given.person]))


def _people(settings: Settings) -> dict[str, dict[str, str]]:
    try:
        roster = json.loads((settings.simulator_dir / "people.json").read_text("utf-8"))
    except FileNotFoundError:
        return {}
    return {person["key"]: person for person in roster["people"]}


def _identity(channels: ChannelSettings, person: dict[str, str]) -> Identity:
    if person.get("userid") and channels.wecom is not None:
        return Identity(channels.wecom.corpid, person["userid"], None)
    if channels.official_account is None:
        raise LookupError(person["key"])
    return Identity(channels.official_account.appid, person["official_account_openid"], person.get("unionid") or None)


async def _chat(settings: Settings, person: dict[str, str]) -> int:
    redis_url = settings.redis_url or f"unix://{socket_path(settings.data_dir / 'redis')}"
    async with open_house(settings.model_copy(update={"redis_url": redis_url})) as house:
        who = _identity(house.channel_settings, person)
        order = EnsureAccount(app=who.app, subject=who.subject, unionid=who.unionid)
        account = await house.practice.execute(OPERATOR, order)
        terminal = Terminal(who.app, who.subject)
        inbox = Inbox(house.practice, {ChannelName.TERMINAL: who.app})
        if sys.stdin.isatty():
            print(f"您现在是 {person['name']}。直接说话,帮助 列出能说的话,Ctrl-D 结束。")
        while line := await asyncio.to_thread(_next_line):
            now = house.practice.clock.real_now()
            incoming = terminal.receive({"line": secrets.token_hex(8)}, {}, line.encode(), now)
            shapes = await inbox.converse(incoming, str(account.account_id), terminal.capability.deadline_seconds)
            if shapes is None:
                print("还没有想好,请过一会儿再问一次“进度”。")
            else:
                print(terminal.passive_reply(incoming, shapes, now, "").body.decode())
    return 0


def _next_line() -> str:
    """The next line that says something; empty at the end of input."""
    while True:
        try:
            line = input("> " if sys.stdin.isatty() else "").strip()
        except EOFError:
            return ""
        if line:
            return line
