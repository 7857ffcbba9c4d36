"""Whether there is a house at all where the settings point: asked before anything is opened, for opening SQLite makes a file, and a restore
wants to find none."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from tortoise.exceptions import OperationalError

from miniprogram_api.app.settings import Settings

_NO_TABLE = (1146, "no such table")
"""How MariaDB (by number) and SQLite say that a table is not there."""


class NothingHere(Exception):
    """The databases of these settings hold nothing yet. ``sentence`` says what to do."""

    def __init__(self, settings: Settings) -> None:
        super().__init__("no house here")
        self.sentence = f"这里还没有数据({settings.data_dir}):新部署请先运行 huizhen keys 和 huizhen migrate,要从备份恢复请运行 huizhen restore。"


async def check_there(settings: Settings) -> None:
    """:class:`NothingHere` where one of the two SQLite files is not there. Of a server it is seen when it is asked: :func:`reading`."""
    for url in (settings.database_url, settings.keyring_url):
        parts = urlsplit(url)
        if parts.scheme == "sqlite" and not await asyncio.to_thread(Path(parts.path).exists):
            raise NothingHere(settings)


@contextlib.contextmanager
def reading(settings: Settings) -> Iterator[None]:
    """The first look into the databases: :class:`NothingHere` where they have no tables."""
    try:
        yield
    except OperationalError as error:
        cause = error.args[0] if error.args else error
        number = cause.args[0] if isinstance(cause, Exception) and cause.args else None
        if number == _NO_TABLE[0] or _NO_TABLE[1] in str(cause):
            raise NothingHere(settings) from None
        raise
