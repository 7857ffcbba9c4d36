"""Everything that a process of the practice imports: for the process that others are forked from."""

from core.foundation.database import connection, mysql_client, sqlite_client
from core.practice_rooms import load_rooms
from tests import conftest

load_rooms()
for _module in connection.MODEL_MODULES:
    __import__(_module)

__all__ = ["conftest", "mysql_client", "sqlite_client"]
