"""The peer, a process of its own: a WeRoBot that answers every text with one text. `python -m benchmarks.support.peer`, its job on stdin.

Server: waitress, what WeRoBot's own `run()` takes (`server="auto"`) when it is installed. `sessions` null:
it keeps nothing between messages, which is its fastest; else the file of the SQLite sessions that it keeps by default.
"""

from __future__ import annotations

import json
import logging
import sys

import waitress
from werobot import WeRoBot
from werobot.session.sqlitestorage import SQLiteStorage


def main() -> None:
    job = json.loads(sys.stdin.readline())
    account, answer = job["account"], job["answer"]
    logging.disable(logging.WARNING)
    robot = WeRoBot(token=account["token"], app_id=account["appid"], encoding_aes_key=account["encoding_aes_key"])
    robot.config["SESSION_STORAGE"] = SQLiteStorage(job["sessions"]) if job["sessions"] else False

    @robot.text
    def reply(message: object) -> str:
        return str(answer)

    server = waitress.create_server(robot.wsgi, host="127.0.0.1", port=0, threads=job["threads"])
    print(server.effective_port, flush=True)
    server.run()


if __name__ == "__main__":
    main()
