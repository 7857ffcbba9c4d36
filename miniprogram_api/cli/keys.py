"""`huizhen keys`: the master keys of an installation made once; keys renewed while the house is open."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from typing import TYPE_CHECKING

from miniprogram_api.app.settings import Settings
from miniprogram_api.cli.refusals import explain_settings

if TYPE_CHECKING:
    from core.foundation.practice import Practice

AGREEMENT = "销毁"
PHASES = {
    "wrap": "换主密钥", "keys": "换数据密钥", "publish": "等各进程取到新密钥", "rewrite": "重新加密", "check": "复查", "formers": "销毁旧密钥",
    "reindex": "换检索密钥", "done": "完成",
}  # fmt: skip


def run(given: argparse.Namespace) -> int:
    """Exit status 0 when it is done, 1 when it cannot be (what to do has been printed). `create` never overwrites: that would lose every record."""
    settings = explain_settings()
    if settings is None:
        return 1
    return _create(settings) if given.action == "create" else asyncio.run(_renew(settings, given))


def _create(settings: Settings) -> int:
    from core.foundation.encryption.suites import SUITES
    from core.foundation.keys import MasterKeys

    if settings.key_service_url:
        print("主密钥由密钥服务保管:请在那台机器上运行 huizhen key-service。")
        return 1
    path = settings.key_file
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings.secrets_dir.mkdir(exist_ok=True, mode=0o700)
    try:
        MasterKeys.create(path, SUITES[settings.suite])
    except FileExistsError:
        print(f"已有主密钥 {path},没有改动(换掉它,已有的病历就打不开了)。")
        return 1
    print(f"主密钥已写入 {path}。请立即在另一处妥善另存一份:丢失它,病历无法解密。")
    return 0


async def _renew(settings: Settings, given: argparse.Namespace) -> int:
    from core.foundation.encryption.master_keys import UnusableMasterKeys
    from core.foundation.errors import DomainError
    from core.practice_rooms import load_rooms
    from miniprogram_api.app.rekeying import open_for_rekeying

    load_rooms()
    try:
        async with open_for_rekeying(settings) as practice:
            return await _act(settings, practice, given)
    except UnusableMasterKeys:
        print("主密钥读不出来:请检查密钥文件或 HUIZHEN_MASTER_KEYS 的内容。")
    except FileNotFoundError:
        print("没有主密钥:新部署请先运行 huizhen keys。")
    except DomainError as refusal:
        print(refusal.message)
    return 1


async def _act(settings: Settings, practice: Practice, given: argparse.Namespace) -> int:
    from core.foundation.encryption.reencryption import reencrypt
    from core.foundation.encryption.reindexing import reindex
    from core.foundation.encryption.rotation import retire_master, rotate

    if given.action == "status":
        return await _status(practice)
    if given.action == "retire":
        if not given.master:
            print("请写明要移除哪一个主密钥:huizhen keys retire --master <版本>(huizhen keys status 可查看)")
            return 1
        if not given.yes and not await _agreed(settings, given.master):
            print("没有改动。")
            return 1
        try:
            await _begin(practice, "retire", given.master)
            await retire_master(practice, given.master)
            await _note(practice, "retire", given.master)
        except KeyError:
            print(f"没有主密钥 {given.master}。")
            return 1
        except ValueError:
            print(f"主密钥 {given.master} 正在使用,不能移除(环境变量里的请在环境里移除)。")
            return 1
        print(f"主密钥 {given.master} 已销毁:用它包着的旧密钥库备份从此打不开。另存的那一份也请销毁。")
        return 0
    await _begin(practice, given.action)
    with _Bar() as bar:
        if given.action == "rotate":
            in_environment = bool(settings.master_keys.get_secret_value())
            run = await rotate(practice, new_master=not in_environment, progress=bar)
        elif given.action == "reindex":
            run = await reindex(practice, progress=bar)
        else:
            run = await reencrypt(practice, progress=bar)
    await _note(practice, given.action, run.target, rows=run.done, unopened=run.unopened)
    if given.action == "rotate":
        print(f"全部数据密钥已由主密钥 {run.target} 包好。新的密钥文件请在别处另存一份;旧的可用 huizhen keys retire 移除。")
    elif given.action == "reindex":
        print(f"检索用的盲索引已全部换成第 {run.target} 把密钥" + (f",有 {run.unopened} 个值打不开,从此检索不到。" if run.unopened else "。"))
    elif run.unopened:
        print(f"重新加密完成,但有 {run.unopened} 个值打不开,原样保留(它们的旧密钥也保留):请查看审计与备份。")
    else:
        print("重新加密完成:全部字段和文件都用新的数据密钥,旧密钥已销毁。")
    return 0


async def _agreed(settings: Settings, version: str) -> bool:
    """Whether the operator, told what opens no more afterwards, wants it all the same."""
    from core.foundation.clock import shanghai
    from miniprogram_api.backups.failures import BackupFailed
    from miniprogram_api.backups.masters import sets_under

    print(f"主密钥 {version} 销毁后不能找回。")
    if not settings.backup_repository:
        print("没有设置备份仓库:不知道哪些快照还要用它;换钥以前的快照都会打不开。")
    else:
        try:
            sets = await sets_under(settings, version)
        except BackupFailed as away:
            print(f"不知道哪些快照还要用它({away.sentence});换钥以前的快照都会打不开。")
        else:
            print(f"有 {len(sets)} 份快照的密钥库是用它包的,从此打不开:" if sets else "备份仓库里没有要用它的快照。")
            for one in sets:
                print(f"  {one.id}  {shanghai(one.reaches):%Y-%m-%d %H:%M:%S}(北京时间)")
    try:
        answer = await asyncio.to_thread(input, f"确认请输入“{AGREEMENT}”(脚本里用 --yes):")
    except EOFError:
        return False
    return answer.strip() == AGREEMENT


async def _begin(practice: Practice, kind: str, target: str = "") -> None:
    """The audit's entry before anything is done: what is stopped or refused afterwards was begun all the same."""
    from core.foundation.encryption.key_acts import KeysRenewed
    from miniprogram_api.app.signing import OPERATOR

    await practice.execute(OPERATOR, KeysRenewed.model_validate({"kind": kind, "state": "begun", "target": target}))


