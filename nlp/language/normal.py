"""Text made uniform without losing its place: every character kept knows where it stood in the original."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib import resources

from nlp.interface.reading import Span
from nlp.language.numbers import NUMBER

MAX_CHARACTERS = 5000
"""Characters of one text that are looked at; the rest is ignored."""

HARD_BREAKS = frozenset("，。；！？")
_NUMERALS = frozenset("0123456789零〇一二两三四五六七八九十百半")
_MEASURED = re.compile(
    "(?:体温|体重|心率|脉搏|呼吸|呼吸频率|血氧|饱和度|氧饱和|指氧|spo2|血糖|空腹|餐后|(?<![高低])血压|高压|低压|收缩压|舒张压|是|bp|hr|rr)$"
)
_VALUE = re.compile(rf"{NUMBER}(?!天|年|小时|个|周|月|次|岁|分钟|点|片|包|粒)")
"""血氧 85, 体温 39.5: the space before a value parts nothing."""
_SIGN = "(?:(?![ILOUilou])[0-9A-Za-z])"
_CODE = re.compile(rf"(?<![A-Za-z0-9])[A-Za-z]-(?=\d*[A-Za-z])(?=[A-Za-z]*\d)(?:(?<=[CRcr]-){_SIGN}{{4}}|{_SIGN}{{5,10}})(?![A-Za-z0-9])")
"""C-RR37 is the code of a consultation, and no respiratory rate: one letter, then digits and letters of Crockford's base 32, four for consultations
and prescriptions, more for all else. A-H1N1 is none."""
_PUNCTUATION = {
    ",": "，", "!": "！", "?": "？", ";": "；", "…": "。", "|": "，", "(": "，", ")": "，", "[": "，", "]": "，", "【": "，", "】": "，",
    "「": "，", "」": "，", "《": "，", "》": "，", "\n": "。", "\r": "。", "。": "。", "､": "、", "・": "，", "﹐": "，",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class NormalText:
    """``text``: simplified, half width, lower case, without spaces and emoji. ``origins[i]``: index in ``original`` of ``text[i]``.

    ``breaks``: indices of ``text`` before which the writer left a space or an emoji (a pause that is no punctuation).
    """

    original: str
    text: str
    origins: tuple[int, ...]
    breaks: frozenset[int]

    def span(self, start: int, end: int) -> Span:
        """The place in the original of ``text[start:end]``."""
        if not self.origins or start >= end:
            return Span(start=0, end=0, text="")
        first, last = self.origins[start], self.origins[end - 1] + 1
        return Span(start=first, end=last, text=self.original[first:last])


@cache
def simplified() -> dict[str, str]:
    """Traditional to simplified, one character for one (OpenCC's table), so that offsets hold."""
    table: dict[str, str] = {}
    content = resources.files("opencc").joinpath("dictionary/TSCharacters.txt").read_text(encoding="utf-8")
    for line in content.splitlines():
        traditional, _, simplified = line.partition("\t")
        first = simplified.split(" ")[0]
        if len(traditional) == 1 and len(first) == 1:
            table[traditional] = first
    # characters that are also everyday simplified ones and would change a meaning
    for character in "乾著麼":
        table.pop(character, None)
    table.update({"乾": "干", "著": "着", "麼": "么", "昇": "升", "痠": "酸", "佔": "占"})
    return table


@cache
def _character(character: str) -> tuple[str, bool]:
    """What one original character becomes, and whether it stands for a pause."""
    if character in _PUNCTUATION:
        return _PUNCTUATION[character], False
    category = unicodedata.category(character)
    if character.isspace():
        return "", True
    if category in ("Cc", "Cf", "Mn", "Me", "Cs"):
        return "", False
    out = ""
    for piece in unicodedata.normalize("NFKC", character):
        piece = _PUNCTUATION.get(piece, piece)
        if piece == "°" or unicodedata.category(piece)[0] in "LNP" or piece in "%+-~/<>=":
            out += simplified().get(piece, piece.lower())
    return out, not out


def normalise(original: str) -> NormalText:
    """Make ``original`` uniform. Never fails; the empty text gives an empty result."""
    looked_at = original[:MAX_CHARACTERS]
    characters: list[str] = []
    origins: list[int] = []
    breaks: set[int] = set()
    pause = False
    coded = {index for found in _CODE.finditer(looked_at) for index in range(*found.span())} if "-" in looked_at else ()
    for index, character in enumerate(looked_at):
        piece, is_pause = _character(character) if index not in coded else ("，" if index - 1 not in coded else "", False)
        if is_pause:
            pause = True
        if not piece:
            continue
        if piece == ".":
            following = looked_at[index + 1 : index + 2]
            decimal = bool(characters) and characters[-1].isdigit() and unicodedata.normalize("NFKC", following).isdigit()
            piece = "." if decimal else "。"
        if pause and characters:
            if characters[-1] in _NUMERALS and piece[0] in _NUMERALS:
                characters.append(" ")
                origins.append(index - 1)
            breaks.add(len(characters))
        pause = False
        for part in piece:
            characters.append(part)
            origins.append(index)
    if len(breaks) > 3 and len(breaks) * 2 > len(characters):
        breaks.clear()  # written with a space after every character or two: the spaces say nothing
    text = "".join(characters)
    breaks = {at for at in breaks if not (_VALUE.match(text, at) and _MEASURED.search(text[:at]))}
    return NormalText(original=original, text=text, origins=tuple(origins), breaks=frozenset(breaks))
