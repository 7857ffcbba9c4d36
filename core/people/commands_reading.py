"""How somebody wants to read: 长辈模式 (larger letters on the pages, fewer choices at once in the chat), or as usual."""

from __future__ import annotations

from core.foundation.actor import Role
from core.foundation.orders import Command, Done, Grant


class ChooseReading(Command):
    """For this account on every channel and page, until it is chosen otherwise."""

    name = "people.choose_reading"
    title = "长辈模式"
    access = (Grant(Role.VISITOR),)
    no_relation = "只有他自己的"
    gives = Done
    elder: bool