async def _note(practice: Practice, kind: str, target: str, **counts: int) -> None:
    from core.foundation.encryption.key_acts import KeysRenewed
    from miniprogram_api.app.signing import OPERATOR

    await practice.execute(OPERATOR, KeysRenewed.model_validate({"kind": kind, "state": "done", "target": target, **counts}))


async def _status(practice: Practice) -> int:
    from tortoise.functions import Count

    from core.foundation.keyring.models import KeyRenewal, WrappedKey

    print(f"当前主密钥:{await practice.keys.master.current()};新密钥的算法:{practice.keys.suite.name}")
    by = ("kek_version", "suite")
    for row in await WrappedKey.annotate(n=Count("id")).group_by(*by).order_by(*by).values(*by, "n"):
        print(f"  主密钥 {row['kek_version']}({row['suite']}):{row['n']} 把数据密钥")
    erased = await WrappedKey.filter(erased_at__isnull=False).count()
    print(f"  其中已销毁:{erased}")
    for run in await KeyRenewal.filter(finished_at__isnull=True).order_by("id"):
        print(f"没做完的:{run.kind},{PHASES.get(run.phase, run.phase)} {run.done}/{run.total};再运行一次即继续")
    return 0


class _Bar:
    """A progress bar that knows the phases."""

    def __init__(self) -> None:
        from tqdm import tqdm

        self._bar = tqdm(unit="行", dynamic_ncols=True, mininterval=0.5)

    def __call__(self, phase: str, done: int, total: int) -> None:
        self._bar.set_description_str(PHASES.get(phase, phase), refresh=False)
        self._bar.total = max(total, done)
        self._bar.update(done - self._bar.n)

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(Exception):
            self._bar.close()
