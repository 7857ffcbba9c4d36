"""The robot's long connection: callbacks as WebSocket frames without encryption, answers as frames with the callback's req_id.

Frames are {cmd, headers: {req_id}, body}; each of the developer's gets {headers, errcode, errmsg}.  A robot has one live connection: a newer one
ends the older.  While there is one, callbacks go here and not to the address of the webhook.  Numbers 846605, 846608 and 846609 are those that
developers report; for the others the platform documents none.
"""

import asyncio
import base64
import json
import logging
import secrets
import sqlite3
from dataclasses import dataclass, field
from typing import Any

from . import cards
from .answers import STREAM_BYTES, Answer, Expected, InvalidAnswer, read_pushed
from .calls import Body, PlatformError, mapping, text
from .deliveries import Courier, Outcome
from .media import key_for_link
from .world import World, clip, instant

log = logging.getLogger(__name__)

PATH = "/simulator/openws.work.weixin.qq.com"
A_MINUTE, AN_HOUR = 30, 1000
SILENT_S = 100.0
"""A connection that says nothing for so long (a ping is due every 30 s) is given up."""
FRAME_BYTES = 1 << 20
REQ_ID = 200
REFUSED, RATE, BAD_REQUEST, EXPIRED, NOT_SUBSCRIBED, NOT_MET = 40001, 45009, 846605, 846608, 846609, 93006
RESPONDING = {"aibot_respond_msg": ("message",), "aibot_respond_welcome_msg": ("enter",), "aibot_respond_update_msg": ("card_click",)}


@dataclass
class Asked:
    """A callback that went over this connection: what may still be said to it."""

    row: sqlite3.Row
    expected: Expected
    sent_at: float
    exchange: str
    stream: str = ""
    seq: int = 0
    started_at: float = 0.0
    finished: bool = False
    carded: bool = False


@dataclass
class Connection:
    """One socket. `live` once it subscribed."""

    socket: Any
    live: bool = False
    asked: dict[str, Asked] = field(default_factory=dict)

    async def send(self, frame: Body) -> None:
        await self.socket.send(json.dumps(frame, ensure_ascii=False, separators=(",", ":")))


