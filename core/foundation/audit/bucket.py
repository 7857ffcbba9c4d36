"""An anchor in an object store: one object a head, put under a name that must be new. Set the bucket to object lock with a retention of its own:
then nobody, the operator included, deletes or replaces a head before its time. Works with every store that obstore knows."""

from __future__ import annotations

import json
from typing import Any

from core.foundation.audit.anchors import AnchorFailed, Kept
from core.foundation.audit.heads import SignedHead, read_head


class BucketAnchor:
    """``store`` is an obstore store; ``prefix`` the folder in it."""

    name = "bucket"

    def __init__(self, store: Any, prefix: str = "audit-heads") -> None:
        self._store = store
        self._prefix = prefix

    async def put(self, head: SignedHead) -> None:
        import obstore
        from obstore.exceptions import AlreadyExistsError, BaseError

        # The root is part of the name: two heads of one size, which only a forgery brings, are both kept.
        path = f"{self._prefix}/{head.log_id}/{head.tree_size:016d}-{head.root.hex()}.json"
        try:
            await obstore.put_async(self._store, path, json.dumps(head.document(), sort_keys=True).encode(), mode="create")
        except AlreadyExistsError:
            return
        except (BaseError, OSError) as error:
            raise AnchorFailed(type(error).__name__) from error

    async def kept(self, log_id: str) -> Kept:
        import obstore
        from obstore.exceptions import BaseError

        heads, damaged = [], 0
        try:
            async for page in obstore.list(self._store, prefix=f"{self._prefix}/{log_id}", chunk_size=500):
                for found in page:
                    answer = await obstore.get_async(self._store, found["path"])
                    try:
                        heads.append(read_head(json.loads(bytes(await answer.bytes_async()))))
                    except (ValueError, RecursionError):
                        damaged += 1
        except (BaseError, OSError) as error:
            raise AnchorFailed(type(error).__name__) from error
        return Kept(tuple(heads), damaged)


def open_bucket(settings: dict[str, str]) -> BucketAnchor:
    """The anchor that a settings file describes: ``bucket`` and, as the store needs them, ``endpoint``, ``region``, ``access_key_id``,
    ``secret_access_key``, ``prefix``. KeyError without ``bucket``."""
    from obstore.store import S3Store

    chosen: dict[str, Any] = {name: settings[name] for name in ("endpoint", "region", "access_key_id", "secret_access_key") if settings.get(name)}
    if settings.get("endpoint", "").startswith("http://"):
        chosen["client_options"] = {"allow_http": True}
    return BucketAnchor(S3Store(settings["bucket"], **chosen), settings.get("prefix", "audit-heads"))
