"""`huizhen backup`: take, init, list, status, drill, follow."""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from miniprogram_api.app.presence import check_there
from miniprogram_api.app.settings import Settings
from miniprogram_api.cli.refusals import explain_settings

if TYPE_CHECKING:
    from core.oversight.backups import LastBackup
    from miniprogram_api.backups.drill import Drilled
    from miniprogram_api.backups.failures import BackupFailed
    from miniprogram_api.backups.following import Round
    from miniprogram_api.backups.repository import Repository

CHINA = timezone(timedelta(hours=8))


def run(given: argparse.Namespace) -> int:
    """Exit status 0 when it is done; 1 when it could not be (what to do has been printed), or the drill found something wrong."""
    from core.foundation.database.away import AWAY
    from core.foundation.encryption.master_keys import UnusableMasterKeys
    from core.foundation.errors import DomainError
    from miniprogram_api.backups.failures import BackupFailed

    settings = explain_settings()
    if settings is None:
        return 1
    try:
        return asyncio.run(_run(settings, given))
    except BackupFailed as failure:
        print(failure.sentence)
    except UnusableMasterKeys:
        print("主密钥读不出来:请检查密钥文件或 HUIZHEN_MASTER_KEYS 的内容。")
    except AWAY:
        print("数据库读不了:请检查它是否在运行;新部署请先运行 huizhen migrate,空机器上请运行 huizhen restore。")
    except FileNotFoundError as error:
        print(f"没有 {error.filename}:新部署请先运行 huizhen keys 和 huizhen migrate;空机器上请运行 huizhen restore。")
    except DomainError as refusal:
        print(refusal.message)
    return 1


async def _run(settings: Settings, given: argparse.Namespace) -> int:
    from core.practice_rooms import load_rooms

    load_rooms()
    acts = {"take": _take, "init": _init, "list": _list, "status": _status, "drill": _drill, "follow": _follow}
    return await acts[given.action](settings, given)


async def _take(settings: Settings, given: argparse.Namespace) -> int:
    from miniprogram_api.app.rekeying import open_for_rekeying
    from miniprogram_api.backups.following import back_up_once
    from miniprogram_api.backups.sets import check_open, targets_of

    await check_there(settings)
    with _Bar() as bar:
        bar.say("查看备份仓库")
        await check_open(targets_of(settings))
        async with open_for_rekeying(settings) as practice:
            done = await back_up_once(settings, practice, say=bar.say, progress=bar)
    print(_line(done))
    return 0


async def _init(settings: Settings, given: argparse.Namespace) -> int:
    from miniprogram_api.backups.sets import make_password, targets_of

    targets = targets_of(settings)
    seconds = targets_of(settings, second=True) if settings.backup_second_repository else None
    made = 0
    for path in (settings.backup_password, settings.backup_keyring_password):
        if make_password(path):
            print(f"密码已写入 {path}:请马上另存一份(与备份仓库、与主密钥都分开)。丢失它,备份打不开。")
    pairs: list[tuple[Repository, Repository | None]] = [(targets.data, None), (targets.keys, None)]
    if seconds is not None:
        pairs += [(seconds.data, targets.data), (seconds.keys, targets.keys)]
    for repository, like in pairs:
        if await repository.is_there():
            print(f"{repository.name}已经建好。")
        else:
            await repository.create(like)
            made += 1
            print(f"已建立{repository.name}。")
    await _note_places(settings, made, len(pairs))
    print("现在可以运行 huizhen backup。")
    return 0


async def _note_places(settings: Settings, made: int, places: int) -> None:
    """The audit's entry; a house that is not set up yet has no audit, and is told to come back."""
    from core.foundation.database.away import AWAY
    from core.foundation.errors import DomainError
    from core.oversight.backups import BackupPlacesMade
    from miniprogram_api.app.presence import NothingHere
    from miniprogram_api.app.signing import OPERATOR, open_for_signing

    away: tuple[type[Exception], ...] = (*AWAY, DomainError, FileNotFoundError, NothingHere)
    try:
        async with open_for_signing(settings) as practice:
            await practice.execute(OPERATOR, BackupPlacesMade(made=made, places=places))
    except away:
        print("! 没有记入审计(还没有主密钥或数据库):建好以后请再运行一次 huizhen backup init。")


async def _list(settings: Settings, given: argparse.Namespace) -> int:
    from miniprogram_api.backups.sets import sets_in, targets_of

    sets = await sets_in(targets_of(settings, second=given.second))
    if sets:
        print("编号、开始做的时间、可恢复到(都是北京时间):")
    for one in sets:
        print(f"{one.id}  {_when(one.taken_at)}  {_when(one.reaches)}")
    if not sets:
        print("还没有完整的快照。")
    return 0


async def _status(settings: Settings, given: argparse.Namespace) -> int:
    from core.oversight.backup_words import Limits, span, to_do
    from core.oversight.backups import ShowLastBackup
    from miniprogram_api.app.signing import OPERATOR, open_for_signing

    async with open_for_signing(settings) as practice:
        last: LastBackup = await practice.ask(OPERATOR, ShowLastBackup())
    now = datetime.now(UTC)
    # By the settings of this command: the serving house may not have begun to check yet.
    limits = Limits(timedelta(hours=settings.backup_max_age_hours), bool(settings.backup_second_repository))
    if last.taken_at is not None:
        print(f"最近一次好的备份:北京时间 {_when(last.taken_at)}({span(now - last.taken_at)}前),快照 {last.set_id}。")
        if limits.second and last.copied_at is None:
            print("第二份仓库:还没有送到过。")
        elif limits.second and last.copied_at is not None:
            behind = last.taken_at - last.copied_at
            print(f"第二份仓库:北京时间 {_when(last.copied_at)} 为止,快照 {last.copied_set_id},{f'落后 {span(behind)}' if behind else '没有落后'}。")
        if last.drilled_at is None:
            print("还没有演练过。")
        else:
            print(f"最近一次演练:北京时间 {_when(last.drilled_at)}({span(now - last.drilled_at)}前),{'通过' if last.drill_clean else '没有通过'}。")
    late = [*to_do(last.made, limits, now), *await _gone(settings, last)]
    for sentence in late:
        print(f"! {sentence}")
    return 1 if late else 0


