"""Callback bodies as one kind of document, whether they came as XML or as JSON.

XML is read with the platform's own small grammar in mind: no DOCTYPE, no entities of its own, little depth, 64 KiB.
A repeated element becomes a list; `each()` gives a list for one element as well, which is the trap of `List`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn
from xml.parsers import expat

from bot.channels.crypto import BODY_LIMIT
from bot.channels.refused import Reason, Refused

DEPTH_LIMIT = 12
ELEMENT_LIMIT = 2000

# What XML 1.0 may not carry, and the lone surrogates that no encoder accepts.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def clean(text: str) -> str:
    """Text without the characters that neither XML nor UTF-8 can carry."""
    return text if text.isprintable() else _FORBIDDEN.sub("", text)  # none of them can be printed


class Document:
    """One level of a callback body. Reading never raises: a missing or misshaped value reads as empty."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, *names: str) -> str:
        """The first of these that holds a text or a number, as text without surrounding blanks."""
        for name in names:
            value = self._values.get(name)
            if isinstance(value, str):
                if words := clean(value).strip():
                    return words
            elif isinstance(value, int | float) and not isinstance(value, bool):
                return str(value)
        return ""

    def child(self, *names: str) -> Document:
        """The first of these that is a level of its own, or an empty one."""
        for name in names:
            value = self._values.get(name)
            if isinstance(value, dict):
                return Document(value)
        return Document({})

    def each(self, name: str) -> Iterator[Document]:
        """Every level under this name, however many there are."""
        value = self._values.get(name)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                yield Document(one)

    def texts(self, name: str) -> tuple[str, ...]:
        """Every text under this name, however many there are."""
        value = self._values.get(name)
        return tuple(clean(one).strip() for one in (value if isinstance(value, list) else [value]) if isinstance(one, str) and one.strip())


class _XmlReader:
    """Builds nested dictionaries while expat reads; anything beyond plain elements is refused."""

    def __init__(self) -> None:
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._data
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.EntityDeclHandler = self._refuse
        self._parser.ProcessingInstructionHandler = self._refuse
        self._levels: list[tuple[str, dict[str, Any], list[str]]] = []
        self._elements = 0
        self.root: tuple[str, Any] | None = None

    def read(self, body: bytes) -> tuple[str, Any]:
        self._parser.Parse(body, True)
        if self.root is None:
            raise Refused(Reason.DOCUMENT)
        return self.root

    def _refuse(self, *_: object) -> NoReturn:
        raise Refused(Reason.DOCUMENT)

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        self._elements += 1
        if len(self._levels) >= DEPTH_LIMIT or self._elements > ELEMENT_LIMIT:
            raise Refused(Reason.DOCUMENT)
        self._levels.append((name, {}, []))

    def _data(self, text: str) -> None:
        if self._levels:
            self._levels[-1][2].append(text)

    def _end(self, _name: str) -> None:
        name, children, parts = self._levels.pop()
        value: Any = children or "".join(parts)
        if not self._levels:
            self.root = (name, value)
            return
        above = self._levels[-1][1]
        if name not in above:
            above[name] = value
        elif isinstance(above[name], list):
            above[name].append(value)
        else:
            above[name] = [above[name], value]


def read_xml(body: bytes) -> Document:
    """The document under `<xml>`. Refused where it is not one."""
    if len(body) > BODY_LIMIT:
        raise Refused(Reason.TOO_LONG)
    if (values := _flat(body)) is not None:
        return Document(values)
    try:
        name, value = _XmlReader().read(body)
    except (expat.ExpatError, ValueError, LookupError):
        raise Refused(Reason.DOCUMENT) from None
    if name != "xml" or not isinstance(value, dict):
        raise Refused(Reason.DOCUMENT)
    return Document(value)


_ELEMENT = re.compile(r"<([A-Za-z][A-Za-z0-9_]{0,40})>(?:<!\[CDATA\[([^\]]*)\]\]>|([^<>&\]]*))</\1>[ \t\n]*")
_END = re.compile(r"</xml>[ \t\n]*")
_BEGIN = "<xml>"
_MOST_FLAT = 40


def _flat(body: bytes) -> dict[str, str] | None:
    """What the parser reads in the platform's usual form, one level of plain elements, each once and without anything that a parser would have to
    resolve: four times as fast. None for every other body, which is the parser's to read."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    if not text.startswith(_BEGIN) or "\r" in text or _FORBIDDEN.search(text):
        return None
    values: dict[str, str] = {}
    at = len(_BEGIN)
    while (found := _ELEMENT.match(text, at)) is not None:
        name, section, plain = found.groups()
        if name in values or len(values) == _MOST_FLAT:
            return None
        values[name] = plain if section is None else section
        at = found.end()
    return values if values and _END.fullmatch(text, at) else None


def read_json(body: bytes) -> Document:
    """The document of a JSON object. Refused where it is not one."""
    if len(body) > BODY_LIMIT:
        raise Refused(Reason.TOO_LONG)
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Refused(Reason.DOCUMENT) from None
    if not isinstance(value, dict):
        raise Refused(Reason.DOCUMENT)
    return Document(value)


def _no_constant(_name: str) -> NoReturn:
    raise ValueError("not a JSON number")


def cdata(text: str) -> str:
    """A CDATA section that no text can leave: `]]>` is split over two sections."""
    return "<![CDATA[" + clean(text).replace("]]>", "]]]]><![CDATA[>") + "]]>"


def write_json(value: Mapping[str, Any]) -> bytes:
    """JSON as the platform prints it: compact, UTF-8, Chinese unescaped."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
