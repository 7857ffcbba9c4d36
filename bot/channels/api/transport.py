"""One HTTP client for one platform: time limits, size limits, and nothing secret in what it raises or logs."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx

from bot.channels.api.errors import ApiError, Unreachable, error_of
from bot.channels.settings import checked_base, is_loopback
from core.foundation.authorities import authorities
from core.foundation.counting import count

Answer = dict[str, Any]

ANSWER_LIMIT = 1024 * 1024
MEDIA_LIMIT = 20 * 1024 * 1024
TIMEOUT = httpx.Timeout(10.0, connect=3.0, pool=3.0)
"""Longer than the platform is usually slow: a message that was given up too early would be sent twice, or never on a slow link."""
MEDIA_TIMEOUT = httpx.Timeout(15.0, connect=3.0, pool=3.0)
TOTAL_SECONDS = 12.0
MEDIA_TOTAL_SECONDS = 60.0

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)


def _silence() -> None:
    # These log whole addresses, and a platform's addresses carry tokens and secrets in their query.
    for name in ("httpx", "httpcore", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpcore.socks"):
        logging.getLogger(name).addFilter(_nothing)


def _nothing(_record: logging.LogRecord) -> bool:
    return False


_silence()


@dataclass(frozen=True, slots=True)
class File:
    """Bytes that a platform handed out, with the type and name it gave them ("" where it gave none)."""

    content: bytes
    content_type: str
    name: str


class Transport:
    """Calls below one base address. Close it when the process ends."""

    def __init__(self, base: str, *, timeout: httpx.Timeout = TIMEOUT) -> None:
        self.base = checked_base(base)
        # A proxy from the environment is for the world outside, never for a platform on this machine.
        outside = not is_loopback(self.base)
        self._client = httpx.AsyncClient(timeout=timeout, follow_redirects=False, trust_env=outside, verify=authorities(trust_env=outside))
        self._guard: Callable[[str], AbstractAsyncContextManager[None]] = lambda _call: nullcontext()

    def behind(self, guard: Callable[[str], AbstractAsyncContextManager[None]]) -> Transport:
        """The same connections, each call inside ``guard(call)``: for one account that may have been stopped."""
        guarded = copy(self)
        guarded._guard = guard
        return guarded

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def get(self, path: str, query: Mapping[str, str], *, call: str) -> Answer:
        """GET a JSON answer. ApiError where errcode is not 0."""
        return await self._answer("GET", self.base + path, query, None, call)

    async def post(self, path: str, query: Mapping[str, str], body: Mapping[str, Any], *, call: str) -> Answer:
        """POST JSON and get a JSON answer. ApiError where errcode is not 0."""
        return await self._answer("POST", self.base + path, query, body, call)

    async def upload(self, path: str, query: Mapping[str, str], file: tuple[str, str, bytes, str], *, call: str) -> Answer:
        """POST one file as a form (field, name, content, media type) and get a JSON answer. ApiError where errcode is not 0."""
        field, name, content, kind = file
        request = partial(
            self._client.build_request, "POST", self.base + path, params=query, files={field: (name, content, kind)}, timeout=MEDIA_TIMEOUT
        )
        async with self._guard(call):
            data, _ = await self._exchange(request, call, ANSWER_LIMIT, MEDIA_TOTAL_SECONDS)
            return checked_answer(data, call)

    async def post_to(self, address: str, body: Mapping[str, Any], *, call: str) -> Answer:
        """POST JSON to a whole address that has been checked by the caller."""
        return await self._answer("POST", address, None, body, call)

    async def post_signed(self, path: str, content: bytes, headers: Mapping[str, str], *, call: str) -> Answer:
        """POST a body of JSON just as it is, because a signature in ``headers`` is over its bytes."""
        sent = {"content-type": "application/json; charset=utf-8", **headers}
        request = partial(self._client.build_request, "POST", self.base + path, content=content, headers=sent)
        data, _ = await self._exchange(request, call, ANSWER_LIMIT, TOTAL_SECONDS)
        return checked_answer(data, call)

    async def fetch(self, path: str, query: Mapping[str, str], *, call: str, limit: int = MEDIA_LIMIT) -> File:
        """GET bytes. A JSON answer means an error and is raised as one."""
        return await self._file(self.base + path, query, call, limit)

    async def fetch_from(self, address: str, *, call: str, limit: int = MEDIA_LIMIT) -> File:
        """GET bytes from a whole address that has been checked by the caller."""
        return await self._file(address, None, call, limit)

    async def _answer(self, method: str, address: str, query: Mapping[str, str] | None, body: Mapping[str, Any] | None, call: str) -> Answer:
        # The platforms print Chinese as it is; escaped JSON has been seen to arrive as escapes on the phone.
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = {"content-type": "application/json; charset=utf-8"} if content is not None else {}
        request = partial(self._client.build_request, method, address, params=query, content=content, headers=headers)
        async with self._guard(call):
            data, _ = await self._exchange(request, call, ANSWER_LIMIT, TOTAL_SECONDS)
            return checked_answer(data, call)

    async def _file(self, address: str, query: Mapping[str, str] | None, call: str, limit: int) -> File:
        request = partial(self._client.build_request, "GET", address, params=query, timeout=MEDIA_TIMEOUT)
        async with self._guard(call):
            content, headers = await self._exchange(request, call, limit, MEDIA_TOTAL_SECONDS)
            kind = headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind in ("application/json", "text/plain", "text/json") and content[:64].lstrip().startswith(b'{"errcode"'):
                checked_answer(content, call)
        return File(content, kind, _file_name(headers.get("content-disposition", "")))

    async def _exchange(self, request: Callable[[], httpx.Request], call: str, limit: int, seconds: float) -> tuple[bytes, httpx.Headers]:
        """One request and its whole answer. httpx puts addresses into its exceptions: none leaves, not even as a cause."""
        try:
            # httpx limits each step; the sum has a limit of its own, or an answer could drip for ever.
            async with asyncio.timeout(seconds):
                response = await self._client.send(request(), stream=True)
                try:
                    if response.status_code == 200:
                        return await _read(response, limit, call), response.headers
                    note, sent = f"HTTP {response.status_code}", True
                finally:
                    await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError, OSError, TimeoutError, RuntimeError) as error:
            note, sent = type(error).__name__, not isinstance(error, _NOT_SENT)
        count("platform_call", call=call, outcome="unreachable")
        raise Unreachable(call, note, sent=sent)


async def _read(response: httpx.Response, limit: int, call: str) -> bytes:
    parts: list[bytes] = []
    length = 0
    async for part in response.aiter_bytes():
        length += len(part)
        if length > limit:
            raise Unreachable(call, "answer too long", sent=True)
        parts.append(part)
    return b"".join(parts)


def checked_answer(data: bytes, call: str) -> Answer:
    """The JSON object of an answer. ApiError where its errcode is not 0, Unreachable where it is no JSON object."""
    outcome = "unreachable"
    try:
        answer = _answered(data, call)
        outcome = "ok"
    except ApiError as error:
        outcome = str(error.code or outcome)
        raise
    finally:
        count("platform_call", call=call, outcome=outcome)
    return answer


def _answered(data: bytes, call: str) -> Answer:
    answer: object = None
    # A JSON error carries the whole answer with it, so it is not even left as the context of ours.
    with suppress(ValueError, RecursionError):
        answer = json.loads(data)
    if not isinstance(answer, dict):
        raise Unreachable(call, "answer is not a JSON object", sent=True)
    code = answer.get("errcode", 0)
    if not isinstance(code, int):
        raise Unreachable(call, "errcode is not a number", sent=True)
    if code:
        raise error_of(call, code, answer)
    return answer


def _file_name(disposition: str) -> str:
    _, _, name = disposition.partition("filename=")
    # Only the last part of a path, and nothing that a file system or a log would take for more than a name.
    name = name.partition(";")[0].strip().strip('"').replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in name if letter.isprintable())[:120]


def text_of(answer: Mapping[str, Any], name: str, call: str) -> str:
    """A text that the answer must have. Unreachable where it is missing."""
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise Unreachable(call, f"no {name} in the answer", sent=True)
    return value
