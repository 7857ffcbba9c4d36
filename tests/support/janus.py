"""Janus of the distribution, run by a test: its own configuration, free ports, an address that libnice takes.

libnice leaves 127.0.0.1 out. Where this machine has no other address, one is put on a pair of virtual links, which needs root.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from media.calls.janus import JanusAddress
from tests.support.peers import need

PLUGIN = "libjanus_videoroom.so"
API_SECRET, ADMIN_SECRET = "a-secret-of-the-test", "another-secret-of-the-test"
OWN_LINK, OWN_ADDRESS = "hz-janus", "10.213.47.1"
START_S = 20.0

MAIN = """general: {{
  configs_folder = "{folder}"
  plugins_folder = "{plugins}"
  transports_folder = "{transports}"
  api_secret = "{api_secret}"
  admin_secret = "{admin_secret}"
  server_name = "{name}"
  session_timeout = 60
  reclaim_session_timeout = 5
  event_loops = 1
  debug_level = 2
  debug_colors = false
  log_to_stdout = true
}}
nat: {{
  ice_enforce_list = "{address}"
  ice_lite = false
}}
media: {{
  ipv6 = false
  mdns_enabled = false
}}
"""
WEBSOCKETS = """general: {{
  json = "compact"
  ws = true
  ws_port = {port}
  ws_ip = "127.0.0.1"
}}
admin: {{
  admin_ws = true
  admin_ws_port = {admin_port}
  admin_ws_ip = "127.0.0.1"
}}
"""


def is_installed() -> bool:
    return shutil.which("janus") is not None and _libraries() is not None


def _libraries() -> Path | None:
    return next((one for one in Path("/usr/lib").glob("*/janus") if (one / "plugins" / PLUGIN).exists()), None)


@dataclass
class Janus:
    """A running Janus; `kill` ends it at once, without a word."""

    address: JanusAddress
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def media_address() -> str | None:
    """An IPv4 address of this machine that is not the loopback's; None when there is none and none can be made."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect(("192.0.2.1", 9))  # sends nothing: only the route is looked up
        found = str(asking.getsockname()[0])
        if not found.startswith("127."):
            return found
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return None
    commands = (
        ("ip", "link", "add", OWN_LINK, "type", "veth", "peer", "name", f"{OWN_LINK}-far"),
        ("ip", "addr", "add", f"{OWN_ADDRESS}/24", "dev", OWN_LINK),
        ("ip", "link", "set", OWN_LINK, "up"),
        ("ip", "link", "set", f"{OWN_LINK}-far", "up"),
    )
    for command in commands:
        subprocess.run(command, check=False, capture_output=True)  # it may be there already
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trying:
        trying.bind((OWN_ADDRESS, 0))
        return OWN_ADDRESS
    return None


def free_port() -> int:
    with socket.socket() as asking:
        asking.bind(("127.0.0.1", 0))
        return int(asking.getsockname()[1])


@contextlib.contextmanager
def running_janus(folder: Path, name: str = "janus", core: int | None = None) -> Iterator[Janus]:
    """A Janus of its own, gone at the end, on one core if one is named. Skips (fails under CI) by name when it is not installed or cannot be
    reached."""
    need(is_installed(), "janus")
    address = media_address()
    if address is None:
        pytest.skip("Janus needs an address besides 127.0.0.1, and only root can make one")
    libraries = _libraries()
    folder.mkdir(parents=True, exist_ok=True)
    port, admin_port = free_port(), free_port()
    main = MAIN.format(
        folder=folder, plugins=_only(folder / "plugins", libraries / "plugins", PLUGIN),
        transports=_only(folder / "transports", libraries / "transports", "libjanus_websockets.so"),
        api_secret=API_SECRET, admin_secret=ADMIN_SECRET, name=name, address=address,
    )
    (folder / "janus.jcfg").write_text(main, "utf-8")
    (folder / "janus.transport.websockets.jcfg").write_text(WEBSOCKETS.format(port=port, admin_port=admin_port), "utf-8")
    (folder / "janus.plugin.videoroom.jcfg").write_text("general: {\n}\n", "utf-8")
    with (folder / "janus.log").open("wb") as log:
        command = ["janus", "--configs-folder", str(folder), "--config", str(folder / "janus.jcfg")]
        with _on(core):
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            _wait(process, port, folder / "janus.log")
            where = f"ws://127.0.0.1:{port}", f"ws://127.0.0.1:{admin_port}"
            yield Janus(JanusAddress(name, where[0], API_SECRET, where[1], ADMIN_SECRET), process)
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.contextmanager
def _on(core: int | None) -> Iterator[None]:
    """What is started meanwhile runs on ``core``, with all its threads."""
    ours = os.sched_getaffinity(0)
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, ours)


def _only(folder: Path, source: Path, name: str) -> Path:
    """A folder with nothing but this one library: what is not there is not loaded."""
    folder.mkdir(exist_ok=True)
    if not (folder / name).exists():
        (folder / name).symlink_to(source / name)
    return folder


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.05)
    raise RuntimeError(f"janus does not start: {log.read_text('utf-8', 'replace')[-2000:]}")
