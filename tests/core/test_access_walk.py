"""Every order is walked by everybody: with all roles, with relations that hold and with relations that do not, on rows that exist.

What may happen is read from the declared table; what is true of the rows is written by hand in the scene. An order, a relation or a role
that was added without being placed in the scene fails here.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import types
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.credentials import predicates
from core.foundation.access_table import access_table
from core.foundation.actor import Actor, Role
from core.foundation.due import due_kinds
from core.foundation.errors import DomainError, NotAllowed
from core.foundation.models import AuditEntry
from core.foundation.orders import Command, Order, Query, all_orders, meanings_of
from core.foundation.practice import Practice
from core.practice_rooms import ROOMS, load_rooms
from tests.conftest import DatabaseUrls, _delete_all_rows
from tests.core.credentials.people import county_keys
from tests.support.examples import NOWHERE, example
from tests.support.scene import Scene, scene_in, undone

load_rooms()
ORDERS = {name: order for name, order in all_orders().items() if not name.startswith("test.")}
ROLES = [role for role in Role if role not in (Role.SYSTEM, Role.VISITOR)]


@pytest.fixture(scope="module")
async def scene(database: DatabaseUrls, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """Built once; every test leaves it as it was."""
    with pytest.MonkeyPatch.context() as patched:
        # Real keys of a county take many seconds, and nothing of the access hangs on them.
        patched.setattr(predicates, "set_up", lambda _county: county_keys())
        yield await scene_in(tmp_path_factory.mktemp("scene"))
    await _delete_all_rows()


def declared_orders() -> list[type[Order]]:
    """Every order that stands anywhere in a room, whether somebody registered a handler for it or not."""
    found = []
    for room in ROOMS:
        for one in pkgutil.iter_modules(importlib.import_module(f"core.{room}").__path__, f"core.{room}."):
            module = importlib.import_module(one.name)
            for _, member in inspect.getmembers(module, inspect.isclass):
                if issubclass(member, Command | Query) and member not in (Command, Query) and member.__module__ == module.__name__:
                    found.append(member)
    return found


@pytest.mark.parametrize("order", declared_orders(), ids=lambda order: order.__name__)
def test_every_declared_order_is_handled_and_has_a_title(order: type[Order]) -> None:
    assert ORDERS.get(order.name) is order
    assert order.title
    assert order.access


def test_every_relation_of_the_table_has_a_meaning() -> None:
    for name, order in ORDERS.items():
        for grant in order.access:
            assert grant.relation == "any" or meanings_of(grant.relation), f"{name}: relation {grant.relation} means nothing"


def test_who_needs_no_relation_is_told_why_in_the_table() -> None:
    """Whatever a person may ask for without a relation says in its declaration why that is right; nothing else says it."""
    for name, order in ORDERS.items():
        open_to = [grant.role for grant in order.access if grant.relation == "any" and grant.role is not Role.SYSTEM]
        assert bool(open_to) == bool(order.no_relation), f"{name} is open to {open_to} and says: {order.no_relation!r}"


def test_due_work_is_the_systems_alone() -> None:
    assert due_kinds()
    for kind, make in due_kinds().items():
        if kind.startswith("test."):
            continue
        row = types.SimpleNamespace(id=NOWHERE, kind=kind, ref=NOWHERE, step="1")
        command = make(row)
        assert {grant.role for grant in command.access} == {Role.SYSTEM}, kind


async def is_let_in(practice: Practice, actor: Actor, order: Order) -> bool:
    """Whether the door opens: every answer and every refusal but the door's own is an open door."""
    try:
        await (practice.execute(actor, order) if isinstance(order, Command) else practice.ask(actor, order))  # type: ignore[arg-type]
    except DomainError as refusal:
        return type(refusal) is not NotAllowed
    return True


@pytest.mark.storage
@pytest.mark.parametrize("name", ORDERS)
async def test_whoever_the_table_lets_in_comes_in_and_nobody_else(name: str, scene: Scene) -> None:
    order_type = ORDERS[name]
    order = example(order_type, scene)
    wrong, refused = [], set[str]()
    async with undone():
        for person, actor in scene.people.items():
            if scene.may(person, order_type):
                async with undone():
                    let_in = await is_let_in(scene.practice, actor, order)
            else:
                let_in = await is_let_in(scene.practice, actor, order)
                refused.add(actor.account_id)
            if let_in != scene.may(person, order_type):
                wrong.append(f"{person} is {'let in' if let_in else 'kept out'}")
        left = await AuditEntry.filter(action=name, outcome=NotAllowed.code).values_list("account_id", flat=True)
        assert refused <= {str(one) for one in left}, "a refusal left no entry in the audit"
    assert not wrong, f"{name}: {', '.join(wrong)}"


def test_every_grant_is_held_by_somebody_and_missed_by_somebody_of_that_role(scene: Scene) -> None:
    """Else a relation that is always true, or never, would pass the walk."""
    for name, order in ORDERS.items():
        for grant in order.access:
            if grant.relation == "any":
                continue
            of_role = {person for person, actor in scene.people.items() if actor.holds(grant.role)}
            holding = of_role & scene.holding(grant.relation, name)
            assert holding, f"{name}: nobody in the scene is {grant.role} with {grant.relation}"
            assert of_role - holding, f"{name}: every {grant.role} of the scene holds {grant.relation}"
    assert {actor_role for actor in scene.people.values() for actor_role in ROLES if actor.holds(actor_role)} == set(ROLES)


@pytest.mark.storage
@pytest.mark.parametrize("name", [name for name, order in ORDERS.items() if issubclass(order, Query)])
async def test_what_opens_without_a_relation_tells_nothing_of_anothers_patient(name: str, scene: Scene) -> None:
    """A list that everybody of a role may ask for holds his own things only."""
    order_type = ORDERS[name]
    order = example(order_type, scene)
    for person in scene.unconcerned:
        if not scene.may(person, order_type) or scene.people[person].is_system:
            continue
        try:
            said = (await scene.practice.ask(scene.people[person], order)).model_dump_json()  # type: ignore[arg-type]
        except DomainError as refusal:
            said = refusal.message
        assert not [one for one in scene.secret if one in said], f"{name} tells {person} of her"


def test_the_published_table_is_the_table() -> None:
    published = (Path(__file__).resolve().parents[2] / "docs" / "access.md").read_text()
    assert published == access_table(), "run: huizhen access > docs/access.md"
