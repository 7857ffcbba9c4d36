"""Delivering callbacks: signed, encrypted, cut at five seconds, three times in all, answers applied to the chat.

A delivery is a row written together with its cause; it is finished together with its effect.  A process killed in
between delivers it again after the restart, as the platforms do, so receivers must recognise what they have seen.
"""

import asyncio
import contextlib
import json
import secrets
import sqlite3
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx

from . import cards
from .answers import Answer, Body, Expected, InvalidAnswer, read_acknowledgement, read_robot, read_xml
from .media import known
from .parcels import Parcel, pack, verify
from .world import World, clip, instant

NOTICES = {"official_account": "该公众号提供的服务出现故障,请稍后再试", "wecom_app": "该应用提供的服务出现故障,请稍后再试",
           "wecom_robot": "该机器人提供的服务出现故障,请稍后再试"}  # fmt: skip
ANSWER_BYTES = 1 << 20
STARTS_WITHIN_S = 60.0
"""How long a service that starts together with the simulator is waited for before the old deliveries go on."""


@dataclass
class Outcome:
    """What came of one attempt: answered, silent, invalid, timeout, dropped, refused or status."""

    name: str
    attempt: Body
    answer: Answer | None = None

    @property
    def reached(self) -> bool:
        return self.name in ("answered", "silent", "invalid")


Carry = Callable[[sqlite3.Row, Expected], Awaitable[bool]]


@cache
def authorities() -> ssl.SSLContext:
    """What vouches for a server that takes deliveries: read once, however many worlds this process simulates."""
    return httpx.create_ssl_context(trust_env=False)


