"""Which windows a picture can be looked at through. No heavy import: a web process lists them.

CT values are Hounsfield units. Brain, lung and bone are the settings of the usual teaching tables (Radiopaedia, "Windowing (CT)"); 400/40 is the
usual setting for soft tissue of the body. They choose what is visible on a screen, they diagnose nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

AUTO: Final = "auto"
"""The file's own window; without one, what lies between the darkest and the brightest half per cent."""


@dataclass(frozen=True, slots=True)
class Window:
    """``width`` and ``centre`` in the units of the values after the modality transformation (HU for CT); None for AUTO."""

    key: str
    label: str
    width: float | None = None
    centre: float | None = None


_AUTO = Window(AUTO, "自动")
_FULL = Window("full", "全部灰度")
"""From the darkest to the brightest value."""
_BY_MODALITY: Final[dict[str, tuple[Window, ...]]] = {
    "CT": (
        Window("brain", "脑窗", 80, 40), Window("lung", "肺窗", 1500, -600), Window("soft", "纵隔/软组织窗", 400, 40),
        Window("bone", "骨窗", 1800, 400),
    ),
}  # fmt: skip
_COLOUR = frozenset({"US", "ES", "GM", "XC", "OP", "SM"})
"""Modalities whose pictures come as they are to be looked at."""

KEYS: Final = (AUTO, "full", *(window.key for windows in _BY_MODALITY.values() for window in windows))


def windows_of(modality: str) -> tuple[Window, ...]:
    """The windows offered for ``modality``, the automatic one first."""
    if modality in _COLOUR:
        return (_AUTO,)
    return (_AUTO, *_BY_MODALITY.get(modality, (_FULL,)))


def window_named(key: str, modality: str) -> Window:
    """The window ``key`` as ``modality`` has it; the automatic one where it has none of that name."""
    return next((window for window in windows_of(modality) if window.key == key), _AUTO)
