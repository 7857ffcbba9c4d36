"""`huizhen migrate`: back up, then bring both databases to the newest schema, and make sure that they are at it: the house starts on nothing else.

With --plan it shows the steps and changes nothing; with --to it goes back to an earlier one, for the older program that knows it.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import shutil
from typing import TYPE_CHECKING

from miniprogram_api.app.backup import BackupFailed, back_up
from miniprogram_api.app.data_folder import FolderInUse, FolderLock
from miniprogram_api.app.presence import check_there
from miniprogram_api.app.settings import Settings
from miniprogram_api.cli.refusals import explain_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.foundation.database.going_back import Loss, Steps

PENDING = 2
"""Status of --plan where something is still to be done, or would be lost."""


def run(given: argparse.Namespace) -> int:
    """Exit status 0 when the databases are at the newest schema (at the one asked for; or, with --make, the files are written). Of --plan: 0 when
    nothing is to be done (nothing would be lost), else 2. 1 after saying why not."""
    settings = explain_settings()
    if settings is None:
        return 1
    if settings.restoring_dir.exists() and not given.make:
        print(f"这里有一次没做完的恢复({settings.restoring_dir}):请再运行一次 huizhen restore,做完再启动。")
        return 1
    if given.plan:
        return asyncio.run(_show(settings, given.to))
    if given.to:
        return _down(settings, given)
    shutil.rmtree(settings.restored_dir, ignore_errors=True)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        return asyncio.run(_make(settings) if given.make else _migrate(settings))
    except BackupFailed as failure:
        print(failure.sentence)
        return 1


async def _make(settings: Settings) -> int:
    from core.foundation.database.migrate import write_migrations

    written = await write_migrations(settings.database_url, settings.keyring_url)
    print("\n".join(written) if written else "数据模型与迁移一致,无需新的迁移。")
    return 0


async def _migrate(settings: Settings) -> int:
    from core.foundation.database.drift import SchemaDrift, check_schema
    from core.foundation.database.migrate import WrongCollation, migrate, pending_migrations

    pending = await pending_migrations(settings.database_url, settings.keyring_url)
    if not pending:
        try:
            await check_schema(settings.database_url, settings.keyring_url)
        except SchemaDrift as drift:
            print(drift.sentence)
            return 1
        print("数据库已是最新。")
        return 0
    await _copy(settings)
    try:
        await migrate(settings.database_url, settings.keyring_url)
        await check_schema(settings.database_url, settings.keyring_url)
    except (WrongCollation, SchemaDrift) as wrong:
        print(wrong.sentence)
        return 1
    print(f"数据库已升级({pending} 步)。")
    return 0


async def _copy(settings: Settings) -> None:
    now = datetime.datetime.now(datetime.UTC)
    for name, url in (("practice", settings.database_url), ("keyring", settings.keyring_url)):
        copy = await back_up(url, name, settings.backups_dir, now)
        if copy:
            print(f"已备份到 {copy}")


async def _show(settings: Settings, wanted: str) -> int:
    from core.foundation.database.going_back import CALLED, NoSuchStep, losses, steps, targets

    await check_there(settings)
    there = await steps(settings.database_url, settings.keyring_url)
    for one in there:
        print(f"{CALLED[one.app]}:")
        for state, names in (("已做", one.taken), ("还没有做", one.pending), ("另一个版本的程序做的", one.unknown)):
            for name in names:
                print(f"  {name}  {state}")
    if not wanted:
        return PENDING if any(one.pending or one.unknown for one in there) else 0
    try:
        back_to = targets(there, wanted)
    except NoSuchStep as wrong:
        print(wrong.sentence)
        return 1
    lost = await losses(settings.database_url, settings.keyring_url, back_to)
    _tell(there, back_to, lost)
    return PENDING if lost else 0


def _down(settings: Settings, given: argparse.Namespace) -> int:
    try:
        with FolderLock(settings.data_dir):
            return asyncio.run(_go_down(settings, given.to, lose=given.lose_data))
    except FolderInUse as used:
        print(f"会诊还在运行(进程 {used.pid or '未知'}):请先停止它,再退回。数据库没有改动。")
        return 1


async def _go_down(settings: Settings, wanted: str, *, lose: bool) -> int:
    from core.foundation.database.going_back import CALLED, NoSuchStep, losses, steps, targets
    from core.foundation.database.migrate import migrate

    await check_there(settings)
    there = await steps(settings.database_url, settings.keyring_url)
    try:
        back_to = targets(there, wanted)
    except NoSuchStep as wrong:
        print(wrong.sentence)
        return 1
    if not back_to:
        print("数据库已在这一步,没有改动。")
        return 0
    lost = await losses(settings.database_url, settings.keyring_url, back_to)
    _tell(there, back_to, lost)
    if lost and not lose:
        print("没有退回,数据库没有改动。确实不要这些资料,请再运行一次并加 --lose-data(仍会先备份);要连资料一起回到从前,请用 huizhen restore。")
        return 1
    await _copy(settings)
    await _enter(settings, there, back_to, lost)
    for app, name in back_to.items():
        await migrate(settings.database_url, settings.keyring_url, target=f"{app}.{name}")
    told = "、".join(f"{CALLED[app]} 在 {name}" for app, name in back_to.items())
    print(f"已退回:{told}。请用认得这一步的旧版程序启动;这一版程序一启动,又会升级到最新。")
    return 0


async def _enter(settings: Settings, there: list[Steps], back_to: Mapping[str, str], lost: list[Loss]) -> None:
    """Its audit entry, written before the schema goes: an older one may not take it."""
    from core.foundation.database.connection import APP, KEYRING
    from core.foundation.encryption.master_keys import UnusableMasterKeys
    from core.foundation.errors import DomainError
    from core.oversight.schema import SchemaTakenBack
    from core.practice_rooms import load_rooms
    from miniprogram_api.app.rekeying import open_for_rekeying
    from miniprogram_api.app.signing import OPERATOR

    order = SchemaTakenBack(practice=back_to.get(APP, ""), keyring=back_to.get(KEYRING, ""), values=sum(one.rows for one in lost))
    if any(one.pending or one.unknown for one in there):
        print("! 数据库不在最新一步,这一次退回没有写进审计。")
        return
    load_rooms()
    try:
        async with open_for_rekeying(settings) as practice:
            await practice.execute(OPERATOR, order)
    except (FileNotFoundError, UnusableMasterKeys, DomainError):
        print("! 打不开密钥库(主密钥不在这里),这一次退回没有写进审计。")


def _tell(there: list[Steps], back_to: Mapping[str, str], lost: list[Loss]) -> None:
    from core.foundation.database.going_back import CALLED

    for one in there:
        if one.app in back_to:
            undone = one.taken[one.taken.index(back_to[one.app]) + 1 :]
            print(f"{CALLED[one.app]} 要退回 {len(undone)} 步:{'、'.join(reversed(undone))}")
    if lost:
        print("! 退回会丢掉下面的资料,升级回来也不再有:")
        for each in lost:
            print(f"  {each.table}{f'.{each.column}' if each.column else ''}:{each.rows} 行")
    elif back_to:
        print("不会丢资料。")
