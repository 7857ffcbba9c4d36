"""`huizhen sessions replace-key` on an installation of its own, in a process of its own."""

from __future__ import annotations

from pathlib import Path

from tests.support.operators_command import begun, forked, nobodys_settings


async def test_keys_are_replaced_and_without_an_installation_it_is_said_what_to_do(tmp_path: Path) -> None:
    environment = nobodys_settings() | {"HUIZHEN_DATA_DIR": str(tmp_path)}
    status, refused = await forked(environment, "sessions", "replace-key")
    assert status == 1
    assert "huizhen keys" in refused
    assert (await begun(environment, "keys"))[0] == 0
    assert (await forked(environment, "migrate"))[0] == 0
    first, second = await begun(environment, "sessions", "replace-key"), await forked(environment, "sessions", "replace-key")
    assert (first[0], second[0]) == (0, 0), first[1] + second[1]
    assert "0 把旧密钥作废" in first[1]
    assert "1 把旧密钥作废" in second[1]
