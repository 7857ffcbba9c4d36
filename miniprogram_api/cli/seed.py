"""`huizhen seed`: the demonstration's county, people and rosters, into empty databases."""

from __future__ import annotations

import argparse
import secrets

import uvloop

from miniprogram_api.cli.refusals import explain_settings


def run(_: argparse.Namespace) -> int:
    """Exit status 0 when the demonstration's people are there, now or already."""
    from miniprogram_api.app import logging as house_logging
    from miniprogram_api.app.credentials import write_demo_credentials
    from miniprogram_api.app.demo import seed

    settings = explain_settings({"demo": True})
    if settings is None:
        return 1
    house_logging.configure("seed")
    if not settings.channels_file.exists():  # `huizhen demo` makes them before it seeds; here nobody did
        write_demo_credentials(settings.channels_file, settings.simulator_dir, settings.public_url, secrets.token_bytes)
    made = uvloop.run(seed(settings))
    print("演示数据已造好。" if made else "演示数据已在,没有改动。")
    return 0
