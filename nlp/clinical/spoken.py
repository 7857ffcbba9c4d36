"""How the same sentence is said to a child that writes itself."""

from __future__ import annotations

from .knowledge import table


def to_child(text: str) -> str:
    """``text`` that was written for a child's mother, or for a grown-up, said to the child."""
    for said, instead in table("questions.toml")["to_child"].items():
        text = text.replace(said, instead)
    return text
