"""Word boundaries by jieba, asked only where one character alone could be part of another word (烧 in 烧饭, 晕 in 晕车).

jieba's dictionary holds 350,000 words and would take 60 MB as a mapping. Here it lies as text, a line for each first character, and only the lines of
the characters that a context holds become a mapping: the words and their frequencies are those that jieba itself would have, and so is every cut.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import tempfile
from collections.abc import Iterable
from functools import lru_cache
from math import inf, log
from pathlib import Path
from threading import Lock
from typing import Any

_MOST_WORDS = 120_000
"""Words and beginnings of words kept as a mapping before it is begun anew."""
_HAN = re.compile("[\u4e00-\u9fd5]+")
"""What jieba cuts by its dictionary alone."""
_LAYOUT = "lines-1"
"""Names the form of the kept file; another form gets another name."""


class Dictionary:
    """Words with frequencies as jieba counts them: ``total``, and a line of ``word frequency tag`` triples for each first character."""

    def __init__(self, lines: dict[str, bytes], total: int) -> None:
        self._lines = lines
        self.total = total

    @classmethod
    def of(cls, text: str, own: Iterable[str]) -> Dictionary:
        """jieba's dictionary ``text`` (word, frequency, tag a line) with the words of ``own`` added as ``jieba.Tokenizer.add_word`` adds them."""
        cells = text.split()
        frequencies = list(map(int, cells[1::3]))
        adding = _Adding(dict(zip(cells[::3], frequencies, strict=True)), sum(frequencies))
        lines: dict[str, list[str]] = {}
        for line in text.splitlines():
            lines.setdefault(line[0], []).append(line)
        for word in sorted(own):
            lines.setdefault(word[0], []).append(f"{word} {adding.add(word)} own")  # the later of two counts
        return cls({first: " ".join(triples).encode() for first, triples in lines.items()}, adding.total)

    @classmethod
    def from_bytes(cls, content: bytes) -> Dictionary:
        """What ``to_bytes`` wrote. ValueError where it is something else."""
        head, *lines = content.split(b"\n")
        return cls({line[:4].decode("utf-8", "ignore")[0]: line for line in lines if line}, int(head))

    def to_bytes(self) -> bytes:
        return b"\n".join([str(self.total).encode(), *self._lines.values()])

    def beginning_with(self, first: str) -> dict[str, int]:
        """The words that begin with ``first`` and, at 0 as jieba has it, the beginnings of these words."""
        cells = self._lines.get(first, b"").decode().split()
        return _with_beginnings(dict(zip(cells[::3], map(int, cells[1::3]), strict=True)))

    def whole(self) -> dict[str, int]:
        return {word: frequency for first in self._lines for word, frequency in self.beginning_with(first).items()}


def _with_beginnings(words: dict[str, int]) -> dict[str, int]:
    for word in tuple(words):
        for end in range(1, len(word)):
            words.setdefault(word[:end], 0)
    return words


def _empty(jieba: Any) -> Any:
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total, tokenizer.initialized = {}, 0, True
    return tokenizer


class _Adding:
    """Words with their frequencies, more of them added one by one as ``jieba.Tokenizer.add_word`` (0.42) does it.

    Without jieba's general machinery, because tens of thousands are added at every first start."""

    def __init__(self, words: dict[str, int], total: int) -> None:
        self._words = words
        self.total = total

    def add(self, word: str) -> int:
        """Add ``word`` with the frequency, returned, from which on it is cut as one."""
        share = 1.0
        for piece in self._pieces(word):
            share *= self._words.get(piece, 1) / self.total
        frequency = max(int(share * self.total) + 1, self._words.get(word, 1))
        self._words[word] = frequency
        self.total += frequency
        return frequency

    def _pieces(self, word: str) -> list[str]:
        """The likeliest pieces of ``word``, as jieba cuts it."""
        if _HAN.fullmatch(word) is None:
            return self._cut_by_jieba(word)
        end, log_total, count_of = len(word), log(self.total), self._words.get
        best, following = [0.0] * (end + 1), [0] * end
        for start in range(end - 1, -1, -1):
            worth, following[start] = -inf, start + 1
            for stop in range(start + 1, end + 1):
                count = count_of(word[start:stop])
                if count is not None and (as_good := log(count or 1) - log_total + best[stop]) >= worth:  # of two alike the longer
                    worth, following[start] = as_good, stop
            best[start] = worth if worth > -inf else best[start + 1] - log_total
        pieces, start = [], 0
        while start < end:
            pieces.append(word[start : following[start]])
            start = following[start]
        return pieces

    def _cut_by_jieba(self, word: str) -> list[str]:
        import jieba

        pieces = {word[start:end] for start in range(len(word)) for end in range(start + 1, len(word) + 1)}
        tokenizer = _empty(jieba)
        tokenizer.FREQ = _with_beginnings({piece: self._words[piece] for piece in pieces & self._words.keys()})
        tokenizer.total = self.total
        return list(tokenizer.cut(word, HMM=False))


