"""The cast: each person of the story is a client process of its own; the conductor only speaks to them through their pipes."""

from __future__ import annotations

import contextlib
import html
import json
import re
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx

from tests.journeys.story.transcript import Transcript, readable

ROOT = Path(__file__).resolve().parents[3]
PLACES = {"official_account": "服务号", "mini_program": "小程序", "wecom_app": "会诊工作台(单聊)", "wecom_robot": "会诊助手(单聊)"}


SIGNING = ("确认签名", "确认通过")
"""What is tapped under a signature."""


class StepFailed(AssertionError):
    """A step of the story did not happen."""


class Person:
    """A person with a phone. ``seen`` remembers per chat up to where the transcript has shown it."""

    def __init__(self, base_url: str, roster: dict[str, Any], transcript: Transcript, patience: float = 1.0) -> None:
        self._patience = patience
        self.key: str = roster["key"]
        self.name: str = roster["name"]
        self.role: str = roster["role"]
        self._transcript = transcript
        self._seen: dict[str, int] = {}
        self._unlocked: set[str] = set()
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.journeys.story.phone", base_url, self.key],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._process.wait(10)

    def do(self, what: str, **order: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps({"do": what, **order}, ensure_ascii=False) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        if not line:
            raise StepFailed(f"{self.name}: the client process ended")
        answer = json.loads(line)
        if not answer["ok"]:
            raise StepFailed(f"{self.name}: {what}: {answer['error']}")
        return answer["value"]

    @staticmethod
    def place(chat: str) -> str:
        return PLACES.get(chat, "村医会诊群" if chat.startswith("group:") else chat)

    def last(self, chat: str) -> int:
        """The number of the newest message of ``chat``."""
        messages = self.do("read", chat=chat, after=self._seen.get(chat, 0))
        return max([message["seq"] for message in messages], default=self._seen.get(chat, 0))

    def say(self, chat: str, text: str) -> int:
        """Write ``text``; the seq after which its answers come."""
        self.show_new(chat)
        self._transcript.said(self.name, self.place(chat), text)
        # In a group only what is addressed to the robot reaches it.
        addressed = f"@会诊助手 {text}" if chat.startswith("group:") else text
        answer = self.do("say", chat=chat, text=addressed)
        if answer["status"] != 201:
            raise StepFailed(f"{self.name} could not write: {answer}")
        seq: int = answer["body"]["seq"]
        self._seen[chat] = seq
        return seq

    def tap(self, chat: str, message: dict[str, Any], label: str) -> int:
        """Tap the button or choice called ``label``; the seq after which its answers come."""
        key = button_key(message, label)
        if key is None:
            raise StepFailed(f"{self.name}: no button {label} in: {readable(message)}")
        self.show_new(chat)
        self._transcript.said(self.name, self.place(chat), f"点【{label}】")
        before = self.last(chat)
        answer = self.do("tap", chat=chat, seq=message["seq"], key=key)
        if answer["status"] != 201:
            raise StepFailed(f"{self.name} could not tap {label}: {answer}")
        if label in SIGNING and chat not in self._unlocked:
            self._give_code(chat, before)
        return before

    def _give_code(self, chat: str, after: int) -> None:
        """The first signature in a chat waits for the code of his authenticator, and goes on with it."""
        self.expect(chat, after, "请发 6 位动态码", "the signature asks for the one-time code")
        self._unlocked.add(chat)
        self.say(chat, self.do("one_time_code"))

    def choose(self, chat: str, after: int, label: str, what: str, limit_s: float = 25) -> int:
        """Tap ``label`` in the first message after ``after`` that offers it; the seq after which its answers come."""
        end = time.monotonic() + limit_s * self._patience
        while True:
            messages = self.do("read", chat=chat, after=after)
            offering = [one for one in messages if one["from"] == "service" and button_key(one, label) is not None]
            if offering:
                return self.tap(chat, offering[0], label)
            if time.monotonic() > end:
                self.show_new(chat)
                raise StepFailed(f"{self.name} ({self.place(chat)}): {what}: no 【{label}】; last: {[readable(one) for one in messages][-5:]}")
            time.sleep(0.1)

    def expect(self, chat: str, after: int, pattern: str, what: str, limit_s: float = 25) -> dict[str, Any]:
        """The first message after ``after`` that matches; the story fails with ``what`` otherwise."""
        message = self.do("wait", chat=chat, after=after, pattern=pattern, limit_s=limit_s * self._patience)
        self.show_new(chat)
        if message is None:
            recent = [readable(one) for one in self.do("read", chat=chat, after=max(0, after - 1))][-5:]
            raise StepFailed(f"{self.name} ({self.place(chat)}): {what}: nothing like /{pattern}/; last: {recent}")
        found: dict[str, Any] = message
        return found

    def expect_closed(self, chat: str, seq: int, pattern: str, what: str, limit_s: float = 25) -> dict[str, Any]:
        """Card ``seq`` once its buttons are gone and the note in their place matches ``pattern``."""
        message = self.do("wait_closed", chat=chat, seq=seq, pattern=pattern, limit_s=limit_s * self._patience)
        if message is None:
            now = [readable(one) for one in self.do("read", chat=chat, after=seq - 1) if one["seq"] == seq]
            raise StepFailed(f"{self.name}: {what}: not /{pattern}/ but {now}")
        self._transcript.said("微信", f"{self.name} 的卡片", readable(message))
        found: dict[str, Any] = message
        return found

    def show_new(self, chat: str) -> None:
        """Put what came in since into the transcript."""
        for message in self.do("read", chat=chat, after=self._seen.get(chat, 0)):
            self._seen[chat] = max(self._seen.get(chat, 0), message["seq"])
            if message["from"] == "service":
                self._transcript.said("助手", f"{self.place(chat)} → {self.name}", readable(message))

    def api(self, method: str, path: str, body: Any = None, *, idempotency_key: str | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = self.do("api", method=method, path=path, body=body, idempotency_key=idempotency_key)
        return answer


_LINK = re.compile(r'<a href="weixin://bizmsgmenu\?[^"]*msgmenuid=([^"&]+)[^"]*">([^<]*)</a>')


def offered(message: dict[str, Any]) -> list[tuple[str, str]]:
    """What can be tapped in a message: (key, label)."""
    if message["type"] == "menu":
        return [(item["id"], item["content"]) for item in message["items"]]
    if message["type"] == "card":
        return [(button["key"], button["text"]) for button in message["card"].get("button_list", []) if "key" in button]
    if message["type"] == "text":
        return [(unquote(key), html.unescape(label)) for key, label in _LINK.findall(message["content"])]
    return []


def button_key(message: dict[str, Any], label: str) -> str | None:
    """The key behind the button or choice whose text contains ``label``."""
    return next((key for key, text in offered(message) if label in text), None)


def choices(message: dict[str, Any]) -> list[str]:
    """The labels of what can be tapped in a message."""
    return [label for _, label in offered(message)]


class Cast:
    """Everybody who may appear; a process is started for whoever does. ``patience``: how many times longer they wait than they usually would."""

    def __init__(self, base_url: str, transcript: Transcript, patience: float = 1.0) -> None:
        self.patience = patience
        self.base_url = base_url
        self._transcript = transcript
        self._people: dict[str, Person] = {}
        self._moves: list[tuple[float, int]] = []
        self._http = httpx.Client(base_url=base_url, timeout=15, trust_env=False)
        self.roster = {person["key"]: person for person in self.people()}

    def close(self) -> None:
        for person in self._people.values():
            person.close()
        self._http.close()

    def people(self) -> list[dict[str, Any]]:
        end = time.monotonic() + 30
        while True:
            try:
                answer = self._http.get("/simulator/people")
                if answer.status_code == 200:
                    found: list[dict[str, Any]] = answer.json()["people"]
                    return found
            except httpx.TransportError:
                pass
            if time.monotonic() > end:
                raise StepFailed("the simulator does not answer")
            time.sleep(0.2)

    def person(self, key: str) -> Person:
        if key not in self._people:
            self._people[key] = Person(self.base_url, self.roster[key], self._transcript, self.patience)
        return self._people[key]

    def of_role(self, role: str) -> list[str]:
        return [key for key, person in self.roster.items() if person["role"] == role]

    def marks(self, role: str, chat: str) -> dict[str, int]:
        """The newest message number of ``chat`` for everybody of ``role``: to see later who got something."""
        return {
            person["key"]: _last_seq(person, chat) for person in self.people() if person["role"] == role
        }

    def who_got(self, role: str, chat: str, marks: dict[str, int], at_least: int, limit_s: float = 30) -> list[str]:
        """The people of ``role`` who got something in ``chat`` since ``marks``; waits until there are ``at_least``."""
        end = time.monotonic() + limit_s * self.patience
        while True:
            now = self.marks(role, chat)
            got = [key for key, seq in now.items() if seq > marks.get(key, 0)]
            if len(got) >= at_least:
                return got
            if time.monotonic() > end:
                raise StepFailed(f"only {len(got)} of {at_least} {role} got a message")
            time.sleep(0.15)

    def clock(self, advance_s: int) -> None:
        """Move the demonstration's clock forward, once even where the answer to the move is lost."""
        before: int = self._clock("GET")["offset_s"]
        if not self._moves:
            self._moves.append((0.0, before))
        self._moves.append((time.time(), before + advance_s))
        while True:
            try:
                moved = self._clock("POST", {"advance_s": advance_s})
            except httpx.TransportError:
                moved = self._clock("GET")
            if moved["offset_s"] >= before + advance_s:
                self._transcript.fact(f"时钟拨到 {moved['spoken']}")
                return

    def now(self) -> datetime:
        """The time of the demonstration."""
        return datetime.fromisoformat(self._clock("GET")["now"])

    def when(self, message: dict[str, Any]) -> datetime:
        """When a message of a chat came, by the demonstration's time: the platform's own is the real one."""
        came = datetime.fromisoformat(message["at"])
        moved = [offset for at, offset in self._moves if at <= came.timestamp()]
        return came + timedelta(seconds=moved[-1] if moved else 0)

    def due_now(self) -> bool:
        """Whether the demonstration has something due, or waiting to be told."""
        clock, outbox = self._clock("GET"), self.asked("/v1/demo/outbox")
        due = clock["next"] is not None and clock["next"]["at"] <= clock["now"]
        return due or bool(outbox["waiting"])

    def asked(self, path: str) -> dict[str, Any]:
        """What the demonstration tells of itself at ``path``, to anybody."""
        end = time.monotonic() + 30 * self.patience
        while True:
            with contextlib.suppress(httpx.TransportError):
                answer = self._http.get(path)
                if answer.status_code == 200:
                    told: dict[str, Any] = answer.json()
                    return told
                if answer.status_code != 503:
                    raise StepFailed(f"{path}: {answer.text}")
            if time.monotonic() > end:
                raise StepFailed(f"{path} does not answer")
            time.sleep(0.3)

    def _clock(self, method: str, move: dict[str, int] | None = None) -> dict[str, Any]:
        """The clock, read or moved; reading goes on until it answers, a move whose answer is lost raises TransportError."""
        end = time.monotonic() + 30 * self.patience
        while True:
            try:
                answer = self._http.request(method, "/v1/demo/clock", json=move)
                if answer.status_code == 200:
                    view: dict[str, Any] = answer.json()
                    return view
                if answer.status_code != 503:
                    raise StepFailed(f"clock: {answer.text}")
            except httpx.TransportError:
                if move is not None:
                    raise
            if time.monotonic() > end:
                raise StepFailed("the clock does not answer")
            time.sleep(0.3)


def _last_seq(person: dict[str, Any], chat: str) -> int:
    for one in person["chats"]:
        if one["id"] == chat:
            last = one.get("last")
            return int(last["seq"] if isinstance(last, dict) else last or 0)
    return 0
