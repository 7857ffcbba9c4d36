"""The authenticator on a practitioner's phone: it shows what any app would show of the key that was scanned, and nothing of the key."""

import json
import random
from typing import Any

import pyotp

from .conftest import Stage

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
ADDRESS = f"otpauth://totp/huizhen:expert?secret={SECRET}&issuer=huizhen"


async def shown(stage: Stage, person: str) -> Any:
    return await stage.client.get(f"{stage.origin}/simulator/people/{person}/authenticator")


async def test_it_shows_the_code_of_now_and_the_next_one(stage: Stage) -> None:
    empty = await shown(stage, "expert-001")
    assert (empty.status_code, empty.json()["error"]) == (404, "authenticator.empty")
    await stage.post("expert-001/authenticator", {"address": ADDRESS})
    for _ in range(3):
        before = stage.now()
        answer = await shown(stage, "expert-001")
        app, seen = pyotp.TOTP(SECRET), answer.json()
        assert seen["code"] in {app.at(before), app.at(stage.now())}
        assert seen["next_code"] in {app.at(before, counter_offset=1), app.at(stage.now(), counter_offset=1)}
        assert 1 <= seen["seconds_left"] <= 30
        assert SECRET not in answer.text
        stage.shift += 31
    people = (await stage.client.get(f"{stage.origin}/simulator/people")).text
    assert SECRET not in people
    assert (await shown(stage, "nobody")).status_code == 404


async def test_what_is_no_such_address_is_refused(stage: Stage) -> None:
    chance = random.Random(9)
    wrong: list[Any] = [
        None, 5, [], {}, "", "otpauth://", "https://example.org", "otpauth://hotp/a?secret=JBSWY3DPEHPK3PXP&counter=1", "otpauth://totp/a",
        "otpauth://totp/a?secret=1", ADDRESS + "&period=60", "otpauth://totp/a?secret=" + "A" * 2000,
    ]
    wrong += ["".join(chance.choice(ADDRESS + "%一\x00") for _ in range(chance.randrange(80))) for _ in range(60)]
    for address in wrong:
        answer = await stage.post("expert-001/authenticator", {"address": address}, 422)
        assert answer["error"] == "authenticator.invalid", json.dumps(address)
