"""Word boundaries by jieba, asked only where one character alone could be part of another word (烧 in 烧饭, 晕 in 晕车)."""

from __future__ import annotations

import logging
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

        jieba.setLogLevel(logging.ERROR)
        tokenizer = jieba.Tokenizer()
        with tempfile.TemporaryDirectory(prefix="huizhen-words-") as private:
            tokenizer.tmp_dir = str(self._folder or private)
            tokenizer.initialize()
        for word in self._words:
            tokenizer.add_word(word)
        return tokenizer

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