class WordBoundaries:
    """A jieba tokenizer of our own, with the project's words. Its cache lies in a private folder, never in the shared one."""

    def __init__(self, words: frozenset[str], cache_folder: Path | None = None) -> None:
        self._words = words
        self._folder = cache_folder
        self._dictionary: Dictionary | None = None
        self._cutting: Any = None
        self._first: set[str] = set()
        self._whole: Any = None
        self._one_at_a_time = Lock()
        self.stands_alone = lru_cache(maxsize=4096)(self._stands_alone)

    def _load(self) -> Dictionary:
        import jieba  # heavy: only where texts are read

        jieba.setLogLevel(logging.ERROR)
        kept = self._folder / f"words-{_LAYOUT}-{self._digest(jieba.__version__)}.txt" if self._folder else None
        if kept is not None and (remembered := _remembered(kept)) is not None:
            return remembered
        with jieba.Tokenizer().get_dict_file() as file:
            made = Dictionary.of(file.read().decode("utf-8"), self._words)
        if kept is not None:
            _remember(kept, made)
        return made

    def _digest(self, release: str) -> str:
        return hashlib.sha256("\n".join([release, *sorted(self._words)]).encode()).hexdigest()[:16]

    @property
    def tokenizer(self) -> Any:
        """A tokenizer with every word, made on first use: for whoever needs more of jieba than boundaries."""
        import jieba

        with self._one_at_a_time:
            if self._whole is None:
                dictionary = self._loaded()
                tokenizer = _empty(jieba)
                tokenizer.FREQ, tokenizer.total = dictionary.whole(), dictionary.total
                self._whole = tokenizer
        return self._whole

    def warm(self) -> None:
        """Load the dictionary now rather than with the first text."""
        with self._one_at_a_time:
            self._loaded()

    def _loaded(self) -> Dictionary:
        if self._dictionary is None:
            import jieba

            self._dictionary = self._load()
            self._cutting = _empty(jieba)
            self._cutting.total = self._dictionary.total
        return self._dictionary

    def _stands_alone(self, context: str, position: int) -> bool:
        """Whether the character at ``position`` of ``context`` is a word of its own, or of one of our words."""
        reached = 0
        for token in self._cut(context):
            reached += len(token)
            if position < reached:
                return len(token) == 1 or token in self._words
        return True

    def _cut(self, context: str) -> list[str]:
        with self._one_at_a_time:
            dictionary = self._loaded()
            if len(self._cutting.FREQ) > _MOST_WORDS:
                self._cutting.FREQ, self._first = {}, set()
            for first in set(context) - self._first:
                self._cutting.FREQ.update(dictionary.beginning_with(first))
                self._first.add(first)
            return list(self._cutting.cut(context, HMM=False))


def _remembered(file: Path) -> Dictionary | None:
    """The dictionary with our words as an earlier start left it, or None."""
    try:
        return Dictionary.from_bytes(file.read_bytes())
    except (OSError, ValueError, IndexError):
        return None


def _remember(file: Path, dictionary: Dictionary) -> None:
    """Keep the dictionary for the next start; a folder that cannot be written to only makes that start slower."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as written:
            written.write(dictionary.to_bytes())
        os.replace(written.name, file)
    except OSError:
        return
