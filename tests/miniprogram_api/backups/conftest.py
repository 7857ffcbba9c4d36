"""A practice with a data folder of its own, and two repositories for its snapshots, made once and copied for each test."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tortoise.connection import get_connection
from tortoise.migrations.executor import MigrationExecutor

from core.foundation.database.connection import APP, KEYRING, MIGRATIONS
from core.foundation.database.migrate import migration_names
from core.foundation.practice import Practice
from miniprogram_api.app.settings import Settings
from miniprogram_api.backups.sets import make_password, targets_of
from tests.conftest import DatabaseUrls
from tests.support.cheap_keys import cheapen
from tests.support.forked import Forked
from tests.support.peers import need

HUIZHEN = "miniprogram_api.cli.main"
AS_MADE = "keys as made"
"""Folder of the first repository's key as restic made it: the others are cheap."""


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it printed."""

    returncode: int | None
    stdout: str


@dataclass(frozen=True)
class Site:
    """Where one test keeps everything."""

    folder: Path
    settings: Settings

    def environment(self, **others: str) -> dict[str, str]:
        """The settings as an operator gives them."""
        chosen = {name.upper(): str(getattr(self.settings, name)) for name in self.settings.model_fields_set if name != "demo"}
        return {**os.environ, **{f"HUIZHEN_{name}": value for name, value in (chosen | others).items()}}

    async def huizhen(self, *arguments: str, **others: str) -> Ended:
        """What an operator types, to its end."""
        return await self.ends(HUIZHEN, *arguments, **others)

    async def ends(self, module: str, *arguments: str, **others: str) -> Ended:
        """A module run as a process of its own, to its end."""
        running = await self.begin(module, *arguments, **others)
        said = await running.rest()
        return Ended(await running.end(), said)

    async def begin(self, module: str, *arguments: str, **others: str) -> Forked:
        """A module run as a process of its own."""
        return await Forked.begin("tests.support.operator_process", json.dumps(self.environment(**others)), module, *arguments)

    def new_house(self, *secrets: str) -> Path:
        """An empty data folder with the secrets that were kept apart."""
        folder = self.folder / "new"
        (folder / "secrets").mkdir(parents=True, mode=0o700, exist_ok=True)
        for name in secrets:
            shutil.copy(self.settings.secrets_dir / name, folder / "secrets" / name)
        return folder


@pytest.fixture(scope="session")
async def made_repositories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two empty repositories, their passwords, and two more for a second site; each password is tried in a moment."""
    need(shutil.which("restic") is not None, "restic")
    folder = tmp_path_factory.mktemp("repositories")
    settings = _settings(folder)
    for path in (settings.backup_password, settings.backup_keyring_password):
        make_password(path)
    first, second = targets_of(settings), targets_of(settings, second=True)
    await first.data.create()
    await first.keys.create()
    await second.data.create(first.data)
    await second.keys.create(first.keys)
    shutil.copytree(folder / "one/data/keys", folder / AS_MADE)
    for targets in (first, second):
        for repository in (targets.data, targets.keys):
            cheapen(Path(repository.address), repository.password_file.read_text().strip())
            # restic makes 256 folders to come, and any that it misses when it needs it: thousands that each test would copy and remove.
            for one in (Path(repository.address) / "data").iterdir():
                one.rmdir()
    return folder


@pytest.fixture
def repositories(made_repositories: Path, tmp_path: Path) -> Site:
    """A site without a database."""
    shutil.copytree(made_repositories, tmp_path, dirs_exist_ok=True)
    return Site(tmp_path, _settings(tmp_path))


@pytest.fixture
async def site(repositories: Site, database: DatabaseUrls, practice: Practice) -> AsyncIterator[Site]:
    """The practice's data folder is that of the site, and its databases are as the migrations would have left them."""
    settings = _settings(repositories.folder, database_url=database.practice, keyring_url=database.keyring)
    shutil.copy(repositories.folder / "keyring.key", settings.key_file)
    settings.key_file.chmod(0o600)
    practice.blobs = type(practice.blobs)(settings.data_dir / "blobs", practice.keys)
    for name, (app, package) in (("practice", (APP, MIGRATIONS[APP])), ("keyring", (KEYRING, MIGRATIONS[KEYRING]))):
        executor = MigrationExecutor(get_connection(name), {app: {"migrations": package}})
        await executor.recorder.ensure_schema(executor._schema_editor(atomic=False))
        for one in migration_names(package):
            await executor.recorder.record_applied(app, one)
    yield Site(repositories.folder, settings)
    for name in ("practice", "keyring"):
        await get_connection(name).execute_query("DROP TABLE tortoise_migrations")


def _settings(folder: Path, **others: Any) -> Settings:
    return Settings(
        data_dir=folder / "data", backup_repository=str(folder / "one/data"), backup_keyring_repository=str(folder / "one/keys"),
        backup_second_repository=str(folder / "two/data"), backup_second_keyring_repository=str(folder / "two/keys"), backup_keep="last=2",
        audit_anchor_dir=folder / "elsewhere", **others,
    )  # fmt: skip


@pytest.fixture
def once(on_mariadb: bool) -> None:
    """For what is the same on either database: it costs seconds, and is tried on one."""
    if on_mariadb:
        pytest.skip("the same on either database; tried on SQLite")


@pytest.fixture
def new_urls(on_mariadb: bool, request: pytest.FixtureRequest) -> Callable[[Path], dict[str, str]]:
    """Settings of two empty databases for a house in a folder."""

    def made(folder: Path) -> dict[str, str]:
        if not on_mariadb:
            return {"DATABASE_URL": "", "KEYRING_URL": "", "DATA_DIR": str(folder)}
        server = request.getfixturevalue("mariadb")
        return {
            "DATABASE_URL": server.create_schema("new_practice"), "KEYRING_URL": server.create_schema("new_keyring"), "DATA_DIR": str(folder)
        }  # fmt: skip

    return made
