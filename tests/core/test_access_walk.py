"""Every entry point is walked: what has no access entry fails here, by construction and not by memory."""

from __future__ import annotations

import importlib
import inspect
import random
import types
import typing
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from core.foundation.access_table import access_table
from core.foundation.actor import Actor, HeldRole, Role
from core.foundation.due import due_kinds
from core.foundation.errors import DomainError, NotAllowed
from core.foundation.orders import Command, Order, Query, all_orders, meanings_of
from core.foundation.practice import Practice
from core.practice_rooms import ROOMS, load_rooms

load_rooms()
ORDERS = {name: order for name, order in all_orders().items() if not name.startswith("test.")}
ROLES = [role for role in Role if role not in (Role.SYSTEM, Role.VISITOR)]
STRANGER = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
NOWHERE = "01ARZ3NDEKTSV4RRFFQ69G5FAW"


def declared_orders() -> list[type[Order]]:
    found = []
    for room in ROOMS:
        try:
            module = importlib.import_module(f"core.{room}.commands")
        except ModuleNotFoundError:
            continue
        for _, member in inspect.getmembers(module, inspect.isclass):
            if issubclass(member, Command | Query) and member not in (Command, Query) and member.__module__ == module.__name__:
                found.append(member)
    return found


@pytest.mark.parametrize("order", declared_orders(), ids=lambda order: order.__name__)
def test_every_declared_order_is_handled_and_has_a_title(order):
    assert ORDERS.get(order.name) is order
    assert order.title
    assert order.access


@pytest.mark.parametrize("name", ORDERS)
def test_every_relation_of_the_table_has_a_meaning(name):
    for grant in ORDERS[name].access:
        assert grant.relation == "any" or meanings_of(grant.relation), f"{name}: relation {grant.relation} means nothing"


def test_due_work_is_the_systems_alone():
    assert due_kinds()
    for kind, make in due_kinds().items():
        if kind.startswith("test."):
            continue
        row = types.SimpleNamespace(id=NOWHERE, kind=kind, ref=NOWHERE, step="1")
        command = make(row)
        assert {grant.role for grant in command.access} == {Role.SYSTEM}, kind


def example(order: type[Order], rng: random.Random) -> Order:
    """An order with well-formed fields that name nothing that exists."""
    values = {name: _value(field.annotation, field, rng) for name, field in order.model_fields.items() if field.is_required()}
    try:
        return order.model_validate(values)
    except ValidationError:
        return order.model_construct(**values)


def _value(annotation: Any, field: Any, rng: random.Random) -> Any:
    origin = typing.get_origin(annotation)
    if origin is typing.Literal:
        return typing.get_args(annotation)[0]
    if origin is types.UnionType or origin is typing.Union:
        return _value(typing.get_args(annotation)[0], field, rng)
    if origin is tuple:
        return ()
    if origin is typing.Annotated:
        return _value(typing.get_args(annotation)[0], field, rng)
    if inspect.isclass(annotation) and issubclass(annotation, Enum):
        return next(iter(annotation))
    patterns = [getattr(part, "pattern", None) for part in field.metadata]
    if annotation is str:
        pattern = next((found for found in patterns if found), "")
        if "26" in pattern:
            return NOWHERE
        return {r"^1\d{10}$": "19900000000", r"^\d{17}[\dXx]$": "52272719680101123X"}.get(pattern, "0" * 64 if "64" in pattern else "某某某")
    if annotation is int:
        return 1
    if annotation is bool:
        return False
    if annotation is float:
        return 1.0
    if annotation is datetime:
        return datetime(2026, 11, 20, tzinfo=UTC)
    if annotation is date:
        return date(2030, 1, 1)
    return None


def nobody_in_particular(role: Role) -> Actor:
    return Actor(account_id=STRANGER, roles=(HeldRole(role, NOWHERE),), channel="api", practitioner_id=None if role is Role.PATIENT else STRANGER)


@pytest.mark.parametrize("name", ORDERS)
async def test_a_role_without_an_entry_is_refused_and_a_relation_that_does_not_hold_opens_nothing(name: str, practice: Practice, clinical: Any):
    order_type = ORDERS[name]
    practice.engines.clinical = clinical
    rng = random.Random(7)
    for role in ROLES:
        actor = nobody_in_particular(role)
        order = example(order_type, rng)
        entries = [grant for grant in order_type.access if grant.role is role or grant.role is Role.VISITOR]
        give = practice.execute if isinstance(order, Command) else practice.ask
        if not entries:
            with pytest.raises(NotAllowed):
                await give(actor, order)  # type: ignore[arg-type]
        elif all(grant.relation != "any" for grant in entries):
            with pytest.raises(DomainError):
                await give(actor, order)  # type: ignore[arg-type]


def test_the_published_table_is_the_table():
    published = (Path(__file__).resolve().parents[2] / "docs" / "access.md").read_text()
    assert published == access_table(), "run: huizhen access > docs/access.md"
