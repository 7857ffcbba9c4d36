"""JSON lines in and out for `huizhen triage` and `huizhen inquire`: strict about what comes in, one answer or one error a line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

LONGEST_LINE = 256 * 1024
"""Bytes of a line, its end not counted."""
_BOM = b"\xef\xbb\xbf"


class BadLine(ValueError):
    """A line that cannot be used; the text says why, in Chinese, and what would be right."""


def lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Each line that is not blank with its number from 1; None instead of one that is too long."""
    number = 0
    while piece := stream.readline(LONGEST_LINE + 2):
        number += 1
        whole = piece.rstrip(b"\r\n")
        if number == 1 and whole.startswith(_BOM):
            whole = whole[len(_BOM) :]
        if len(whole) > LONGEST_LINE:
            while piece and not piece.endswith(b"\n"):
                piece = stream.readline(LONGEST_LINE)
            yield number, None
        elif whole.strip():
            yield number, whole


def parsed(line: bytes | None) -> Any:
    """The JSON of one line. BadLine for anything else than one strict JSON value in UTF-8."""
    if line is None:
        raise BadLine(f"这一行太长,最多 {LONGEST_LINE // 1024} KiB")
    try:
        found = json.loads(line.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_constant)
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except BadLine:
        raise
    except UnicodeError:
        raise BadLine("不是 UTF-8 文字") from None
    except (ValueError, RecursionError):
        raise BadLine("不是一个完整的 JSON(每行一个)") from None
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise BadLine("同一个字段写了两次")
    return found


def _no_constant(word: str) -> Any:
    raise BadLine(f"{word} 不是数")


def tell(answer: dict[str, Any], stream: BinaryIO | None = None) -> None:
    """Write one line and send it off at once: the other side may be waiting for it."""
    out = sys.stdout.buffer if stream is None else stream
    out.write(json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode("utf-8") + b"\n")
    out.flush()


def refusal(number: int, error: BadLine, name: Any = None) -> dict[str, Any]:
    """The one line that answers a bad line; ``id`` where it could be read."""
    return {"id": name if _is_name(name) else None, "line": number, "error": str(error)}


def _is_name(name: Any) -> bool:
    return isinstance(name, (str, int)) and not isinstance(name, bool)


def named(line: Any) -> str | int | None:
    """The id that ``line`` carries, if it carries one that can be used."""
    name = line.get("id") if isinstance(line, dict) else None
    return name if _is_name(name) else None
