"""One person with a phone, as a process of its own: `python -m tests.journeys.story.phone BASE_URL PERSON`.

Reads one JSON order a line on standard input and answers each with one JSON line. It knows nothing but HTTP: the simulator's people's side
(which signs, encrypts and delivers as the platform does) and the public API.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

POLL_S = 0.1
AWAY = (httpx.TransportError,)
Order = dict[str, Any]


class Phone:
    def __init__(self, base_url: str, key: str) -> None:
        self.key = key
        self.base_url = base_url
        self.http = httpx.Client(base_url=base_url, timeout=30, trust_env=False)
        self.token = ""
        self.refresh_token = ""
        self._line: Any = None
        self._caller: Any = None
        self._call: Any = None
        self._ticket = ""
        self._codes: set[str] = set()

    def _chat(self, chat: str) -> str:
        return f"/simulator/people/{self.key}/chats/{quote(chat, safe=':')}"

    def _steadily(self, call: Callable[[], httpx.Response], limit_s: float = 30) -> httpx.Response:
        """A phone on a weak link tries again: connection lost, or 503 while a process comes back."""
        end = time.monotonic() + limit_s
        while True:
            try:
                answer = call()
                if answer.status_code != 503 or time.monotonic() > end:
                    return answer
            except AWAY:
                if time.monotonic() > end:
                    raise
            time.sleep(0.3)

    def say(self, order: Order) -> Any:
        return self._write(order["chat"], {"type": "text", "content": order["text"]})

    def speak(self, order: Order) -> Any:
        return self._write(order["chat"], {"type": "voice", "recognition": order["text"]})

    def send_file(self, order: Order) -> Any:
        path = Path(order["path"])
        body = {"type": order["kind"], "name": path.name, "data_base64": base64.b64encode(path.read_bytes()).decode()}
        return self._write(order["chat"], body)

    def tap(self, order: Order) -> Any:
        return self._once(order["chat"], "/taps", {"seq": order["seq"], "key": order["key"]}, {"menu_id": order["key"]})

    def _write(self, chat: str, body: dict[str, Any]) -> Any:
        return self._once(chat, "/messages", body, {name: value for name, value in body.items() if name != "data_base64"})

    def _once(self, chat: str, what: str, body: dict[str, Any], shown: dict[str, Any], limit_s: float = 60) -> Any:
        """Something a person does once: after a lost answer he looks whether it stands in the chat (``shown``) before he does it again."""
        end = time.monotonic() + limit_s
        before = max([message["seq"] for message in self.read({"chat": chat})], default=0)
        unsure = False
        while True:
            try:
                answer = self.http.post(self._chat(chat) + what, json=body)
                if unsure and answer.status_code == 409:
                    return {"status": 201, "body": {}}  # a card that has been closed: the first tap arrived
                if answer.status_code != 503 or time.monotonic() > end:
                    return self._json(answer)
            except AWAY:
                if time.monotonic() > end:
                    raise
            unsure = True
            time.sleep(0.3)
            mine = [one for one in self.read({"chat": chat, "after": before}) if one["from"] == "person" and shown.items() <= one.items()]
            if mine:
                return {"status": 201, "body": mine[-1]}

    def read(self, order: Order) -> Any:
        path = f"{self._chat(order['chat'])}/messages?after={order.get('after', 0)}"
        return self._json(self._steadily(lambda: self.http.get(path)))

    def wait(self, order: Order) -> Any:
        """The first message after ``after`` whose text matches ``pattern``; None when the limit passes."""
        end = time.monotonic() + order.get("limit_s", 20)
        pattern = re.compile(order["pattern"], re.S)
        while time.monotonic() < end:
            for message in self.read(order):
                if message["from"] != "person" and pattern.search(text_of(message)):
                    return message
            time.sleep(POLL_S)
        return None

    def wait_closed(self, order: Order) -> Any:
        """Card ``seq`` once its buttons gave way to a note that matches ``pattern``; None when the limit passes."""
        end = time.monotonic() + order.get("limit_s", 20)
        pattern = re.compile(order["pattern"], re.S)
        while time.monotonic() < end:
            for message in self.read({"chat": order["chat"], "after": order["seq"] - 1}):
                if message["seq"] == order["seq"] and pattern.search(str(message["card"].get("replaced") or "")):
                    return message
            time.sleep(POLL_S)
        return None

    def wait_link(self, order: Order) -> Any:
        """The first message that leads to our page ``path``; None when the limit passes."""
        end = time.monotonic() + order.get("limit_s", 20)
        while time.monotonic() < end:
            for message in self.read(order):
                if message["from"] == "service" and order["path"] in json.dumps(message):
                    return message
            time.sleep(POLL_S)
        return None

    def wait_kind(self, order: Order) -> Any:
        """The first message of ``kind`` from the service; None when the limit passes."""
        end = time.monotonic() + order.get("limit_s", 20)
        while time.monotonic() < end:
            for message in self.read(order):
                if message["from"] == "service" and message["type"] == order["kind"]:
                    return message
            time.sleep(POLL_S)
        return None

    def mini_sign_in(self, order: Order) -> Any:
        """wx.login; its code serves once, so a lost answer costs a new one."""
        answer = self._with_code("login", lambda code: self._api("POST", "/v1/mini-program/sign-in", {"code": code}, None))
        if answer["status"] == 201:
            self.token, self.refresh_token = answer["body"]["token"], answer["body"]["refresh_token"]
        return answer

    def mini_phone(self, order: Order) -> Any:
        """The phone button."""
        return self._with_code("phone", lambda code: self._api("POST", "/v1/mini-program/phone", {"code": code}, None))

    def _with_code(self, kind: str, use: Callable[[str], Any], tries: int = 3) -> Any:
        answer: Any = None
        for _ in range(tries):
            given = self._json(self._steadily(lambda: self.http.post(f"/simulator/people/{self.key}/mini-program/{kind}")))
            answer = use(given["body"]["code"])
            if answer["status"] in (200, 201):
                break
        return answer

    def one_time_code(self, order: Order) -> Any:
        """The next code of his authenticator that he has not used yet."""
        while True:
            shown = self._json(self._steadily(lambda: self.http.get(f"/simulator/people/{self.key}/authenticator")))["body"]
            fresh = [code for code in (shown["code"], shown["next_code"]) if code not in self._codes]
            if fresh:
                self._codes.add(fresh[0])
                return fresh[0]
            time.sleep(shown["seconds_left"] + 0.2)

    def api(self, order: Order) -> Any:
        """A request; a signature that wants the code gets it, and is asked for again."""
        key = order.get("idempotency_key") or secrets.token_hex(12)
        answer = self._api(order["method"], order["path"], order.get("body"), key)
        while isinstance(answer, dict) and answer["body"].get("code") == "signing.second_factor_needed":
            self._api("POST", "/v1/me/second-factor/codes", {"code": self.one_time_code({})}, None)
            answer = self._api(order["method"], order["path"], order.get("body"), key)
        return answer

    def _api(self, method: str, path: str, body: Any, idempotency_key: str | None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if method != "GET":
            # A weak link may send it twice; it is one order all the same.
            headers["Idempotency-Key"] = idempotency_key or secrets.token_hex(12)
        mount = "" if self.token else f"/phone/{self.key}"
        answer = self._json(self._steadily(lambda: self.http.request(method, mount + path, json=body, headers=headers)))
        if isinstance(answer, dict) and answer["status"] == 401 and answer["body"].get("code") == "session.stale":
            self._renew(mount)
            bearer = {"Authorization": f"Bearer {self.token}"} if self.token else {}
            answer = self._json(self._steadily(lambda: self.http.request(method, mount + path, json=body, headers={**headers, **bearer})))
        return answer

    def _renew(self, mount: str) -> None:
        """The next tokens: for the mini program in the answer, for a page as its cookies."""
        body = {"refresh_token": self.refresh_token} if self.token else {}
        answer = self._json(self._steadily(lambda: self.http.post(f"{mount}/v1/sessions/refresh", json=body)))
        if answer["status"] == 200 and self.token:
            self.token, self.refresh_token = answer["body"]["token"], answer["body"]["refresh_token"]

    def open_page(self, order: Order) -> Any:
        """Open a page as the phone's WeChat or WeCom does: through the authorise page, back with a code, to the page with a session."""
        opened: Any = None
        for _ in range(3):
            opened = self._follow(f"/phone/{self.key}{order['path']}")
            if opened["status"] == 200:
                break
            time.sleep(0.3)  # a code serves once: after a lost answer the page is opened anew
        return opened

    def _follow(self, address: str) -> Any:
        for _ in range(6):
            target = address
            answer = self._steadily(lambda: self.http.get(target))  # noqa: B023 - called at once
            if answer.status_code not in (301, 302, 303, 307):
                return {"status": answer.status_code, "body": answer.text[:500], "url": str(answer.url)}
            address = str(answer.url.join(answer.headers["location"]))
        return {"status": 0, "body": "too many redirects", "url": address}

    def upload(self, order: Order) -> Any:
        """Send a file; where its check takes longer than the request waits, ask until it is told."""
        data = Path(order["path"]).read_bytes()
        mount = "" if self.token else f"/phone/{self.key}"
        headers = {"Content-Type": order.get("media_type", "application/dicom")}
        answer = self._json(self._steadily(lambda: self.http.post(mount + order["to"], content=data, headers=headers)))
        end = time.monotonic() + 60
        while answer["status"] == 202 and time.monotonic() < end:
            time.sleep(0.3)
            verdict = self._json(self._steadily(lambda: self.http.get(f"{mount}/v1/uploads/{answer['body']['upload_id']}")))["body"]
            if verdict["state"] == "accepted":
                return {"status": 201, "body": verdict}
            if verdict["state"] == "refused":
                return {"status": 422, "body": {**verdict, "detail": verdict["refusal"]}}
        return answer

    def join_call(self, order: Order) -> Any:
        """Take a seat in the consultation's call, and stay. Who opened a page goes by its session, who signed in to the mini program by his token."""
        from tests.journeys.story.calling import Caller, Line  # loads aiortc: only who calls needs it

        self._line = self._line or Line()

        def ticket() -> str:
            self._ticket = str(self._api("POST", f"/v1/consultations/{order['consultation_id']}/call", {}, None)["body"]["ticket"])
            return self._ticket

        self._caller = Caller(*self._socket(), ticket, self.key, order["grey"])
        self._call = self._line.start(self._caller.stay())
        return None

    def used_ticket(self, order: Order) -> Any:
        """The ticket with which he sits there."""
        return self._ticket

    def use_ticket(self, order: Order) -> Any:
        """The first thing that the signalling socket says to this ticket."""
        from tests.journeys.story.calling import Line, first_word

        self._line = self._line or Line()
        return self._line.do(first_word(*self._socket(), order["ticket"]))

    def call_counts(self, order: Order) -> Any:
        if self._call.done():
            self._call.result()
        return self._caller.counts()

    def drop_call(self, order: Order) -> Any:
        return self._line.do(self._caller.drop())

    def leave_call(self, order: Order) -> Any:
        self._line.do(self._caller.leave())
        self._call.result(90)
        return self._caller.counts()

    def _socket(self) -> tuple[str, dict[str, str]]:
        """The signalling socket's address, and by what he is known there."""
        address = self.base_url.replace("http", "ws", 1)
        if self.token:
            return f"{address}/v1/realtime/call", {"Authorization": f"Bearer {self.token}"}
        asking = self.http.build_request("GET", f"/phone/{self.key}/v1/realtime/call")
        return f"{address}/phone/{self.key}/v1/realtime/call", {"Cookie": asking.headers.get("cookie", "")}

    @staticmethod
    def _json(answer: httpx.Response) -> Any:
        try:
            body = answer.json()
        except ValueError:
            body = {"text": answer.text[:300]}
        if isinstance(body, list):
            return body
        return {"status": answer.status_code, "body": body}


