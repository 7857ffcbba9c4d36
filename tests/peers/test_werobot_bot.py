"""WeRoBot's example bot, which no one here wrote, is lived through the simulator: encrypted, with every callback twice and late."""

from __future__ import annotations

import base64
import importlib.util
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.bot.simulator.alone import Alone
from tests.bot.simulator.conftest import platform
from tests.support.peers import need

pytestmark = pytest.mark.peer
PATIENCE_S = 60
# The handlers of WeRoBot's documentation; its own server, its sessions kept in SQLite as it does by default.
PROGRAM = """
import sys
from wsgiref.simple_server import make_server
from werobot import WeRoBot

robot = WeRoBot(token=sys.argv[1], app_id=sys.argv[2], encoding_aes_key=sys.argv[3])

@robot.text
def echo(message, session):
    count = session["count"] = session.get("count", 0) + 1
    return f"你说:{message.content}" if message.content != "几次" else f"第 {count} 次"

@robot.subscribe
def subscribe(message):
    return "欢迎关注!"

@robot.image
def image(message):
    return message.img.split("?")[0]

@robot.key_click("ask")
def ask(message):
    return "请说说哪里不舒服"

server = make_server("127.0.0.1", 0, robot.wsgi)
print(server.server_port, flush=True)
server.serve_forever()
"""


class Lived:
    """A phone of the simulator whose account a WeRoBot answers."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.http = httpx.Client(trust_env=False, timeout=30)
        self.person = f"{origin}/simulator/people/person-1"
        self.chat = f"{self.person}/chats/official_account"

    def post(self, address: str, body: Any, status: int = 201) -> Any:
        response = self.http.post(address, json=body)
        assert response.status_code == status, response.text
        return response.json()

    def heard(self, count: int) -> list[str]:
        """What the service said, once it has said that much."""
        return wait(lambda: (found := self._heard()) if len(self._heard()) >= count else [])

    def _heard(self) -> list[str]:
        return [message["content"] for message in self.http.get(f"{self.chat}/messages").json() if message["from"] == "service"]

    def exchange(self, ident: str) -> Any:
        def closed() -> Any:
            found = self.http.get(f"{self.origin}/simulator/exchanges/{ident}").json()
            both = len(found["attempts"]) == 2
            return found if found["outcome"] != "pending" and both else None

        return wait(closed)


def wait(check: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if found := check():
            return found
        time.sleep(0.05)
    raise AssertionError("nothing happened in time")


@pytest.fixture
def lived(tmp_path: Path) -> Iterator[Lived]:
    need(importlib.util.find_spec("werobot") is not None, "werobot")
    account = platform(9)["official_account"]
    command = [sys.executable, "-c", PROGRAM, account["token"], account["appid"], account["encoding_aes_key"]]
    with (tmp_path / "werobot.log").open("w") as log:
        robot = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=log, text=True)
    assert robot.stdout
    port = robot.stdout.readline().strip()
    assert port, (tmp_path / "werobot.log").read_text()
    fields = "".join(f'{name} = "{account[name]}"\n' for name in ("original_id", "appid", "secret", "token", "encoding_aes_key"))
    faults = "[faults]\nduplicate_callbacks = true\ndelay_ms = 300\nseed = 7\n"
    simulator = Alone(tmp_path, f'people_count = 1\n[official_account]\ncallback_url = "http://127.0.0.1:{port}/"\n{fields}{faults}')
    lived = Lived(simulator.origin)
    yield lived
    lived.http.close()
    for child in (simulator.child, robot):
        child.terminate()
        child.wait(20)


def test_werobots_example_is_lived_through(lived: Lived) -> None:
    assert lived.post(f"{lived.origin}/simulator/verifications", {}, 200) == {"official_account": {"ok": True, "reason": ""}}
    said = lived.post(f"{lived.chat}/messages", {"type": "text", "content": "你好 <&> 😷"})
    assert lived.heard(1) == ["你说:你好 <&> 😷"]
    record = lived.exchange(said["exchange"])
    assert sorted(attempt["duplicate"] for attempt in record["attempts"]) == [False, True]
    assert all(attempt["took_ms"] >= 300 and attempt["answer"]["status"] == 200 for attempt in record["attempts"])
    lived.post(f"{lived.chat}/messages", {"type": "text", "content": "几次"})
    assert lived.heard(2)[1] in ("第 3 次", "第 4 次"), "it takes a repeated callback for a new one, and the simulator shows it"

    lived.post(f"{lived.person}/official-account/unfollow", {}, 200)
    lived.post(f"{lived.person}/official-account/follow", {}, 200)
    assert lived.heard(3)[2] == "欢迎关注!"

    picture = base64.b64encode(b"\x89PNG picture").decode()
    lived.post(f"{lived.chat}/messages", {"type": "image", "name": "a.png", "data_base64": picture})
    address = lived.heard(4)[3]
    assert lived.http.get(address).content == b"\x89PNG picture"

    api = f"{lived.origin}/simulator/api.weixin.qq.com/cgi-bin"
    query = {"grant_type": "client_credential", "appid": "wxofficial", "secret": "secret-official"}
    token = lived.http.get(f"{api}/token", params=query).json()["access_token"]
    made = lived.http.post(f"{api}/menu/create", params={"access_token": token}, json={"button": [{"type": "click", "name": "问诊", "key": "ask"}]})
    assert made.json()["errcode"] == 0
    lived.post(f"{lived.chat}/taps", {"key": "ask"})
    assert lived.heard(5)[4] == "请说说哪里不舒服"


def test_what_breaks_out_of_its_element_is_found(lived: Lived) -> None:
    """WeRoBot 1.13.1 does not escape the end of a CDATA section; on the real platform the person would see its notice, too."""
    said = lived.post(f"{lived.chat}/messages", {"type": "text", "content": "]]></Content><Content><![CDATA[x"})
    record = lived.exchange(said["exchange"])
    assert record["outcome"] == "invalid"
    assert "Content" in record["reason"]
    assert "出现故障" in lived.heard(1)[0]
