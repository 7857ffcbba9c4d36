"""How often somebody may be wrong about what opens something: one-time codes, dispensing codes, codes read aloud, other people's ID numbers.

Counted where every order passes, by account and kind of guess, over all processes: a code said in a chat, typed on a page or sent to the API
counts alike. Beside it, secrets have limits of their own in the database (a one-time code locks after five); these here also hold where
somebody goes from one patient, prescription or invitation to the next.
"""

from __future__ import annotations

from dataclasses import dataclass

from limits import RateLimitItem, RateLimitItemPerSecond

from core.foundation.actor import Actor
from core.foundation.errors import DomainError
from core.foundation.orders import Command
from core.foundation.rates import RateStore

MINUTE, HOUR = 60, 3600
WRONG = frozenset({400, 401, 403, 404, 409, 422})
"""Statuses of a refusal that counts as a guess; 429 is none: who is locked out is not locked out longer by asking."""


@dataclass(frozen=True, slots=True)
class Guess:
    """``amount`` refusals of ``orders`` (their names) by one account in ``seconds`` of real time; then none of them until some have passed."""

    name: str
    amount: int
    seconds: int
    orders: tuple[str, ...]

    @property
    def item(self) -> RateLimitItem:
        return RateLimitItemPerSecond(self.amount, self.seconds, namespace=f"guess:{self.name}")


GUESSES: tuple[Guess, ...] = (
    Guess("one_time_codes", 20, HOUR, ("people.unlock_signing", "people.begin_second_factor", "people.confirm_second_factor")),
    Guess("dispensing_codes", 30, 10 * MINUTE, ("prescriptions.dispense",)),
    Guess("claim_codes", 20, HOUR, ("people.confirm_account", "people.look_at_claim")),
    Guess("invitations", 30, HOUR, ("people.redeem_invitation",)),
    Guess("registrations", 10, HOUR, ("people.register_patient",)),
    Guess("enlistings", 40, HOUR, ("people.enlist_patient",)),
    Guess("records_in_emergency", 20, HOUR, ("oversight.break_glass",)),
)


class GuessedTooOften(DomainError):
    """``retry_after_s`` seconds until it is worth trying again."""

    code = "guess.too_often"
    status = 429
    sentence = "错的次数太多了,为了安全先停一停,请 {wait}后再试。急事请打电话给村医或卫生院;危急马上打 120。"

    def __init__(self, wait_s: int) -> None:
        self.retry_after_s = wait_s
        super().__init__(wait=f"{wait_s} 秒" if wait_s < 100 else f"{-(-wait_s // 60)} 分钟")


async def take_guess(rates: RateStore, actor: Actor, command: Command) -> Guess | None:
    """Count ``command`` before it is carried out, so that many sent at once do not all find something left; what was taken, None where nothing
    is counted. :class:`GuessedTooOften` for who has used up his guesses at this kind of order."""
    guess = next((one for one in GUESSES if command.name in one.orders), None)
    if guess is None or actor.is_system:
        return None
    if not (taken := await rates.take(guess.item, actor.account_id)).allowed:
        raise GuessedTooOften(taken.wait_s)
    return guess


async def settle_guess(rates: RateStore, actor: Actor, taken: Guess | None, refusal: DomainError | None) -> None:
    """Give back what :func:`take_guess` took, unless ``refusal`` (None: it was carried out, or failed unforeseen) says that it was wrong.

    Who hangs up before the answer gets back only what turns out right: hanging up is no way to guess on.
    """
    if taken is not None and (refusal is None or refusal.status not in WRONG):
        await rates.give_back(taken.item, actor.account_id)
