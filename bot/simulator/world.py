"""The simulated platform as one object: people, chats, messages, what was exchanged, and who is watching."""

import asyncio
import json
import secrets
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import settings
from .conditions import Conditions
from .crypto import CallbackCipher
from .store import Store, dump

Body = dict[str, Any]
EXCHANGES_KEPT = 5000
SHIFTS_KEPT = 500
ATTEMPTS_KEPT, REFRESHES_KEPT = 12, 4
RAW_KEPT = 65536


class PeopleError(Exception):
    """Something a person at the simulator cannot do now: stable code, HTTP status, a Chinese sentence."""

    def __init__(self, code: str, status: int, sentence: str) -> None:
        super().__init__(code)
        self.code, self.status, self.sentence = code, status, sentence


@dataclass(frozen=True)
class Timing:
    """Seconds of the platform's patience; tests shorten them."""

    answer: float = 5.0
    verification: float = 1.0
    retry: float = 1.0
    refresh: float = 0.5
    stream: float = 360.0
    overtaken: float = 3.0


@dataclass(frozen=True)
class Chat:
    """One conversation as one person has it open."""

    person: settings.Person
    id: str
    title: str

    @property
    def conversation(self) -> str:
        return self.id if self.group else f"{self.person.key}/{self.id}"

    @property
    def group(self) -> str:
        return self.id.removeprefix("group:") if self.id.startswith("group:") else ""


