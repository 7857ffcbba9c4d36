"""`huizhen simulator`: the simulated WeChat alone, against anybody's bot. It is a program of its own, which shares no code with the house."""

from __future__ import annotations

import argparse
import os
import sys


def run(arguments: argparse.Namespace) -> int:
    """Exit status 2 when nothing is asked for; else this process becomes the simulator's."""
    if not arguments.example and not arguments.config:
        print("请写 --config sim.toml;先用 huizhen simulator --example > sim.toml 得到一份例子")
        return 2
    command = [sys.executable, "-m", "bot.simulator"]
    command += ["--example"] if arguments.example else ["--config", arguments.config]
    if arguments.port is not None:
        command += ["--port", str(arguments.port)]
    sys.stdout.flush()
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter, arguments as a list
