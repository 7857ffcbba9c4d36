"""Sealed columns: all of them declared, each value good in its own place only, values of the first format readable."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tortoise import Tortoise, fields

import core
from core.foundation.encryption.fields import SealedColumn
from core.foundation.encryption.suites import AES, SM4, SUITES, Suite
from core.foundation.keys import SealBroken, Sealer
from core.foundation.practice import Practice
from tests.core.foundation.encryption.every_column import make_row, opened, tables, without_references

pytestmark = pytest.mark.storage
NOT_SECRET = re.compile(r"\.(public_key|signature|hash|root|tails)$")
"""Binary columns that hold nothing secret: public keys, signatures, digests of the audit tree, the published numbers of a revocation registry."""


async def test_no_binary_column_is_forgotten(practice: Practice) -> None:
    unsealed = {
        f"{model._meta.db_table}.{name}"
        for model in Tortoise.apps["huizhen"].values()
        for name, field in model._meta.fields_map.items()
        if isinstance(field, fields.BinaryField) and not isinstance(field, SealedColumn)
    }
    assert {name for name in unsealed if not NOT_SECRET.search(name)} == set(), "declare it with sealed_field(Subject(…))"


async def test_what_is_sealed_in_the_code_is_declared(practice: Practice) -> None:
    """A place that some service seals for and no model declares would be lost with the former key."""
    declared = {(table.table, column) for table in tables() for column in table.columns}
    sealed = set()
    for path in Path(core.__file__).parent.rglob("*.py"):
        sealed |= set(re.findall(r'\.(?:seal|seal_bytes|open|open_bytes)\(\s*"(\w+)",\s*"(\w+)"', path.read_text()))
    assert sealed - declared == set()


@pytest.mark.parametrize("suite", SUITES.values(), ids=list(SUITES))
async def test_a_value_opens_in_its_own_place_alone(practice: Practice, suite: Suite) -> None:
    """Every pair of sealed columns of all models: swapped between columns, tables, rows, subjects and key versions."""
    key = bytes(range(suite.key_bytes))
    mine, his = Sealer("patient:1", key, suite=suite), Sealer("patient:2", key, suite=suite)
    later = Sealer("patient:1", key, version=2, suite=suite, former=(1, suite, key))
    places = [(table.table, column) for table in tables() for column in table.columns]
    assert len(places) > 40
    for table, column in places:
        sealed = mine.seal(table, column, "row-1", "张三")
        assert mine.open(table, column, "row-1", sealed) == later.open(table, column, "row-1", sealed) == "张三"
        others = [(other, name, "row-1", mine) for other, name in places if (other, name) != (table, column)]
        for there in [*others, (table, column, "row-2", mine), (table, column, "row-1", his)]:
            with pytest.raises(SealBroken):
                there[3].open(*there[:3], sealed)
        for head in (b"\x01", bytes((2, 3 - sealed[1])), sealed[:2] + b"\x00\x02"):
            with pytest.raises(SealBroken):
                later.open(table, column, "row-1", head + sealed[len(head) :])


async def test_swapped_in_the_database_nothing_opens(practice: Practice) -> None:
    """Two rows of every table change places, column by column."""
    async with without_references():
        for table in tables():
            (one, _), (other, _) = await make_row(practice, table), await make_row(practice, table)
            for column in table.columns:
                a, b = bytes(getattr(one, column)), bytes(getattr(other, column))
                await type(one).filter(pk=one.pk).update(**{column: b})
                await type(one).filter(pk=other.pk).update(**{column: a})
                for row in (one, other):
                    with pytest.raises(SealBroken):
                        await opened(practice, table, row.pk)
                await type(one).filter(pk=one.pk).update(**{column: a})
                await type(one).filter(pk=other.pk).update(**{column: b})
            await opened(practice, table, one.pk)


def first_format(subject: str, key: bytes, table: str, column: str, row: str, text: str) -> bytes:
    nonce = b"n" * 12
    return b"\x01" + nonce + AESGCM(key).encrypt(nonce, text.encode(), f"{table}.{column}:{row}:{subject}".encode())


def test_values_of_the_first_format_open_also_after_the_key_was_renewed() -> None:
    key = b"k" * 32
    old = first_format("patient:1", key, "patient", "full_name", "row-1", "张三")
    assert Sealer("patient:1", key).open("patient", "full_name", "row-1", old) == "张三"
    renewed = Sealer("patient:1", b"s" * 16, version=2, suite=SM4, former=(1, AES, key))
    assert renewed.open("patient", "full_name", "row-1", old) == "张三"
    assert not renewed.is_current(old)
    for wrong in (Sealer("patient:1", b"x" * 32), Sealer("patient:1", key, version=2), Sealer("patient:1", b"s" * 16, suite=SM4)):
        with pytest.raises(SealBroken):
            wrong.open("patient", "full_name", "row-1", old)


@pytest.mark.parametrize("suite", SUITES.values(), ids=list(SUITES))
def test_whatever_bytes_stand_there_either_open_or_are_broken(suite: Suite) -> None:
    rng = random.Random(4)
    sealer = Sealer("patient:1", bytes(suite.key_bytes), suite=suite)
    good = sealer.seal("patient", "phone", "row-1", "19900000001")
    for _ in range(3000):
        broken = bytearray(good[: rng.randrange(len(good) + 1)] if rng.random() < 0.3 else good)
        for _ in range(rng.randrange(1, 4)):
            if broken:
                broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
        if bytes(broken) == good:
            continue
        with pytest.raises(SealBroken):
            sealer.open("patient", "phone", "row-1", bytes(broken))
    for length in range(40):
        with pytest.raises(SealBroken):
            sealer.open("patient", "phone", "row-1", rng.randbytes(length))


def test_nonces_are_never_the_same() -> None:
    sealer = Sealer("patient:1", bytes(32))
    assert len({sealer.seal("patient", "phone", "row-1", "1")[4:16] for _ in range(20_000)}) == 20_000
