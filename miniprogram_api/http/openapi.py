"""/v1/openapi.json: the API as it is, made from the routes and their orders (OpenAPI 3.1)."""

from __future__ import annotations

import re
from typing import Any

from pydantic.json_schema import models_json_schema
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import json as json_response

from miniprogram_api.http.api import App, RouteAccess, dumps, public

blueprint = Blueprint("openapi", url_prefix="/v1")

_PARAMETER = re.compile(r"<(\w+)(?::[^>]+)?>")
_IN_PATH = re.compile(r"\{(\w+)\}")
_WORD = re.compile(r"\W+")
_REF = "#/components/schemas/{model}"


@blueprint.get("/openapi.json")
@public("the published description of the interface holds no data")
async def openapi(request: Request) -> HTTPResponse:
    return json_response(describe(request.app), dumps=dumps)


def describe(app: App) -> dict[str, Any]:
    """Paths with their orders' fields as parameters and bodies, their results, and the one error shape."""
    routes = [
        (route, access)
        for route in app.router.routes
        if isinstance(access := getattr(route.handler, "access", None), RouteAccess) and access.order is not None
    ]
    models = sorted({model for _, access in routes if access.order for model in (access.order, access.order.gives)}, key=lambda m: m.__name__)
    _, definitions = models_json_schema([(model, "validation") for model in models], ref_template=_REF)
    paths: dict[str, Any] = {}
    named: set[str] = set()
    for route, access in routes:
        path = "/" + _PARAMETER.sub(r"{\1}", route.path)
        for method in sorted(route.methods):
            operation = _operation(path, method, access, route.handler.__doc__)
            if operation["operationId"] in named:
                operation["operationId"] += f".{method.lower()}.{_WORD.sub('_', path).strip('_')}"
            named.add(operation["operationId"])
            paths.setdefault(path, {})[method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "会诊 Huizhen", "version": "1"},
        "paths": paths,
        "components": {
            "schemas": {**_without_places(definitions.get("$defs", {})), "Problem": _PROBLEM},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "huizhen_session"},
            },
        },
        "security": [{"bearer": []}, {"cookie": []}],
    }


def _operation(path: str, method: str, access: RouteAccess, handler_says: str | None) -> dict[str, Any]:
    order = access.order
    assert order is not None  # noqa: S101 - filtered before; tells the type checker
    names = _IN_PATH.findall(path)
    schema = _without_places(order.model_json_schema(ref_template=_REF))
    properties, required = schema.get("properties", {}), set(schema.get("required", ()))
    of_path = properties if access.plain else {}
    parameters = [{"name": name, "in": "path", "required": True, "schema": of_path.get(name, {"type": "string"})} for name in names]
    operation: dict[str, Any] = {
        "operationId": order.name, "summary": order.title, "description": (order.__doc__ if access.plain else handler_says) or "",
        "responses": _responses(path, access),
    }
    others = {name: value for name, value in properties.items() if name not in names}
    if access.plain and method == "GET":
        called = {field: name for name, field in access.query_names.items()}
        parameters += [
            {"name": called.get(name, name), "in": "query", "required": name in required, "schema": value} for name, value in others.items()
        ]
    elif access.plain and others:
        body = {"type": "object", "additionalProperties": False, "properties": others, "required": sorted(required - set(names))}
        operation["requestBody"] = {"required": bool(body["required"]), "content": {"application/json": {"schema": body}}}
    if parameters:
        operation["parameters"] = parameters
    return operation


def _without_places(schema: Any) -> Any:
    """A row of fixed places as a list of so many of any of their types: prefixItems is what half of all readers of OpenAPI do not know."""
    if isinstance(schema, list):
        return [_without_places(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: _without_places(value) for name, value in schema.items() if name != "prefixItems"}
    if isinstance(places := schema.get("prefixItems"), list):
        plain["items"] = {"anyOf": _without_places(places)}
    return plain


def _responses(path: str, access: RouteAccess) -> dict[str, Any]:
    """What a plain route gives; of the others (files, pictures, FHIR, a sentence's replies) that they give something."""
    refused: dict[str, Any] = {"description": "Problem", "content": {"application/problem+json": {"schema": {"$ref": _REF.format(model="Problem")}}}}
    if not access.plain or access.order is None:
        return {"2XX": {"description": "OK"}, "default": {"description": "OperationOutcome"} if path.startswith("/fhir/") else refused}
    gives = {"schema": {"$ref": _REF.format(model=access.order.gives.__name__)}}
    return {str(access.status): {"description": "OK", "content": {"application/json": gives}}, "default": refused}


_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "fields"],
    "properties": {
        "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
        "code": {"type": "string", "description": "stable, for programs"},
        "detail": {"type": "string", "description": "Chinese, for the person"}, "fields": {"type": "object"},
    },
}
