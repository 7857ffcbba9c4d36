"""Choose a table, measure it, print it."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Sequence
from types import ModuleType

import nlp.evaluate


def tables() -> dict[str, ModuleType]:
    """The tables by name: every module of this package that has a SUMMARY."""
    names = [found.name for found in pkgutil.iter_modules(nlp.evaluate.__path__) if found.name != "__main__"]
    modules = {name: importlib.import_module(f"nlp.evaluate.{name}") for name in sorted(names)}
    return {name: module for name, module in modules.items() if hasattr(module, "SUMMARY")}


def main(words: Sequence[str] | None = None) -> int:
    """Measure the table that ``words`` name and print it; 2 with one line where the data do not fit."""
    found = tables()
    parser = argparse.ArgumentParser(prog="python -m nlp.evaluate", description="Measure the language engine on data given.")
    chosen = parser.add_subparsers(dest="table", required=True)
    for name, module in found.items():
        module.arguments(chosen.add_parser(name, help=module.SUMMARY, description=module.SUMMARY))
    arguments = parser.parse_args(words)
    try:
        text = found[arguments.table].run(arguments)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{text}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
