"""Which versions of the libraries were measured."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version


def versions(*names: str) -> dict[str, str]:
    """Python's and each library's version; one that is not there says so, because the engine then takes a slower way round."""
    found = {"Python": platform.python_version()}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    return found
