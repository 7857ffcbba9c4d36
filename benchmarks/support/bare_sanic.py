"""The least there is, a process of its own: Sanic and wechatpy, every text answered with one text; its job on stdin.

With ``keeps`` (a file) the least that acknowledges nothing it has not stored: each text is looked for by its MsgId, stored with its answer in SQLite
by one commit for all that came while the last one ran, and answered after that; delivered again it gets the stored answer. Nobody is looked up,
nothing is sealed, thought or handed to another process.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import sqlite3
import sys
from collections.abc import Sequence

from sanic import HTTPResponse, Request, Sanic
from wechatpy import create_reply, parse_message
from wechatpy.crypto import WeChatCrypto

from core.foundation.gathering import Gathering


class Kept:
    """Texts and their answers in one table, written in the loop's own thread."""

    def __init__(self, file: str) -> None:
        self._database = sqlite3.connect(file, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL"):  # as the house sets them
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute("CREATE TABLE message (id TEXT PRIMARY KEY, said TEXT NOT NULL, answer TEXT NOT NULL)")
        self._stored: Gathering[tuple[str, str, str], None] = Gathering(self._store)

    async def answered(self, message_id: str, said: str, answer: str) -> str:
        found = self._database.execute("SELECT answer FROM message WHERE id=?", (message_id,)).fetchone()
        if found is not None:
            return str(found[0])
        await self._stored.ask((message_id, said, answer))
        return answer

    async def _store(self, rows: Sequence[tuple[str, str, str]]) -> list[None]:
        await asyncio.sleep(0)  # whoever is being read goes into the same commit
        self._database.execute("BEGIN IMMEDIATE")
        self._database.executemany("INSERT OR IGNORE INTO message VALUES (?, ?, ?)", rows)
        self._database.execute("COMMIT")
        return [None] * len(rows)


def main() -> None:
    job = json.loads(sys.stdin.readline())
    account, answer = job["account"], job["answer"]
    logging.disable(logging.WARNING)
    kept = Kept(job["keeps"]) if job.get("keeps") else None
    crypto = WeChatCrypto(account["token"], account["encoding_aes_key"], account["appid"])
    app: Sanic = Sanic("bare", configure_logging=False)
    app.config.update(TOUCHUP=False, ACCESS_LOG=False, AUTO_EXTEND=False)

    @app.post("/")
    async def callback(request: Request) -> HTTPResponse:
        nonce, timestamp = request.args.get("nonce"), request.args.get("timestamp")
        message = parse_message(crypto.decrypt_message(request.body, request.args.get("msg_signature"), timestamp, nonce))
        if message.type != "text":
            return HTTPResponse(b"success", content_type="text/plain")
        said = answer if kept is None else await kept.answered(str(message.id), message.content, answer)
        reply = create_reply(said, message=message).render()
        return HTTPResponse(crypto.encrypt_message(reply, nonce, timestamp), content_type="application/xml")

    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)

    @app.after_server_start
    async def tell(_: Sanic) -> None:
        print(listening.getsockname()[1], flush=True)

    app.run(sock=listening, single_process=True, motd=False, access_log=False)


if __name__ == "__main__":
    main()
