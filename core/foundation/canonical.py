"""One text for one document: the canonical form over which signatures are made (RFC 8785, JSON Canonicalization Scheme, for what we sign).

Keys are ASCII and sorted, there is no white space, strings carry only the escapes that RFC 8785 section 3.2.2.2 wants, the text is UTF-8.
Numbers are integers that every reader of JSON keeps exactly (at most 2^53 - 1); doses and money travel as strings or integers, so floats,
whose form depends on the printer, are refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_LARGEST = 2**53 - 1


class NotCanonical(TypeError):
    """The document holds something that has no one form (a float, a key that is not ASCII text, half a character). Holds no data."""


def canonical(document: Mapping[str, Any]) -> bytes:
    """``document`` in its one form; :class:`NotCanonical` if it has none."""
    _check(document)
    try:
        return json.dumps(document, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        raise NotCanonical("half a character") from None


def moment(time: datetime) -> str:
    """A time as signed documents name it: UTC, to the second."""
    return time.astimezone(UTC).isoformat(timespec="seconds")


def _check(value: Any) -> None:
    if value is None or isinstance(value, str | bool):
        return
    if isinstance(value, int):
        if abs(value) > _LARGEST:
            raise NotCanonical("a number too large")
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise NotCanonical("a key that is not ASCII text")
            _check(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check(inner)
    else:
        raise NotCanonical(type(value).__name__)
