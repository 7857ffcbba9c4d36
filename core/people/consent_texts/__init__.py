"""The texts people consent to, one file a version; a file once used is never changed, a new wording is a new version."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

CURRENT = {
    "care": "2026.2", "sensitive": "2026.1", "children": "2026.1", "consultation": "2026.1", "recording": "2026.1", "research": "2026.1",
    "teaching": "2026.1",
}
"""The version of each purpose that is shown today."""


@dataclass(frozen=True, slots=True)
class Text:
    """``sha256`` is of the file's bytes: it stands in each consent."""

    purpose: str
    version: str
    title: str
    text: str
    sha256: str


@cache
def current_text(purpose: str) -> Text:
    """The text of ``purpose`` in force; KeyError for an unknown purpose."""
    version = CURRENT[purpose]
    data = files(__package__).joinpath(f"{purpose}-{version}.md").read_bytes()
    title, _, text = data.decode().partition("\n")
    return Text(purpose, version, title.removeprefix("# ").strip(), text.strip(), hashlib.sha256(data).hexdigest())
