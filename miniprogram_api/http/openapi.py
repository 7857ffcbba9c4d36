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
    _, definitions = models_json_schema([(model, "validation") for model in models], ref_template="#/components/schemas/{model}")
    paths: dict[str, Any] = {}
    for route, access in routes:
        assert access.order is not None  # noqa: S101 - filtered above; tells the type checker
        path = "/" + _PARAMETER.sub(r"{\1}", route.path)
        for method in sorted(route.methods):
            paths.setdefault(path, {})[method.lower()] = _operation(path, method, access.order)
    return {
        "openapi": "3.1.0",
        "info": {"title": "会诊 Huizhen", "version": "1"},
        "paths": paths,
        "components": {
            "schemas": {**definitions.get("$defs", {}), "Problem": _PROBLEM},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "huizhen_session"},
            },
        },
        "security": [{"bearer": []}, {"cookie": []}],
    }


def _operation(path: str, method: str, order: Any) -> dict[str, Any]:
    names = re.findall(r"\{(\w+)\}", path)
    schema = order.model_json_schema()
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    operation: dict[str, Any] = {
        "operationId": order.name, "summary": order.title, "description": order.__doc__ or "",
        "responses": {
            "200": {"description": "OK", "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{order.gives.__name__}"}}}},
            "default": {"description": "Problem", "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}},
        },
    }
    others = {name: value for name, value in schema.get("properties", {}).items() if name not in names}
    if method == "GET":
        required = set(schema.get("required", ()))
        parameters += [{"name": name, "in": "query", "required": name in required, "schema": value} for name, value in others.items()]
    elif others:
        operation["requestBody"] = {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{order.__name__}"}}}}
    if parameters:
        operation["parameters"] = parameters
    return operation


_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "fields"],
    "properties": {
        "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
        "code": {"type": "string", "description": "stable, for programs"},
        "detail": {"type": "string", "description": "Chinese, for the person"}, "fields": {"type": "object"},
    },
}
