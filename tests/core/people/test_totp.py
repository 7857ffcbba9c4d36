"""The codes are those of RFC 6238, whatever app shows them."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pyotp
import pytest

from core.foundation.qr_code import qr_rows
from core.people.totp import PERIOD_S, address, code_at, matching_step, spelled, step_at

RFC_SECRET = b"12345678901234567890"
RFC_VECTORS = {59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037"}
"""RFC 6238 appendix B, SHA-1; its codes have eight digits, of which ours are the last six."""


@pytest.mark.parametrize(("seconds", "code"), RFC_VECTORS.items())
def test_the_vectors_of_the_rfc(seconds: int, code: str) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    assert code_at(RFC_SECRET, step_at(moment)) == code[-6:]
    assert matching_step(RFC_SECRET, code[-6:], moment) == seconds // PERIOD_S


def test_an_authenticator_that_scanned_the_code_shows_what_is_taken() -> None:
    rng = random.Random(7)
    for _ in range(50):
        secret, moment = rng.randbytes(20), datetime.fromtimestamp(rng.randrange(10**9, 2 * 10**9), UTC)
        app = pyotp.parse_uri(address(secret, "吴医生"))
        assert isinstance(app, pyotp.TOTP)
        assert matching_step(secret, app.at(moment), moment) == step_at(moment)
        assert app.secret == spelled(secret)


def test_one_step_before_and_after_is_taken_and_no_more() -> None:
    moment = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
    here = step_at(moment)
    taken = [offset for offset in range(-4, 5) if matching_step(RFC_SECRET, code_at(RFC_SECRET, here + offset), moment) is not None]
    assert taken == [-1, 0, 1]


def test_the_qr_code_is_square_and_holds_dark_and_light() -> None:
    rows = qr_rows(address(RFC_SECRET, "吴医生"))
    assert {len(row) for row in rows} == {len(rows)}
    assert set("".join(rows)) == {"0", "1"}
