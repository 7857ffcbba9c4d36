"""What stands in the file: no name, no phone, no ID number, no licence can be read in the raw rows."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from tortoise import Tortoise
from tortoise.connection import get_connection

from core.foundation.keys import SealBroken
from core.foundation.practice import Practice
from core.people.models import Patient
from tests.support.county import id_number, seed_small

pytestmark = pytest.mark.storage


async def everything_stored() -> bytes:
    """All rows of all tables, as bytes."""
    connection = get_connection("practice")
    quote = "`" if connection.capabilities.dialect == "mysql" else '"'
    found: list[bytes] = []

    def raw(value: Any) -> bytes:
        if isinstance(value, bytes | bytearray | memoryview):
            return bytes(value)
        return value.encode() if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False).encode()

    for model in Tortoise.apps["huizhen"].values():
        for row in await connection.execute_query_dict(f"SELECT * FROM {quote}{model._meta.db_table}{quote}"):  # noqa: S608 - names of our own tables
            found += [raw(value) for value in row.values()]
    return b"\x00".join(found)


async def test_nothing_of_a_person_is_readable(practice: Practice):
    await seed_small(practice)
    stored = await everything_stored()
    secrets = ["罗大山", "李秀英", "王志远", "吴秀芳", "19900000011", "1968-03-09", id_number(date(1968, 3, 9), 11), "115200000000001"]
    assert [secret for secret in secrets if secret.encode() in stored] == []
    assert "平塘县人民医院".encode() in stored


async def test_a_sealed_name_opens_in_its_own_row_only(practice: Practice):
    county = await seed_small(practice)
    one, other = await Patient.get(id=county.old_man), await Patient.get(id=county.woman)
    sealer = await practice.keys.sealer("patient", one.id)
    assert sealer.open("patient", "full_name", one.id, bytes(one.full_name)) == "罗大山"
    for table, column, row_id, value in (
        ("patient", "full_name", other.id, one.full_name),
        ("patient", "phone", one.id, one.full_name),
        ("patient", "full_name", other.id, other.full_name),
    ):
        with pytest.raises(SealBroken):
            sealer.open(table, column, row_id, bytes(value))
