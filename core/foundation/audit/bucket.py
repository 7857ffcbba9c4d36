"""An anchor in an object store: one object a head, put under a name that must be new. Set the bucket to object lock with a retention of its own:
then nobody, the operator included, deletes or replaces a head before its time; what he puts over it or marks as deleted is read all the same. Works
with every store that speaks S3."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx

from core.foundation.audit.anchors import AnchorFailed, Kept
from core.foundation.audit.heads import SignedHead, read_head
from core.foundation.authorities import authorities
from core.foundation.objects.port import FilesAway
from core.foundation.objects.unfinished import S3Uploads
from core.foundation.objects.versions import ONLY, S3Versions, Version

TIMEOUT_S = 10


class BucketAnchor:
    """``store`` is an obstore store that can sign; ``prefix`` the folder in it. ``versions`` shows what somebody put another object over, or marked
    as deleted: without it (credentials that are not in the settings) only what lies on top is seen."""

    name = "bucket"

    def __init__(self, store: Any, prefix: str = "audit-heads", versions: S3Versions | None = None) -> None:
        self._store = store
        self._prefix = prefix
        self._versions = versions

    async def put(self, head: SignedHead) -> None:
        import obstore
        from obstore.exceptions import BaseError

        # The root is part of the name: two heads of one size, which only a forgery brings, are both kept.
        path = f"{self._prefix}/{head.log_id}/{head.tree_size:016d}-{head.root.hex()}.json"
        body = json.dumps(head.document(), sort_keys=True).encode()
        # Under object lock a store takes nothing without Content-MD5, which obstore's own put does not send: it signs, we put.
        digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        try:
            url = await obstore.sign_async(self._store, "PUT", path, timedelta(minutes=5))
            async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT_S, verify=authorities()) as client:
                answer = await client.put(url, content=body, headers={"Content-MD5": digest, "If-None-Match": "*"})
        except (BaseError, OSError, httpx.HTTPError) as error:
            raise AnchorFailed(type(error).__name__) from error
        if answer.status_code not in (200, 412):  # 412: it is there already
            raise AnchorFailed(f"http_{answer.status_code}")

    async def kept(self, log_id: str) -> Kept:
        import obstore
        from obstore.exceptions import BaseError

        heads: dict[bytes, SignedHead] = {}
        damaged = 0
        try:
            for version in await self._below(f"{self._prefix}/{log_id}/"):
                options: Any = {} if version.id == ONLY else {"version": version.id}
                answer = await obstore.get_async(self._store, version.key, options=options)
                try:
                    head = read_head(json.loads(bytes(await answer.bytes_async())))
                    heads[head.signature] = head
                except (ValueError, RecursionError):
                    damaged += 1
        except (BaseError, OSError, FilesAway) as error:
            raise AnchorFailed(type(error).__name__) from error
        return Kept(tuple(heads.values()), damaged)

    async def logs(self, keys: Mapping[str, bytes]) -> frozenset[str]:
        import obstore
        from obstore.exceptions import BaseError

        try:
            if self._versions is not None:
                return frozenset(await self._versions.folders(f"{self._prefix}/"))
            found = await obstore.list_with_delimiter_async(self._store, prefix=self._prefix)
        except (BaseError, OSError, FilesAway) as error:
            raise AnchorFailed(type(error).__name__) from error
        return frozenset(folder.rstrip("/").rpartition("/")[2] for folder in found["common_prefixes"])

    async def _below(self, folder: str) -> list[Version]:
        import obstore

        if self._versions is not None:
            return await self._versions.below(folder)
        return [Version(one["path"], ONLY) async for page in obstore.list(self._store, prefix=folder, chunk_size=500) for one in page]


def open_bucket(settings: dict[str, str]) -> BucketAnchor:
    """The anchor that a settings file describes: ``bucket`` and, as the store needs them, ``endpoint``, ``region``, ``access_key_id``,
    ``secret_access_key``, ``prefix``. KeyError without ``bucket``."""
    from obstore.store import S3Store

    chosen: dict[str, Any] = {name: settings[name] for name in ("endpoint", "region", "access_key_id", "secret_access_key") if settings.get(name)}
    # The anchoring tries again by itself, so that a store that is away is told soon.
    chosen |= {
        "client_options": {"timeout": f"{TIMEOUT_S}s", "allow_http": settings.get("endpoint", "").startswith("http://")},
        "retry_config": {"max_retries": 1, "retry_timeout": timedelta(seconds=10)},
    }  # fmt: skip
    versions = None
    if settings.get("access_key_id"):
        names = ("bucket", "endpoint", "region", "access_key_id", "secret_access_key")
        versions = S3Versions(S3Uploads(*({"region": "us-east-1", **settings}.get(name, "") for name in names)))
    return BucketAnchor(S3Store(settings["bucket"], **chosen), settings.get("prefix", "audit-heads"), versions)
