"""MariaDB by its own programs: a consistent dump, loading it, and what its binary log says of one schema.

The password travels in a private file, never in a command line, which everybody on the machine can read.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from miniprogram_api.backups.failures import BackupFailed, RepositoryDamaged, TargetInUse
from miniprogram_api.backups.own_tables import own_tables
from miniprogram_api.backups.programs import Ended, run
from miniprogram_api.backups.sqlite import STEPS

_POSITION = re.compile(rb"-- CHANGE MASTER TO MASTER_LOG_FILE='([^']+)', MASTER_LOG_POS=(\d+);")
_TABLE = re.compile(rb"INSERT INTO `([^`]+)` VALUES\r?\n")
_ID = re.compile(rb"\('([0-9A-Z]{26})'")
_EVENT = re.compile(rb"#(\d{6})\s+(\d{1,2}:\d\d:\d\d) server id ")
_TRANSACTION = re.compile(rb"\tGTID \d+-\d+-\d+")
_BLOBS = "blob"


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the server's binary log."""

    file: str
    offset: int


@dataclass(slots=True)
class Dumped:
    """What a dump holds: rows of each table, ids of the recorded files, and where the binary log stood (None without one)."""

    rows: dict[str, int] = field(default_factory=dict)
    blobs: set[str] = field(default_factory=set)
    position: Position | None = None


class MariaDb:
    """One schema on one server, as the house's own user reaches it."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self.schema = self._parts.path.lstrip("/")

    async def says(self, statement: str) -> list[str]:
        """The lines that the server answers, columns parted by tabs. ``statement`` holds no value from outside."""
        lines: list[str] = []
        with self._client() as options:
            ended = await run(
                ("mariadb", options, "--batch", "--skip-column-names", f"--execute={statement}", self.schema),
                heard=lambda line: lines.append(line.decode("utf-8", "replace").rstrip("\n")),
            )
        if ended.status:
            raise _refused(self.schema, ended)
        return lines

    async def keeps_a_log(self) -> bool:
        """Whether the server writes a binary log, without which there is no point in time."""
        return await self.says("SELECT @@log_bin") == ["1"]

    async def dump(self, target: Path) -> Dumped:
        """Everything of the schema as of one moment, into the file ``target``; nobody who writes waits."""
        logged = await self.keeps_a_log()
        with self._client() as options:
            ended = await run(
                ("mariadb-dump", options, "--single-transaction", "--hex-blob", "--skip-lock-tables", "--skip-add-locks",
                 *(("--master-data=2",) if logged else ()), self.schema), target=target,
            )  # fmt: skip
        if ended.status:
            if "privilege" in ended.complaints and logged:
                raise BackupFailed(
                    "数据库账号不能读日志位置。请由数据库管理员执行:GRANT RELOAD, BINLOG MONITOR, REPLICATION SLAVE ON *.* TO 会诊的账号,再重试。"
                )
            raise _refused(self.schema, ended)
        return read_dump(target)

    async def fetch_log(self, since: Position, target: Path) -> None:
        """What happened in this schema since ``since``, as statements, into the file ``target``: other schemas on the server stay out, the key
        ring's above all."""
        with self._client() as options:
            ended = await run(
                ("mariadb-binlog", options, "--read-from-remote-server", "--to-last-log", "--skip-annotate-row-events", f"--database={self.schema}",
                 f"--start-position={since.offset}", since.file),
                target=target, environment={"TZ": "UTC"},
            )  # fmt: skip
        if ended.status:
            if "could not find" in ended.complaints.lower():
                raise BackupFailed(f"二进制日志 {since.file} 已被数据库清除,接不上:请运行 huizhen backup,并把 binlog_expire_logs_seconds 设成几天。")
            if "privilege" in ended.complaints or "denied" in ended.complaints:
                raise BackupFailed(
                    "数据库账号不能读二进制日志。请由数据库管理员执行:GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO 会诊的账号,再重试。"
                )
            raise _refused(self.schema, ended)

    async def load(self, source: Path) -> None:
        """Carry out a dump, or statements of a binary log, in this schema."""
        with self._client() as options:
            ended = await run(("mariadb", options, "--binary-mode", self.schema), source=source)
        if ended.status:
            if "privilege" in ended.complaints or "access denied" in ended.complaints.lower():
                raise BackupFailed("数据库账号权限不够,装不进备份。恢复时请用有 BINLOG REPLAY 和本库全部权限的账号,恢复后再换回。")
            raise _refused(self.schema, ended)

    async def tables(self) -> list[str]:
        """The names of the tables that are there; a sentence when there is no such schema."""
        return await self.says("SELECT table_name FROM information_schema.tables WHERE table_schema=DATABASE() ORDER BY 1")

    async def check_empty(self) -> None:
        """TargetInUse when there is any row, or a table that is none of the house's own: only then is something lost with the schema."""
        tables = await self.tables()
        held = {name: rows for name, rows in (await self.counted(tables)).items() if rows and name != STEPS}
        strange = set(tables) - own_tables()
        if held or strange:
            found = f"{len(held)} 个表里有资料" if held else f"{len(strange)} 个不是会诊的表"
            raise TargetInUse(
                f"数据库 {self.schema} 里已有{found},恢复不会覆盖它。请新建一个空库"
                "(CREATE DATABASE … CHARACTER SET utf8mb4 COLLATE utf8mb4_bin),把 HUIZHEN_DATABASE_URL 或 HUIZHEN_KEYRING_URL 指过去。"
            )

    async def empty(self) -> None:
        """Drop every table: only for what an interrupted restore of ours has left."""
        if tables := await self.tables():
            dropped = ", ".join(f"`{name}`" for name in tables)
            await self.says(f"SET foreign_key_checks=0; DROP TABLE {dropped}")

    async def counted(self, tables: Sequence[str]) -> dict[str, int]:
        """How many rows each of ``tables`` has; -1 where there is no such table."""
        there = set(await self.tables())
        asked = " UNION ALL ".join(f"SELECT '{name}', COUNT(*) FROM `{name}`" for name in tables if name in there)  # noqa: S608 - names of our own tables
        found = dict(line.split("\t") for line in await self.says(asked)) if asked else {}
        return {name: int(found.get(name, -1)) for name in tables}

    @contextlib.contextmanager
    def _client(self) -> Iterator[str]:
        """The option that names the file with address and password, which is there only meanwhile."""
        with tempfile.TemporaryDirectory(prefix="huizhen-backup-") as private:
            path = Path(private) / "client.cnf"
            path.touch(0o600)
            path.write_text("[client]\n" + "\n".join(client_options(self._parts.geturl())) + "\n", "utf-8")
            yield f"--defaults-file={path}"


