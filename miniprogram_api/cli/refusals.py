"""What stands in the operator's way, in one sentence: settings that cannot be used (variable by variable), and what a house lacks."""

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
            # Of our own rules pydantic puts two words in front; what two settings together say names them itself.
            told = str(problem["msg"]).removeprefix("Value error, ")
            name = "_".join(["HUIZHEN", *(str(part).upper() for part in problem["loc"])])
            print(f"{name} 不能用:{told}" if problem["loc"] else f"设置不能用:{told}。")
        return None


def sentence_for(error: Exception) -> str:
    """What an operator is told of an error that any command may meet; empty for one that nobody foresaw."""
    from core.foundation.database.away import AWAY
    from core.foundation.encryption.master_keys import UnusableMasterKeys
    from miniprogram_api.app.files import UnusableBucketKeys
    from miniprogram_api.app.presence import NothingHere

    if isinstance(error, NothingHere):
        return error.sentence
    if isinstance(error, UnusableBucketKeys):
        return str(error)
    if isinstance(error, UnusableMasterKeys):
        return "主密钥读不出来:请检查密钥文件或 HUIZHEN_MASTER_KEYS 的内容。"
    if isinstance(error, AWAY) and not isinstance(error, BrokenPipeError):
        return "数据库读不了:请检查它是否在运行;新部署请先运行 huizhen migrate,空机器上请运行 huizhen restore。"
    return ""
