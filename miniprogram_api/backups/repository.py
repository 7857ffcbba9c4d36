"""One restic repository: encrypted, deduplicated, append-only while a snapshot is being made, so that a killed one harms none before it.

The password travels as the name of a file, address and all in the environment, never in the command line. What restic says is turned into one
sentence; its own words are shown only where they hold no address.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from miniprogram_api.backups.failures import BackupFailed, NoRepository, RepositoryDamaged, WrongPassword
from miniprogram_api.backups.left_locks import all_left
from miniprogram_api.backups.programs import Ended, run

HOST = "huizhen"
"""Every snapshot is of one house, whatever its machine is called today."""
_INCOMPLETE = 3
"""restic's status when a file went away while it was read; the snapshot is there."""
_LOCAL = re.compile(r"(?![a-z0-9]+:)", re.IGNORECASE)
_DAMAGED = ("ciphertext verification failed", "damaged", "unexpected eof", "invalid data returned", "not found in index",
            "repository contains errors", "is not at the expected", "load(<", "pack id does not match", "hash mismatch", "wrong hash",
            "blob not found", "/data/", "message authentication failed")  # fmt: skip

Progress = Callable[[float], None]
"""Told the share that is done, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A snapshot in the repository. ``at`` is when it was begun, in UTC."""

    id: str
    at: datetime
    tags: tuple[str, ...]


