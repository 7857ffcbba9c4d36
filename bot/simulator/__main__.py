"""`python -m bot.simulator`: run the simulated platform until it is told to stop.

Environment: HUIZHEN_DATA_DIR (default ./data; reads <data>/simulator/platform.json and people.json),
HUIZHEN_SOCKET_FD (an inherited listening socket; otherwise --port, 0 = any free one),
HUIZHEN_READY_FD (gets one byte when requests are taken), HUIZHEN_PARENT (end at once unless this is the parent).
"""

import argparse
import asyncio
import contextlib
import logging
import os
import socket
import sys
from pathlib import Path

from .app import App, create_app
from .settings import SettingsError
from .world import World


def main() -> int:
    parser = argparse.ArgumentParser(prog="bot.simulator", description="A WeChat and WeCom platform on this machine")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 when no socket is inherited; 0 takes a free one")
    arguments = parser.parse_args()
    parent = os.environ.get("HUIZHEN_PARENT")
    if parent and os.getppid() != int(parent):
        return 0
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s simulator %(levelname)s %(message)s")
    try:
        world = World(Path(os.environ.get("HUIZHEN_DATA_DIR", "data")) / "simulator")
    except SettingsError as exc:
        sys.stderr.write(f"simulator: {exc}\n")
        return 2
    listening = _socket(arguments.port)
    port = listening.getsockname()[1]
    world.origin = f"http://127.0.0.1:{port}"
    app = create_app(world)
    _announce_readiness(app)
    if not os.environ.get("HUIZHEN_SOCKET_FD"):
        sys.stderr.write(f"simulator: {world.origin}/\n")
    app.run(sock=listening, single_process=True, motd=False, access_log=False)
    return 0


def _socket(port: int) -> socket.socket:
    inherited = os.environ.get("HUIZHEN_SOCKET_FD")
    if inherited:
        return socket.socket(fileno=int(inherited))
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    listening.listen(1024)
    return listening


def _announce_readiness(app: App) -> None:
    ready = os.environ.get("HUIZHEN_READY_FD")
    if not ready:
        return

    def tell() -> None:
        with contextlib.suppress(OSError):
            os.write(int(ready), b"r")

    # Signal handlers are installed only after the listeners ran: a moment later is early enough to be told to stop.
    @app.after_server_start
    async def ready_soon(_: App) -> None:
        asyncio.get_running_loop().call_later(0.05, tell)


if __name__ == "__main__":
    raise SystemExit(main())
