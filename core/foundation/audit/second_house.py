"""An anchor at another house of ours: POST /v1/audit/heads with the head and the proof that it goes on from the last one that house keeps.

The other house checks both before it keeps the head (:mod:`core.foundation.audit.witness`), so that a rewritten history is refused there at
once, and not only found by the next verification.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx

from core.foundation.audit.anchors import AnchorContradicts, AnchorFailed, Kept
from core.foundation.audit.heads import SignedHead, read_head
from core.foundation.audit.store import TreeDamaged, consistency_path
from core.foundation.authorities import authorities

TIMEOUT_S = 10.0
LARGEST_ANSWER = 64 * 2**20


class SecondHouseAnchor:
    """``url``: the origin of the other house, https. ``transport`` replaces the network in tests."""

    name = "house"

    def __init__(self, url: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._url = url.rstrip("/")
        self._transport = transport

    async def put(self, head: SignedHead) -> None:
        latest = await self._latest(head.log_id)
        path: list[bytes] = []
        if latest and head.tree_size < latest:
            raise AnchorContradicts("ahead_of_us")
        if latest and latest < head.tree_size:
            try:
                path = await consistency_path(latest, head.tree_size)
            except TreeDamaged:
                raise AnchorContradicts("no_proof") from None
        body = {"head": head.document(), "first": latest, "path": [one.hex() for one in path]}
        answer = await self._ask("POST", "/v1/audit/heads", json=body)
        if answer.status_code == 409 and b'"heads.contradict"' in answer.content:
            raise AnchorContradicts("refused")
        if answer.status_code != 200:
            raise AnchorFailed(f"http_{answer.status_code}")

    async def kept(self, log_id: str) -> Kept:
        heads, damaged, after = [], 0, 0
        while True:
            page = await self._json(f"/v1/audit/heads/{log_id}?after={after}")
            found = page.get("heads") if isinstance(page, dict) else None
            if not isinstance(found, list):
                raise AnchorFailed("not_understood")
            for document in found:
                try:
                    heads.append(read_head(document))
                except ValueError:
                    damaged += 1
            if not found or not heads or heads[-1].tree_size <= after:
                return Kept(tuple(heads), damaged)
            after = heads[-1].tree_size

    async def logs(self, keys: Mapping[str, bytes]) -> frozenset[str]:
        """Those whose last head there one of ``keys`` signed: the other house keeps the logs of more than one."""
        page = await self._json("/v1/audit/logs")
        try:
            return frozenset(str(one["log"]) for one in page["logs"] if one["key"] in keys)
        except (KeyError, TypeError):
            raise AnchorFailed("not_understood") from None

    async def _latest(self, log_id: str) -> int:
        page = await self._json(f"/v1/audit/heads/{log_id}?latest=1")
        try:
            return max((read_head(document).tree_size for document in page["heads"]), default=0)
        except (KeyError, TypeError, ValueError):
            raise AnchorFailed("not_understood") from None

    async def _json(self, path: str) -> Any:
        answer = await self._ask("GET", path)
        if answer.status_code != 200 or len(answer.content) > LARGEST_ANSWER:
            raise AnchorFailed(f"http_{answer.status_code}")
        try:
            return json.loads(answer.content)
        except (ValueError, RecursionError):
            raise AnchorFailed("not_understood") from None

    async def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT_S, transport=self._transport, verify=authorities()) as client:
                return await client.request(method, self._url + path, **options)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise AnchorFailed(type(error).__name__) from error
