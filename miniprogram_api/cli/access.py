"""`huizhen access`: the access table, as docs/access.md holds it."""

from __future__ import annotations

import argparse


def run(_: argparse.Namespace) -> int:
    """Prints the table; status 0."""
    from core.foundation.access_table import access_table
    from core.practice_rooms import load_rooms

    load_rooms()
    print(access_table(), end="")
    return 0
