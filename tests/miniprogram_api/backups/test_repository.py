"""What can be wrong with a repository is told in one sentence that says what to do next; nothing is changed by it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from miniprogram_api.app.settings import Settings
from miniprogram_api.backups import restoring
from miniprogram_api.backups.failures import BackupFailed, NoRepository, ProgramMissing, RepositoryDamaged, TargetInUse, WrongPassword
from miniprogram_api.backups.left_locks import all_left, lives
from miniprogram_api.backups.repository import Repository
from miniprogram_api.backups.restoring import restore
from miniprogram_api.backups.sets import alone, make_password, targets_of
from tests.miniprogram_api.backups.conftest import AS_MADE, Site


async def test_a_wrong_password_and_none_are_told_apart(repositories: Site) -> None:
    keys = repositories.folder / "one/data/keys"
    shutil.rmtree(keys)
    (repositories.folder / AS_MADE).rename(keys)
    path = repositories.settings.backup_password
    assert await targets_of(repositories.settings).data.is_there()
    path.write_text("another\n")
    with pytest.raises(WrongPassword, match=r"密码不对.*backup\.password"):
        await targets_of(repositories.settings).data.snapshots()
    path.unlink()
    with pytest.raises(WrongPassword, match="没有数据备份仓库的密码文件"):
        await targets_of(repositories.settings).data.snapshots()
    assert make_password(path)
    assert not make_password(path)
    assert path.stat().st_mode & 0o777 == 0o600


async def test_storage_that_is_not_mounted_is_not_taken_for_an_empty_one(repositories: Site) -> None:
    (repositories.folder / "one/data").rename(repositories.folder / "one/unmounted")
    target = targets_of(repositories.settings).data
    with pytest.raises(NoRepository, match="没有挂载"):
        await target.snapshots()
    assert not await target.is_there()
    assert not (repositories.folder / "one/data").exists()


async def test_a_damaged_repository_is_found(repositories: Site) -> None:
    target = targets_of(repositories.settings).data
    (repositories.folder / "kept").mkdir()
    (repositories.folder / "kept/file").write_bytes(os.urandom(200_000))
    snapshot = await target.save(repositories.folder, ["kept"], ["kind=data"])
    pack = max((repositories.folder / "one/data/data").rglob("*"), key=lambda path: path.stat().st_size if path.is_file() else 0)
    pack.chmod(0o600)
    content = bytearray(pack.read_bytes())
    content[1000] ^= 1
    pack.write_bytes(bytes(content))
    with pytest.raises(RepositoryDamaged, match="第二份仓库"):
        await target.check("100%")
    with pytest.raises(RepositoryDamaged, match="已损坏"):
        await target.read(snapshot, "kept/file")
    pack.unlink()
    with pytest.raises(RepositoryDamaged):
        await target.check()


async def test_without_restic_the_package_is_named(repositories: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProgramMissing, match=r"apt-get install restic.*没有管理员权限"):
        await targets_of(repositories.settings).data.snapshots()


@pytest.mark.parametrize(("data", "keys"), [("", ""), ("/b/one", ""), ("/b/one", "/b/one"), ("/b/one", "/b/one/keys"), ("/b/one/data", "/b/one/")])
def test_the_two_repositories_are_apart(repositories: Site, data: str, keys: str) -> None:
    wrong = repositories.settings.model_copy(update={"backup_repository": data, "backup_keyring_repository": keys})
    with pytest.raises(BackupFailed, match="HUIZHEN_BACKUP_REPOSITORY" if not keys else "同一处"):
        targets_of(wrong)


async def test_the_password_is_in_no_command_line_and_our_settings_reach_nobody(
    repositories: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stand_in = tmp_path / "bin/restic"
    stand_in.parent.mkdir()
    stand_in.write_text(f'#!/bin/sh\n{{ echo "$@"; env; }} > {tmp_path}/seen\necho "[]"\n')
    stand_in.chmod(0o700)
    monkeypatch.setenv("PATH", f"{stand_in.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("HUIZHEN_MASTER_KEYS", "the keys themselves")
    password = repositories.settings.backup_password.read_text().strip()
    repository = Repository("数据备份仓库", "rest:https://user:secret@backup.example", repositories.settings.backup_password, tmp_path / "cache")
    assert await repository.snapshots() == []
    for ask in (lambda: repository.snapshots(), lambda: repository.create(repository), lambda: repository.take_from(repository, ["a"])):
        await ask()
        arguments, _, environment = (tmp_path / "seen").read_text().partition("\n")
        assert password not in arguments + environment
        assert "secret" not in arguments
        assert "the keys themselves" not in environment
    assert "RESTIC_FROM_REPOSITORY=rest:" in environment


async def test_a_restore_says_what_it_needs_before_it_touches_anything(repositories: Site) -> None:
    empty = repositories.settings.model_copy(update={
        "data_dir": repositories.folder / "new", "database_url": f"sqlite://{repositories.folder}/new/practice.sqlite3",
        "keyring_url": f"sqlite://{repositories.folder}/new/keyring.sqlite3",
    })  # fmt: skip
    with pytest.raises(WrongPassword, match="把另存的那一份放回这里"):
        await restore(empty)
    for name in ("backup.password", "backup-keyring.password"):
        make = empty.secrets_dir / name
        make.parent.mkdir(parents=True, exist_ok=True)
        make.write_text((repositories.settings.secrets_dir / name).read_text())
    with pytest.raises(BackupFailed, match="没有完整的快照"):
        await restore(empty)
    with alone(empty), pytest.raises(BackupFailed, match="正在进行"):
        await restore(empty)
    (empty.data_dir / "practice.sqlite3").write_bytes(b"somebody's")
    with pytest.raises(BackupFailed, match="不会覆盖"):
        await restore(empty)
    assert not empty.restoring_dir.exists()
    # Nor where a restore into other databases was interrupted: what is in these it has not put there.
    for phase in ("load", "place"):
        empty.restoring_dir.mkdir(exist_ok=True)
        plan = {"set": "x", "until": "", "phase": phase, "erased": 0, "at": ["mysql://other/practice", "mysql://other/keyring"]}
        (empty.restoring_dir / "plan.json").write_text(json.dumps(plan))
        with pytest.raises(TargetInUse, match="不会覆盖"):
            await restore(empty)
    assert not empty.key_file.exists()


def test_a_restore_that_is_killed_at_its_very_end_locks_nobody_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(folder: Path, ignore_errors: bool) -> None:
        raise ConnectionResetError

    settings = Settings(data_dir=tmp_path)
    (settings.restoring_dir / "fetched").mkdir(parents=True)
    monkeypatch.setattr(restoring.shutil, "rmtree", killed)
    with pytest.raises(ConnectionResetError):
        restoring._finish(settings)
    assert not settings.restoring_dir.exists(), "migrate and serve refuse while it is there"
    assert (settings.restored_dir / "fetched").exists()


async def test_the_lock_of_a_killed_one_whom_nobody_reaps_keeps_nobody_out(repositories: Site) -> None:
    """As in a container whose first process waits for nobody: the killed one is a zombie, and restic itself takes its lock for a living one's."""
    target = targets_of(repositories.settings).data
    environment = {**os.environ, "RESTIC_REPOSITORY": target.address, "RESTIC_PASSWORD_FILE": str(target.password_file)}
    restic = shutil.which("restic")
    assert restic is not None
    held = subprocess.Popen([restic, "backup", "--stdin", "--no-cache"], stdin=subprocess.PIPE, env=environment)  # noqa: ASYNC220
    locks = Path(target.address) / "locks"
    while not list(locks.iterdir()):
        assert held.poll() is None
        await asyncio.sleep(0.05)
    try:
        with pytest.raises(BackupFailed, match="正被另一次备份占用"):
            await target.check()  # it lives: nobody takes its lock away
        assert len(list(locks.iterdir())) == 1
        os.kill(held.pid, signal.SIGKILL)
        while lives(held.pid):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        os.kill(held.pid, 0)  # it is still there, as a zombie
        await target.check()
        assert not list(locks.iterdir())
    finally:
        held.kill()
        held.communicate()


def test_a_lock_is_left_only_where_its_process_is_known_to_have_ended() -> None:
    here, gone = socket.gethostname(), 2**22 - 1
    assert not all_left([])
    assert not all_left([{"hostname": here, "pid": os.getpid()}])
    assert not all_left([{"hostname": "another", "pid": gone}])
    assert not all_left([{"hostname": here, "pid": gone}, {"hostname": here, "pid": os.getpid()}])
    assert not all_left([{"hostname": here, "pid": "1"}, {"hostname": here}])
    assert all_left([{"hostname": here, "pid": gone}])
