"""Master keys in a key service on another machine: the client's side of a small HTTP contract.

Every request is a POST with ``Authorization: Bearer <token>`` and JSON; bytes travel as base64.

    /v1/current  {}                                   → {"master"}
    /v1/wrap     {"master", "context", "key"}         → {"wrapped"}
    /v1/unwrap   {"master", "context", "wrapped"}     → {"key"}
    /v1/versions {"suite"}                            → {"master"}     a new master key, current from now on
    /v1/destroy  {"master"}                           → {}             that master key is gone for good

400 what was sent does not fit the contract; 401 another token; 404 no such master key; 409 the current one is not destroyed; 422 does not
unwrap for this context. A hospital that has a KMS or HSM of its own puts this contract before it; ``huizhen key-service`` is one in itself.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from core.foundation.authorities import authorities
from core.foundation.encryption.master_keys import BlindKey, MasterKeyMissing
from core.foundation.encryption.sealer import SealBroken
from core.foundation.encryption.suites import Suite
from core.foundation.errors import Unavailable

logger = logging.getLogger("huizhen.keys")

TIMEOUT_S = 2.0
TRIES = 2


class KeyServiceAway(Unavailable):
    """The key service does not answer, or answers what is no answer. What was unwrapped before still opens."""

    code = "keys.service_away"
    sentence = "密钥服务暂时没有回应,请过几秒再试一次。"


class KeyService:
    """The :class:`KeyEncryption` that asks a key service. ``token_file`` is read again for every connection that was refused for its token."""

    def __init__(self, url: str, token_file: Path, *, ca_file: Path | None = None, timeout_s: float = TIMEOUT_S) -> None:
        self._token_file = token_file
        self._token = ""
        verify = authorities() if ca_file is None else str(ca_file)
        self._client = httpx.AsyncClient(base_url=url.rstrip("/"), timeout=timeout_s, verify=verify, follow_redirects=False, trust_env=False)
        self._current = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        await self._client.aclose()

    async def current(self) -> str:
        if not self._current:
            self._current = _text(await self._ask("current", {}), "master")
        return self._current

    async def refresh(self) -> None:
        self._current = ""

    async def wrap(self, master: str, context: str, key: bytes) -> bytes:
        return _bytes(await self._ask("wrap", {"master": master, "context": context, "key": _b64(key)}), "wrapped")

    async def unwrap(self, master: str, context: str, wrapped: bytes) -> bytes:
        return _bytes(await self._ask("unwrap", {"master": master, "context": context, "wrapped": _b64(wrapped)}), "key")

    async def new_version(self, suite: Suite) -> str:
        self._current = ""
        return _text(await self._ask("versions", {"suite": suite.name}), "master")

    async def remove_version(self, version: str) -> None:
        await self._ask("destroy", {"master": version})

    def blind_key(self) -> BlindKey | None:
        return None

    async def _ask(self, path: str, body: dict[str, str]) -> dict[str, Any]:
        answer: httpx.Response | None = None
        for attempt in range(TRIES):
            try:
                if not self._token:
                    self._token = (await asyncio.to_thread(self._token_file.read_text)).strip()
                answer = await self._client.post(f"/v1/{path}", json=body, headers={"Authorization": f"Bearer {self._token}"})
            except (httpx.HTTPError, OSError) as error:
                logger.warning("key service: %s", type(error).__name__)
                if isinstance(error, httpx.TimeoutException) or path == "versions":
                    break
                await asyncio.sleep(0.05 * (attempt + 1))
                continue
            if answer.status_code == 401 and attempt + 1 < TRIES:
                self._token = ""  # it may have been replaced
                continue
            break
        if answer is None:
            raise KeyServiceAway
        return self._read(answer, path, body)

    def _read(self, answer: httpx.Response, path: str, body: dict[str, str]) -> dict[str, Any]:
        if answer.status_code == 404:
            raise MasterKeyMissing(version=body.get("master", ""))
        if answer.status_code == 409:
            raise ValueError("the current master key stays")
        if answer.status_code == 422:
            raise SealBroken
        if answer.status_code != 200:
            logger.error("key service: %s answered %d", path, answer.status_code)
            raise KeyServiceAway
        try:
            read = answer.json()
        except ValueError:
            raise KeyServiceAway from None
        if not isinstance(read, dict):
            raise KeyServiceAway
        return read


def _text(answer: dict[str, Any], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= 16:
        raise KeyServiceAway
    return value


def _bytes(answer: dict[str, Any], name: str) -> bytes:
    try:
        value = base64.b64decode(answer[name], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise KeyServiceAway from None
    if not value:
        raise KeyServiceAway
    return value


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode()
