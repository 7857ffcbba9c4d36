"""The masker: what the practice knows first, then every pattern, then again until nothing more is found.

What it cannot find: names without any sign of one (a nickname, a name in letters or in pinyin, a given name alone that the practice does not know),
places without their kind (住在大井), what is told around the corner (那个校长的儿子), and what stands in pictures and sounds.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from nlp.interface.masking import Kind, Known, Masked, Masker, Place
from nlp.interface.reading import Span
from nlp.language.words import WordBoundaries
from nlp.masking.addresses import addresses
from nlp.masking.contacts import contacts
from nlp.masking.dates import ages, dates
from nlp.masking.folding import Folded, fold
from nlp.masking.names import known_names, likely_names
from nlp.masking.numbers import DIGITS, digits, numbers

VERSION = "2"
MOST_LOOKS = 6
"""Each look masks more or ends it; a text that still gives something then is masked whole."""


class TextMasker:
    def __init__(self, cache_folder: Path | None = None) -> None:
        self._words = WordBoundaries(frozenset(), cache_folder)
        self._tagger: Any = None

    @property
    def version(self) -> str:
        return VERSION

    def find(self, text: str, known: Known) -> tuple[Place, ...]:
        return tuple(Place(kind=kind, span=Span(start=start, end=end, text=text[start:end])) for kind, start, end, _ in self._look(text, known))

    def mask(self, text: str, known: Known) -> Masked:
        counts: Counter[Kind] = Counter()
        for _ in range(MOST_LOOKS):
            found = self._look(text, known)
            if not found:
                break
            for kind, start, end, instead in reversed(found):
                text = f"{text[:start]}{instead}{text[end:]}"
                counts[kind] += 1
        else:
            text = f"[{Kind.NUMBER.value}]"
        return Masked(text=text, counts=dict(counts))

    def _look(self, text: str, known: Known) -> list[tuple[Kind, int, int, str]]:
        folded = fold(text)
        if not folded.tight:
            return []
        sure = [(kind, *folded.whole_of_tight(start, end), f"[{kind.value}]") for kind, start, end in _known(folded, known)]
        numbered = [(kind, *folded.whole(start, end), f"[{kind.value}]") for kind, start, end in (*contacts(folded.text), *numbers(folded.text))]
        likely = [(kind, *folded.whole(start, end), f"[{kind.value}]") for kind, start, end in self._likely(folded)]
        timed = [(kind, *folded.whole(start, end), instead) for kind, start, end, instead in _timed(folded.text, known)]
        return _without_overlaps([*sure, *numbered, *timed, *likely], text)

    def _likely(self, folded: Folded) -> Iterator[tuple[Kind, int, int]]:
        yield from addresses(folded.text)
        yield from likely_names(folded.text, self._tag)

    def _tag(self, text: str) -> Iterable[tuple[str, str]]:
        if self._tagger is None:
            import jieba.posseg  # heavy: only where texts are masked

            jieba.setLogLevel(logging.ERROR)
            self._tagger = jieba.posseg.POSTokenizer(self._words.tokenizer)
        return ((pair.word, pair.flag) for pair in self._tagger.cut(text))


def build(cache_folder: Path | None = None) -> Masker:
    """``cache_folder``: a private folder in which jieba may keep its dictionary between starts."""
    return TextMasker(cache_folder)


def _known(folded: Folded, known: Known) -> Iterator[tuple[Kind, int, int]]:
    yield from known_names(folded.tight, known.names)
    for place in sorted(set(known.places), key=len, reverse=True):
        if len(place) >= 2:
            yield from ((Kind.PLACE, *match.span()) for match in re.finditer(re.escape(place), folded.tight))
    wanted = [number for number in known.numbers if len(number) >= 4]
    if not wanted:
        return
    seen = [(index, DIGITS.get(character, character)) for index,
        character in enumerate(folded.tight) if character in DIGITS or (character.isascii() and character.isalnum())]
    written = "".join(character.upper() for _, character in seen)
    for number in wanted:
        clean = "".join(character for character in number.upper() if character.isascii() and character.isalnum())
        for match in re.finditer(re.escape(clean), written) if clean else ():
            yield (Kind.NUMBER, seen[match.start()][0], seen[match.end() - 1][0] + 1)
        tail = digits(number)[-4:]
        for match in re.finditer(rf"(?:尾号|末四位|后四位)(?:是|为)?{re.escape(tail)}", folded.tight) if len(tail) == 4 else ():
            yield (Kind.NUMBER, match.end() - 4, match.end())


def _timed(text: str, known: Known) -> Iterator[tuple[Kind, int, int, str]]:
    yield from dates(text, known)
    yield from ages(text, known)


def _without_overlaps(found: list[tuple[Kind, int, int, str]], text: str) -> list[tuple[Kind, int, int, str]]:
    """The places in order. Of two that overlap the first in ``found`` counts, the rest of the other as well."""
    taken = [""] * len(text)
    for place, (_, start, end, _) in enumerate(found):
        for index in range(start, end):
            if not taken[index]:
                taken[index] = str(place + 1)
    result: list[tuple[Kind, int, int, str]] = []
    index = 0
    while index < len(taken):
        owner = taken[index]
        start = index
        while index < len(taken) and taken[index] == owner:
            index += 1
        if not owner:
            continue
        kind, _, _, instead = found[int(owner) - 1]
        if result and result[-1][2] == start and result[-1][0] is kind:
            result[-1] = (kind, result[-1][1], index, instead)
        else:
            result.append((kind, start, index, instead))
    return result
