"""The platforms' XML: writing callbacks, and reading answers without forgiving anything."""

import importlib
import re
from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element, ParseError  # types only; parsing goes through defusedxml

# defusedxml has no type information.
_safe: Any = importlib.import_module("defusedxml.ElementTree")
_refused: Any = importlib.import_module("defusedxml.common").DefusedXmlException

_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class XmlError(Exception):
    """The XML is not what the platform allows; the text names the element."""


def legal(text: str) -> str:
    """The text without the characters that XML 1.0 cannot carry."""
    return _ILLEGAL.sub("", text)


def render(fields: Mapping[str, Any], root: str = "xml") -> str:
    """Write a callback: numbers bare, texts in CDATA, mappings nested, lists as repeated elements."""
    return f"<{root}>{_children(fields)}</{root}>"


def _children(fields: Mapping[str, Any]) -> str:
    parts = []
    for name, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, Mapping):
                inner = _children(one)
            elif isinstance(one, int | float):
                inner = str(one)
            else:
                # A section cannot hold its own end: it is split over two.
                inner = "<![CDATA[" + legal(str(one)).replace("]]>", "]]]]><![CDATA[>") + "]]>"
            parts.append(f"<{name}>{inner}</{name}>")
    return "".join(parts)


def parse(text: str) -> Element:
    """Parse one answer: no document type, no entities, no attributes, no text beside elements."""
    try:
        root: Element = _safe.fromstring(text, forbid_dtd=True)
    except (ParseError, _refused, ValueError, LookupError) as exc:
        raise XmlError(f"not well-formed XML ({type(exc).__name__})") from exc
    if root.tag != "xml":
        raise XmlError("the root element must be <xml>")
    for element in root.iter():
        if element.attrib:
            raise XmlError(f"<{element.tag}> carries attributes")
        if (element.tail or "").strip() or (len(element) and (element.text or "").strip()):
            raise XmlError(f"stray text at <{element.tag}>")
    return root


def leaf(parent: Element, name: str, default: str | None = None) -> str:
    """The text of the one child of that name, which has no children itself."""
    found = parent.findall(name)
    if not found and default is not None:
        return default
    if len(found) != 1:
        raise XmlError(f"<{name}> must occur once, it occurs {len(found)} times")
    if len(found[0]):
        raise XmlError(f"<{name}> must hold text only")
    return found[0].text or ""


def branch(parent: Element, name: str) -> Element:
    found = parent.findall(name)
    if len(found) != 1:
        raise XmlError(f"<{name}> must occur once, it occurs {len(found)} times")
    return found[0]


def only(
    parent: Element, required: set[str], optional: frozenset[str] | set[str] = frozenset(), repeated: frozenset[str] | set[str] = frozenset()
) -> None:
    """Exactly these children: the required ones once each, the optional ones at most once, nothing else."""
    seen: dict[str, int] = {}
    for child in parent:
        seen[child.tag] = seen.get(child.tag, 0) + 1
    for name, count in seen.items():
        if name not in required | set(optional) | set(repeated):
            raise XmlError(f"<{name}> does not belong into <{parent.tag}>")
        if count > 1 and name not in repeated:
            raise XmlError(f"<{name}> must occur once, it occurs {count} times")
    for name in required:
        if name not in seen:
            raise XmlError(f"<{name}> is missing in <{parent.tag}>")


def whole(parent: Element, name: str) -> int:
    text = leaf(parent, name)
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise XmlError(f"<{name}> must be a whole number")
    return int(text)
