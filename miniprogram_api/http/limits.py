"""How often what may be asked: by the person, by the address, by the action; and how often somebody may guess. One table, for all web processes.

The platforms' callbacks are not limited: they come from a few addresses for everybody, and are proved by their signature.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from limits import RateLimitItem, RateLimitItemPerSecond
from sanic import Request

from core.foundation.errors import DomainError
from core.foundation.guessing import HOUR, MINUTE, WRONG
from core.foundation.rates import RateStore, Taken
from miniprogram_api.http.api import App
from miniprogram_api.http.client_address import counted_as, is_loopback


class Per(StrEnum):
    ACCOUNT = "account"
    ADDRESS = "address"


class Counts(StrEnum):
    ASKED = "asked"
    """Every request."""
    REFUSED = "refused"
    """Those that were refused: wrong guesses. Who has used them up is locked out."""


@dataclass(frozen=True, slots=True)
class Limit:
    """``amount`` of what ``counts`` in ``seconds``, for each ``per``.

    ``routes``: "METHOD path" as the router writes it; without any: all, or all of ``methods``.
    """

    name: str
    per: Per
    amount: int
    seconds: int
    routes: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    counts: Counts = Counts.ASKED
    unless: tuple[str, ...] = ()
    """Routes that this does not count."""

    @property
    def item(self) -> RateLimitItem:
        return RateLimitItemPerSecond(self.amount, self.seconds, namespace=self.name)


_CHANGES = ("POST", "PUT", "PATCH", "DELETE")
_PIECES = ("PATCH v1/uploads/<upload_id:str>",)
_SIGN_INS = (
    "POST v1/mini-program/sign-in", "POST v1/mini-program/hand-over/redeem", "GET h5/oauth/<kind:str>", "POST v1/sessions/refresh",
    "POST v1/demo/sessions",
)
_ASKS_PLATFORM = ("POST v1/mini-program/sign-in", "GET h5/oauth/<kind:str>")
"""Each wrong code costs a question to the platform, which counts ours."""
_PROOFS = ("POST v1/credentials/checks", "POST v1/credentials/shown", "POST v1/credentials/checked")

LIMITS: tuple[Limit, ...] = (
    # Behind one address there may be a whole town (carrier-grade NAT) or a hospital: it only keeps out what no town does.
    Limit("address", Per.ADDRESS, 6000, MINUTE),
    Limit("account", Per.ACCOUNT, 1200, MINUTE),
    Limit("changes", Per.ACCOUNT, 600, MINUTE, methods=_CHANGES, unless=_PIECES),
    Limit("pieces", Per.ACCOUNT, 600, MINUTE, routes=_PIECES),
    Limit("sentences", Per.ACCOUNT, 120, MINUTE, routes=("POST v1/commands",)),
    Limit("sign_ins", Per.ADDRESS, 600, MINUTE, routes=_SIGN_INS),
    Limit("phone", Per.ACCOUNT, 10, HOUR, routes=("POST v1/mini-program/phone",)),
    Limit("hand_overs", Per.ACCOUNT, 60, MINUTE, routes=("POST v1/mini-program/hand-over",)),
    # Guesses at what no account stands behind yet. What an account guesses is counted with its orders: core/foundation/guessing.py. Nobody guesses
    # a token of 256 bits: to count wrong ones would let one phone lock out a whole hospital behind its address.
    Limit("wrong_sign_ins", Per.ADDRESS, 300, 10 * MINUTE, routes=_ASKS_PLATFORM, counts=Counts.REFUSED),
    Limit("wrong_registrations_here", Per.ADDRESS, 100, HOUR, routes=("POST v1/patients",), counts=Counts.REFUSED),
    # A proof costs a tenth of a second of CPU to make and as much to check; nobody is signed in who does it.
    Limit("proofs", Per.ADDRESS, 120, MINUTE, routes=_PROOFS),
    Limit("published", Per.ADDRESS, 120, MINUTE, routes=("GET v1/credentials/issuers/<county:str>",)),
    Limit("wrong_proofs", Per.ADDRESS, 60, 10 * MINUTE, routes=_PROOFS, counts=Counts.REFUSED),
    Limit("wrong_commands", Per.ACCOUNT, 120, 10 * MINUTE, routes=("POST v1/commands",), counts=Counts.REFUSED),
)

_NEVER = ("callback/", "healthz", "simulator", "h5/shared", "h5/vendor")


class TooMany(DomainError):
    """``retry_after_s`` seconds until it is worth asking again."""

    code = "request.too_many"
    status = 429
    sentence = "操作太频繁了,请等 {wait} 再试。急事请打电话给卫生院或 120。"

    def __init__(self, wait_s: int) -> None:
        self.retry_after_s = wait_s
        super().__init__(wait=f"{wait_s} 秒" if wait_s < 100 else f"{-(-wait_s // 60)} 分钟")


def install_limits(app: App) -> None:
    """Count before the route, refusals after it. Comes after the sessions, which find actor and address. ``app.ctx.rates`` is the store."""
    app.ctx.rates = RateStore()

    @app.on_request
    async def count(request: Request) -> None:
        for limit in _that_hold(request):
            taken = await _asked(request, limit)
            if not taken.allowed:
                raise TooMany(taken.wait_s)

    async def count_guesses(request: Request, response: Any) -> None:
        if response.status in WRONG and hasattr(request.ctx, "address"):
            for limit in _that_hold(request):
                if limit.counts is Counts.REFUSED and (name := _counted_by(request, limit)) is not None:
                    await request.app.ctx.rates.take(limit.item, name)

    app.register_middleware(count_guesses, "response")


async def _asked(request: Request, limit: Limit) -> Taken:
    name = _counted_by(request, limit)
    if name is None:
        return Taken(True)
    rates: RateStore = request.app.ctx.rates
    return await (rates.take(limit.item, name) if limit.counts is Counts.ASKED else rates.look(limit.item, name))


def _that_hold(request: Request) -> list[Limit]:
    path = request.route.path if request.route else ""
    if path.startswith(_NEVER):
        return []
    route = f"{request.method} {path}"
    return [
        limit for limit in LIMITS
        if (not limit.routes or route in limit.routes) and (not limit.methods or request.method in limit.methods) and route not in limit.unless
    ]


def _counted_by(request: Request, limit: Limit) -> str | None:
    """Under which name; None where this limit does not hold for who asks."""
    if limit.per is Per.ACCOUNT:
        actor = getattr(request.ctx, "actor", None)
        return None if actor is None else str(actor.account_id)
    # The demonstration's phones are all on this machine, and so are load tests.
    if request.app.ctx.demo and is_loopback(request.ctx.address):
        return None
    return counted_as(request.ctx.address)
