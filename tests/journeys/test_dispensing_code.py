"""What stands in the patient's picture, as a scanner, a thumb or an input method hands it to the pharmacist's page."""

from __future__ import annotations

import random

import pytest

from tests.journeys.browser import Visiting
from tests.journeys.people import roster
from tests.support.demo import Demo

pytestmark = pytest.mark.browser

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
NOISE = ("", " ", "-", "R-", "r-7k2m", "\n", "\0", "取药码", "🙂", "é", "ß", "R-12345", "x" * 500, "%", "R-İIıſ")


async def test_a_code_is_found_however_it_is_written_and_nothing_else_is(visiting: Visiting, running_demo_house: Demo) -> None:
    demo = running_demo_house
    pharmacist = next(one for one in roster(demo) if one["role"] == "pharmacist")
    visit = await visiting(f"{demo.base_url}/phone/{pharmacist['key']}/h5/pharmacy/")
    chance = random.Random(20261120)

    def drawn(length: int) -> str:
        return "".join(chance.choices(LETTERS, k=length))

    whole = []
    for _ in range(200):
        prescription, code = f"R-{drawn(4)}", drawn(8)
        between, end = chance.choice((" ", "\n", ",", "  ", "/")), chance.choice(("", " ", "\n"))
        cut = chance.randrange(9)
        text = f"{end}{prescription}{between}{code[:cut]}{chance.choice(('', '-', ' '))}{code[cut:]}{end}"
        whole.append((chance.choice((text, text.lower())), {"prescription": prescription, "code": code}))
    noise = ["".join(chance.choices(NOISE, k=chance.randrange(6))) + "".join(map(chr, chance.choices(range(0x3000), k=5))) for _ in range(300)]
    script = """async (texts) => {
      const { readCode } = await import(new URL("dispensing.js", location.href.replace(/#.*/, "")));
      return texts.map(readCode);
    }"""
    found = await visit.page.evaluate(script, [text for text, _ in whole] + noise)
    for (text, wanted), read in zip(whole, found, strict=False):
        assert read == wanted, text
    for text, read in zip(noise, found[len(whole) :], strict=True):
        assert read["prescription"] is None or read["prescription"] in text.upper()
        assert set(read["code"]) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"), text
