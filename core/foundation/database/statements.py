"""A migration step in plain SQL, one list of statements per dialect with their reverses.

Tortoise's own steps do not create named constraints, and rebuilding a table on SQLite loses unique sets, indexes and triggers: what the
rules rely on is stated here and repeated where a rebuild drops it. Each statement runs by itself; nothing is split at semicolons.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tortoise.migrations.operations import TortoiseOperation


class Sql(TortoiseOperation):
    def __init__(
        self,
        *,
        sqlite: Sequence[str] = (),
        sqlite_reverse: Sequence[str] = (),
        mysql: Sequence[str] = (),
        mysql_reverse: Sequence[str] = (),
    ) -> None:
        self._forward = {"sqlite": sqlite, "mysql": mysql}
        self._backward = {"sqlite": sqlite_reverse, "mysql": mysql_reverse}

    async def database_forward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        await self._run(self._forward, state_editor)

    async def database_backward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        await self._run(self._backward, state_editor)

    async def _run(self, statements: dict[str, Sequence[str]], state_editor: Any) -> None:
        for statement in statements[state_editor.client.capabilities.dialect]:
            await state_editor.client.execute_query(statement)
