"""coturn of the distribution as a relay, run by a test: free ports, passes by shared secret, TLS with a certificate of the tests' own authority."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.certificates import Authority
from tests.support.janus import free_port, media_address
from tests.support.peers import need

SECRET = "the-relay's-secret-of-the-test"
START_S = 20.0


@dataclass
class Coturn:
    """`authority`: the file of certificates that the TLS port's is checked against. `log`: what coturn wrote."""

    udp: str
    tcp: str
    tls: str
    authority: Path
    log: Path


@contextlib.contextmanager
def running_coturn(folder: Path) -> Iterator[Coturn]:
    """Skips (fails under CI) by name when coturn is not installed; a relay needs an address besides the loopback's, as Janus does."""
    need(shutil.which("turnserver") is not None, "coturn")
    relayed = media_address()
    if relayed is None:
        pytest.skip("a relay needs an address besides 127.0.0.1, and only root can make one")
    authority = Authority(folder)
    issued = authority.issue("relay")
    port, tls_port, log = free_port(), free_port(), folder / "coturn.log"
    command = [
        "turnserver", "-n", "--listening-ip=127.0.0.1", f"--listening-port={port}", f"--tls-listening-port={tls_port}", f"--relay-ip={relayed}",
        "--use-auth-secret", f"--static-auth-secret={SECRET}", "--realm=huizhen.test", "--fingerprint", "--no-cli", "--no-multicast-peers",
        f"--cert={issued.certificate}", f"--pkey={issued.key}", "--no-dtls", "--min-port=49160", "--max-port=49960", f"--pidfile={folder}/pid",
        f"--userdb={folder}/users", "--log-file=stdout", "--simple-log", "--verbose",
    ]  # fmt: skip
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=folder)
        try:
            for one in (port, tls_port):
                _wait(process, one, log)
            yield Coturn(
                f"turn:127.0.0.1:{port}?transport=udp", f"turn:127.0.0.1:{port}?transport=tcp", f"turns:127.0.0.1:{tls_port}?transport=tcp",
                authority.file, log,
            )  # fmt: skip
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.05)
    raise RuntimeError(f"coturn does not start: {log.read_text('utf-8', 'replace')[-2000:]}")
