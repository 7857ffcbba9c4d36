"""`python -m bot.simulator`: run the simulated platform until it is told to stop.

Alone, against anybody's bot: --config sim.toml (`huizhen simulator`, docs/simulator.md); --example prints such a file.
Inside a house, environment: HUIZHEN_DATA_DIR (default ./data; reads <data>/simulator/platform.json and people.json),
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
import tempfile
from pathlib import Path

from .app import App, create_app
from .example import example
from .greeting import greeting
from .platform_api import APIS
from .settings import SettingsError
from .standalone import load
from .world import World


def main() -> int:
    arguments = _arguments()
    if arguments.example:
        sys.stdout.write(example())
        return 0
    parent = os.environ.get("HUIZHEN_PARENT")
    if parent and os.getppid() != int(parent):
        return 0
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s simulator %(levelname)s %(message)s")
    with contextlib.ExitStack() as ended:
        try:
            if arguments.config:
                return _alone(Path(arguments.config), arguments.port, ended)
            world = World(Path(os.environ.get("HUIZHEN_DATA_DIR", "data")) / "simulator")
        except SettingsError as exc:
            sys.stderr.write(f"simulator: {exc}\n")
            return 2
        listening = _socket("127.0.0.1", arguments.port or 0)
        world.origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
        if not os.environ.get("HUIZHEN_SOCKET_FD"):
            sys.stderr.write(f"simulator: {world.origin}/\n")
        _serve(create_app(world), listening)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="huizhen simulator", description="模拟微信 / a WeChat and WeCom platform on this machine")
    parser.add_argument("--port", type=int, help="端口 / port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--config", default="", metavar="sim.toml", help="单独运行,接任何人的机器人 / run alone, against anybody's bot")
    parser.add_argument("--example", action="store_true", help="打印一份配置的例子 / print an example of a config")
    return parser.parse_args()


def _alone(config: Path, port: int | None, ended: contextlib.ExitStack) -> int:
    """As a config says, with nothing else of the house: no database, no Redis."""
    setup = load(config, APIS)
    folder = setup.state or Path(ended.enter_context(tempfile.TemporaryDirectory(prefix="simulated-wechat-")))
    folder.mkdir(parents=True, exist_ok=True)
    world = World(folder, setup=(setup.platform, setup.roster))
    if setup.faults:
        world.set_conditions(setup.faults)
    try:
        listening = _socket(setup.listen, setup.port if port is None else port)
    except OSError as exc:
        raise SettingsError(f"port:不能用这个端口,请换一个 / cannot be used, take another ({exc.strerror})") from None
    host, taken = listening.getsockname()[:2]
    world.origin = setup.origin or f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{taken}"  # noqa: S104 - compared, not bound
    app = create_app(world)
    app.after_server_start(greeting(world))
    _serve(app, listening)
    return 0


def _serve(app: App, listening: socket.socket) -> None:
    _announce_readiness(app)
    app.run(sock=listening, single_process=True, motd=False, access_log=False)


def _socket(host: str, port: int) -> socket.socket:
    inherited = os.environ.get("HUIZHEN_SOCKET_FD")
    if inherited:
        return socket.socket(fileno=int(inherited))
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
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
