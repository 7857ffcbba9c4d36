"""What a set holds, written beside it: by these figures a restore and a drill are judged. Ids and codes only, no key, nobody's words."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from miniprogram_api.backups.failures import RepositoryDamaged

FORMAT = 1
FILE = "manifest.json"
STAGING = "snapshot"
"""Folder below the data folder in which a snapshot is prepared; also its name in the repository."""
KEYS_FILE = "keys.jsonl"
SEAL_FILE = "set.json"


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    def text(self) -> str:
        return self.model_dump_json(indent=1) + "\n"


class LogTaken(_Document):
    """What of the server's binary log lies beside the dump: from ``file``, ``offset`` on, up to ``until``."""

    file: str
    offset: int
    until: datetime | None = None


class Needs(_Document):
    """What has to be brought along to use it: nothing of that is inside."""

    master_keys: tuple[str, ...]
    """Versions of the master keys that wrap the data keys."""
    key_service: bool
    secrets: tuple[str, ...]
    """Names of the files in ``secrets/`` that were there."""
    audit_key: str
    """Id of the key that signs the audit's heads; empty where there was none."""


class Manifest(_Document):
    """Of the data snapshot."""

    format: Literal[1] = 1
    set_id: str
    taken_at: datetime
    """When the database was begun to be copied: what was committed before is in it."""
    dialect: Literal["sqlite", "mysql"]
    schema_name: str = ""
    database: str
    """The database's file below the snapshot's folder."""
    sha256: str
    rows: dict[str, int]
    migrations: tuple[str, ...]
    blobs_at: str
    """The files' folder in the snapshot."""
    recorded: int
    """Files that the database names."""
    log: LogTaken | None = None
    needs: Needs


class SetSeal(_Document):
    """Of the key ring's snapshot, written when the data had been saved and read back: a set without it is none."""

    format: Literal[1] = 1
    set_id: str
    data: str
    """Id of the data snapshot, as it was first saved."""
    taken_at: datetime
    reaches: datetime
    """Up to when it can be restored: the copying, or the end of the log."""
    keys: int
    erased: int
    gone: tuple[str, ...] = ()
    """Files that the database names and that were deleted by an order while they were to be saved."""


def read_manifest(text: bytes) -> Manifest:
    """RepositoryDamaged for anything else."""
    try:
        return Manifest.model_validate_json(text)
    except ValidationError:
        raise _unreadable() from None


def read_seal(text: bytes) -> SetSeal:
    """RepositoryDamaged for anything else."""
    try:
        return SetSeal.model_validate_json(text)
    except ValidationError:
        raise _unreadable() from None


def _unreadable() -> RepositoryDamaged:
    return RepositoryDamaged("这份快照的清单读不懂:它是更新版本的程序做的,或已损坏。请用做它的那个版本,或换一份快照(--set)。")
