"""What is read back (dumps, logs, manifests, lines of keys, the list of destroyed ones) is understood or refused, never anything else. Fuzzed."""

from __future__ import annotations

import contextlib
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from miniprogram_api.backups.failures import BackupFailed, RepositoryDamaged
from miniprogram_api.backups.key_lines import add_erased, erased_in, import_keys, read_erased, without_erased
from miniprogram_api.backups.manifest import read_manifest, read_seal
from miniprogram_api.backups.mariadb import Position, cut_log, read_dump
from miniprogram_api.backups.repository import Saved
from miniprogram_api.backups.sets import BackupSet, choose

ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
DUMP = f"""-- MariaDB dump
-- CHANGE MASTER TO MASTER_LOG_FILE='binlog.000001', MASTER_LOG_POS=1780;
CREATE TABLE `blob` (
  `id` varchar(26) NOT NULL
);
INSERT INTO `blob` VALUES
('{ID}',0x00FF,'a\\n(1'),
('{ID[:-1]}W','',' );');
CREATE TABLE `lease` (
);
-- Dump completed on 2026-11-20 20:09:30
""".encode()  # noqa: S608 - a dump, asked of nobody
LOG = b"""DELIMITER /*!*/;
# at 4
#261120 20:09:28 server id 1  end_log_pos 0 CRC32 0x05779ea1 \tStart: binlog v 4
# at 10
#261120 20:09:30 server id 1  end_log_pos 1822 CRC32 0x17448df1 \tGTID 0-1-9 trans
START TRANSACTION
first
COMMIT/*!*/;
# at 20
#261120 20:09:32 server id 1  end_log_pos 1822 CRC32 0x17448df1 \tGTID 0-1-10 trans
second
DELIMITER ;
"""
KEYS = b"".join(
    json.dumps(one).encode() + b"\n"
    for one in (
        {"table": "keyring_edition", "id": 1, "edition": 3},
        {"table": "wrapped_key", "id": f"patient:{ID}", "wrapped": "c2VjcmV0", "former": "b2xk", "former_version": 1, "former_suite": "aes",
         "erased_at": None},
    )
)  # fmt: skip
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def garbled(rng: random.Random, good: bytes) -> bytes:
    text = bytearray(good)
    for _ in range(rng.randint(1, 6)):
        start = rng.randrange(len(text) + 1)
        text[start : start + rng.randint(0, 12)] = bytes(rng.randrange(256) for _ in range(rng.randint(0, 12)))
    return bytes(text)


def test_a_dump_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "practice.sql"
    path.write_bytes(DUMP)
    found = read_dump(path)
    assert found.rows == {"blob": 2, "lease": 0}
    assert found.blobs == {ID, f"{ID[:-1]}W"}
    assert found.position == Position("binlog.000001", 1780)
    path.write_bytes(DUMP[:-40])
    with pytest.raises(BackupFailed, match="不完整"):
        read_dump(path)
    path.write_bytes(DUMP.replace(b"VALUES\n", b"VALUES "))
    with pytest.raises(BackupFailed, match="太旧"):
        read_dump(path)


def test_a_log_ends_with_the_last_whole_transaction(tmp_path: Path) -> None:
    path = tmp_path / "log.sql"
    at = datetime(2026, 11, 20, 20, 9, 30, tzinfo=UTC)
    for seconds, kept in ((-1, b""), (0, b"first"), (1, b"first"), (2, b"second")):
        until = at + timedelta(seconds=seconds)
        path.write_bytes(LOG)
        cut_log(path, until)
        content = path.read_bytes()
        assert kept in content
        assert (b"second" in content) == (kept == b"second")
        assert (b"first" in content) == (kept != b"")
        assert content.endswith(b"DELIMITER ;\n")


def test_destroyed_keys_are_taken_out_of_the_lines() -> None:
    erased = {f"patient:{ID}": NOON.isoformat()}
    assert erased_in(KEYS) == {}
    lines = without_erased(KEYS, erased)
    assert erased_in(lines) == erased
    assert b"c2VjcmV0" not in lines
    assert b"b2xk" not in lines
    assert b'"edition": 3' in lines
    assert without_erased(lines, {}) == lines


def test_the_list_outside_grows_once_and_bears_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "elsewhere/erased.keys"
    assert read_erased(path) == {}
    first, later = NOON.isoformat(), (NOON + timedelta(days=1)).isoformat()
    assert add_erased(path, {"patient:A": first}) == 1
    for torn in ("patient:B", "patient:B ", f"patient:B {later[:-1]}", f"patient:B {later[:-6]}", "patient:B 2026-11-2", "patient:B 2026-11-20"):
        with path.open("a") as out:
            out.write(f"{torn}")
        assert add_erased(path, {"patient:A": later, "patient:C": later}) == (1 if torn == "patient:B" else 0)
        assert read_erased(path) == {"patient:A": first, "patient:C": later}
        with path.open("a") as out:
            out.write("\n")
    assert add_erased(path, {"patient:B": later}) == 1, "a torn one is written once more"
    assert path.stat().st_mode & 0o777 == 0o600


async def test_keys_that_are_none_are_refused_before_anything_is_put_there() -> None:
    good = json.loads(KEYS.splitlines()[1])
    for wrong in ({"wrapped": "*"}, {"wrapped": 7}, {"erased_at": "soon"}, {"erased_at": 4}):
        with pytest.raises(RepositoryDamaged):
            await import_keys(json.dumps(good | wrong).encode(), {})
    with pytest.raises(RepositoryDamaged):
        await import_keys(json.dumps({"table": "keyring_edition", "id": 1}).encode(), {})


def test_what_is_read_is_understood_or_refused(tmp_path: Path) -> None:
    rng = random.Random(604)
    path = tmp_path / "some"
    for _ in range(150):
        path.write_bytes(garbled(rng, DUMP))
        with contextlib.suppress(BackupFailed):
            read_dump(path)
        path.write_bytes(garbled(rng, LOG))
        with contextlib.suppress(RepositoryDamaged):
            cut_log(path, NOON)
        for read in (read_manifest, read_seal, erased_in, lambda text: without_erased(text, {})):
            for text in (garbled(rng, KEYS), garbled(rng, b'{"format": 1, "set_id": "x"}'), b"[" * 5000):
                with contextlib.suppress(RepositoryDamaged):
                    read(text)
        path.write_bytes(garbled(rng, f"patient:{ID} 2026\n".encode()))
        read_erased(path)


def test_the_set_that_reaches_a_time_is_chosen() -> None:
    def of(name: str, taken: int, reaches: int) -> BackupSet:
        saved = Saved(name, NOON, ())
        return BackupSet(name, saved, saved, NOON + timedelta(minutes=taken), NOON + timedelta(minutes=reaches), 0)

    sets = [of("dump", 0, 0), of("log", 0, 15), of("later log", 0, 30), of("next dump", 60, 60)]
    assert choose(sets).id == "next dump"
    assert choose(sets, named="log").id == "log"
    assert choose(sets, until=NOON + timedelta(minutes=20)).id == "later log"
    assert choose(sets, until=NOON + timedelta(minutes=40)).id == "later log"
    for wrong in ({"until": NOON - timedelta(minutes=1)}, {"named": "nothing"}):
        with pytest.raises(BackupFailed):
            choose(sets, **wrong)
    with pytest.raises(BackupFailed, match="没有完整的快照"):
        choose([])
