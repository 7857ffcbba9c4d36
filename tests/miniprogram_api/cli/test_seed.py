"""`huizhen seed` by itself: what is missing is said, and made where the starter would have made it."""

from __future__ import annotations

from tests.miniprogram_api.cli.conftest import Operator


async def test_what_is_missing_before_it_is_said_in_one_sentence(operator: Operator) -> None:
    status, said = await operator.types("seed", HUIZHEN_DEMO="1")
    assert status == 1
    assert "Traceback" not in said
    assert "huizhen migrate" in said
    assert (operator.folder / "secrets" / "channels.json").exists()
