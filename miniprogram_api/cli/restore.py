"""`huizhen restore`: a house on an empty machine, from its snapshots."""

from __future__ import annotations

import argparse
import asyncio

from miniprogram_api.cli.refusals import explain_settings


def run(given: argparse.Namespace) -> int:
    """Exit status 0 when the house can be started, 1 when it could not be restored (what to do has been printed; nothing was written over)."""
    from core.foundation.database.away import AWAY
    from miniprogram_api.backups.failures import BackupFailed
    from miniprogram_api.backups.restoring import restore
    from miniprogram_api.cli.backup import _Bar, _moment, _when

    settings = explain_settings()
    if settings is None:
        return 1
    try:
        with _Bar() as bar:
            done = asyncio.run(restore(settings, until=_moment(given.until), named=given.set, second=given.second, say=bar.say))
    except BackupFailed as failure:
        print(failure.sentence)
        return 1
    except AWAY:
        print("恢复没有做完:数据库出错。请检查它是否在运行、账号权限是否够,再运行一次 huizhen restore。")
        return 1
    except OSError as error:
        print(f"恢复没有做完({error.strerror or type(error).__name__}):请检查磁盘空间和目录的权限,再运行一次 huizhen restore。")
        return 1
    print(f"已恢复快照 {done.set.id}(北京时间 {_when(done.set.taken_at)} 开始做的),{done.erased} 把已销毁的密钥没有带回来。")
    for sentence in done.beyond:
        print(f"! {sentence}")
    print("接下来:huizhen audit verify(锚点里比快照多的记录会列出来),核对无误后 huizhen audit recover,再 huizhen serve。")
    print("快照之后发出的消息,启动后可能再发一次。")
    return 0
