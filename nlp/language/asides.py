"""What is no answer to anything: curses, the wish to be told a diagnosis, another language than Chinese."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

from .lexicon import lexicon
from .normal import NormalText

_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
_OTHER_SCRIPT = re.compile("[\u3040-\u30ff\uac00-\ud7af\u0400-\u04ff\u0600-\u06ff\u0e00-\u0e7f\u1000-\u109f\u0f00-\u0fff]{2}")
_WORD = re.compile("[a-z\u00c0-\u024f\u1e00-\u1eff]{3}")
_KANA = re.compile("[\u3040-\u30ff\uac00-\ud7af]{2}")


@cache
def _curses() -> re.Pattern[str]:
    return re.compile("|".join(lexicon().scope["asides"]["curses"]))


@cache
def _diagnosis() -> re.Pattern[str]:
    return re.compile("|".join(lexicon().scope["asides"]["diagnosis"]))


def without_curses(text: NormalText) -> NormalText:
    """``text`` with every curse turned into a pause, so that no word of it names a person or an illness; the same object when there is none."""
    clean = _curses().sub(lambda curse: "，" * len(curse[0]), text.text)
    return text if clean == text.text else replace(text, text=clean)


def asks_diagnosis(text: NormalText) -> bool:
    return _diagnosis().search(text.text) is not None


def is_foreign(text: NormalText) -> bool:
    """Whether it is written in another language: no Chinese character and at least a word, or a word of a script that Chinese never uses."""
    if _HAN.search(text.text) is not None:
        return _KANA.search(text.text) is not None
    return _OTHER_SCRIPT.search(text.text) is not None or _WORD.search(text.text) is not None
