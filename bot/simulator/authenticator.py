"""The authenticator app on each practitioner's phone: the six digits of now, from the key that was scanned. It keeps real time, as a phone does."""

from typing import Any

import pyotp

from .world import PeopleError, World

Body = dict[str, Any]
PERIOD_S = 30


def shown(world: World, key: str) -> Body:
    """What the app shows: the code of now, how long it holds, and the one that comes next."""
    secret = _secret(world, key)
    now = world.now()
    try:
        app = pyotp.TOTP(secret)
        return {"code": app.at(now), "next_code": app.at(now, counter_offset=1), "seconds_left": PERIOD_S - int(now) % PERIOD_S}
    except ValueError:
        raise PeopleError("authenticator.broken", 409, "验证器里的密钥读不出来,请重新扫码") from None


def scan(world: World, key: str, address: Any) -> Body:
    """Take the key of a QR code (otpauth://totp/…) in place of what was there."""
    person = world.person(key)
    try:
        app = pyotp.parse_uri(address) if isinstance(address, str) and len(address) <= 1000 else None
        if not isinstance(app, pyotp.TOTP) or app.interval != PERIOD_S:
            raise ValueError
        app.now()
    except ValueError:
        raise PeopleError("authenticator.invalid", 422, "这不是动态码的二维码") from None
    world.store.remember(_name(person.key), app.secret)
    return shown(world, key)


def _secret(world: World, key: str) -> str:
    person = world.person(key)
    secret: str = world.store.fact(_name(person.key)) or person.authenticator
    if not secret:
        raise PeopleError("authenticator.empty", 404, "这部手机的验证器里还没有账号,请先扫码绑定")
    return secret


def _name(key: str) -> str:
    return f"authenticator:{key}"