async def _gone(settings: Settings, last: LastBackup) -> list[str]:
    """What the audit knows of and the repositories do not have any more: sentences. Where no repository is set, only that a backup was made tells."""
    from miniprogram_api.backups.failures import BackupFailed
    from miniprogram_api.backups.sets import sets_in, targets_of

    found = []
    for second, set_id in ((False, last.set_id), (True, last.copied_set_id)):
        if (second and not settings.backup_second_repository) or not (set_id or settings.backup_repository):
            continue
        try:
            there = {one.id for one in await sets_in(targets_of(settings, second=second))}
        except BackupFailed as away:
            found.append(away.sentence)
            continue
        if set_id and set_id not in there:
            where = "第二份仓库" if second else "备份仓库"
            found.append(f"{where}里没有快照 {set_id}:有人删过,或地址换了。请核对地址,再运行一次 huizhen backup。")
    return found


async def _drill(settings: Settings, given: argparse.Namespace) -> int:
    from miniprogram_api.backups.drill import drill

    with _Bar() as bar:
        result = await drill(settings, named=given.set, second=given.second, until=_moment(given.until), say=bar.say)
    _tell(result)
    return 1 if result.wrong else 0


def _tell(result: Drilled) -> None:
    audit = result.audit
    beyond = f",锚点里还有此后的 {result.beyond} 条" if result.beyond else ""
    print(f"快照 {result.set.id},北京时间 {_when(result.set.reaches)} 为止。")
    print(f"行数:{result.tables} 个表,共 {result.rows} 行。")
    print(f"审计:{audit.size} 条记录、{audit.heads} 个树头{beyond}。")
    print(f"打开了 {result.opened_values} 个加密的值、{result.opened_files} 个文件(共 {result.files} 个),{result.erased} 个属于已销毁密钥的人。")
    print(
        f"用时 {result.seconds:.1f} 秒(取出 {result.fetch_s:.1f},装入 {result.rebuild_s:.1f},核对 {result.check_s:.1f}):恢复需要的时间(RTO)不少于它。"
    )
    widest = f";两次快照之间最长隔了 {_span(result.widest)}" if result.widest else ""  # of one snapshot there is nothing between
    print(f"此刻出事会丢掉 {_span(result.age)} 的资料(RPO){widest}。")
    for sentence in result.wrong:
        print(f"✗ {sentence}")
    print("演练没有通过:请马上再做一次 huizhen backup,再演练。" if result.wrong else "演练通过。")


async def _follow(settings: Settings, given: argparse.Namespace) -> int:
    from miniprogram_api.backups.failures import BackupFailed
    from miniprogram_api.backups.following import follow
    from miniprogram_api.backups.sets import targets_of

    targets_of(settings)
    second = "并送到第二份仓库" if settings.backup_second_repository else "(没有设置第二份仓库)"
    print(f"每 {settings.backup_follow_minutes:g} 分钟备份一次{second}。按 Ctrl-C 停止。", flush=True)

    def told(outcome: Round | BackupFailed) -> None:
        print(f"{_when(datetime.now(UTC))}  {outcome.sentence if isinstance(outcome, BackupFailed) else _line(outcome)}", flush=True)

    await follow(settings, told)
    return 0


def _line(done: Round) -> str:
    seal, manifest = done.taken.seal, done.taken.manifest
    copied = "" if done.copy_s is None else f",送到第二份仓库用了 {done.copy_s:.1f} 秒"
    gone = f",{len(seal.gone)} 个文件期间被正常删除" if seal.gone else ""
    return (
        f"备份完成并读回核对:快照 {seal.set_id},{_when(seal.reaches)} 为止,{sum(manifest.rows.values())} 行、{manifest.recorded} 个文件、"
        f"{seal.keys} 把密钥{gone},用时 {done.take_s:.1f} 秒{copied}。"
    )


def _when(moment: datetime) -> str:
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"


def _span(span: timedelta) -> str:
    seconds = max(0, int(span.total_seconds()))
    if seconds < 120:
        return f"{seconds} 秒"
    return f"{seconds // 60} 分钟" if seconds < 7200 else f"{seconds / 3600:.1f} 小时"


def _moment(text: str) -> datetime | None:
    """A time as an operator writes it, in China's time unless it says otherwise. BackupFailed."""
    from miniprogram_api.backups.failures import BackupFailed

    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BackupFailed(f"看不懂时间“{text}”:请写成 2026-11-20T08:30 这样(北京时间)。") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=CHINA)).astimezone(UTC)


class _Bar:
    """Steps as lines; the share that is saved as a bar, where somebody looks."""

    def __init__(self) -> None:
        from tqdm import tqdm

        self._bar = tqdm(total=100, unit="%", disable=not sys.stderr.isatty(), leave=False, bar_format="{desc} {percentage:3.0f}% |{bar}| {elapsed}")

    def say(self, line: str) -> None:
        self._bar.write(f"· {line}", file=sys.stdout)
        self._bar.set_description_str(line)

    def __call__(self, share: float) -> None:
        self._bar.update(100 * share - self._bar.n)

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: Any) -> None:
        self._bar.close()
