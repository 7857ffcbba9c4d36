"""Settings that cannot be used, told to the operator variable by variable."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from miniprogram_api.app.settings import Settings


def explain_settings(chosen: dict[str, Any] | None = None) -> Settings | None:
    """The settings with `chosen` on top; None after printing what is wrong (names and reasons, never values: an address may hold a password)."""
    try:
        return Settings(**(chosen or {}))
    except ValidationError as error:
        for problem in error.errors(include_input=False, include_url=False, include_context=False):
            name = "_".join(["HUIZHEN", *(str(part).upper() for part in problem["loc"])])
            print(f"{name} 不能用:{problem['msg']}")
        return None