class LongConnections:
    """The sockets of one simulator's robot."""

    def __init__(self, world: World, courier: Courier) -> None:
        self.world, self.courier = world, courier
        self.live: Connection | None = None
        world.store.run("UPDATE streams SET state = 'expired' WHERE state = 'pushed'")

    async def serve(self, socket: Any) -> None:
        """One developer's connection, until either side ends it."""
        connection = Connection(socket)
        try:
            while (raw := await socket.recv(timeout=SILENT_S)) is not None:
                await self._frame(connection, raw)
        finally:
            if self.live is connection:
                self.live = None
            for asked in connection.asked.values():
                self._interrupt(asked)

    async def _frame(self, connection: Connection, raw: str | bytes) -> None:
        answer: Body = {"headers": {"req_id": ""}, "errcode": 0, "errmsg": "ok"}
        try:
            frame = _read(raw)
            answer["headers"] = {"req_id": frame["headers"]["req_id"]}
            announce: tuple[list[int], list[int]] = ([], [])
            await asyncio.sleep(self.world.conditions.delay_ms / 1000)
            if frame["cmd"] == "aibot_subscribe":
                await self._subscribe(connection, frame["body"])
            elif not connection.live:
                raise PlatformError(NOT_SUBSCRIBED, "aibot websocket not subscribed")
            elif frame["cmd"] != "ping":
                announce = self._act(connection, frame["cmd"], frame["headers"]["req_id"], frame["body"])
            self.world.announce(*announce[0])
            self.world.announce(*announce[1], changed=True)
        except PlatformError as exc:
            answer |= {"errcode": exc.errcode, "errmsg": exc.errmsg}
        except Exception:
            log.exception("a frame of the robot failed")
            answer |= {"errcode": -1, "errmsg": "system error"}
        await connection.send(answer)

    async def _subscribe(self, connection: Connection, body: Body) -> None:
        robot = self.world.platform.wecom.robot
        secret = str(body.get("secret", "")).encode("utf-8", "replace")
        if not robot.secret or body.get("bot_id") != robot.aibotid or not secrets.compare_digest(secret, robot.secret.encode()):
            raise PlatformError(REFUSED, "bot_id or secret")
        older, self.live = self.live, connection
        connection.live = True
        if older is not None and older is not connection:
            await self._displace(older)

    async def _displace(self, older: Connection) -> None:
        older.live = False
        body = {"msgid": secrets.token_hex(16), "create_time": int(self.world.now()), "aibotid": self.world.platform.wecom.robot.aibotid,
                "msgtype": "event", "event": {"eventtype": "disconnected_event"}}  # fmt: skip
        try:
            await older.send({"cmd": "aibot_event_callback", "headers": {"req_id": secrets.token_hex(12)}, "body": body})
            await older.socket.close()
        except Exception as gone:  # It may have died long ago, which is why there is a newer one.
            log.info("an older connection was gone already: %s", type(gone).__name__)

    # callbacks to the developer

    async def carry(self, row: sqlite3.Row, expected: Expected) -> bool:
        """Send one pending delivery as a frame, once: nobody acknowledges it. False where no connection is live."""
        connection = self.live
        if connection is None:
            return False
        world, conditions = self.world, self.world.conditions
        await asyncio.sleep(conditions.delay_ms / 1000)
        body = self._body(row["plain"])
        req_id = secrets.token_hex(12)
        frame = {"cmd": "aibot_event_callback" if body["msgtype"] == "event" else "aibot_msg_callback", "headers": {"req_id": req_id}, "body": body}
        attempt = self._attempt(frame)
        outcome = Outcome("dropped", attempt)
        connection.asked[req_id] = Asked(row, expected, world.now(), row["exchange"])
        if conditions.chance.random() >= conditions.drop_callbacks:
            try:
                await connection.send(frame)
                outcome.name, outcome.answer = "silent", Answer()
                attempt["outcome"] = "silent"
                if conditions.duplicate_callbacks:
                    await connection.send(frame)
            except Exception:  # Whatever the socket says: it is gone.
                connection.asked.pop(req_id)
                self.live = None if self.live is connection else self.live
                return False
        attempt["number"] = row["attempts"] + 1
        new, changed = self.courier.settle(row, outcome)
        world.store.remember(f"robot:met:{row['conversation']}", True)
        world.announce(*new)
        world.announce(*changed, changed=True)
        return True

    def _body(self, plain: str) -> Body:
        """The callback without the webhook's own: no response_url, and files with a key of their own."""
        body: Body = json.loads(plain)
        body.pop("response_url", None)
        for kind in ("image", "file", "video"):
            if kind in body:
                body[kind]["aeskey"] = base64.b64encode(key_for_link(self.world, body[kind]["url"])).decode()
        return body

    def _attempt(self, frame: Body) -> Body:
        raw = json.dumps(frame, ensure_ascii=False)
        return {"number": 0, "at": instant(self.world.now()), "took_ms": 0, "duplicate": False, "outcome": "dropped", "reason": "",
                "request": {"method": "FRAME", "url": frame["cmd"], "raw": clip(raw), "decrypted": ""}, "answer": None}  # fmt: skip

    # frames of the developer

    def _act(self, connection: Connection, cmd: str, req_id: str, body: Body) -> tuple[list[int], list[int]]:
        """Numbers of new and of changed messages."""
        if cmd == "aibot_send_msg":
            return self._unprompted(body)
        if cmd not in RESPONDING:
            raise PlatformError(40066, "cmd")
        asked = connection.asked.get(req_id)
        if asked is None or asked.row["kind"] not in RESPONDING[cmd]:
            raise PlatformError(BAD_REQUEST, "invalid req_id")
        if cmd != "aibot_respond_msg" and (asked.finished or self.world.now() - asked.sent_at > self.world.timing.answer):
            raise PlatformError(BAD_REQUEST, "answered before or too late")
        if asked.stream and not asked.finished and self.world.now() - asked.started_at > self.world.timing.stream:
            self._interrupt(asked)
            raise PlatformError(EXPIRED, "stream message update expired (>6 minutes)")
        try:
            answer = read_pushed(body, asked.expected)
            self.courier.card_is_new(answer, asked.expected)
        except InvalidAnswer as exc:
            raise PlatformError(40058, exc.reason) from None
        with self.world.store.transaction():
            running = bool(asked.stream)
            changed = self._respond(asked, answer, cmd)
            raw = json.dumps({"cmd": cmd, "body": body}, ensure_ascii=False)
            attempt = self._attempt({"cmd": cmd, "headers": {"req_id": req_id}})
            attempt |= {"outcome": "answered", "refresh": running, "answer": {"status": 0, "raw": clip(raw), "decrypted": ""}}
            self.world.note(asked.exchange, attempt, answer.warnings, outcome="answered", reason="")
        return changed

    def _respond(self, asked: Asked, answer: Answer, cmd: str) -> tuple[list[int], list[int]]:
        world = self.world
        if answer.stream and asked.stream:
            return self._go_on(asked, answer)
        if answer.card and asked.carded:
            raise PlatformError(40058, "one card for one message")
        if cmd != "aibot_respond_update_msg":
            self._counted(asked.row["conversation"])
        new, changed = self.courier.apply(asked.row, answer)
        asked.carded = asked.carded or bool(answer.card)
        if answer.stream:
            asked.stream, asked.seq, asked.started_at, asked.finished = answer.stream, new[0], world.now(), answer.finished
            if not answer.finished:
                world.store.insert(
                    "INSERT INTO streams (stream, seq, person, exchange, origin, started_at, state) VALUES (?, ?, ?, ?, '{}', ?, 'pushed')",
                    answer.stream, new[0], asked.row["person"], asked.exchange, world.now(),
                )  # fmt: skip
        elif cmd != "aibot_respond_msg":
            asked.finished = True
        return new, changed

    def _go_on(self, asked: Asked, answer: Answer) -> tuple[list[int], list[int]]:
        """The next text of a running stream: the whole text so far, within six minutes."""
        world = self.world
        if answer.stream != asked.stream or asked.finished:
            raise PlatformError(BAD_REQUEST, "the stream is finished")
        new: list[int] = []
        row = world.message(asked.seq)
        if row is not None:
            world.rewrite(asked.seq, {**json.loads(row["body"]), **answer.messages[0]})
        if answer.card and not asked.carded:
            new.append(self.courier.post_card(asked.row["conversation"], answer.card, asked.exchange))
            asked.carded = True
        if answer.finished:
            asked.finished = True
            world.store.run("UPDATE streams SET state = 'done' WHERE seq = ? AND state = 'pushed'", asked.seq)
        return new, [asked.seq]

    def _interrupt(self, asked: Asked) -> None:
        """A stream that nobody will finish stops where it is."""
        world = self.world
        row = world.message(asked.seq) if asked.stream and not asked.finished else None
        if row is None:
            return
        asked.finished = True
        world.rewrite(asked.seq, {**json.loads(row["body"]), "finished": True, "interrupted": True})
        world.store.run("UPDATE streams SET state = 'expired' WHERE seq = ? AND state = 'pushed'", asked.seq)
        world.announce(asked.seq, changed=True)

    def _unprompted(self, body: Body) -> tuple[list[int], list[int]]:
        """aibot_send_msg: markdown or a card to a group or a member who wrote to the robot before."""
        world = self.world
        chatid, kind = text(body, "chatid", 86001), body.get("msgtype")
        if kind not in ("markdown", "template_card") or set(body) - {"chatid", "chat_type", "msgtype", kind}:
            raise PlatformError(40008, "markdown or template_card")
        conversation = self._conversation(chatid, body.get("chat_type", 0))
        if not world.store.fact(f"robot:met:{conversation}", False):
            raise PlatformError(NOT_MET, "nobody wrote to the robot in this conversation")
        part = mapping(body, kind, 40058)
        shown: Body = {"type": "card", "card": part}
        if kind == "markdown":
            content = text(part, "content", 44004)
            if set(part) - {"content", "feedback"} or len(content.encode()) > STREAM_BYTES:
                raise PlatformError(45002, "markdown.content")
            shown = {"type": "markdown", "content": content, "finished": True}
        else:
            try:
                cards.check(part)
            except cards.CardError as exc:
                raise PlatformError(40058, str(exc)) from None
            if "task_id" in part and world.store.row("SELECT 1 FROM cards WHERE scope = 'robot' AND task_id = ?", part["task_id"]):
                raise PlatformError(42014)
        with world.store.transaction():
            self._counted(conversation)
            exchange = world.open_exchange("api", "wecom_robot", "", "aibot_send_msg")
            world.note(exchange, self._attempt({"cmd": "aibot_send_msg", "headers": {}, "body": body}) | {"outcome": "answered"}, outcome="answered")
            if kind == "template_card":
                return [self.courier.post_card(conversation, part, exchange)], []
            return [world.post(conversation, "service", world.platform.wecom.robot.name, shown, exchange)], []

    def _conversation(self, chatid: str, chat_type: Any) -> str:
        """Single chats are named by the member's userid (chat_type 1), groups by their chatid (2); without one, whichever fits."""
        person, group = self.world.by_userid.get(chatid), self.world.group(chatid)
        if chat_type in (0, 2) and group is not None:
            return f"group:{chatid}"
        if chat_type in (0, 1) and person is not None:
            return f"{person.key}/wecom_robot"
        raise PlatformError(86003, "chatid does not exist")

    def _counted(self, conversation: str) -> None:
        minute = self.world.store.count(f"robot:minute:{conversation}", self.world.now(), 60)
        if minute > A_MINUTE or self.world.store.count(f"robot:hour:{conversation}", self.world.now(), 3600) > AN_HOUR:
            raise PlatformError(RATE, f"more than {A_MINUTE} messages a minute or {AN_HOUR} an hour in one conversation")


def _read(raw: str | bytes) -> Body:
    """A frame of the right shape, or PlatformError."""
    try:
        if len(raw) > FRAME_BYTES:
            raise PlatformError(45002, "frame")
        frame: Any = json.loads(raw)
        # Lone surrogates are JSON, but not text.
        json.dumps(frame, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise PlatformError(47001) from None
    if not isinstance(frame, dict) or not isinstance(frame.get("cmd"), str):
        raise PlatformError(47001, "cmd")
    headers = frame.get("headers")
    if not isinstance(headers, dict) or not isinstance(headers.get("req_id"), str) or not 0 < len(headers["req_id"]) <= REQ_ID:
        raise PlatformError(BAD_REQUEST, "headers.req_id")
    body = frame.setdefault("body", {})
    if not isinstance(body, dict):
        raise PlatformError(47001, "body")
    return frame
