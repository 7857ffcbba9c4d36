"""Every text that a person can send has an end: what is longer than its column is refused at the door, and nothing grows without limit."""

from __future__ import annotations

from typing import Any

from core.foundation.actor import Role
from core.foundation.orders import all_orders
from core.practice_rooms import load_rooms

ENDS = {"maxLength", "pattern", "enum", "const", "format"}


def endless(schema: Any, path: str, definitions: dict[str, Any], within: frozenset[str] = frozenset()) -> list[str]:
    """Paths of the texts in ``schema`` that may be of any length. A number that may be written as text has its own bounds."""
    if not isinstance(schema, dict):
        return []
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return [] if name in within else endless(definitions[name], path, definitions, within | {name})
    kinds = {one.get("type") for one in schema.get("anyOf", ())}
    if kinds & {"number", "integer"} and "string" in kinds:
        return []
    found = [path] if schema.get("type") == "string" and not ENDS & schema.keys() else []
    for name, inner in schema.get("properties", {}).items():
        found += endless(inner, f"{path}.{name}", definitions, within)
    for key in ("items", "additionalProperties"):
        found += endless(schema.get(key), f"{path}[]", definitions, within)
    for key in ("anyOf", "allOf", "oneOf", "prefixItems"):
        for inner in schema.get(key, ()):
            found += endless(inner, path, definitions, within)
    return found


def test_every_text_in_an_order_has_an_end() -> None:
    load_rooms()
    found = []
    for name, order in all_orders().items():
        if any(grant.role is not Role.SYSTEM for grant in order.access) and not name.startswith("test."):
            schema = order.model_json_schema()
            found += endless(schema, name, schema.get("$defs", {}))
    assert found == []
