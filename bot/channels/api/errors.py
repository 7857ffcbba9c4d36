"""What a platform's API can answer instead of what was asked for.

A platform answers errors with HTTP 200 and `errcode`. No message here holds an address, a query or a secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """A call was answered with an error number, or not at all (`code` 0).

    `stops`: repeating the call cannot help and somebody has to look; `retryable`: the same call may work later.
    """

    stops = False
    retryable = False

    def __init__(self, call: str, code: int = 0, note: str = "") -> None:
        super().__init__(f"{call}: {note or 'errcode'}{f' {code}' if code else ''}")
        self.call = call
        self.code = code


class Unreachable(ApiError):
    """No usable answer. `sent` tells that the request may have arrived, so that repeating it may do it twice."""

    retryable = True

    def __init__(self, call: str, note: str, *, sent: bool) -> None:
        super().__init__(call, note=note)
        self.sent = sent


class PlatformBusy(ApiError):
    """The platform asks to come back later (-1), or this call comes too often for the moment (45011)."""

    retryable = True


class TokenInvalid(ApiError):
    """The access token is not or no longer valid."""


class AllowanceSpent(ApiError):
    """This person can get no more of this kind now: window over, refused, or used up. Try the next channel."""


class QuotaSpent(ApiError):
    """The account's quota of the day is used up."""

    stops = True


class NotTrusted(ApiError):
    """The platform does not let us: address not allowed, right missing, wrong secret. Somebody has to set it right.

    `address`: ours, as the platform saw it, where it refused that (40164, 60020) and said so."""

    stops = True
    address = ""


class CodeInvalid(ApiError):
    """A login or phone code is wrong, used or older than five minutes. The person signs in again."""


class ReceiverUnknown(ApiError):
    """Nobody of these can be reached by this account."""


class ValueRefused(ApiError):
    """A value of a message breaks its rule. `field` is the platform's name of it, where it said so."""

    def __init__(self, call: str, code: int, field: str = "") -> None:
        super().__init__(call, code, note=f"value refused{f' ({field})' if field else ''}")
        self.field = field


class TemplateInvalid(ApiError):
    """Template, page or card cannot be used as given: wrong id, page not released, task id used before."""


class CardUpdateRefused(ApiError):
    """The response code is spent or older than 72 hours."""


class SnapshotUser(ApiError):
    """The page was opened in preview mode by nobody in particular. Ask the person to open it in full."""


class AddressRefused(ApiError):
    """An address from a message does not belong to the platform, so nothing was sent there."""


_BY_CODE: dict[int, type[ApiError]] = {
    -1: PlatformBusy, 45011: PlatformBusy, 45033: PlatformBusy, 50002: PlatformBusy,
    40001: TokenInvalid, 40014: TokenInvalid, 42001: TokenInvalid, 41001: TokenInvalid,
    45015: AllowanceSpent, 45047: AllowanceSpent, 43101: AllowanceSpent, 43004: AllowanceSpent, 43019: AllowanceSpent,
    45009: QuotaSpent,
    40164: NotTrusted, 60020: NotTrusted, 48001: NotTrusted, 48004: NotTrusted, 40013: NotTrusted, 40125: NotTrusted,
    40243: NotTrusted, 50001: NotTrusted, 301002: NotTrusted, 93000: NotTrusted,
    40029: CodeInvalid, 40163: CodeInvalid, 42003: CodeInvalid, 41008: CodeInvalid, 40226: CodeInvalid,
    40003: ReceiverUnknown, 81013: ReceiverUnknown, 60111: ReceiverUnknown, 40031: ReceiverUnknown, 86001: ReceiverUnknown, 86003: ReceiverUnknown,
    86008: ReceiverUnknown,
    40037: TemplateInvalid, 41030: TemplateInvalid, 42014: TemplateInvalid, 40165: TemplateInvalid,
    42016: CardUpdateRefused, 42017: CardUpdateRefused, 40144: CardUpdateRefused,
}  # fmt: skip

_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b", re.ASCII)
_FIELD = re.compile(r"data\.([A-Za-z_]+\d*)")


def error_of(call: str, code: int, answer: Mapping[str, Any]) -> ApiError:
    """The typed error of an errcode. The platform's words are read for a field's name and then dropped."""
    if code == 47003:
        found = _FIELD.search(str(answer.get("errmsg", ""))[:1000])
        return ValueRefused(call, code, found.group(1) if found else "")
    error = _BY_CODE.get(code, ApiError)(call, code)
    if isinstance(error, NotTrusted) and code in (40164, 60020):
        seen = _ADDRESS.search(str(answer.get("errmsg", ""))[:1000])
        error.address = seen.group() if seen else ""
    return error
