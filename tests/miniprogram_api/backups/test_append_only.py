"""A second site where the house may add and never delete: it is followed all the same, and nobody who has the house's account removes a snapshot."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import httpx
import pytest

from core.foundation.practice import Practice
from miniprogram_api.app.settings import Settings
from miniprogram_api.backups.failures import BackupFailed
from miniprogram_api.backups.following import back_up_once
from miniprogram_api.backups.repository import Repository
from miniprogram_api.backups.sets import sets_in, targets_of
from tests.miniprogram_api.backups.conftest import Site
from tests.support.append_only import append_only_server, is_installed
from tests.support.peers import need

pytestmark = pytest.mark.storage


@pytest.mark.usefixtures("once")
async def test_an_append_only_site_is_followed_and_loses_nothing(practice: Practice, site: Site) -> None:
    need(is_installed(), "rclone")
    served = site.folder / "served"
    shutil.copytree(site.folder / "two/data", served / "records")
    shutil.copytree(site.folder / "two/keys", served / "keyring")
    with append_only_server(served) as address:
        settings = site.settings.model_copy(update={
            "backup_second_repository": f"rest:{address}/records", "backup_second_keyring_repository": f"rest:{address}/keyring",
            "backup_keep": Settings(backup_keep="all").backup_keep,
        })  # fmt: skip
        taken = [(await back_up_once(settings, practice)).taken.seal.set_id for _ in range(2)]
        second = targets_of(settings, second=True)
        sets = await sets_in(second)
        assert [one.id for one in sets] == taken
        async with httpx.AsyncClient(base_url=address) as whoever_has_the_account:
            for path in (f"/records/snapshots/{sets[0].data.id}", f"/keyring/snapshots/{sets[0].keys.id}", _some_pack(served / "records")):
                assert (await whoever_has_the_account.delete(path)).status_code == 403
        shutil.rmtree(site.folder / "one")  # what is lost at the first place is none the less there
        assert [one.id for one in await sets_in(second)] == taken
        await second.data.check("100%")


def _some_pack(repository: Path) -> str:
    return f"/{repository.name}/data/{next(path for path in (repository / 'data').rglob('*') if path.is_file()).name}"


async def test_whoever_wants_to_delete_where_one_may_only_append_is_told_what_to_set(
    repositories: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What restic says after it has tried for three quarters of a minute."""
    stand_in = tmp_path / "bin/restic"
    stand_in.parent.mkdir()
    stand_in.write_text("#!/bin/sh\necho 'unable to remove <snapshot/925fa26d0f> from the repository' >&2\n"
                        "echo 'blob not removed, server response: 403 Forbidden (403)' >&2\nexit 1\n")  # fmt: skip
    stand_in.chmod(0o700)
    monkeypatch.setenv("PATH", f"{stand_in.parent}:{os.environ['PATH']}")
    repository = Repository("数据备份仓库", "rest:http://backup.example/records", repositories.settings.backup_password, tmp_path / "cache")
    with pytest.raises(BackupFailed, match="HUIZHEN_BACKUP_KEEP=all"):
        await repository.forget(["925fa26d0f"])
