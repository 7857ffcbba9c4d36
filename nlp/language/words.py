"""Word boundaries by jieba, asked only where one character alone could be part of another word (烧 in 烧饭, 晕 in 晕车)."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any


class WordBoundaries:
    """A jieba tokenizer of our own, with the project's words. Its cache lies in a private folder, never in the shared one."""

    def __init__(self, words: frozenset[str], cache_folder: Path | None = None) -> None:
        self._words = words
        self._folder = cache_folder
        self._tokenizer: Any = None
        self.stands_alone = lru_cache(maxsize=4096)(self._stands_alone)

    def _load(self) -> Any:
        import jieba  # heavy: only where texts are read

        kept = self._folder / f"words-{self._digest(jieba.__version__)}.json" if self._folder else None
        if kept is not None and (remembered := _remembered(kept)) is not None:
            tokenizer = jieba.Tokenizer()
            tokenizer.FREQ, tokenizer.total = remembered
            tokenizer.initialized = True
            return tokenizer
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
        jieba.setLogLevel(logging.ERROR)
        tokenizer = jieba.Tokenizer()
        with tempfile.TemporaryDirectory(prefix="huizhen-words-") as private:
            tokenizer.tmp_dir = str(self._folder or private)
            tokenizer.initialize()
        for word in sorted(self._words):
            tokenizer.add_word(word)
        if kept is not None:
            _remember(kept, tokenizer.FREQ, tokenizer.total)
        return tokenizer

    def _digest(self, release: str) -> str:
        return hashlib.sha256("\n".join([release, *sorted(self._words)]).encode()).hexdigest()[:16]

    @property
    def tokenizer(self) -> Any:
        """The tokenizer, loaded on first use: for whoever needs more of jieba than boundaries."""
        self.warm()
        return self._tokenizer

    def warm(self) -> None:
        """Load the dictionary now rather than with the first text."""
        if self._tokenizer is None:
            self._tokenizer = self._load()

    def _stands_alone(self, context: str, position: int) -> bool:
        """Whether the character at ``position`` of ``context`` is a word of its own, or of one of our words."""
        self.warm()
        reached = 0
        for token in self._tokenizer.cut(context, HMM=False):
            reached += len(token)
            if position < reached:
                return len(token) == 1 or token in self._words
        return True


def _remembered(file: Path) -> tuple[dict[str, int], int] | None:
    """The dictionary with our words as an earlier start left it, or None. """
    try:
        frequencies, total = json.loads(file.read_bytes())
    except (OSError, ValueError, TypeError):
        return None
    return frequencies, total


def _remember(file: Path, frequencies: dict[str, int], total: int) -> None:
    """Keep the dictionary for the next start; a folder that cannot be written to only makes that start slower."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as written:
            written.write(json.dumps([frequencies, total], ensure_ascii=False).encode())
        os.replace(written.name, file)
    except OSError:
        return
