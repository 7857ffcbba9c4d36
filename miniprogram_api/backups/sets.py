"""Where snapshots go, and which of them belong together.

A set is one data snapshot and one snapshot of the key ring, in two repositories with two passwords: who has one of them opens nothing, and a
destroyed key is taken out of the key ring's snapshots without touching the data's. The key ring's comes last: a set without it was not finished.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from core.foundation.clock import shanghai
from miniprogram_api.app.settings import Settings
from miniprogram_api.backups.failures import BackupFailed
from miniprogram_api.backups.repository import Repository, Saved

DATA = "data"
KEYS = "keys"


@dataclass(frozen=True, slots=True)
class Targets:
    """The two repositories of one site."""

    data: Repository
    keys: Repository


@dataclass(frozen=True, slots=True)
class BackupSet:
    """``taken_at``: the database was begun to be copied; ``reaches``: up to when it can be restored, later where a log lies beside the dump.
    ``erased``: how many destroyed keys its key ring knows."""

    id: str
    data: Saved
    keys: Saved
    taken_at: datetime
    reaches: datetime
    erased: int


def targets_of(settings: Settings, *, second: bool = False) -> Targets:
    """BackupFailed when they are not set, or are not apart."""
    name = "backup_second" if second else "backup"
    data, keys = getattr(settings, f"{name}_repository"), getattr(settings, f"{name}_keyring_repository")
    if not data or not keys:
        prefix = "HUIZHEN_BACKUP_SECOND" if second else "HUIZHEN_BACKUP"
        raise BackupFailed(
            f"还没有说{'第二份' if second else ''}备份放在哪里:请设置 {prefix}_REPOSITORY(数据)和 {prefix}_KEYRING_REPOSITORY(密钥库),"
            "两处要分开,都不要在数据目录里。写法见 docs/operations.md。"
        )
    cache = settings.data_dir / "cache" / "restic"
    where = "第二份" if second else ""
    made = Targets(
        Repository(f"{where}数据备份仓库", data, settings.backup_password, cache),
        Repository(f"{where}密钥库备份仓库", keys, settings.backup_keyring_password, cache),
    )
    one, other = made.data.address.rstrip("/"), made.keys.address.rstrip("/")
    if one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/"):
        raise BackupFailed("数据和密钥库的备份仓库不能在同一处:拿到一处就等于拿到全部,销毁的密钥也会跟着数据留下。请给密钥库另选地址。")
    return made


async def sets_in(targets: Targets) -> list[BackupSet]:
    """The finished sets, oldest first."""
    return paired(await listed(targets))


async def check_open(targets: Targets) -> None:
    """Look, before any work is done for them, whether both repositories are there and open. BackupFailed."""
    for repository in (targets.data, targets.keys):
        if not await repository.is_there():
            raise repository.missing()


@dataclass(frozen=True, slots=True)
class Listed:
    """The snapshots that lie in the two repositories, oldest first: each asking costs a second or more where storage is far."""

    data: list[Saved]
    keys: list[Saved]


async def listed(targets: Targets) -> Listed:
    """What lies there now."""
    return Listed(keys=await targets.keys.snapshots(), data=await targets.data.snapshots())


def paired(there: Listed) -> list[BackupSet]:
    """The finished sets of these snapshots, oldest first."""
    # Of two of one set, which a killed run leaves, the one that knows more destroyed keys.
    snapshots = sorted(there.keys, key=lambda one: int(tags_of(one).get("erased", "0")))
    keys = {tags["set"]: (one, tags) for one in snapshots if (tags := tags_of(one)).get("kind") == KEYS}
    found = []
    for data in there.data:
        tags = tags_of(data)
        if tags.get("kind") == DATA and tags.get("set", "") in keys:
            one, said = keys[tags["set"]]
            found.append(BackupSet(tags["set"], data, one, _moment(said["taken"]), _moment(said["reaches"]), int(said.get("erased", 0))))
    return sorted(found, key=lambda one: (one.reaches, one.taken_at, one.data.at))


def choose(sets: list[BackupSet], *, until: datetime | None = None, named: str = "") -> BackupSet:
    """The newest set; the one named; or the first that reaches ``until`` and was begun before, else the newest that ends before. BackupFailed."""
    if named:
        found = [one for one in sets if one.id == named]
        if not found:
            raise BackupFailed(f"没有编号是 {named} 的快照:请用 huizhen backup list 查看。")
        return found[0]
    if not sets:
        raise BackupFailed("备份仓库里没有完整的快照:请核对地址;在原来的机器上运行 huizhen backup。")
    if until is None:
        return sets[-1]
    over = [one for one in sets if one.taken_at <= until <= one.reaches]
    before = [one for one in sets if one.reaches <= until]
    if not over and not before:
        raise BackupFailed(f"最早的快照是 北京时间 {shanghai(sets[0].taken_at):%Y-%m-%dT%H:%M:%S} 的,没有更早的:请选一个更晚的时间。")
    return over[0] if over else before[-1]


def tags_for(kind: str, set_id: str, taken: datetime, reaches: datetime, erased: int | None = None) -> list[str]:
    """The tags by which a snapshot is found again."""
    tags = [f"kind={kind}", f"set={set_id}", f"taken={taken.timestamp():.0f}", f"reaches={reaches.timestamp():.0f}"]
    return tags if erased is None else [*tags, f"erased={erased}"]


def tags_of(saved: Saved) -> dict[str, str]:
    """What they say."""
    return {name: value for name, _, value in (tag.partition("=") for tag in saved.tags)}


def keep_of(settings: Settings) -> dict[str, int]:
    """Which snapshots stay: how many of the last, of days, weeks, months. Empty: all of them, always."""
    if settings.backup_keep == "all":
        return {}
    return {name.strip(): int(count) for name, _, count in (one.partition("=") for one in settings.backup_keep.split(","))}


def make_password(path: Path) -> bool:
    """Make the file with a new password; False when it is there."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return True


@contextlib.contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """One backup, restore or drill at a time on a data folder; the kernel lets go however the process ends. BackupFailed when another one runs."""
    settings.run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(settings.run_dir / "backup.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupFailed("另一次备份(或恢复、演练)正在进行:请等它结束再试。") from None
        yield
    finally:
        os.close(descriptor)


def _moment(seconds: str) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