class Courier:
    """Runs the deliveries and the streams of one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        # No connection is kept: each delivery finds out by itself whether the server is there.
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=0)
        self.client = httpx.AsyncClient(trust_env=False, timeout=None, limits=limits, verify=authorities())  # noqa: S113 - every call runs under asyncio.timeout
        self._tasks: set[asyncio.Task[Any]] = set()
        self._under_way: set[int] = set()
        self._held: dict[str, asyncio.Event] = {}
        self.carry: Carry | None = None
        """The robot's long connection: takes a callback when one is live."""

    def resume(self) -> None:
        """Take up what an earlier process left unfinished, once the service is there.

        A real platform was never away; this one starts with the house, whose own start must not use up the attempts.
        """
        pending = [row["id"] for row in self.world.store.rows("SELECT id FROM deliveries WHERE state = 'pending' ORDER BY id")]
        if pending:
            self._spawn(self._go_on(pending))
        for row in self.world.store.rows("SELECT id FROM streams WHERE state = 'open' ORDER BY id"):
            self._spawn(self._follow(row["id"]))

    async def _go_on(self, pending: list[int]) -> None:
        await self._service_there()
        self.dispatch(*pending)

    async def _service_there(self) -> None:
        """Until one of the callback addresses can be verified, or the service has had its time to start."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STARTS_WITHIN_S):
                while True:
                    checked = await verify(self.world, self.client)
                    if any(result["ok"] for result in checked.values()):
                        return
                    await asyncio.sleep(0.2)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.client.aclose()

    def dispatch(self, *deliveries: int) -> None:
        """Deliver, each only once at a time: what was written between start and `resume` is under way already."""
        for delivery in deliveries:
            if delivery not in self._under_way:
                self._under_way.add(delivery)
                self._spawn(self._deliver_once(delivery))

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[Any] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver_once(self, number: int) -> None:
        try:
            await self._deliver(number)
        finally:
            self._under_way.discard(number)

    async def _deliver(self, number: int) -> None:
        world = self.world
        while True:
            row = world.store.row("SELECT * FROM deliveries WHERE id = ?", number)
            if row is None or row["state"] != "pending":
                return
            await world.up.wait()
            expected = self._expected(row)
            async with self._order(row):
                await world.up.wait()
                if row["channel"] == "wecom_robot" and self.carry is not None and await self.carry(row, expected):
                    return
                parcel = pack(world, row["channel"], row["plain"], expected.user)
                if world.conditions.duplicate_callbacks:
                    self._spawn(self._duplicate(row, parcel, expected))
                outcome = await self._attempt(row["channel"], parcel, row["plain"], expected)
            outcome.attempt["number"] = row["attempts"] + 1
            last = row["attempts"] + 1 >= row["allowed"]
            new, changed = self._settle(row, outcome, last)
            world.announce(*new)
            world.announce(*changed, changed=True)
            if outcome.reached or last:
                return
            await asyncio.sleep(world.timing.retry)

    @contextlib.asynccontextmanager
    async def _order(self, row: sqlite3.Row) -> AsyncIterator[None]:
        """While the order is to be disturbed: a chat's callback waits until the next one of that chat has gone, if one comes soon."""
        earlier = None
        if self.world.conditions.reorder_callbacks and not row["attempts"]:
            earlier = self._held.pop(row["conversation"], None)
            if earlier is None:
                await self._overtaken(row["conversation"])
        try:
            yield
        finally:
            if earlier is not None:
                earlier.set()

    async def _overtaken(self, conversation: str) -> None:
        gone = self._held[conversation] = asyncio.Event()
        try:
            async with asyncio.timeout(self.world.timing.overtaken):
                await gone.wait()
        except TimeoutError:
            # Who took it out of the list a moment ago is on the way; it is not waited for any longer.
            if self._held.get(conversation) is gone:
                del self._held[conversation]

    async def _duplicate(self, row: sqlite3.Row, parcel: Parcel, expected: Expected) -> None:
        """The same callback once more, byte for byte, while the first is still running; nobody sees its answer."""
        await asyncio.sleep(0.02)
        outcome = await self._attempt(row["channel"], parcel, row["plain"], expected)
        outcome.attempt["duplicate"] = True
        self.world.note(row["exchange"], outcome.attempt)

    def _expected(self, row: sqlite3.Row) -> Expected:
        world, person = self.world, self.world.people.get(row["person"])
        context = json.loads(row["context"])
        user = account = ""
        if row["channel"] == "official_account":
            user, account = (person.official_account_openid if person else ""), world.platform.official_account.original_id
        elif row["channel"] == "mini_program":
            user, account = (person.mini_program_openid if person else ""), world.platform.mini_program.original_id
        elif row["channel"] == "wecom_app":
            user, account = (person.userid if person else ""), world.platform.wecom.corpid
        owner = "wecom" if row["channel"].startswith("wecom") else row["channel"]
        security = world.security(row["channel"])
        return Expected(world.ciphers[row["channel"]], user, account, lambda media: known(world, media, owner) is not None, row["kind"],
                        task_id=context.get("task_id", ""), security=security)  # fmt: skip

    async def _attempt(self, channel: str, parcel: Parcel, plain: str, expected: Expected) -> Outcome:
        """One delivery, with the faults asked for; never raises for what the other side does."""
        world, conditions = self.world, self.world.conditions
        began = world.now()
        started = asyncio.get_running_loop().time()
        request = {"method": "POST", "url": str(httpx.URL(parcel.url, params=parcel.query)), "raw": clip(parcel.content), "decrypted": clip(plain)}
        attempt: Body = {"number": 0, "at": instant(began), "took_ms": 0, "duplicate": False, "outcome": "", "reason": "", "request": request,
                         "answer": None}  # fmt: skip
        outcome = Outcome("dropped", attempt)
        reason = "lost on the way, as the conditions ask"
        if conditions.chance.random() >= conditions.drop_callbacks:
            try:
                async with asyncio.timeout(world.timing.answer):
                    # The delay lies on both ways, so that a long one loses the answer and not the message.
                    before = min(conditions.delay_ms / 2000, world.timing.answer * 0.4)
                    await asyncio.sleep(before)
                    response = await self.client.post(
                        parcel.url,
                        params=parcel.query,
                        content=parcel.content,
                        headers={"Content-Type": parcel.content_type, "User-Agent": "Mozilla/4.0"},
                    )
                    await asyncio.sleep(conditions.delay_ms / 1000 - before)
                outcome, reason = self._read(channel, response, expected, attempt)
            except TimeoutError:
                outcome.name, reason = "timeout", f"no answer within {world.timing.answer:g} s"
            except (httpx.HTTPError, httpx.InvalidURL) as exc:
                outcome.name, reason = "refused", f"the connection failed ({type(exc).__name__})"
        attempt.update(outcome=outcome.name, reason=reason, took_ms=round((asyncio.get_running_loop().time() - started) * 1000))
        return outcome

    def _read(self, channel: str, response: httpx.Response, expected: Expected, attempt: Body) -> tuple[Outcome, str]:
        raw = response.content
        attempt["answer"] = {"status": response.status_code, "raw": clip(raw), "decrypted": ""}
        if response.status_code != 200:
            return Outcome("status", attempt), f"status {response.status_code} instead of 200"
        try:
            if len(raw) > ANSWER_BYTES:
                raise InvalidAnswer("the answer is too long")
            if channel == "wecom_robot":
                answer = read_robot(raw, expected)
                self._card_is_new(answer, expected)
            elif channel == "mini_program":
                answer = read_acknowledgement(raw)
            else:
                answer = read_xml(raw, expected, wecom=channel == "wecom_app")
        except InvalidAnswer as exc:
            attempt["answer"]["decrypted"] = clip(exc.decrypted)
            return Outcome("invalid", attempt), exc.reason
        attempt["answer"]["decrypted"] = clip(answer.decrypted)
        said = answer.messages or answer.card or answer.replace_name
        return Outcome("answered" if said else "silent", attempt, answer), ""

    def _card_is_new(self, answer: Answer, expected: Expected) -> None:
        if expected.kind in ("card_click", "stream"):
            return
        for card in [*(m["card"] for m in answer.messages if m["type"] == "card"), *([answer.card] if answer.card else [])]:
            task_id = card.get("task_id")
            if task_id and self.world.store.row("SELECT 1 FROM cards WHERE scope = 'robot' AND task_id = ?", task_id):
                raise InvalidAnswer("template_card.task_id was used before by this robot", answer.decrypted)

    # effects

    def settle(self, row: sqlite3.Row, outcome: Outcome) -> tuple[list[int], list[int]]:
        """Close a delivery that went another way than by HTTP; numbers of new and of changed messages."""
        return self._settle(row, outcome, last=True)

    def apply(self, row: sqlite3.Row, answer: Answer) -> tuple[list[int], list[int]]:
        """Put an answer that came later than its callback into the chat. A stream goes on by itself: nobody is asked for the rest of it."""
        return self._apply(row, answer, follow=False)

    def post_card(self, conversation: str, card: cards.Card, exchange: str) -> int:
        """A card of the robot."""
        return self._post_card(conversation, card, exchange)

    def card_is_new(self, answer: Answer, expected: Expected) -> None:
        """InvalidAnswer where a card's task id was used before by this robot."""
        self._card_is_new(answer, expected)

    def _settle(self, row: sqlite3.Row, outcome: Outcome, last: bool) -> tuple[list[int], list[int]]:
        """Write the attempt and its effect in one transaction; numbers of new and of changed messages."""
        world = self.world
        new: list[int] = []
        changed: list[int] = []
        with world.store.transaction():
            done = outcome.reached or last
            if outcome.answer:
                new, changed = self._apply(row, outcome.answer)
            elif done and row["kind"] != "event" and row["channel"] in NOTICES:
                notice = {"type": "notice", "content": NOTICES[row["channel"]]}
                new = [world.post(row["conversation"], "service", world.platform.title(row["channel"]), notice, row["exchange"])]
            state = "done" if outcome.reached else "failed" if last else "pending"
            world.store.run("UPDATE deliveries SET attempts = attempts + 1, state = ? WHERE id = ?", state, row["id"])
            changes = {"outcome": outcome.name, "reason": outcome.attempt["reason"]} if done else {}
            world.note(row["exchange"], outcome.attempt, outcome.answer.warnings if outcome.answer else None, **changes)
        return new, changed

    def _apply(self, row: sqlite3.Row, answer: Answer, *, follow: bool = True) -> tuple[list[int], list[int]]:
        world = self.world
        if row["kind"] == "event":
            return [], []
        if row["kind"] == "card_click" and (answer.card or answer.replace_name):
            return [], self._change_card(json.loads(row["context"]), answer)
        new = []
        for body in answer.messages:
            seq = world.post(row["conversation"], "service", world.platform.title(row["channel"]), body, row["exchange"])
            new.append(seq)
            if body["type"] == "card":
                self._register(body["card"], seq)
            if answer.stream and not answer.finished and follow:
                origin = {k: v for k, v in json.loads(row["plain"]).items() if k in ("aibotid", "chatid", "chattype", "from")}
                stream = world.store.insert(
                    "INSERT INTO streams (stream, seq, person, exchange, origin, started_at) VALUES (?, ?, ?, ?, ?, ?)",
                    answer.stream, seq, row["person"], row["exchange"], json.dumps(origin), world.now(),
                )  # fmt: skip
                self._spawn(self._follow(stream))
        if answer.card and row["channel"] == "wecom_robot":
            new.append(self._post_card(row["conversation"], answer.card, row["exchange"]))
        return new, []

    def _post_card(self, conversation: str, card: cards.Card, exchange: str) -> int:
        seq = self.world.post(conversation, "service", self.world.platform.title("wecom_robot"), {"type": "card", "card": card}, exchange)
        self._register(card, seq)
        return seq

    def _register(self, card: cards.Card, seq: int) -> None:
        if card.get("task_id"):
            self.world.store.run("INSERT OR IGNORE INTO cards VALUES ('robot', ?, ?, '')", card["task_id"], seq)

    def _change_card(self, context: Body, answer: Answer) -> list[int]:
        row = self.world.message(context.get("seq", 0))
        if row is None:
            return []
        body = json.loads(row["body"])
        old = body["card"]
        kept = {"task_id": old["task_id"]} if "task_id" in old else {}
        change = {"card": {**answer.card, **kept} if answer.card else {**old, "replaced": answer.replace_name}}
        if answer.userids and row["conversation"].startswith("group:"):
            for userid in answer.userids:
                body.setdefault("for", {})[userid] = change
        else:
            body.update(change)
            body.pop("for", None)
        self.world.rewrite(row["seq"], body)
        return [row["seq"]]

    # streams

    async def _follow(self, number: int) -> None:
        """Ask for the rest of a running answer until it is finished or six minutes are over."""
        world = self.world
        while True:
            await asyncio.sleep(world.timing.refresh)
            await world.up.wait()
            stream = world.store.row("SELECT * FROM streams WHERE id = ?", number)
            if stream is None or stream["state"] != "open":
                return
            if world.now() - stream["started_at"] > world.timing.stream:
                self._refresh(stream, Answer(), "expired")
                return
            plain = json.dumps(
                {"msgid": secrets.token_hex(16), **json.loads(stream["origin"]), "msgtype": "stream", "stream": {"id": stream["stream"]}}
            )
            expected = Expected(world.ciphers["wecom_robot"], "", "", lambda _: False, "stream", stream=stream["stream"])
            outcome = await self._attempt("wecom_robot", pack(world, "wecom_robot", plain), plain, expected)
            outcome.attempt["refresh"] = True
            world.note(stream["exchange"], outcome.attempt, outcome.answer.warnings if outcome.answer else None)
            if outcome.name == "invalid":
                self._refresh(stream, Answer(), "invalid")
                return
            if outcome.answer and outcome.answer.messages:
                self._refresh(stream, outcome.answer, "done" if outcome.answer.finished else "open")

    def _refresh(self, stream: sqlite3.Row, answer: Answer, state: str) -> None:
        world = self.world
        row = world.message(stream["seq"])
        if row is None:
            return
        body = json.loads(row["body"])
        before = dict(body)
        new = []
        with world.store.transaction():
            if answer.messages:
                body.update(answer.messages[0])
            elif state != "open":
                body.update(finished=True, interrupted=True)
            if answer.card and not world.store.row("SELECT 1 FROM cards WHERE scope = 'robot' AND task_id = ?", answer.card.get("task_id", "")):
                new.append(self._post_card(row["conversation"], answer.card, stream["exchange"]))
            if state == "invalid":
                notice = {"type": "notice", "content": NOTICES["wecom_robot"]}
                new.append(world.post(row["conversation"], "service", world.platform.title("wecom_robot"), notice, stream["exchange"]))
            world.rewrite(stream["seq"], body)
            world.store.run("UPDATE streams SET state = ? WHERE id = ?", state, stream["id"])
        if body != before:
            world.announce(stream["seq"], changed=True)
        world.announce(*new)
