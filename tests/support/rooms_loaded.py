"""Everything that a process of the practice, or an operator's command, imports: for the process that others are forked from."""

import gc

from core.foundation.database import connection, mysql_client, sqlite_client
from core.practice_rooms import load_rooms
from miniprogram_api.app import rekeying
from miniprogram_api.cli import admin, audit, backup, refusals, wechat
from tests import conftest

load_rooms()
for _module in connection.MODEL_MODULES:
    __import__(_module)
gc.freeze()  # what those who are forked share with this process stays shared: their collectors do not walk through it

__all__ = ["admin", "audit", "backup", "conftest", "mysql_client", "refusals", "rekeying", "sqlite_client", "wechat"]
