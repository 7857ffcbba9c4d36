"""The access table as people read it: every order, who may give it, and in which relation. docs/access.md is this text."""

from __future__ import annotations

from core.foundation.actor import ROLE_LABELS
from core.foundation.orders import Query, all_orders

_HEAD = """# Who may do what 谁能做什么

Generated from the orders (`huizhen access > docs/access.md`); a test compares. Denied unless listed.
A relation must hold between the person and what the order names.

| order | 名称 | kind | who (relation) |
|---|---|---|---|
"""


def access_table() -> str:
    """The table in Markdown, orders by name. The rooms must be loaded."""
    lines = []
    for name, order in all_orders().items():
        if name.startswith("test."):
            continue
        kind = ("read, audited" if order.audited else "read") if issubclass(order, Query) else "change"
        who = ", ".join(ROLE_LABELS[grant.role] + ("" if grant.relation == "any" else f" ({grant.relation})") for grant in order.access)
        lines.append(f"| {name} | {order.title} | {kind} | {who} |")
    return _HEAD + "\n".join(lines) + "\n"
