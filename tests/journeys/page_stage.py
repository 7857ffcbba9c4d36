"""The simulator alone, for its page: a real platform on a port, and a developer's small server that answers as a test says."""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.bot.simulator.conftest import credentials, platform
from tests.bot.simulator.receiver import Receiver

Body = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
DEPARTMENTS = ("心血管内科", "呼吸内科", "神经内科", "儿科")
KEY = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
"""In the village doctors' authenticators."""
SURNAMES = "王李张刘陈杨赵黄周吴"


def roster() -> Body:
    """A county in small: patients, village doctors in a group, experts of four departments, the others."""
    chance = random.Random(7)
    people: list[Body] = [
        {"key": f"patient-{n:03}", "name": f"{chance.choice(SURNAMES)}秀英(演示)", "role": "patient", "title": f"{50 + n}岁",
         "place": "平塘县 平湖镇", "official_account_openid": f"oa{n}", "mini_program_openid": f"mp{n}", "unionid": f"u{n}",
         "phone": f"1990000{n:04}"}
        for n in range(1, 6)
    ]  # fmt: skip
    people += [
        {"key": f"village-doctor-{n:02}", "name": f"{'吴' if n == 1 else chance.choice(SURNAMES)}医生(演示)", "role": "village_doctor",
         "userid": f"vd{n}", "groups": ["village-doctors"], "title": "乡村医生", "place": "平塘县 新塘村卫生室", "authenticator": KEY}
        for n in range(1, 4)
    ]  # fmt: skip
    people += [
        {"key": f"expert-{n:03}", "name": f"{chance.choice(SURNAMES)}建国(演示)", "role": "expert", "userid": f"ex{n}",
         "title": f"{DEPARTMENTS[n % 4]} 主任医师", "place": "省人民医院"}
        for n in range(40)
    ]  # fmt: skip
    people += [
        {"key": f"{role.replace('_', '-')}-01", "name": f"{chance.choice(SURNAMES)}{called}(演示)", "role": role, "userid": role,
         "title": title, "place": "平湖镇卫生院"}
        for role, called, title in (("duty_doctor", "医生", "值班医生"), ("scheduler", "海燕", "县调度员"), ("pharmacist", "德明", "主管药师"))
    ]  # fmt: skip
    members = [person["key"] for person in people if person["role"] == "village_doctor"]
    return {"people": people, "groups": [{"chatid": "village-doctors", "name": "村医会诊群", "members": members}]}


class PageStage:
    """`receiver.answering(channel, message)` answers callbacks; `call` is the account's own server calling the platform."""

    def __init__(self, folder: Path, receiver: Receiver, config: Body) -> None:
        self.folder, self.receiver, self.config = folder, receiver, config
        self.port = 0
        self.process: asyncio.subprocess.Process | None = None
        self.client = httpx.AsyncClient(trust_env=False, timeout=10)
        self._tokens: dict[str, str] = {}

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """On the same port as before, if there was one: as a process that was restarted."""
        with socket.socket() as listening:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(("127.0.0.1", self.port))
            listening.listen(64)
            self.port = listening.getsockname()[1]
            environment = {name: value for name, value in os.environ.items() if name not in ("HUIZHEN_PARENT", "HUIZHEN_READY_FD")}
            environment |= {"HUIZHEN_DATA_DIR": str(self.folder), "HUIZHEN_SOCKET_FD": str(listening.fileno())}
            command = (sys.executable, "-m", "bot.simulator")
            self.process = await asyncio.create_subprocess_exec(*command, pass_fds=(listening.fileno(),), env=environment, cwd=ROOT)

    async def stop(self) -> None:
        """At once, with every connection: a process that was killed."""
        if self.process is not None:
            self.process.kill()
            await self.process.wait()
            self.process = None

    async def say(self, person: str, chat: str, content: str) -> None:
        answer = await self.client.post(f"{self.origin}/simulator/people/{person}/chats/{chat}/messages", json={"type": "text", "content": content})
        assert answer.status_code == 201, answer.text

    async def customer_service(self, openid: str, **message: Any) -> None:
        await self._call("api", "/cgi-bin/message/custom/send", {"touser": openid, **message})

    async def app_message(self, userids: str, **message: Any) -> Body:
        return await self._call("qyapi", "/cgi-bin/message/send", {"touser": userids, "agentid": 1000002, **message})

    async def update_card(self, response_code: str, note: str) -> None:
        body = {"agentid": 1000002, "atall": 1, "response_code": response_code, "button": {"replace_name": note}}
        await self._call("qyapi", "/cgi-bin/message/update_template_card", body)

    async def account_menu(self, buttons: list[Body]) -> None:
        await self._call("api", "/cgi-bin/menu/create", {"button": buttons})

    async def _call(self, host: str, path: str, body: Body) -> Body:
        base = f"{self.origin}/simulator/{host}.weixin.qq.com"
        if host not in self._tokens:
            account, app = self.config["official_account"], self.config["wecom"]["app"]
            wecom = ("/cgi-bin/gettoken", {"corpid": self.config["wecom"]["corpid"], "corpsecret": app["secret"]})
            official = ("/cgi-bin/token", {"grant_type": "client_credential", "appid": account["appid"], "secret": account["secret"]})
            address, query = wecom if host == "qyapi" else official
            self._tokens[host] = (await self.client.get(base + address, params=query)).json()["access_token"]
        answer: Body = (await self.client.post(base + path, params={"access_token": self._tokens[host]}, json=body)).json()
        assert answer["errcode"] == 0, answer
        return answer


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[PageStage]:
    receiver = Receiver({})
    await receiver.start()
    config = platform(receiver.port)
    receiver.credentials = credentials(config)
    (tmp_path / "simulator").mkdir()
    (tmp_path / "simulator" / "platform.json").write_text(json.dumps(config))
    (tmp_path / "simulator" / "people.json").write_text(json.dumps(roster(), ensure_ascii=False))
    stage = PageStage(tmp_path, receiver, config)
    await stage.start()
    yield stage
    await stage.stop()
    await stage.client.aclose()
    await receiver.stop()
    assert receiver.errors == []
