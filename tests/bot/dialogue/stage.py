"""A whole small world: the simulated platform in a process of its own, our callbacks on a real port, a worker beside them, a small county."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import random
import re
import secrets
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
from redis.asyncio import Redis
from sanic import HTTPResponse, Request, Sanic
from sanic.response import raw

from bot.channels.connections import Apis, connect_channels
from bot.channels.settings import Addresses, ChannelSettings
from bot.runtime import BotRuntime
from bot.sending.sms import SMS_TEMPLATES
from bot.sending.stopped import report
from core.foundation.clock import SystemClock, shanghai
from core.foundation.events import CHAT_LANE, IMAGE_LANE, SENDING_LANES
from core.foundation.models import OutboxEvent
from core.foundation.outbox import OutboxWorker
from core.foundation.practice import Practice
from core.notifications.models import Notification
from tests.support.county import CORP, OFFICIAL_ACCOUNT, SmallCounty
from tests.support.simulated import simulated_platform

STAFF = ("village_doctor", "duty_doctor", "scheduler", "administrator", "pharmacist", "auditor", "expert1", "expert2", "expert3", "expert4")
"""In the order in which the small county registers them: staff01, staff02 …"""
GROUP = "group:village-doctors"


def roster() -> dict[str, Any]:
    roles = ["village_doctor", "duty_doctor", "scheduler", "administrator", "pharmacist", "auditor", "expert", "expert", "expert", "expert"]
    people: list[dict[str, Any]] = [
        {"key": key, "name": key, "role": role, "userid": f"staff{place:02d}"} for place, (key, role) in enumerate(zip(STAFF, roles, strict=True), 1)
    ]
    people[0]["groups"] = ["village-doctors"]
    people.append({"key": "pharmacist2", "name": "pharmacist2", "role": "pharmacist", "userid": "more01"})
    for key, openid in (("woman", "o-woman"), ("stranger", "o-stranger")):
        people.append(
            {"key": key, "name": key, "role": "patient", "official_account_openid": openid, "mini_program_openid": f"m-{key}",
             "unionid": f"u-{openid}", "phone": "19900000011"}
        )  # fmt: skip
    return {"people": people, "groups": [{"chatid": "village-doctors", "name": "村医会诊群", "members": ["village_doctor"]}]}


def credentials(port: int) -> dict[str, Any]:
    def callback(name: str) -> dict[str, str]:
        key = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        return {"token": secrets.token_hex(8), "encoding_aes_key": key, "callback_url": f"http://127.0.0.1:{port}/callback/{name}"}

    official = {"original_id": "gh_oa", "appid": OFFICIAL_ACCOUNT, "secret": "s", "templates": {"progress": "TPL-1", "appointment": "TPL-2"}}
    mini = {"original_id": "gh_mp", "appid": "wxmp", "secret": "s", "message_format": "json", "long_term": ["reminder"]}
    mini |= {"templates": {"progress": "SUB-1", "appointment": "SUB-2", "reminder": "SUB-3"}}
    return {
        "official_account": official | callback("official-account"),
        "mini_program": mini | callback("mini-program"),
        "wecom": {
            "corpid": CORP,
            "app": {"agentid": 1000002, "secret": "s", **callback("wecom-app")},
            "robot": {"aibotid": "aib1", "name": "会诊助手", **callback("wecom-robot")},
        },
    }


@dataclass
class Stage:
    practice: Practice
    county: SmallCounty
    runtime: BotRuntime
    http: httpx.AsyncClient
    base: str
    answers: list[tuple[str, int]] = field(default_factory=list)
    seen: dict[tuple[str, str], int] = field(default_factory=dict)
    transcript: list[str] = field(default_factory=list)

    async def say(self, person: str, chat: str, text: str) -> None:
        """A person types."""
        self.transcript.append(f"{person}:{text}")
        await self._post(person, chat, "messages", {"type": "text", "content": text})

    async def send(self, person: str, chat: str, kind: str, name: str, data: bytes) -> None:
        await self._post(person, chat, "messages", {"type": kind, "name": name, "data_base64": base64.b64encode(data).decode()})

    async def tap(self, person: str, chat: str, label: str) -> None:
        """A person taps the newest thing labelled ``label``."""
        for message in reversed(await self.messages(person, chat)):
            for key, shown in buttons(message):
                if shown.startswith(label):
                    self.transcript.append(f"{person}:【{shown}】")
                    await self._post(person, chat, "taps", {"seq": message["seq"], "key": key})
                    return
        raise AssertionError(f"nothing to tap labelled {label}")

    async def press(self, person: str, chat: str, label: str, seconds: float = 12) -> None:
        """Tap what is labelled ``label`` on what was heard last or comes after it, as soon as it is there."""
        try:
            async with asyncio.timeout(seconds):
                while not await self._press(person, chat, label):  # noqa: ASYNC110 - the screen is what is waited for
                    await asyncio.sleep(0.04)
        except TimeoutError:
            told = "\n".join(self.transcript)
            raise AssertionError(f"nothing to press labelled {label} for {person}\n{told}") from None

    async def _press(self, person: str, chat: str, label: str) -> bool:
        for message in await self.messages(person, chat):
            for key, shown in buttons(message):
                if message["seq"] >= self.seen.get((person, chat), 0) and shown.startswith(label):
                    self.seen[person, chat] = message["seq"]
                    self.transcript.append(f"{person}:【{shown}】")
                    await self._post(person, chat, "taps", {"seq": message["seq"], "key": key})
                    return True
        return False

    async def messages(self, person: str, chat: str) -> list[dict[str, Any]]:
        response = await self.http.get(f"{self.base}/people/{person}/chats/{chat}/messages")
        found: list[dict[str, Any]] = response.json()
        return found

    async def hears(self, person: str, chat: str, *words: str, seconds: float = 12) -> str:
        """Wait until the service has said something new to ``person`` that holds all ``words``; that text."""
        mark = self.seen.get((person, chat), 0)
        last = ""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    for message in await self.messages(person, chat):
                        if message["seq"] <= mark or message["from"] != "service":
                            continue
                        last = words_of(message)
                        if all(word in last for word in words):
                            self.seen[person, chat] = message["seq"]
                            self.transcript.append(f"助手→{person}:{last}")
                            return last
                    await asyncio.sleep(0.04)
        except TimeoutError:
            told = "\n".join(self.transcript)
            raise AssertionError(f"{person} did not hear {words}; last: {last}\n{told}") from None

    async def answer_until(self, person: str, chat: str, word: str, answers: tuple[str, ...], otherwise: str) -> str:
        """Answer question after question, first with ``answers``, then with ``otherwise``, until the service says ``word``."""
        for answer in [*answers, *[otherwise] * 8]:
            heard = await self.hears(person, chat)
            if word in heard:
                return heard
            await self.say(person, chat, answer)
        return await self.hears(person, chat, word)

    async def everything_heard(self, person: str, chat: str) -> str:
        return "\n".join(words_of(message) for message in await self.messages(person, chat) if message["from"] == "service")

    async def notified(self, **of: Any) -> Notification:
        """The notification that is ``of`` this kind and state, waited for."""
        async with asyncio.timeout(60):
            while (row := await Notification.filter(**of).first()) is None:  # noqa: ASYNC110 - the row is what is waited for
                await asyncio.sleep(0.05)
        return row

    async def _post(self, person: str, chat: str, what: str, body: dict[str, Any]) -> None:
        response = await self.http.post(f"{self.base}/people/{person}/chats/{chat}/{what}", json=body)
        assert response.status_code < 300, response.text


def words_of(message: dict[str, Any]) -> str:
    """Everything a person reads in one message, buttons in 【】."""
    parts = [re.sub(r"<a [^>]*>|</a>", "", str(message.get(key, ""))) for key in ("content", "head", "tail", "title", "description", "name")]
    card = message.get("card") or {}
    title = card.get("main_title") or {}
    parts += [title.get("title", ""), title.get("desc", ""), card.get("sub_title_text", "")]
    parts += [f"{line['keyname']}:{line.get('value', '')}" for line in card.get("horizontal_content_list", [])]
    parts.append(str(card.get("replaced", "")))
    parts += [str(value) for value in (message.get("data") or {}).values()]
    parts += [f"【{label}】" for _, label in buttons(message)]
    return "\n".join(part for part in parts if part)


def buttons(message: dict[str, Any]) -> list[tuple[str, str]]:
    """Key and label of what can be tapped."""
    menu = [(item["id"], item["content"]) for item in message.get("items", [])]
    menu += [(key, unquote(said)) for said, key in re.findall(r"msgmenucontent=([^&]+)&msgmenuid=([^\"]+)", str(message.get("content", "")))]
    card = message.get("card") or {}
    return menu + ([] if card.get("replaced") else [(button["key"], button["text"]) for button in card.get("button_list", [])])


def bound() -> socket.socket:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(64)
    return sock


@contextlib.asynccontextmanager
async def open_stage(
    practice: Practice, county: SmallCounty, redis: Redis, folder: Path, *, timing: str = "", more: dict[str, Any] | None = None
) -> AsyncIterator[Stage]:
    """``more``: further entries of the credentials file."""
    ours, theirs = bound(), bound()
    origin = f"http://127.0.0.1:{theirs.getsockname()[1]}"
    (folder / "simulator").mkdir()
    texts = {f"SMS-{name}": text for name, text in SMS_TEMPLATES.items()}
    named = {name: f"SMS-{name}" for name in SMS_TEMPLATES}
    sms = {"address": f"{origin}/simulator/sms", "key": "K1", "secret": "s", "templates": named, "texts": texts}
    text = json.dumps(credentials(ours.getsockname()[1]) | {"sms": sms})
    (folder / "simulator" / "platform.json").write_text(text)
    (folder / "simulator" / "people.json").write_text(json.dumps(roster()))
    (folder / "channels.json").write_text(json.dumps(json.loads(text) | (more or {})))
    addresses = Addresses(
        wechat_api=f"{origin}/simulator/api.weixin.qq.com",
        wechat_open=f"{origin}/simulator/open.weixin.qq.com",
        wecom_api=f"{origin}/simulator/qyapi.weixin.qq.com",
    )
    settings = ChannelSettings.read(folder / "channels.json", addresses)
    async with simulated_platform(folder, theirs), httpx.AsyncClient(trust_env=False, timeout=15) as http:
        apis = Apis(settings, redis, clock=lambda: datetime.now(UTC), ids=lambda: secrets.token_hex(8), spread=random.Random(1))
        apis.stops.told = partial(report, practice)
        runtime = BotRuntime(practice, settings, connect_channels(settings), apis)
        server = await _serve(ours, runtime)
        runtime.start_worker()
        # Here both travel within one machine.
        assert runtime.replies is not None
        runtime.replies.after_answer_s = 0.05
        lanes = [asyncio.create_task(OutboxWorker(practice, lane, f"test-{lane}").run()) for lane in (CHAT_LANE, *SENDING_LANES, IMAGE_LANE)]
        try:
            yield Stage(practice, county, runtime, http, f"{origin}/simulator")
            await _until_quiet()
        finally:
            # Also after a test that failed: what went on working would work on the next test's database.
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)
            await runtime.stop_worker()
            await apis.close()
            await runtime.inbox.quiet()
            await server.before_stop()
            await server.close()
            await server.after_stop()


async def _serve(ours: socket.socket, runtime: BotRuntime) -> Any:
    app: Any = Sanic(f"callbacks-{random.randrange(10**9)}", configure_logging=False)
    app.config.update(AUTO_EXTEND=False, TOUCHUP=False)

    async def handle(request: Request, name: str) -> HTTPResponse:
        query = {key: values[0] for key, values in request.args.items()}
        if request.method == "GET":
            answer = runtime.verify_url(name, query)
        else:
            answer = await runtime.receive(name, query, dict(request.headers), request.body)
        return raw(answer.body, status=answer.status, content_type=answer.content_type)

    app.add_route(handle, "/callback/<name:str>", methods=["GET", "POST"])
    server = await app.create_server(sock=ours, return_asyncio_server=True, access_log=False)
    await server.startup()
    await server.before_start()
    await server.start_serving()
    return server


def daytime(hour: int = 10) -> SystemClock:
    """Real time for the platform's signatures; domain time begins at ``hour`` in China, so that no test depends on the quiet hours of the day."""
    clock = SystemClock()
    set_hour(clock, hour)
    return clock


def set_hour(clock: SystemClock, hour: int) -> None:
    """Domain time is ``hour`` o'clock of this day in China."""
    now = clock.real_now()
    clock.shift_to(shanghai(now).replace(hour=hour, minute=0) - now)


async def _until_quiet(tries: int = 100) -> None:
    """Workers are stopped between two pieces of work: this process goes on with the connection they would leave in the middle."""
    for _ in range(tries):
        if not await OutboxEvent.filter(state="waiting").exists():
            return
        await asyncio.sleep(0.05)