def text_of(message: dict[str, Any]) -> str:
    """All that a person reads in a message, in one string."""
    parts: list[str] = []

    def collect(value: Any) -> None:
        if isinstance(value, str):
            parts.append(value)
        elif isinstance(value, dict):
            for name, inner in value.items():
                if name not in ("type", "from", "at", "exchange", "task_id", "card_type", "key", "id", "url", "state"):
                    collect(inner)
        elif isinstance(value, list):
            for inner in value:
                collect(inner)

    collect({name: value for name, value in message.items() if name not in ("seq", "sender")})
    return re.sub(r"<[^>]+>", "", "\n".join(parts))


ORDERS = (
    "say", "speak", "send_file", "tap", "read", "wait", "wait_closed", "wait_link", "wait_kind", "mini_sign_in", "mini_phone", "api", "open_page",
    "upload", "one_time_code", "join_call", "used_ticket", "use_ticket", "call_counts", "drop_call", "leave_call",
)  # fmt: skip


def main() -> None:
    phone = Phone(sys.argv[1], sys.argv[2])
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] not in ORDERS:
            raise SystemExit(f"unknown order {order['do']}")
        try:
            answer = {"ok": True, "value": getattr(phone, order["do"])(order)}
        except Exception as error:  # The conductor reports it with the step it belongs to.
            answer = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
