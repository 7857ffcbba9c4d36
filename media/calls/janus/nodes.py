"""The Janus nodes: each kept connected, asked again and again whether it is well, taken back after a short break, and drained for maintenance."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from media.calls.janus.line import PLUGIN, Body, JanusAway, JanusLine, JanusRefused, made, number
from media.calls.janus.placement import Candidate, choose

logger = logging.getLogger("huizhen.calls")

PING_S = 0.7
PATIENCE_S = 1.25
ASKED = 2
"""A node that twice does not answer for so long is gone; what it carried comes up on another. Twice: it may have been this process that stood still,
and then the second answer is there at once."""
BREAK_S = 1.5
"""How long a broken connection may take to be put up again before what it carried counts as gone; Janus keeps the session a little longer
(`reclaim_session_timeout`)."""
AGAIN_S = (0.2, 0.5, 1.0, 2.0)
FIRST_S = 3.0
"""How long the first room waits for a node to answer."""


@dataclass(frozen=True, slots=True)
class JanusAddress:
    """One node as the operator names it. `url` (ws:// or wss://) is Janus's own API, `admin_url` its admin API, without which nothing is counted.
    `weight`: how many rooms it carries well."""

    name: str
    url: str
    api_secret: str = field(repr=False)
    admin_url: str = ""
    admin_secret: str = field(default="", repr=False)
    weight: float = 60.0
    ca: str = ""
    """File with the certificates that a wss:// address is checked against; empty: the system's."""


@dataclass(frozen=True, slots=True)
class NodeState:
    """`state`: up; down; draining (takes no new room); empty (draining, and has none left: may be switched off)."""

    name: str
    state: Literal["up", "down", "draining", "empty"]
    rooms: int


OnHandle = Callable[[Body], None]


class JanusNode:
    """One connected Janus, or one that is being waited for. `on_gone` is called when everything it carried is lost."""

    def __init__(self, address: JanusAddress, on_gone: Callable[[JanusNode], None], on_back: Callable[[JanusNode], None]) -> None:
        self.address = address
        self.rooms: set[str] = set()
        self._on_gone, self._on_back = on_gone, on_back
        self._line: JanusLine | None = None
        self._admin: JanusLine | None = None
        self._session = 0
        self._handles: dict[int, OnHandle] = {}
        self._lost = asyncio.Event()
        self.up = asyncio.Event()
        self.swept = False
        """Whether this connection has looked for what earlier runs left on the node."""

    @property
    def own_address(self) -> str:
        """This machine's address as the node can reach it."""
        if self._line is None:
            raise JanusAway
        return self._line.own_address

    async def keep(self) -> None:
        """Until cancelled: connected, asked, connected again."""
        tries = 0
        while True:
            try:
                await self._connect()
                tries = 0
                await self._watch()
            except (JanusAway, JanusRefused) as error:
                if not isinstance(error.__cause__, OSError) or tries == 0:
                    logger.warning("janus %s: %s", self.address.name, error if isinstance(error, JanusRefused) else "no answer")
            finally:
                await self._hang_up()
            await asyncio.sleep(AGAIN_S[min(tries, len(AGAIN_S) - 1)] * random.uniform(0.8, 1.2))  # noqa: S311 - spreads retries, keeps no secret
            tries += 1

    async def _connect(self) -> None:
        self._lost.clear()
        self._line = await self._open()
        created = await self._line.ask({"janus": "create"})
        self._session = made(created)
        self.up.set()

    async def _open(self) -> JanusLine:
        return await JanusLine.open(self.address.url, {"apisecret": self.address.api_secret}, self._told, self._lost.set, ca=self.address.ca)

    async def _watch(self) -> None:
        """While the node is well. A session without a request for a minute ends: the question keeps it too."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PING_S):
                    await self._lost.wait()
            if self._lost.is_set():
                await self._take_back()
            else:
                await self._ask_whether_well(ASKED)

    async def _ask_whether_well(self, times: int) -> None:
        try:
            if self._line is not None:
                await self._line.ask({"janus": "keepalive", "session_id": self._session}, PATIENCE_S)
        except JanusAway:
            if times > 1 and not self._lost.is_set():
                await self._ask_whether_well(times - 1)
            elif not self._lost.is_set():
                raise

    async def _take_back(self) -> None:
        """The connection broke and Janus may be alive: claim the session. Raises JanusAway or JanusRefused when there is none to claim."""
        if self._line is not None:
            await self._line.close()
        self._lost.clear()
        try:
            async with asyncio.timeout(BREAK_S):
                line = await self._open_again()
        except TimeoutError:
            raise JanusAway from None
        self._line = line
        await line.ask({"janus": "claim", "session_id": self._session}, ASKED * PATIENCE_S)
        self._on_back(self)

    async def _open_again(self) -> JanusLine:
        while True:
            try:
                return await self._open()
            except JanusAway as error:
                if isinstance(error.__cause__, ConnectionRefusedError):
                    raise  # nobody listens there: the process is gone, and the session with it
                await asyncio.sleep(0.1)

    async def _hang_up(self) -> None:
        was_up = self.up.is_set()
        self.up.clear()
        self.swept = False
        self._handles.clear()
        for line in (self._line, self._admin):
            if line is not None:
                await line.close()
        self._line = self._admin = None
        self._session = 0
        if was_up:
            self._on_gone(self)

    async def close(self) -> None:
        if self._line is not None and self.up.is_set():
            with contextlib.suppress(JanusAway, JanusRefused):
                await self._line.ask({"janus": "destroy", "session_id": self._session}, 1.0)

    def _told(self, message: Body) -> None:
        if message.get("janus") == "timeout":
            self._lost.set()
        handle = self._handles.get(number(message.get("sender")))
        if handle is not None:
            handle(message)

    async def attach(self, on_event: OnHandle) -> int:
        attached = await self._ask({"janus": "attach", "plugin": PLUGIN})
        handle = made(attached)
        self._handles[handle] = on_event
        return handle

    async def detach(self, handle: int) -> None:
        """Whatever hangs on the handle ends. Nothing happens when it is gone already."""
        self._handles.pop(handle, None)
        with contextlib.suppress(JanusAway, JanusRefused):
            await self._ask({"janus": "detach", "handle_id": handle})

    def forget(self, handle: int) -> None:
        """From now on nobody hears what the handle tells."""
        self._handles.pop(handle, None)

    async def message(self, handle: int, body: Body, description: tuple[str, str] | None = None) -> Body:
        """The plugin's answer; `description`: its type (offer, answer) and text."""
        request: Body = {"janus": "message", "handle_id": handle, "body": body}
        if description is not None:
            # Where a picture comes in layers, pages name the smallest first.
            request["jsep"] = {"type": description[0], "sdp": description[1], "trickle": False, "rid_order": "lmh"}
        return await self._ask(request)

    async def _ask(self, request: Body) -> Body:
        if self._line is None or not self.up.is_set():
            raise JanusAway
        return await self._line.ask({**request, "session_id": self._session})

    async def handle_info(self, handle: int) -> Body:
        """What Janus counts for a handle (its admin API); empty without an admin address."""
        if not self.address.admin_url or not self.up.is_set():
            return {}
        if self._admin is None:
            opened = await JanusLine.open(
                self.address.admin_url, {"admin_secret": self.address.admin_secret}, lambda message: None, self._forget_admin,
                "janus-admin-protocol", self.address.ca,
            )  # fmt: skip
            if self._admin is not None:
                await opened.close()
            else:
                self._admin = opened
        info = (await self._admin.ask({"janus": "handle_info", "session_id": self._session, "handle_id": handle})).get("info")
        return info if isinstance(info, dict) else {}

    def _forget_admin(self) -> None:
        self._admin = None


class Fleet:
    """All nodes; rooms are placed by name over those that are up and not draining."""

    def __init__(
        self, addresses: Iterable[JanusAddress], on_gone: Callable[[JanusNode], None], on_back: Callable[[JanusNode], None]
    ) -> None:
        self._nodes = {one.name: JanusNode(one, on_gone, on_back) for one in addresses}
        self._draining: frozenset[str] = frozenset()
        self._keeping: list[asyncio.Task[None]] = []

    def start(self) -> None:
        if not self._keeping:
            self._keeping = [asyncio.create_task(one.keep(), name=f"janus {name}") for name, one in self._nodes.items()]

    def drain(self, names: Iterable[str]) -> None:
        """From now on exactly these take no new room; those that they have go on until they end."""
        self._draining = frozenset(names)

    def states(self) -> tuple[NodeState, ...]:
        return tuple(NodeState(name, self._state(name, node), len(node.rooms)) for name, node in sorted(self._nodes.items()))

    def _state(self, name: str, node: JanusNode) -> Literal["up", "down", "draining", "empty"]:
        if not node.up.is_set():
            return "down"
        if name not in self._draining:
            return "up"
        return "draining" if node.rooms else "empty"

    async def place(self, room: str) -> JanusNode:
        """The node for a new room. Raises JanusAway when none may take it."""
        self.start()
        if not any(one.up.is_set() for one in self._nodes.values()):
            waiting = [asyncio.create_task(one.up.wait()) for one in self._nodes.values()]
            if waiting:
                await asyncio.wait(waiting, timeout=FIRST_S, return_when=asyncio.FIRST_COMPLETED)
            for one in waiting:
                one.cancel()
        usable = [node for name, node in self._nodes.items() if node.up.is_set() and name not in self._draining]
        name = choose(room, [Candidate(one.address.name, one.address.weight, len(one.rooms)) for one in usable])
        if name is None:
            raise JanusAway
        return self._nodes[name]

    async def close(self) -> None:
        for node in self._nodes.values():
            await node.close()
        for task in self._keeping:
            task.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)
        self._keeping = []
