import asyncio
import base64
import json
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.simulator.app import create_app
from bot.simulator.world import Timing, World

from .receiver import Receiver

Body = dict[str, Any]


def key43() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")


def platform(port: int) -> Body:
    def account(name: str) -> Body:
        return {"original_id": f"gh_{name}", "appid": f"wx{name}", "secret": f"secret-{name}", "token": f"token{name}", "encoding_aes_key": key43()}

    base = f"http://127.0.0.1:{port}/callback"
    return {
        "official_account": {**account("official"), "callback_url": f"{base}/official-account", "templates": {"progress": "TPL-1"}},
        "mini_program": {**account("mini"), "callback_url": f"{base}/mini-program", "message_format": "json"},
        "wecom": {
            "corpid": "ww0001",
            "app": {"agentid": 1000002, "secret": "secret-app", "token": "tokenapp", "encoding_aes_key": key43(),
                    "callback_url": f"{base}/wecom-app"},
            "robot": {"aibotid": "bot1", "secret": "secret-bot", "name": "会诊助手", "token": "tokenbot", "encoding_aes_key": key43(),
                      "callback_url": f"{base}/wecom-robot"},
        },
    }  # fmt: skip


PEOPLE: Body = {
    "people": [
        {"key": "patient-001", "name": "李秀英(演示)", "role": "patient", "official_account_openid": "oPatient1", "mini_program_openid": "mPatient1",
         "unionid": "uPatient1", "phone": "19900000001"},
        {"key": "village-doctor-01", "name": "吴医生(演示)", "role": "village_doctor", "userid": "wu01", "groups": ["village-doctors"]},
        {"key": "village-doctor-02", "name": "周医生(演示)", "role": "village_doctor", "userid": "zhou02", "groups": ["village-doctors"]},
        {"key": "expert-001", "name": "王主任(演示)", "role": "expert", "userid": "wang01"},
    ],
    "groups": [{"chatid": "village-doctors", "name": "村医会诊群", "members": ["village-doctor-01", "village-doctor-02"]}],
}  # fmt: skip


def credentials(config: Body) -> dict[str, tuple[str, str, str]]:
    oa, mini, wecom = config["official_account"], config["mini_program"], config["wecom"]
    return {
        "official_account": (oa["token"], oa["encoding_aes_key"], oa["appid"]),
        "mini_program": (mini["token"], mini["encoding_aes_key"], mini["appid"]),
        "wecom_app": (wecom["app"]["token"], wecom["app"]["encoding_aes_key"], wecom["corpid"]),
        "wecom_robot": (wecom["robot"]["token"], wecom["robot"]["encoding_aes_key"], ""),
    }


class Stage:
    """A simulator on a real port, a receiver beside it, and short ways to speak with both."""

    def __init__(self, folder: Path, receiver: Receiver, config: Body) -> None:
        self.folder, self.receiver, self.config = folder, receiver, config
        self.shift = 0.0
        self.client = httpx.AsyncClient(trust_env=False, timeout=10)
        self.tokens: dict[str, str] = {}

    def now(self) -> float:
        return time.time() + self.shift

    async def start(self, timing: Timing) -> None:
        (self.folder / "platform.json").write_text(json.dumps(self.config))
        (self.folder / "people.json").write_text(json.dumps(PEOPLE, ensure_ascii=False))
        self.world = World(self.folder, now=self.now, timing=timing)
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        self.world.origin = self.origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self.server = await create_app(self.world).create_server(sock=listening, return_asyncio_server=True, access_log=False)
        assert self.server
        await self.server.startup()
        await self.server.before_start()
        await self.server.start_serving()
        await self.server.after_start()

    def be_impatient(self, seconds: float = 0.6) -> None:
        """For tests of what nobody answers in time; the others have the platform's own seconds, however busy the machine is."""
        self.world.timing = replace(self.world.timing, answer=seconds)

    async def stop(self) -> None:
        await self.client.aclose()
        await self.server.before_stop()
        await self.server.close()
        await self.server.after_stop()

    # people

    async def post(self, path: str, body: Any = None, status: int | None = 201) -> Any:
        response = await self.client.post(f"{self.origin}/simulator/people/{path}", json=body)
        assert status is None or response.status_code == status, response.text
        return response.json()

    async def say(self, person: str, chat: str, content: str) -> Body:
        return await self.post(f"{person}/chats/{chat}/messages", {"type": "text", "content": content})

    async def tap(self, person: str, chat: str, seq: int | None, key: str, status: int = 201, **more: Any) -> Body:
        return await self.post(f"{person}/chats/{chat}/taps", {"seq": seq, "key": key, **more}, status)

    async def messages(self, person: str, chat: str, after: int = 0) -> list[Body]:
        return (await self.client.get(f"{self.origin}/simulator/people/{person}/chats/{chat}/messages?after={after}")).json()

    async def service(self, person: str, chat: str, count: int = 1) -> list[Body]:
        """The service's messages, once there are that many."""
        return await until(lambda: self._service(person, chat, count))

    async def _service(self, person: str, chat: str, count: int) -> list[Body] | None:
        found = [m for m in await self.messages(person, chat) if m["from"] == "service"]
        return found if len(found) >= count else None

    async def exchange(self, ident: str) -> Body:
        """The record, once it is closed."""

        async def closed() -> Body | None:
            found = (await self.client.get(f"{self.origin}/simulator/exchanges/{ident}")).json()
            return found if found["outcome"] != "pending" else None

        return await until(closed)

    async def conditions(self, **wanted: Any) -> None:
        response = await self.client.put(f"{self.origin}/simulator/conditions", json=wanted)
        assert response.status_code == 200, response.text

    # platform

    async def call(self, host: str, path: str, body: Any = None, token: str | None = "", **query: str) -> Body:
        account = {"oa": "official_account", "mini": "mini_program", "wecom": "wecom"}[host]
        base = f"{self.origin}/simulator/{'qyapi' if host == 'wecom' else 'api'}.weixin.qq.com"
        if token == "":
            token = self.tokens.get(host) or await self.token(host)
        if token is not None:
            query["access_token"] = token
        method = "GET" if body is None else "POST"
        response = await self.client.request(method, base + path, params=query, json=body)
        assert response.status_code == 200, (account, response.text)
        return response.json()

    async def token(self, host: str) -> str:
        if host == "wecom":
            answer = await self.call("wecom", "/cgi-bin/gettoken", token=None, corpid="ww0001", corpsecret="secret-app")
        else:
            account = self.config["official_account" if host == "oa" else "mini_program"]
            body = {"grant_type": "client_credential", "appid": account["appid"], "secret": account["secret"]}
            answer = await self.call(host, "/cgi-bin/stable_token", body, token=None)
        self.tokens[host] = answer["access_token"]
        return self.tokens[host]


async def until(check: Callable[[], Any], seconds: float = 8.0) -> Any:
    """Wait until the check gives something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = check()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError("nothing happened in time")


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    receiver = Receiver({})
    await receiver.start()
    config = platform(receiver.port)
    receiver.credentials = credentials(config)
    stage = Stage(tmp_path, receiver, config)
    await stage.start(Timing(retry=0.05, refresh=0.05))
    yield stage
    await stage.stop()
    await receiver.stop()
    assert receiver.errors == []