class World:
    """Everything of one running simulator. `now` gives seconds since the epoch; `origin` is its own http address.

    `setup` stands in place of the folder's two files; `alone` says that no house of ours is behind it.
    """

    def __init__(
        self, folder: Path, now: Callable[[], float] = time.time, timing: Timing | None = None,
        setup: tuple[settings.Platform, settings.Roster] | None = None,
    ) -> None:  # fmt: skip
        self.folder = folder
        self.now = now
        self.timing = timing or Timing()
        self.platform, self.roster = setup or settings.load(folder)
        self.alone = setup is not None
        self.people = {person.key: person for person in self.roster.people}
        self.by_openid = {p.official_account_openid: p for p in self.roster.people if p.official_account_openid}
        self.by_mini_openid = {p.mini_program_openid: p for p in self.roster.people if p.mini_program_openid}
        self.by_userid = {p.userid: p for p in self.roster.people if p.userid}
        (folder / "media").mkdir(parents=True, exist_ok=True)
        self.store = Store(folder / "state.sqlite3")
        self.origin = ""
        self.ciphers = self._ciphers()
        self.shifts: list[tuple[float, float]] = [(at, offset) for at, offset in self.store.fact("shifts", [])]
        self.up = asyncio.Event()
        self.conditions = Conditions()
        self.set_conditions(Conditions(**self.store.fact("conditions", {})))
        self._watchers: set[asyncio.Queue[Body | None]] = set()
        self._settle_groups()

    def _ciphers(self) -> dict[str, CallbackCipher]:
        p = self.platform
        return {
            "official_account": CallbackCipher(p.official_account.token, p.official_account.encoding_aes_key, p.official_account.appid),
            "mini_program": CallbackCipher(p.mini_program.token, p.mini_program.encoding_aes_key, p.mini_program.appid),
            "wecom_app": CallbackCipher(p.wecom.app.token, p.wecom.app.encoding_aes_key, p.wecom.corpid),
            "wecom_robot": CallbackCipher(p.wecom.robot.token, p.wecom.robot.encoding_aes_key, ""),
        }

    def security(self, channel: str) -> str:
        """plain, compatible or security; only an Official Account and a mini program can be anything but the last."""
        account = self.platform.account(channel)
        return account.security if isinstance(account, settings.Account) else "security"

    def _settle_groups(self) -> None:
        """Groups of the roster exist from the start and have the robot in them; groups made through the API stay as they are."""
        with self.store.transaction():
            for group in self.roster.groups:
                members = list(dict.fromkeys([*group.members, *(p.key for p in self.roster.people if group.chatid in p.groups)]))
                self.store.run(
                    "INSERT INTO groups VALUES (?, ?, '', ?, 1) ON CONFLICT (chatid) DO UPDATE SET name = excluded.name, members = excluded.members",
                    group.chatid, group.name, dump([key for key in members if key in self.people]),
                )  # fmt: skip
            self.store.run("DELETE FROM codes WHERE expires_at < ?", self.now() - 86400)
            self.store.run("DELETE FROM deliveries WHERE state <> 'pending'")
            self.store.run("DELETE FROM exchanges WHERE number <= (SELECT max(number) FROM exchanges) - ?", EXCHANGES_KEPT)

    # people and chats

    def person(self, key: str) -> settings.Person:
        found = self.people.get(key)
        if found is None:
            raise PeopleError("person.unknown", 404, "没有这个人,请从名单里选一位")
        return found

    def group(self, chatid: str) -> sqlite3.Row | None:
        return self.store.row("SELECT * FROM groups WHERE chatid = ?", chatid)

    def members(self, group: sqlite3.Row) -> list[settings.Person]:
        return [self.people[key] for key in json.loads(group["members"]) if key in self.people]

    def chats(self, person: settings.Person) -> list[Chat]:
        p = self.platform
        reached = {"official_account": person.official_account_openid, "mini_program": person.mini_program_openid, "wecom_app": person.userid,
                   "wecom_robot": person.userid}  # fmt: skip
        chats = [Chat(person, channel, p.title(channel)) for channel, known in reached.items() if known and p.account(channel).configured]
        if person.userid:
            groups = self.store.rows("SELECT * FROM groups ORDER BY rowid")
            chats += [Chat(person, f"group:{one['chatid']}", one["name"]) for one in groups if person.key in json.loads(one["members"])]
        if self.store.row("SELECT 1 FROM messages WHERE conversation = ? LIMIT 1", f"{person.key}/sms"):
            chats.append(Chat(person, "sms", "短信"))
        return chats

    def chat(self, key: str, chat_id: str) -> Chat:
        for chat in self.chats(self.person(key)):
            if chat.id == chat_id:
                return chat
        raise PeopleError("chat.unknown", 404, "这个人没有这个聊天,请从他的聊天列表里选")

    def follows(self, person: settings.Person) -> bool:
        return bool(self.store.fact(f"follow:{person.official_account_openid}", True))

    # messages

    def post(self, conversation: str, origin: str, author: str, body: Body, exchange: str | None = None) -> int:
        """Store one message; announce it once the transaction is through. Author: a person's key or a service's title."""
        return self.store.insert(
            "INSERT INTO messages (conversation, at, origin, author, body, exchange) VALUES (?, ?, ?, ?, ?, ?)",
            conversation, self.now(), origin, author, dump(body), exchange,
        )  # fmt: skip

    def message(self, seq: int) -> sqlite3.Row | None:
        return self.store.row("SELECT * FROM messages WHERE seq = ?", seq)

    def rewrite(self, seq: int, body: Body) -> None:
        self.store.run("UPDATE messages SET body = ? WHERE seq = ?", dump(body), seq)

    def view(self, row: sqlite3.Row, viewer: settings.Person) -> Body:
        """One message as this person sees it on his phone."""
        body: Body = json.loads(row["body"])
        for_viewer = body.pop("for", {}).get(viewer.userid)
        body.update(for_viewer or {})
        origin = row["origin"]
        sender = row["author"]
        if origin == "person":
            origin = "person" if sender == viewer.key else "member"
            sender = self.people[sender].name if sender in self.people else sender
        shown: Body = {"seq": row["seq"], "at": instant(row["at"]), "from": origin, "sender": sender, **body}
        if offset := self.offset_at(row["at"]):
            shown["shown_at"] = instant(row["at"] + offset)
        if row["exchange"]:
            shown["exchange"] = row["exchange"]
        return shown

    def viewers(self, conversation: str) -> list[tuple[settings.Person, str]]:
        """Who has this conversation on his phone, and as which chat."""
        if conversation.startswith("group:"):
            group = self.group(conversation.removeprefix("group:"))
            return [] if group is None else [(person, conversation) for person in self.members(group)]
        key, _, chat = conversation.partition("/")
        return [(self.people[key], chat)] if key in self.people else []

    # watching

    def watch(self) -> "asyncio.Queue[Body | None]":
        queue: asyncio.Queue[Body | None] = asyncio.Queue(maxsize=2000)
        self._watchers.add(queue)
        return queue

    def unwatch(self, queue: "asyncio.Queue[Body | None]") -> None:
        self._watchers.discard(queue)

    def announce(self, *seqs: int, changed: bool = False) -> None:
        """Tell the watchers of new messages, or of changed ones. Call after the transaction."""
        for seq in seqs:
            row = self.message(seq)
            if row is None:
                continue
            for person, chat in self.viewers(row["conversation"]):
                self._tell({"person": person.key, "chat": chat, "update" if changed else "message": self.view(row, person)})

    def _tell(self, event: Body) -> None:
        for queue in list(self._watchers):
            try:
                queue.put_nowait(event)
            except asyncio.QueueFull:
                # A watcher that stopped reading is cut off; it reconnects and asks for what it missed.
                self._watchers.discard(queue)
                queue.get_nowait()
                queue.put_nowait(None)

    def dismiss_watchers(self) -> None:
        for queue in list(self._watchers):
            self._watchers.discard(queue)
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(None)

    # what was exchanged

    def open_exchange(self, kind: str, channel: str, person: str, address: str) -> str:
        """Begin a record of one callback with its attempts, or of one call of the platform's API."""
        exchange = secrets.token_hex(12)
        body = {"id": exchange, "kind": kind, "channel": channel, "person": person, "address": address, "at": instant(self.now()),
                "outcome": "pending", "reason": "", "warnings": [], "attempts": []}  # fmt: skip
        self.store.run("INSERT INTO exchanges (id, body) VALUES (?, ?)", exchange, dump(body))
        return exchange

    def exchange(self, exchange: str) -> Body | None:
        row = self.store.row("SELECT body FROM exchanges WHERE id = ?", exchange)
        return None if row is None else json.loads(row["body"])

    def note(self, exchange: str, attempt: Body | None = None, warnings: list[str] | None = None, **changes: Any) -> None:
        """Add an attempt to the record, and change its outcome."""
        body = self.exchange(exchange)
        if body is None:
            return
        if attempt is not None:
            attempts = [*body["attempts"], attempt]
            # A long stream is asked for hundreds of times: its beginning and its end tell enough.
            refreshes = [one for one in attempts if one.get("refresh")][:-REFRESHES_KEPT]
            body["attempts"] = [one for one in attempts if one not in refreshes][-ATTEMPTS_KEPT:]
        body["warnings"] = [*body["warnings"], *(warnings or [])]
        body.update(changes)
        self.store.run("UPDATE exchanges SET body = ? WHERE id = ?", dump(body), exchange)

    # the clock of the phones

    def shift(self, offset: float) -> None:
        """From now on the phones show real time plus ``offset`` seconds; what was said before keeps the time that they showed then."""
        if offset != self.offset_at(self.now()):
            self.shifts = [*self.shifts, (self.now(), offset)][-SHIFTS_KEPT:]
            self.store.remember("shifts", self.shifts)

    def offset_at(self, at: float) -> float:
        """How far the phones' clock was ahead of real time then, in seconds."""
        return next((offset for since, offset in reversed(self.shifts) if since <= at), 0.0)

    # faults on demand

    def set_conditions(self, wanted: Conditions) -> None:
        wanted.begin()
        self.conditions = wanted
        if wanted.platform_down:
            self.up.clear()
        else:
            self.up.set()
        self.store.remember("conditions", wanted.as_json())


def refused(world: World, person: settings.Person) -> Body:
    """What this person turned off on his phone."""
    return {"subscriptions": False, "templates": False, "customer_service": None, **world.store.fact(f"refusals:{person.key}", {})}


def instant(seconds: float) -> str:
    """A moment as the JSON answers carry it: ISO 8601, UTC, milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def clip(raw: bytes | str) -> str:
    """Raw text for a record, not unboundedly long."""
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    return text if len(text) <= RAW_KEPT else text[:RAW_KEPT] + "…"
