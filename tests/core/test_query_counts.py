"""No list asks the database once a line: with many more rows of every table a query sends no more statements than before.

By construction over every query whose result holds a list of views. Rows are multiplied in the database itself, shallow: a copy has its own id and
hangs on the same case, so that it stands in the same lists. Only the encryption is told of which row a copy is one.
"""

from __future__ import annotations

import itertools
import logging
import re
import types
import typing
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from tortoise import Tortoise, fields
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from core.foundation.database.connection import APP, PRACTICE
from core.foundation.encryption.ring import KeyRing
from core.foundation.encryption.sealer import Sealer
from core.foundation.errors import DomainError
from core.foundation.orders import Query, Result, all_orders
from core.practice_rooms import load_rooms
from tests.conftest import DatabaseUrls, _delete_all_rows
from tests.support.examples import example
from tests.support.scene import Scene, scene_in, undone

load_rooms()
COPIES = 4
NOT_MULTIPLIED = ("audit_", "lease", "clock_offset", "blind_edition", "idempotency_record", "signing_key", "token_key", "second_factor")
"""Tables of the house itself, and what a person has one of."""


def lists_in(result: Any) -> bool:
    """Whether a result holds a tuple of results, also deeper down."""
    for field in result.model_fields.values():
        pending = [field.annotation]
        while pending:
            kind = pending.pop()
            inner = typing.get_args(kind)
            if typing.get_origin(kind) is tuple and any(isinstance(one, type) and issubclass(one, Result) for one in inner):
                return True
            if isinstance(kind, type) and not isinstance(kind, types.GenericAlias) and issubclass(kind, Result) and lists_in(kind):
                return True
            pending.extend(inner)
    return False


LISTS = [
    name for name, order in all_orders().items() if issubclass(order, Query) and not name.startswith("test.") and lists_in(order.gives)
]


class _Counting(logging.Handler):
    """Tortoise tells its log of every statement."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.statements: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.statements.append(record.getMessage())


@contextmanager
def counted() -> Iterator[list[str]]:
    log, counting = logging.getLogger("tortoise.db_client"), _Counting()
    level = log.level
    log.setLevel(logging.DEBUG)
    log.propagate = False
    log.addHandler(counting)
    try:
        yield counting.statements
    finally:
        log.removeHandler(counting)
        log.propagate = True
        log.setLevel(level)


COPY_OF: dict[str, str] = {}


@pytest.fixture(scope="module")
async def scene(database: DatabaseUrls, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    patch = pytest.MonkeyPatch()
    seal, of = Sealer.open_bytes, KeyRing.sealer

    def open_bytes(self: Sealer, table: str, column: str, row_id: str, sealed: bytes) -> bytes:
        return seal(self, table, column, COPY_OF.get(row_id, row_id), sealed)

    async def sealer(self: KeyRing, kind: str, subject_id: str) -> Sealer:
        return await of(self, kind, COPY_OF.get(subject_id, subject_id))

    patch.setattr(Sealer, "open_bytes", open_bytes)
    patch.setattr(KeyRing, "sealer", sealer)
    yield await scene_in(tmp_path_factory.mktemp("scene"))
    patch.undo()
    await _delete_all_rows()


async def multiply(scene: Scene) -> int:
    """Put COPIES of every row into its table, where its unique columns allow; how many came in."""
    made = 0
    for model in (Tortoise.apps or {})[APP].values():
        meta = model._meta
        if meta.db_table.startswith(NOT_MULTIPLIED) or not isinstance(meta.pk, fields.CharField):
            continue
        for row in await model.all().limit(12):
            for number in range(1, COPIES + 1):
                copy = model()
                for name in meta.fields_db_projection:
                    setattr(copy, name, _altered(meta, name, getattr(row, name), number, scene))
                COPY_OF[copy.pk] = row.pk
                try:
                    async with in_transaction(PRACTICE):
                        await copy.save(force_create=True)
                    made += 1
                except IntegrityError:
                    break
    return made


def _altered(meta: Any, name: str, value: Any, number: int, scene: Scene) -> Any:
    field = meta.fields_map[name]
    if field.pk:
        return scene.practice.ids.new()
    together = set(itertools.chain.from_iterable(meta.unique_together or ()))
    if value is None or not (field.unique or name in together):
        return value
    if field.unique:
        return f"{number:03d}{value}"[: field.max_length] if isinstance(value, str) else value
    if isinstance(value, int):
        return value + 1000 * number
    if hasattr(value, "date"):
        return value + timedelta(days=number)
    return value


async def statements(scene: Scene, name: str) -> dict[str, list[str]]:
    """What everybody who may ask ``name`` sends with it; asked twice, because the first time fills what is kept in memory."""
    order_type = all_orders()[name]
    order: Any = example(order_type, scene)
    found = {}
    for person, actor in scene.people.items():
        if scene.may(person, order_type):
            try:
                await scene.practice.ask(actor, order)
                with counted() as sent:
                    await scene.practice.ask(actor, order)
            except DomainError:
                continue
            found[person] = list(sent)
    return found


def _table(statement: str) -> str:
    """The table a statement reads, and by which columns."""
    found = re.search(r"(?:FROM|INTO|UPDATE) [`\"](\w+)[`\"]", statement)
    return found[1] if found else statement[:40]


@pytest.mark.storage
async def test_no_list_sends_more_statements_for_more_rows(scene: Scene) -> None:
    assert len(LISTS) > 20
    before = {name: await statements(scene, name) for name in LISTS}
    assert sum(len(sent) for people in before.values() for sent in people.values()) > 100, "nothing was counted"
    grown: dict[str, set[str]] = {}
    async with undone():
        assert await multiply(scene) > 300
        for name in LISTS:
            for person, sent in (await statements(scene, name)).items():
                known = before[name].get(person)
                more = Counter(map(_table, sent)) - Counter(map(_table, known if known is not None else sent))
                # Whether the key ring has changed is asked by the clock.
                more.pop("keyring_edition", None)
                if more:
                    grown.setdefault(name, set()).update(f"{table} +{times}" for table, times in more.items())
    assert grown == {}, "one statement a line"
