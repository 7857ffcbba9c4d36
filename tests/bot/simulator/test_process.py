"""The simulator as the process people run: started by its module, killed without warning, started again."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from .conftest import PEOPLE, credentials, platform, until
from .receiver import Receiver, xml_text

Body = dict[str, Any]


class Process:
    """`python -m bot.simulator` on a socket that outlives it, as under the supervisor."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.listening = socket.socket()
        self.listening.bind(("127.0.0.1", 0))
        self.listening.listen(100)
        self.origin = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        self.child: subprocess.Popen[bytes] | None = None

    def start(self, **environment: str) -> None:
        ready, told = os.pipe()
        settings = {"HUIZHEN_DATA_DIR": str(self.folder), "HUIZHEN_SOCKET_FD": str(self.listening.fileno()), "HUIZHEN_READY_FD": str(told)}
        self.child = subprocess.Popen(
            [sys.executable, "-m", "bot.simulator"], env={**os.environ, **settings, **environment}, pass_fds=(self.listening.fileno(), told)
        )
        os.close(told)
        assert os.read(ready, 1) == b"r", "the simulator did not come up"
        os.close(ready)

    def kill(self, number: int = signal.SIGKILL) -> int:
        assert self.child
        self.child.send_signal(number)
        return self.child.wait(10)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    process = Process(tmp_path)
    yield process
    if process.child and process.child.poll() is None:
        process.kill()
    process.listening.close()


async def furnish(folder: Path) -> Receiver:
    receiver = Receiver({})
    await receiver.start()
    config = platform(receiver.port)
    receiver.credentials = credentials(config)
    (folder / "simulator").mkdir()
    (folder / "simulator" / "platform.json").write_text(json.dumps(config))
    (folder / "simulator" / "people.json").write_text(json.dumps(PEOPLE))
    return receiver


async def test_killed_in_the_middle_it_delivers_again_and_keeps_everything(process: Process) -> None:
    receiver = await furnish(process.folder)
    holding = asyncio.Event()

    async def hold(channel: str, message: Body) -> Any:
        if channel == "official_account":
            if len(receiver.of("official_account")) == 1:
                await holding.wait()
                return None
            return xml_text(message, "接上了")
        finish = message["msgtype"] == "stream" and holding.is_set()
        return {"msgtype": "stream", "stream": {"id": "s1", "finish": finish, "content": "好了" if finish else "在想"}}

    receiver.answering = hold
    process.start()
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:

        async def chat(person: str, name: str) -> list[Body]:
            return (await client.get(f"{process.origin}/simulator/people/{person}/chats/{name}/messages")).json()

        async def say(person: str, name: str, content: str) -> None:
            path = f"{process.origin}/simulator/people/{person}/chats/{name}/messages"
            assert (await client.post(path, json={"type": "text", "content": content})).status_code == 201

        await client.put(f"{process.origin}/simulator/conditions", json={"seed": 9})
        code = (await client.post(f"{process.origin}/simulator/people/patient-001/mini-program/login")).json()["code"]
        query = {"appid": "wxmini", "secret": "secret-mini", "js_code": code, "grant_type": "authorization_code"}
        session = f"{process.origin}/simulator/api.weixin.qq.com/sns/jscode2session"
        account = {"grant_type": "client_credential", "appid": "wxofficial", "secret": "secret-official"}
        stable = f"{process.origin}/simulator/api.weixin.qq.com/cgi-bin/stable_token"
        token = (await client.post(stable, json=account)).json()["access_token"]
        assert "openid" in (await client.get(session, params=query)).json()
        await say("village-doctor-01", "wecom_robot", "会诊")
        await until(lambda: len(receiver.of("wecom_robot")) >= 2)
        await say("patient-001", "official_account", "喘不上气")
        await until(lambda: receiver.of("official_account"))
        assert process.kill() == -signal.SIGKILL
        holding.set()
        process.start()

        async def both() -> bool:
            answered = [m["content"] for m in await chat("patient-001", "official_account")] == ["喘不上气", "接上了"]
            return answered and [m["content"] for m in await chat("village-doctor-01", "wecom_robot")] == ["会诊", "好了"]

        await until(both, 20)
        first, second = receiver.of("official_account")
        assert first["MsgId"] == second["MsgId"], "the same message, delivered again"
        assert (await client.post(stable, json=account)).json()["access_token"] == token
        assert (await client.get(session, params=query)).json()["errcode"] == 40163
        assert (await client.get(f"{process.origin}/simulator/conditions")).json()["seed"] == 9
        assert process.kill(signal.SIGTERM) == 0
    await receiver.stop()
    assert receiver.errors == []


async def test_killed_at_any_moment_nothing_accepted_is_lost(process: Process) -> None:
    receiver = await furnish(process.folder)
    receiver.answering = lambda channel, m: xml_text(m, m["Content"])
    accepted = []
    process.start()
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        path = f"{process.origin}/simulator/people/patient-001/chats/official_account/messages"
        for round_number in range(3):
            for number in range(15):
                words = f"{round_number}-{number}"
                assert (await client.post(path, json={"type": "text", "content": words})).status_code == 201
                accepted.append(words)
            process.kill()
            process.start()
        said: set[str] = set()
        answered: set[str] = set()

        async def complete() -> bool:
            for message in (await client.get(path)).json():
                (answered if message["from"] == "service" else said).add(message["content"])
            return answered == set(accepted)

        await until(complete, 30)
        assert said == set(accepted)
    await receiver.stop()


def test_it_says_what_is_missing(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "bot.simulator"], env={**os.environ, "HUIZHEN_DATA_DIR": str(tmp_path)}, capture_output=True, timeout=30
    )
    assert run.returncode == 2
    assert b"platform.json is missing" in run.stderr
    (tmp_path / "simulator").mkdir(exist_ok=True)
    (tmp_path / "simulator" / "platform.json").write_text('{"official_account": {"secret": "hush"}}')
    (tmp_path / "simulator" / "people.json").write_text('{"people": []}')
    run = subprocess.run(
        [sys.executable, "-m", "bot.simulator"], env={**os.environ, "HUIZHEN_DATA_DIR": str(tmp_path)}, capture_output=True, timeout=30
    )
    assert run.returncode == 2
    assert b"official_account.appid" in run.stderr
    assert b"hush" not in run.stderr


def test_it_ends_at_once_without_its_parent(tmp_path: Path) -> None:
    environment = {**os.environ, "HUIZHEN_DATA_DIR": str(tmp_path), "HUIZHEN_PARENT": "1"}
    assert subprocess.run([sys.executable, "-m", "bot.simulator"], env=environment, capture_output=True, timeout=30).returncode == 0