class Repository:
    """``name`` is what people call it. The address is restic's (a folder, ``sftp:``, ``rest:``, ``s3:`` …)."""

    def __init__(self, name: str, address: str, password_file: Path, cache: Path) -> None:
        self.name = name
        self.address = str(Path(address).expanduser().resolve()) if _LOCAL.match(address) else address
        self.password_file = password_file
        self._cache = cache

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of this machine (which may be another machine's disk)."""
        return self.address.startswith("/")

    async def is_there(self) -> bool:
        """Whether it can be opened. WrongPassword, RepositoryDamaged."""
        try:
            # Without a lock: whoever is killed while he looks leaves nothing behind.
            await self._ask("cat", "config", "--no-lock")
        except NoRepository:
            return False
        return True

    def missing(self) -> NoRepository:
        """What is told where nothing is at the address, or its storage is away."""
        return NoRepository(
            f"{self.name}打不开:这个地址没有备份仓库,或存储没有挂载、连不上。首次使用请运行 huizhen backup init;否则请检查存储和地址。"
        )

    async def create(self, like: Repository | None = None) -> None:
        """Make it; ``like`` another one, snapshots copied from there take no more room than they must."""
        await self._ask("init", *(() if like is None else ("--copy-chunker-params",)), other=like)

    async def save(
        self, folder: Path, names: Sequence[str], tags: Sequence[str], *, at: datetime | None = None, progress: Progress | None = None
    ) -> str:
        """Save ``names`` below ``folder``; the snapshot's id. Files that go away meanwhile are left out."""
        found: list[str] = []

        def heard(line: bytes) -> None:
            try:
                message = json.loads(line)
            except ValueError:
                return
            if message.get("message_type") == "summary":
                found.append(str(message["snapshot_id"]))
            elif message.get("message_type") == "status" and progress is not None:
                progress(float(message.get("percent_done", 0.0)))

        options = ["--json", "--host", HOST, "--tag", ",".join(tags), "--exclude", "*.part", "--ignore-inode"]
        if at is not None:
            options += ["--time", f"{at:%Y-%m-%d %H:%M:%S}"]
        await self._ask("backup", *options, *names, folder=folder, heard=heard, fine=(0, _INCOMPLETE))
        if not found:
            raise BackupFailed(f"{self.name}没有写成快照,请检查磁盘空间后重试。以前的快照不受影响。")
        return found[0]

    async def snapshots(self) -> list[Saved]:
        """All of them, oldest first."""
        listed = await self._json("snapshots", "--json")
        saved = [Saved(one["id"], _time(one["time"]), tuple(one.get("tags") or ())) for one in listed or ()]
        return sorted(saved, key=lambda one: (one.at, one.id))

    async def names(self, snapshot: str, under: str) -> set[str]:
        """The last parts of the names of all files below the folder ``under`` (``/blobs``)."""
        found: set[str] = set()

        def heard(line: bytes) -> None:
            entry = json.loads(line)
            if entry.get("type") == "file" and entry["path"].startswith(f"{under}/"):
                found.add(entry["name"])

        await self._ask("ls", "--json", snapshot, heard=heard)
        return found

    async def read(self, snapshot: str, path: str) -> bytes:
        """One small file of a snapshot."""
        pieces: list[bytes] = []
        await self._ask("dump", snapshot, path, heard=pieces.append, by_lines=False)
        return b"".join(pieces)

    async def digest(self, snapshot: str, path: str) -> str:
        """SHA-256 of one file of a snapshot, read back from the repository."""
        digest = hashlib.sha256()
        await self._ask("dump", snapshot, path, heard=digest.update, by_lines=False)
        return digest.hexdigest()

    async def restore(self, snapshot: str, target: Path) -> None:
        """Write everything of a snapshot below ``target``."""
        await self._ask("restore", snapshot, "--target", str(target))

    async def check(self, read: str = "") -> None:
        """That index and trees are whole; with ``read`` ("5%", "100%") so much of the data is read back too. RepositoryDamaged."""
        await self._ask("check", *(("--read-data-subset", read) if read else ()))

    async def forget(self, snapshots: Iterable[str]) -> None:
        """Remove snapshots, and what only they held."""
        ids = list(snapshots)
        if ids:
            await self._ask("forget", "--prune", *ids)

    async def discard(self, snapshot: str) -> None:
        """Remove a snapshot that is not good, where that is allowed; whoever found it so tells why."""
        with contextlib.suppress(BackupFailed):
            await self.forget([snapshot])

    async def thin_out(self, keep: dict[str, int], tag: str) -> None:
        """Keep so many of the snapshots with ``tag`` as ``keep`` says ("last", "daily" …), remove the others."""
        options = [part for name, count in keep.items() for part in (f"--keep-{name}", str(count))]
        await self._ask("forget", "--prune", "--group-by", "", "--host", HOST, "--tag", tag, *options)

    async def take_from(self, other: Repository, snapshots: Sequence[str]) -> None:
        """Copy snapshots from another repository; what is here already is not copied again."""
        if snapshots:
            await self._ask("copy", *snapshots, other=other)

    async def _json(self, *arguments: str) -> Any:
        pieces: list[bytes] = []
        await self._ask(*arguments, heard=pieces.append, by_lines=False)
        return json.loads(b"".join(pieces) or b"null")

    async def _ask(
        self, *arguments: str, folder: Path | None = None, heard: Callable[[bytes], None] | None = None, by_lines: bool = True,
        fine: Sequence[int] = (0,), other: Repository | None = None,
    ) -> None:
        if not self.password_file.is_file():
            raise WrongPassword(f"没有{self.name}的密码文件 {self.password_file}:新部署请运行 huizhen backup init;恢复时请把另存的那一份放回这里。")
        environment = {
            "RESTIC_REPOSITORY": self.address, "RESTIC_PASSWORD_FILE": str(self.password_file), "RESTIC_CACHE_DIR": str(self._cache),
            "RESTIC_PROGRESS_FPS": "2", "LC_ALL": "C", "TZ": "UTC",  # a time that is given is taken for the machine's own
        }  # fmt: skip
        if other is not None:
            environment |= {"RESTIC_FROM_REPOSITORY": other.address, "RESTIC_FROM_PASSWORD_FILE": str(other.password_file)}
        ended = await run(("restic", *arguments), environment=environment, folder=folder, heard=heard, by_lines=by_lines)
        if ended.status and "already locked" in ended.complaints:
            # Takes away the locks of runs that were killed; those of living ones stay.
            await run(("restic", "unlock"), environment=environment)
            ended = await run(("restic", *arguments), environment=environment, folder=folder, heard=heard, by_lines=by_lines)
        if ended.status and "already locked" in ended.complaints and all_left(await self._locks(environment)):
            await run(("restic", "unlock", "--remove-all"), environment=environment)
            ended = await run(("restic", *arguments), environment=environment, folder=folder, heard=heard, by_lines=by_lines)
        if ended.status not in fine:
            raise self._failure(arguments[0], ended)

    async def _locks(self, environment: dict[str, str]) -> list[dict[str, Any]]:
        """What each lock in the repository says of who holds it; empty where one cannot be read."""
        names: list[bytes] = []
        listed = await run(("restic", "list", "locks", "--no-lock", "--quiet"), environment=environment, heard=names.append)
        found: list[dict[str, Any]] = []
        for name in (one.decode("ascii", "replace").strip() for one in names):
            pieces: list[bytes] = []
            said = await run(("restic", "cat", "lock", name, "--no-lock", "--quiet"), environment=environment, heard=pieces.append, by_lines=False)
            try:
                lock = json.loads(b"".join(pieces))
            except ValueError:
                return []
            if said.status or not isinstance(lock, dict):
                return []
            found.append(lock)
        return [] if listed.status else found

    def _failure(self, act: str, ended: Ended) -> BackupFailed:
        said = ended.complaints.lower()
        if "wrong password" in said or "no key found" in said:
            return WrongPassword(f"{self.name}的密码不对:请核对 {self.password_file},要用建立仓库时的那一份。仓库没有改动。")
        if "already initialized" in said or "config file already exists" in said:
            return BackupFailed(f"{self.name}已经有仓库了,没有改动。要接着用,请把它的密码放到 {self.password_file}。")
        if "unable to open config file" in said or "is there a repository" in said:
            return self.missing()
        if "no space left" in said:
            return BackupFailed(f"{self.name}所在的磁盘满了:请腾出空间后重试。以前的快照不受影响。")
        if "already locked" in said:
            return BackupFailed(f"{self.name}正被另一次备份占用:请等它结束再试。")
        if "not removed" in said and "403" in said:
            return BackupFailed(
                f"{self.name}只许追加,不许删除:什么也没有删,备份照常。请设置 HUIZHEN_BACKUP_KEEP=all,旧快照从另一台可以删除的机器上清理。"
            )
        if "permission denied" in said:
            return BackupFailed(f"{self.name}没有读写权限:请检查目录的所有者。")
        if act == "check" or any(sign in said for sign in _DAMAGED):
            return RepositoryDamaged(
                f"{self.name}已损坏,不能信任里面的内容:请先把它整个另存一份,不要再往里写;改用第二份仓库(huizhen restore --second),"
                "再用 huizhen backup init 在新地址另建一个并马上备份。"
            )
        return BackupFailed(f"{self.name}出错(restic {act},状态 {ended.status}):请检查网络和存储后重试。")


def _time(text: str) -> datetime:
    """restic gives nanoseconds and any offset."""
    return datetime.fromisoformat(re.sub(r"\.(\d{6})\d*", r".\1", text).replace("Z", "+00:00")).astimezone(UTC)
