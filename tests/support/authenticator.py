"""An authenticator app as a test holds it: it knows nothing but what the QR code said and what time it is."""

from __future__ import annotations

import base64

import pyotp

from core.foundation.clock import Clock


class Authenticator:
    def __init__(self, address: str, clock: Clock) -> None:
        app = pyotp.parse_uri(address)
        assert isinstance(app, pyotp.TOTP)
        self._app, self._clock = app, clock

    @property
    def secret(self) -> bytes:
        return base64.b32decode(self._app.secret)

    def code(self, *, steps: int = 0) -> str:
        """The six digits of now, or of ``steps`` periods later."""
        return self._app.at(self._clock.real_now(), counter_offset=steps)

    def wrong(self) -> str:
        """Six digits that are not taken now."""
        taken = {self.code(steps=steps) for steps in (-2, -1, 0, 1, 2)}
        return next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555") if code not in taken)
