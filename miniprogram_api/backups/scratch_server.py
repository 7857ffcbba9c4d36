"""A MariaDB server of the drill's own: in a folder, by a socket, for nobody else, gone afterwards. The practice's server is not touched."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from miniprogram_api.app.leash import leashed
from miniprogram_api.backups.failures import BackupFailed
from miniprogram_api.backups.programs import find, run

_START_S = 60


@contextlib.asynccontextmanager
async def scratch_server(data: Path, *schemas: str) -> AsyncIterator[tuple[str, ...]]:
    """The addresses of empty ``schemas`` on a fresh server that keeps its files in the new folder ``data``. BackupFailed."""
    server, user = find("mariadbd"), ([f"--user={getpass.getuser()}"] if os.getuid() == 0 else [])
    # The path of a socket is short by nature, that of a data folder is not.
    with tempfile.TemporaryDirectory(prefix="huizhen-drill-") as near:
        socket = f"{near}/s"
        # A server that starts removes every temporary table (``#sql…``) it finds in its tmpdir: in a shared /tmp those of the practice's server.
        (tmpdir := Path(near, "tmp")).mkdir()
        made = await run((
            "mariadb-install-db", "--no-defaults", f"--datadir={data}", f"--tmpdir={tmpdir}",
            "--auth-root-authentication-method=normal", "--skip-test-db", *user,
        ))  # fmt: skip
        if made.status:
            raise BackupFailed("演练用的 MariaDB 没有建成:请检查磁盘空间。正式的数据库没有动过。")
        process = await asyncio.create_subprocess_exec(
            *leashed((server, "--no-defaults", f"--datadir={data}", f"--tmpdir={tmpdir}", f"--socket={socket}", "--skip-networking",
                      "--skip-log-bin", "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", *user)),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            await _until_it_answers(process, socket)
            create = "; ".join(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin" for name in schemas)
            await run(("mariadb", "--no-defaults", "-uroot", f"--socket={socket}", f"--execute={create}"))
            yield tuple(f"mysql://root@localhost/{name}?unix_socket={socket}" for name in schemas)
        finally:
            if process.returncode is None:
                process.terminate()
                try:
                    await asyncio.wait_for(process.wait(), 20)
                except TimeoutError:
                    process.kill()
                    await process.wait()
            await asyncio.to_thread(shutil.rmtree, data, ignore_errors=True)


async def _until_it_answers(process: asyncio.subprocess.Process, socket: str) -> None:
    give_up = asyncio.get_running_loop().time() + _START_S
    while asyncio.get_running_loop().time() < give_up and process.returncode is None:
        if not (await run(("mariadb", "--no-defaults", "-uroot", f"--socket={socket}", "--execute=SELECT 1"))).status:
            return
        await asyncio.sleep(0.1)
    raise BackupFailed("演练用的 MariaDB 没有启动:请检查磁盘空间和内存。正式的数据库没有动过。")
