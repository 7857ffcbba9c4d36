"""What somebody who speaks for a patient may do: a short closed list, and which of it an order needs."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from core.foundation.orders import Order, Query


class Scope(StrEnum):
    """In the order in which it is shown."""

    BOOK = "book"
    """To act: book and cancel, join a call, record what was measured, rate."""
    RECORD = "record"
    """To read the record."""
    CONSENT = "consent"
    """To consent and to withdraw."""
    NOTICES = "notices"
    """To be told."""


SCOPE_LABELS: dict[Scope, str] = {
    Scope.BOOK: "替他挂号和办事",
    Scope.RECORD: "看他的记录",
    Scope.CONSENT: "替他同意和撤回",
    Scope.NOTICES: "收他的通知",
}
WHOLE = tuple(Scope)
"""What the patient himself, a guardian, and whoever was joined without a choice may do."""

_CONSENTING = frozenset({"people.give_consent", "people.withdraw_consent"})
_READING = frozenset({"imaging.show_frame"})
"""Commands by which nothing is done but looking."""


def scope_of(order: Order) -> Scope:
    """Which scope opens ``order`` to who speaks for its patient: queries read, commands act."""
    if order.name in _CONSENTING:
        return Scope.CONSENT
    return Scope.RECORD if isinstance(order, Query) or order.name in _READING else Scope.BOOK


def written(scopes: Iterable[Scope]) -> str:
    """As the column holds it."""
    chosen = set(scopes)
    return ",".join(scope.value for scope in WHOLE if scope in chosen)


def read(text: str) -> tuple[Scope, ...]:
    """What :func:`written` wrote; a code that is no longer known opens nothing."""
    found = set(text.split(","))
    return tuple(scope for scope in WHOLE if scope.value in found)
