"""Compiles `forwarder.c` and its parts with the machine's C compiler, once for each version of them: `python -m media.calls.native.build`."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

PARTS = tuple(Path(__file__).with_name(f"{name}.c") for name in ("forwarder", "arrivals", "datagrams", "digest", "send_clock", "short_turns"))
HEADERS = tuple(Path(__file__).with_name(f"{name}.h") for name in ("arrivals", "bytes", "datagrams", "digest", "send_clock", "short_turns"))
FLAGS = ("-std=gnu11", "-O2", "-fPIC", "-shared", "-pthread", "-Wall", "-Wextra")


def place() -> Path:
    """Where the compiled library of this very source lies, in the Python environment; it need not be there."""
    sources = b"".join(one.read_bytes() for one in (*PARTS, *HEADERS))
    name = hashlib.sha256(sources + repr(FLAGS).encode()).hexdigest()[:16]
    return Path(sys.prefix) / "lib" / "huizhen" / f"forwarder-{name}-{sysconfig.get_platform()}.so"


def compiler() -> str | None:
    return shutil.which(os.environ.get("CC", "cc"))


def build() -> Path | None:
    """The compiled library, made if it is not there yet; None without a compiler, or when the system cannot carry it (it wants Linux)."""
    wanted = place()
    if wanted.exists():
        return wanted
    cc = compiler()
    if cc is None or not sys.platform.startswith("linux"):
        return None
    wanted.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=wanted.parent) as folder:
        made = Path(folder) / "forwarder.so"
        done = subprocess.run([cc, *FLAGS, *map(str, PARTS), "-o", str(made), "-lm"], capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode != 0:
            sys.stderr.write(done.stderr[-4000:])
            return None
        made.replace(wanted)
    return wanted


if __name__ == "__main__":
    sys.exit(0 if build() is not None else 1)
