"""The access table as people read it: every order, who may give it, and in which relation. docs/access.md is this text."""

from __future__ import annotations

import inspect

from core.foundation.actor import ROLE_LABELS
from core.foundation.orders import Query, all_orders, meanings_of

_HEAD = """# Who may do what 谁能做什么

Generated from the orders (`huizhen access > docs/access.md`); a test compares. Denied unless listed.
A relation must hold between the person and what the order names. Where somebody needs none, the last column says why.

| order | 名称 | kind | who (relation) | why none is needed |
|---|---|---|---|---|
"""
_RELATIONS = """
## Relations 关系

| relation | holds when |
|---|---|
"""


def access_table() -> str:
    """The table in Markdown, orders by name. The rooms must be loaded."""
    lines = []
    for name, order in all_orders().items():
        if name.startswith("test."):
            continue
        kind = ("read, audited" if order.audited else "read") if issubclass(order, Query) else "change"
        who = ", ".join(ROLE_LABELS[grant.role] + ("" if grant.relation == "any" else f" ({grant.relation})") for grant in order.access)
        lines.append(f"| {name} | {order.title} | {kind} | {who} | {order.no_relation} |")
    return _HEAD + "\n".join(lines) + "\n" + _relations()


def _relations() -> str:
    """What each relation means, from what its rooms say of it."""
    named = {grant.relation for name, order in all_orders().items() if not name.startswith("test.") for grant in order.access} - {"any"}
    lines = []
    for name in sorted(named):
        meanings = " Or: ".join(sorted(" ".join((inspect.getdoc(one) or "").split()) for one in meanings_of(name)))
        lines.append(f"| {name} | {meanings} |")
    return _RELATIONS + "\n".join(lines) + "\n"