def client_options(url: str) -> list[str]:
    """The lines of a client's option file for this address."""
    parts = urlsplit(url)
    chosen = {name: values[0] for name, values in parse_qs(parts.query).items()}
    lines = [f"user={_quoted(parts.username)}", f"password={_quoted(parts.password)}", "loose-default-character-set=utf8mb4"]
    if "unix_socket" in chosen:
        lines.append(f"socket={_quoted(chosen['unix_socket'])}")
    else:
        lines += [f"host={_quoted(parts.hostname)}", f"port={parts.port or 3306}", "protocol=tcp"]
    if "ssl_ca" in chosen:
        lines += [f"ssl-ca={_quoted(chosen['ssl_ca'])}", "ssl-verify-server-cert"]
        lines += [f"{name.replace('_', '-')}={_quoted(chosen[name])}" for name in ("ssl_cert", "ssl_key") if name in chosen]
    return lines


def read_dump(path: Path) -> Dumped:
    """What stands in a dump. BackupFailed when it does not end as one, or is of a program that writes it otherwise."""
    found, table, last = Dumped(), "", b""
    with path.open("rb") as lines:
        for line in lines:
            if table and line.startswith(b"("):
                found.rows[table] += 1
                if table == _BLOBS and (named := _ID.match(line)):
                    found.blobs.add(named[1].decode())
                continue
            table = ""
            if begun := _TABLE.fullmatch(line):
                table = begun[1].decode("utf-8", "replace")
                found.rows.setdefault(table, 0)
            elif line.startswith(b"INSERT INTO"):
                raise BackupFailed("mariadb-dump 太旧(要 10.5 或更新的):它的输出无法核对。数据库没有改动。")
            elif line.startswith(b"CREATE TABLE `"):
                found.rows.setdefault(line.split(b"`")[1].decode("utf-8", "replace"), 0)
            elif where := _POSITION.match(line):
                found.position = Position(where[1].decode("utf-8", "replace"), int(where[2]))
            last = line if line.strip() else last
    if not last.startswith(b"-- Dump completed"):
        raise BackupFailed("mariadb-dump 的输出不完整:请检查磁盘空间与数据库连接后重试。数据库没有改动。")
    return found


def cut_log(path: Path, until: datetime) -> None:
    """Shorten the statements of a log to the transactions that began not after ``until`` (whole seconds, as the log keeps them).
    RepositoryDamaged when they are none."""
    with path.open("r+b") as lines:
        start = 0
        for line in iter(lines.readline, b""):
            if line.startswith(b"# at "):
                start = lines.tell() - len(line)
            elif (event := _EVENT.match(line)) and _TRANSACTION.search(line):
                at = _moment(event)
                if at > until:
                    lines.truncate(start)
                    lines.seek(start)
                    lines.write(b"DELIMITER ;\n")
                    return


def _moment(event: re.Match[bytes]) -> datetime:
    try:
        return datetime.strptime(f"{event[1].decode()} {event[2].decode()}", "%y%m%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        raise RepositoryDamaged("这份快照里的二进制日志读不懂:请不带 --until 恢复,或换一份快照(--set)。") from None


def _refused(schema: str, ended: Ended) -> BackupFailed:
    if "Unknown database" in ended.complaints:
        return BackupFailed(f"没有数据库 {schema}:请先 CREATE DATABASE `{schema}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin。")
    if "Access denied" in ended.complaints:
        return BackupFailed(f"数据库 {schema} 不让进:请核对地址里的账号和密码。")
    if "Can't connect" in ended.complaints:
        return BackupFailed(f"数据库 {schema} 连不上:请检查地址,以及数据库是否在运行。")
    code = re.search(r"ERROR (\d+)", ended.complaints)
    return BackupFailed(f"数据库 {schema} 出错{f'({code[1]})' if code else ''}:请检查数据库连接与磁盘空间后重试。")


def _quoted(value: str | None) -> str:
    text = unquote(value or "").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
