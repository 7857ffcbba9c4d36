"""Lists of which one line cannot be opened: the others are shown, and the list says which are missing and why."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from core.foundation.damage import tell_of_damage
from core.foundation.errors import DomainError
from core.foundation.keys import SealBroken, SubjectErased, SubjectLocked
from core.foundation.orders import Result

if TYPE_CHECKING:
    from core.foundation.work import Work

CANNOT_OPEN = (SealBroken, SubjectErased)
ROW = TypeVar("ROW")
LINE = TypeVar("LINE")
KEY = TypeVar("KEY")
VALUE = TypeVar("VALUE")

_SENTENCES: dict[str, str] = {"erased": "这一条已按规定删除。", "unreadable": "这一条无法读取,已通知管理员。", "locked": "这一条已按本人要求锁定。"}


class Withheld(Result):
    """A line that is not shown: its data were erased, or do not open. ``code``: what people call it by, where it has such a code."""

    id: str
    code: str = ""
    reason: Literal["erased", "locked", "unreadable"]
    sentence: str


class WithWithheld(Result):
    """A list that may be short of lines."""

    withheld: tuple[Withheld, ...] = ()


def in_words(withheld: Sequence[Withheld]) -> str:
    """What a list says of the lines that it could not show; "" when it shows them all."""
    erased = sum(one.reason == "erased" for one in withheld)
    locked = sum(one.reason == "locked" for one in withheld)
    unreadable = len(withheld) - erased - locked
    parts = [
        *([f"{erased} 条已按规定删除"] if erased else []),
        *([f"{locked} 条已按本人要求锁定"] if locked else []),
        *([f"{unreadable} 条无法读取(已通知管理员)"] if unreadable else []),
    ]
    return f"另有 {','.join(parts)},没有列出。" if parts else ""


async def shown(
    work: Work, rows: Sequence[ROW], lines_of: Callable[[list[ROW]], Awaitable[Sequence[LINE]]], *, name: Callable[[ROW], Any] | None = None
) -> tuple[tuple[LINE, ...], tuple[Withheld, ...]]:
    """What ``lines_of`` makes of those ``rows`` that open, in their order, and the others. For use in queries.

    ``lines_of`` gives one line a row for many rows at once. Only when one of them does not open are the rows asked for by halves, so that a
    healthy list costs nothing more. ``name``: the stored row behind what is given as a row, where that is not one itself.
    """
    lines: list[LINE] = []
    withheld: list[Withheld] = []
    broken: SealBroken | None = None
    pending = [list(rows)]
    while pending:
        some = pending.pop()
        if not some:
            continue
        try:
            lines.extend(await lines_of(some))
        except CANNOT_OPEN as error:
            if len(some) > 1:
                half = len(some) // 2
                pending += [some[half:], some[:half]]
                continue
            withheld.append(_withheld(some[0] if name is None else name(some[0]), error))
            broken = error if isinstance(error, SealBroken) else broken
    if broken is not None:
        await tell_of_damage(work.practice, broken)
    return tuple(lines), tuple(withheld)


def _withheld(row: Any, error: DomainError) -> Withheld:
    reason: Literal["erased", "locked", "unreadable"] = "unreadable"
    if isinstance(error, SubjectErased):
        reason = "locked" if isinstance(error, SubjectLocked) else "erased"
    return Withheld(id=str(row.id), code=str(getattr(row, "code", "")), reason=reason, sentence=_SENTENCES[reason])


class Openable(dict[KEY, VALUE]):
    """Opened things by key. What did not open is not in it; who asks for it all the same gets the reason, not a KeyError."""

    def __init__(self) -> None:
        super().__init__()
        self.closed: dict[KEY, DomainError] = {}

    def __missing__(self, key: KEY) -> VALUE:
        if key in self.closed:
            raise self.closed[key]
        raise KeyError(key)

    def get(self, key: KEY, default: Any = None) -> Any:
        """As of any dictionary; but of what did not open, the reason."""
        return self[key] if key in self or key in self.closed else default
