"""Orders: commands change something, queries read something. Each is declared once, with its access entry and its Chinese title.

A room's ``commands.py`` declares the orders, its ``service.py`` registers who carries them out::

    class AcceptOffer(Command):
        name = "dispatch.accept_offer"
        title = "接诊"
        access = (Grant(Role.EXPERT, "offered"),)
        gives = OfferAccepted
        offer_id: Id

    @handles(AcceptOffer)
    async def accept_offer(work: Work, order: AcceptOffer) -> OfferAccepted: ...
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict

from core.foundation.actor import Role

if TYPE_CHECKING:
    from core.foundation.practice import Practice
    from core.foundation.work import Work


@dataclass(frozen=True, slots=True)
class Grant:
    """A role that may give the order when ``relation`` holds between the actor and what the order names. ``any``: no relation needed."""

    role: Role
    relation: str = "any"


BREAK_GLASS = "break_glass"
"""The relation of a doctor who opened a record in an emergency; the room of oversight says what it means."""
IN_EMERGENCY = (Grant(Role.VILLAGE_DOCTOR, BREAK_GLASS), Grant(Role.DUTY_DOCTOR, BREAK_GLASS), Grant(Role.EXPERT, BREAK_GLASS))
"""Stands last in the entry of what such a doctor may read: whoever has a part in the case reads it by that."""


class Result(BaseModel):
    """What an order gives back; JSON at every edge."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Done(Result):
    """Nothing to tell but that it is done."""

    done: bool = True


class Order(BaseModel):
    """The common part of commands and queries."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ClassVar[str]
    title: ClassVar[str]
    access: ClassVar[tuple[Grant, ...]]
    no_relation: ClassVar[str] = ""
    """Why a grant of this order needs no relation, in Chinese for the published table. A test wants it wherever ``any`` stands for a person."""
    gives: ClassVar[type[Result]] = Done


class Command(Order):
    """An order that changes something."""

    needs_engine: ClassVar[bool] = False
    """True when it can only be prepared where the language or imaging engine lives (a worker)."""
    comes_with_file: ClassVar[bool] = False
    """True when it tells of a file that whoever takes the file in has stored and measured himself: nobody gives it by name."""


class Query(Order):
    """An order that only reads. ``audited`` ones concern a patient and leave an audit entry before the data leave."""

    audited: ClassVar[bool] = False


Handler = Callable[..., Awaitable[Result]]
Preparation = Callable[["Practice", Any, Any], Awaitable[Any]]
Relation = Callable[["Work", Any], Awaitable[bool]]

_HANDLERS: dict[type[Order], Handler] = {}
_PREPARATIONS: dict[type[Order], Preparation] = {}
_RELATIONS: dict[str, list[Relation]] = {}
_BY_NAME: dict[str, type[Order]] = {}

H = TypeVar("H", bound=Callable[..., Awaitable[Any]])


def _register(order: type[Order], handler: Handler) -> None:
    if order in _HANDLERS or order.name in _BY_NAME:
        raise RuntimeError(f"{order.name} has two handlers")
    if not order.access:
        raise RuntimeError(f"{order.name} has no access entry")
    _HANDLERS[order] = handler
    _BY_NAME[order.name] = order


def handles(order: type[Command]) -> Callable[[H], H]:
    """Registers the handler ``(work, order[, prepared]) -> Result`` of a command. It runs inside the transaction."""

    def register(handler: H) -> H:
        _register(order, handler)
        return handler

    return register


def answers(order: type[Query]) -> Callable[[H], H]:
    """Registers the handler ``(work, order) -> Result`` of a query."""

    def register(handler: H) -> H:
        _register(order, handler)
        return handler

    return register


def prepares(order: type[Command]) -> Callable[[H], H]:
    """Registers what runs before the transaction (reading a text, checking an image): ``(practice, actor, order) -> prepared``; it writes nothing."""

    def register(preparation: H) -> H:
        _PREPARATIONS[order] = preparation
        return preparation

    return register


def relation(name: str) -> Callable[[H], H]:
    """Registers what relation ``name`` means: ``(work, order) -> bool``. A room above may add its own meaning; any that holds is enough."""

    def register(meaning: H) -> H:
        _RELATIONS.setdefault(name, []).append(meaning)
        return meaning

    return register


def handler_of(order: type[Order]) -> Handler:
    try:
        return _HANDLERS[order]
    except KeyError:
        raise RuntimeError(f"{order.name} has no handler: its room's service is not loaded") from None


def preparation_of(order: type[Order]) -> Preparation | None:
    return _PREPARATIONS.get(order)


def meanings_of(name: str) -> tuple[Relation, ...]:
    return tuple(_RELATIONS.get(name, ()))


def order_named(name: str) -> type[Order] | None:
    """The order called ``name``, or None."""
    return _BY_NAME.get(name)


def all_orders() -> dict[str, type[Order]]:
    """Every registered order by name (for the access walk and the published table)."""
    return dict(sorted(_BY_NAME.items()))
