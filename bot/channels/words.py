"""Neutral shapes as plain words, for channels (or moments) that can show nothing else, and cutting words to size."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from bot.channels.outgoing import Card, CardUpdate, Image, Link, Menu, Outgoing, Stream, Text, without_emphasis

_SENTENCE_END = re.compile("(?<=[\u3002\uff01!\uff1f?\uff1b;\n])|(?<=\\.\\s)")
_ANCHOR = re.compile(r"<(?=\s*/?\s*a\b)", re.IGNORECASE)
# Wide forms read the same and mean nothing to the clients.
WIDE_LESS = "\uff1c"
_MARKUP = re.compile(r"<(?=[@a-zA-Z/!])")


def size(text: str) -> int:
    """Bytes of a text in UTF-8, as the platforms count."""
    return len(text.encode())


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, with an ellipsis where some are missing."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


THING = 20
"""Characters that a template message's field takes."""
_CLAUSE_END, _STOPS_AT_END = re.compile("(?<=[。!;,!?;,])"), re.compile("[。!;,!;, ]+$")


def whole_clauses(text: str, limit: int = THING) -> str:
    """As many whole clauses from the beginning as `limit` characters hold, without the stop at their end; cut only where not even the first fits."""
    kept = ""
    for clause in _CLAUSE_END.split(" ".join(text.replace("**", "").split())):
        if len(_STOPS_AT_END.sub("", kept + clause)) > limit:
            break
        kept += clause
    return _STOPS_AT_END.sub("", kept) or cut(text.strip(), limit)


def split_text(text: str, limit: int) -> list[str]:
    """Pieces of at most `limit` bytes, cut after a sentence where one ends, else between characters.

    No character is lost except blanks at the cuts. An empty text gives no piece. `limit` of at least 4 bytes.
    """
    pieces: list[str] = []
    present = ""
    for sentence in _SENTENCE_END.split(text):
        for part in _within(sentence, limit):
            if present and size(present) + size(part) > limit:
                pieces.append(present)
                present = ""
            present += part
    pieces.append(present)
    return [piece.strip() for piece in pieces if piece.strip()]


def _within(sentence: str, limit: int) -> Iterable[str]:
    data = sentence.encode()
    while len(data) > limit:
        # Decoding leniently drops the torn character at the cut; it opens the next piece.
        head = data[:limit].decode(errors="ignore")
        yield head
        data = data[len(head.encode()) :]
    yield data.decode()


def no_anchor(text: str) -> str:
    """Official Account and WeCom turn `<a href>` in a text into a link: what people wrote must not become one."""
    return _ANCHOR.sub(WIDE_LESS, text)


def plain(text: str) -> str:
    """A text for channels without emphasis, where nothing in it can act as markup."""
    return no_anchor(without_emphasis(text))


def markdown(text: str) -> str:
    """A text for channels with markdown: emphasis stays, links, mentions, colours and pictures lose their effect."""
    return _MARKUP.sub(WIDE_LESS, text).replace("](", "]\uff08").replace("`", "'")


def numbered(labels: Iterable[str]) -> list[str]:
    """Labels as people pick them by number."""
    return [f"{number} {label}" for number, label in enumerate(labels, 1)]


def card_lines(card: Card) -> list[str]:
    """What a card says, without its buttons."""
    said = [f"**{card.title}**", card.description, *(f"{line.key}\uff1a{line.value}" for line in card.lines), card.sub_title]
    return [line for line in said if line]


def as_words(shape: Outgoing) -> str:
    """Any shape as a text with numbered choices; emphasis is still marked. Empty where there is nothing to read."""
    match shape:
        case Text():
            return shape.text
        case Menu():
            return _joined([shape.head, *numbered(choice.label for choice in shape.choices), shape.tail])
        case Card():
            return _joined([*card_lines(shape), *numbered(button.label for button in shape.buttons), shape.url])
        case CardUpdate():
            return shape.note
        case Image():
            return _joined([shape.caption or "[图片]", shape.url])
        case Link():
            # Only a web address can be read and typed; a number to dial stands in the title, a page of the mini program has no address.
            return _joined([shape.title, shape.description, shape.url if shape.url.startswith("http") else ""])
        case Stream():
            return shape.text if shape.finish else ""


def _joined(lines: Sequence[str]) -> str:
    return "\n".join(line for line in lines if line)


def gather(
    shapes: Sequence[Outgoing], limit: int, dress: Callable[[str], str], words_of: Callable[[Outgoing], str] | None = None
) -> tuple[str, tuple[Outgoing, ...]]:
    """As many leading shapes as fit into one text of `limit` bytes, and what is left over.

    `dress` makes a text harmless for the channel; `words_of` gives a shape's finished words where the channel has a
    way of its own. A first text that is too long by itself is split; its rest comes first in what is left over.
    Pictures that the platform holds end the gathering, because words cannot stand for them.
    """
    gathered = ""
    for index, shape in enumerate(shapes):
        if isinstance(shape, Image) and shape.media_id:
            return gathered, tuple(shapes[index:])
        words = words_of(shape) if words_of else dress(as_words(shape))
        joined = f"{gathered}\n\n{words}" if gathered and words else gathered or words
        if size(joined) <= limit:
            gathered = joined
            continue
        if gathered:
            return gathered, tuple(shapes[index:])
        # Splitting would tear markup of the channel's own, so only the bare words are split.
        first, *others = split_text(dress(as_words(shape)), limit) or [""]
        return first, (*(Text(text=other) for other in others), *shapes[index + 1 :])
    return gathered, ()
